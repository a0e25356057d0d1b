"""The only native file: viper makes of the loops in octets.py and ghash.py, same results octet for octet.

It is optional: where a chip cannot run it, importing it raises and the plain twins are used. Written so
that one source gives the same result on 32 and 64 bits: mask before every left shift, no signed tricks.
"""

import micropython


@micropython.viper
def copy(to, at: int, source, a: int, n: int):
    """As octets.copy: n octets source[a:a+n] to to[at:], ascending; nothing at all when they do not fit."""
    # Native code knows no bounds of its own: a fault above must never write into another's memory.
    if at < 0 or a < 0 or at + n > int(len(to)) or a + n > int(len(source)):
        return
    p = ptr8(to)  # noqa: F821
    q = ptr8(source)  # noqa: F821
    i = 0
    while i < n:
        p[at + i] = q[a + i]
        i += 1


@micropython.viper
def crc(polynomial: int, start: int, buf, bounds: int) -> int:
    """Reflected CRC-16 of buf[a:b], bounds = a | b << 16 (viper takes four arguments without a tuple)."""
    p = ptr8(buf)  # noqa: F821
    i = bounds & 0xFFFF
    b = (bounds >> 16) & 0xFFFF
    c = start
    while i < b:
        c ^= p[i]
        i += 1
        k = 8
        while k:
            if c & 1:
                c = (c >> 1) ^ polynomial
            else:
                c = c >> 1
            k -= 1
    return c


@micropython.viper
def sum8(buf, a: int, b: int) -> int:
    """As octets.sum8."""
    p = ptr8(buf)  # noqa: F821
    s = 0
    while a < b:
        s += p[a]
        a += 1
    return s & 255


@micropython.viper
def xor(to, a: int, key, n: int):
    """As octets.xor; nothing at all when it does not fit."""
    if a < 0 or a + n > int(len(to)) or n > int(len(key)):
        return
    p = ptr8(to)
    q = ptr8(key)
    i = 0
    while i < n:
        p[a + i] ^= q[i]
        i += 1


@micropython.viper
def ghash(state, table, buf, bounds: int):
    """GHASH of buf[a:b], bounds = a | b << 16, into state (16 octets); table: ghash.Viper's 64 words."""
    z = ptr8(state)
    t = ptr32(table)
    p = ptr8(buf)
    i = bounds & 0xFFFF
    b = (bounds >> 16) & 0xFFFF
    while i < b:
        k = 0
        while k < 16 and i < b:
            z[k] ^= p[i]
            k += 1
            i += 1
        z0 = 0
        z1 = 0
        z2 = 0
        z3 = 0
        k = 31
        while k >= 0:
            c = int(z[k >> 1])
            if k & 1:
                c = c & 15
            else:
                c = (c >> 4) & 15
            low = z3 & 15
            # Masks before each left shift and after each right shift keep 32 and 64 bits alike.
            z3 = ((z3 >> 4) & 0x0FFFFFFF) | ((z2 & 15) << 28)
            z2 = ((z2 >> 4) & 0x0FFFFFFF) | ((z1 & 15) << 28)
            z1 = ((z1 >> 4) & 0x0FFFFFFF) | ((z0 & 15) << 28)
            z0 = (z0 >> 4) & 0x0FFFFFFF
            # The carry: 0x1C20 for each bit, shifted to where it fell out, all inside the top 16 bits.
            carry = 0
            if low & 1:
                carry ^= 0x1C20
            if low & 2:
                carry ^= 0x3840
            if low & 4:
                carry ^= 0x7080
            if low & 8:
                carry ^= 0xE100
            z0 ^= carry << 16
            c = c << 2
            z0 ^= int(t[c])
            z1 ^= int(t[c + 1])
            z2 ^= int(t[c + 2])
            z3 ^= int(t[c + 3])
            k -= 1
        k = 0
        while k < 4:
            z[k] = (z0 >> (24 - (k << 3))) & 255
            z[4 + k] = (z1 >> (24 - (k << 3))) & 255
            z[8 + k] = (z2 >> (24 - (k << 3))) & 255
            z[12 + k] = (z3 >> (24 - (k << 3))) & 255
            k += 1
