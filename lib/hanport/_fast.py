"""The only native file: viper makes of the loops in octets.py and ciphering.py, same results octet for octet.

It is optional: where a chip cannot run it, importing it raises and the plain twins are used. Written so
that one source gives the same result on 32 and 64 bits: mask before every left shift, no signed tricks.

All functions together must fit the 1,932 octets that an ESP8266 has for machine code (tools/bars.py tells
their size), so there are few of them, and none checks bounds (octets.py does). On that chip machine code
cannot read single octets from flash, where an image keeps the tables of registers.py and axdr.py: its images
go without this file.
"""

import micropython


@micropython.viper
def merge(to, at: int, source, a: int, n: int, keep: int):
    """to[at+k] = (to[at+k] & keep) ^ source[a+k] for k < n, ascending: keep 0 copies, keep 255 is xor."""
    p = ptr8(to)
    q = ptr8(source)
    n += at
    a -= at
    while at < n:
        p[at] = (p[at] & keep) ^ q[a + at]
        at += 1


@micropython.viper
def crc(table, c: int, buf, bounds: int) -> int:
    """Reflected CRC-16 of buf[a:b] from c on, bounds = a | b << 16; table: 16 entries, one a nibble."""
    t = ptr16(table)
    p = ptr8(buf)
    i = bounds & 0xFFFF
    while i < bounds >> 16:
        c ^= p[i]
        c = (c >> 4) ^ t[c & 15]
        c = (c >> 4) ^ t[c & 15]
        i += 1
    return c


@micropython.viper
def text(buf, i: int, b: int) -> int:
    """As octets.text."""
    p = ptr8(buf)
    while i < b:
        c = p[i]
        if c > 126:
            break
        if c < 34:
            if c != 13 and c != 10 and c != 32:
                break
        i += 1
    return i


@micropython.viper
def obis(code, buf, i: int, end: int) -> int:
    """As octets.obis."""
    p = ptr8(buf)
    q = ptr8(code)
    k = 0
    n = -1
    while i < end:
        c = p[i]
        d = c ^ 48
        if d < 10:
            if n < 0:
                n = 0
            n = n * 10 + d
            if n > 255:
                break
        else:
            if n < 0:
                break
            if k < 5:
                q[k] = n
            k += 1
            n = -1
            if c == 40:
                if k > 4:
                    return i
                break
            if k == 1:
                if c != 45:
                    break
            elif k == 2:
                if c != 58:
                    break
            elif c != 46 and c != 42 and c != 45 and c != 58:
                break
        i += 1
    return 0


@micropython.viper
def decimal(out, buf, i: int, end: int) -> int:
    """As octets.decimal."""
    p = ptr8(buf)
    o = ptr32(out)
    o[0] = 0
    o[1] = 0
    digits = 0
    point = 0
    while i < end:
        c = p[i] ^ 48
        if c < 10:
            k = digits // 9
            if k > 1:
                return 0
            o[k] = o[k] * 10 + c
            digits += 1
        elif c == 30 and point == 0:  # "."
            point = digits + 1
        else:
            break
        i += 1
    if digits == 0:
        return 0
    o[2] = digits
    o[3] = 0
    if point:
        o[3] = digits + 1 - point
    return i


@micropython.viper
def index(buf, bounds: int, table, most: int, sizes, opened) -> int:
    """As axdr.index of buf[a:b], bounds = a | b << 16; most: entries of the table; axdr tells the others."""
    p = ptr8(buf)
    t = ptr16(table)
    o = ptr16(opened)
    i = bounds & 0xFFFF
    b = bounds >> 16
    n = 0
    depth = 0
    left = 1
    code = 0
    while code == 0:
        if left == 0:
            if depth == 0:
                if i == b:
                    return n
                code = -19  # fault.AXDR_EXCESS
            else:
                depth -= 1
                left = o[depth]
        elif i >= b:
            code = -15  # fault.AXDR_SHORT
        elif n >= most:
            code = -18  # fault.AXDR_COUNT
        else:
            left -= 1
            t[n] = i
            n += 1
            c = p[i]
            i += 1
            size = 0
            if c < 34:
                size = int(ptr8(sizes)[c])
            elif c != 255:
                size = 255
            if size > 31:
                c = 0
                if i < b:
                    c = p[i]
                i += 1
                if c > 127:
                    k = c & 127
                    if k == 0 or k > 2:
                        code = -18
                        if i > b:
                            code = -15
                    elif i + k <= b:
                        c = p[i]
                        if k == 2:
                            c = (c << 8) | p[i + 1]
                    i += k
                if size == 0xF1:
                    size = c
                elif size == 0xF2:
                    size = (c + 7) >> 3
                elif size == 255:
                    return -16  # fault.AXDR_TYPE
                elif i <= b and code == 0:
                    size = 0
                    if depth > 7:
                        code = -17  # fault.AXDR_DEPTH
                    elif c > most:
                        code = -18
                    else:
                        o[depth] = left
                        depth += 1
                        left = c
            i += size
            if code == 0 and i > b:
                code = -15
    return code


@micropython.viper
def item(out, buf, obis: int, value: int, codes) -> int:
    """As cosem.item."""
    p = ptr8(buf)
    o = ptr32(out)
    r = ptr8(codes)
    c = p[value]
    n = p[value + 1]
    size = 1
    if c == 18 or c == 16:
        size = 2
    elif c == 6 or c == 5:
        size = 4
    elif c != 17 and c != 15 and c != 22:
        return 256
    k = 1
    while k < size:
        k += 1
        n = ((n & 0xFFFFFF) << 8) | p[value + k]
    o[0] = n
    k = p[obis + 4]
    found = 255
    if k < 97:
        found = r[k]
        while found < 255:
            if r[found + 185] == p[obis + 5] and r[found + 273] == p[obis + 6]:
                break
            found = r[found + 97]
    # Signed ones, when negative.
    if (c == 16 or c == 5 or c == 15) and p[value + 1] > 127:
        o[0] = (0 - n) & ((1 << (size << 3)) - 1)
        found += 512
    return found


@micropython.viper
def ghash(state, table, buf, bounds: int):
    """GHASH of buf[a:b], bounds = a | b << 16, into state (16 octets); table: that of ciphering.new_table."""
    z = ptr8(state)
    t = ptr32(table)
    p = ptr8(buf)
    i = bounds & 0xFFFF
    b = bounds >> 16
    while i < b:
        k = 0
        while k < 16 and i < b:
            z[k] ^= p[i]
            k += 1
            i += 1
        z0 = uint(0)
        z1 = z0
        z2 = z0
        z3 = z0
        k = 32
        while k:
            k -= 1
            c = uint(z[k >> 1])
            if k & 1 == 0:
                c >>= 4
            c = (c & 15) << 2
            low = z3 & 15
            # uint shifts in zeros; masks before each left shift keep 32 and 64 bits alike.
            z3 = ((z3 >> 4) | ((z2 & 15) << 28)) ^ uint(t[c + 3])
            z2 = ((z2 >> 4) | ((z1 & 15) << 28)) ^ uint(t[c + 2])
            z1 = ((z1 >> 4) | ((z0 & 15) << 28)) ^ uint(t[c + 1])
            # The carry: 0x1C20 for each bit, shifted to where it fell out, all inside the top 16 bits.
            low ^= (low << 5) ^ (low << 6) ^ (low << 7)
            z0 = (z0 >> 4) ^ uint(t[c]) ^ (low << 21)
        k = 16
        while k:
            k -= 1
            z[k] = z3
            z3 >>= 8
            if k & 3 == 0:
                z3 = z2
                z2 = z1
                z1 = z0
