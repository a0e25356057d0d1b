"""The few loops that touch every octet: copying and checksums.

Three makes of the same functions: CPython uses slices and its C library (`_cpython`); MicroPython uses
`_fast` (viper) where the chip can run it, and else a plain loop. None of them allocates on MicroPython, so
the framers run under `heap_lock()`.
"""

import sys
from array import array

# CRC tables: low and high octet of the remainder of each n, for the mirrored polynomials 8408 and A001
# (ARC). Written out as octets, for made at import they would lie on the heap.
_X25_LOW = (
    b"\x00\x89\x12\x9b\x24\xad\x36\xbf\x48\xc1\x5a\xd3\x6c\xe5\x7e\xf7\x81\x08\x93\x1a\xa5\x2c\xb7\x3e"
    b"\xc9\x40\xdb\x52\xed\x64\xff\x76\x02\x8b\x10\x99\x26\xaf\x34\xbd\x4a\xc3\x58\xd1\x6e\xe7\x7c\xf5"
    b"\x83\x0a\x91\x18\xa7\x2e\xb5\x3c\xcb\x42\xd9\x50\xef\x66\xfd\x74\x04\x8d\x16\x9f\x20\xa9\x32\xbb"
    b"\x4c\xc5\x5e\xd7\x68\xe1\x7a\xf3\x85\x0c\x97\x1e\xa1\x28\xb3\x3a\xcd\x44\xdf\x56\xe9\x60\xfb\x72"
    b"\x06\x8f\x14\x9d\x22\xab\x30\xb9\x4e\xc7\x5c\xd5\x6a\xe3\x78\xf1\x87\x0e\x95\x1c\xa3\x2a\xb1\x38"
    b"\xcf\x46\xdd\x54\xeb\x62\xf9\x70\x08\x81\x1a\x93\x2c\xa5\x3e\xb7\x40\xc9\x52\xdb\x64\xed\x76\xff"
    b"\x89\x00\x9b\x12\xad\x24\xbf\x36\xc1\x48\xd3\x5a\xe5\x6c\xf7\x7e\x0a\x83\x18\x91\x2e\xa7\x3c\xb5"
    b"\x42\xcb\x50\xd9\x66\xef\x74\xfd\x8b\x02\x99\x10\xaf\x26\xbd\x34\xc3\x4a\xd1\x58\xe7\x6e\xf5\x7c"
    b"\x0c\x85\x1e\x97\x28\xa1\x3a\xb3\x44\xcd\x56\xdf\x60\xe9\x72\xfb\x8d\x04\x9f\x16\xa9\x20\xbb\x32"
    b"\xc5\x4c\xd7\x5e\xe1\x68\xf3\x7a\x0e\x87\x1c\x95\x2a\xa3\x38\xb1\x46\xcf\x54\xdd\x62\xeb\x70\xf9"
    b"\x8f\x06\x9d\x14\xab\x22\xb9\x30\xc7\x4e\xd5\x5c\xe3\x6a\xf1\x78"
)
_X25_HIGH = (
    b"\x00\x11\x23\x32\x46\x57\x65\x74\x8c\x9d\xaf\xbe\xca\xdb\xe9\xf8\x10\x01\x33\x22\x56\x47\x75\x64"
    b"\x9c\x8d\xbf\xae\xda\xcb\xf9\xe8\x21\x30\x02\x13\x67\x76\x44\x55\xad\xbc\x8e\x9f\xeb\xfa\xc8\xd9"
    b"\x31\x20\x12\x03\x77\x66\x54\x45\xbd\xac\x9e\x8f\xfb\xea\xd8\xc9\x42\x53\x61\x70\x04\x15\x27\x36"
    b"\xce\xdf\xed\xfc\x88\x99\xab\xba\x52\x43\x71\x60\x14\x05\x37\x26\xde\xcf\xfd\xec\x98\x89\xbb\xaa"
    b"\x63\x72\x40\x51\x25\x34\x06\x17\xef\xfe\xcc\xdd\xa9\xb8\x8a\x9b\x73\x62\x50\x41\x35\x24\x16\x07"
    b"\xff\xee\xdc\xcd\xb9\xa8\x9a\x8b\x84\x95\xa7\xb6\xc2\xd3\xe1\xf0\x08\x19\x2b\x3a\x4e\x5f\x6d\x7c"
    b"\x94\x85\xb7\xa6\xd2\xc3\xf1\xe0\x18\x09\x3b\x2a\x5e\x4f\x7d\x6c\xa5\xb4\x86\x97\xe3\xf2\xc0\xd1"
    b"\x29\x38\x0a\x1b\x6f\x7e\x4c\x5d\xb5\xa4\x96\x87\xf3\xe2\xd0\xc1\x39\x28\x1a\x0b\x7f\x6e\x5c\x4d"
    b"\xc6\xd7\xe5\xf4\x80\x91\xa3\xb2\x4a\x5b\x69\x78\x0c\x1d\x2f\x3e\xd6\xc7\xf5\xe4\x90\x81\xb3\xa2"
    b"\x5a\x4b\x79\x68\x1c\x0d\x3f\x2e\xe7\xf6\xc4\xd5\xa1\xb0\x82\x93\x6b\x7a\x48\x59\x2d\x3c\x0e\x1f"
    b"\xf7\xe6\xd4\xc5\xb1\xa0\x92\x83\x7b\x6a\x58\x49\x3d\x2c\x1e\x0f"
)
_ARC_LOW = (
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x01\xc0\x80\x41\x00\xc1\x81\x40"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40\x00\xc1\x81\x40\x01\xc0\x80\x41"
    b"\x00\xc1\x81\x40\x01\xc0\x80\x41\x01\xc0\x80\x41\x00\xc1\x81\x40"
)
_ARC_HIGH = (
    b"\x00\xc0\xc1\x01\xc3\x03\x02\xc2\xc6\x06\x07\xc7\x05\xc5\xc4\x04\xcc\x0c\x0d\xcd\x0f\xcf\xce\x0e"
    b"\x0a\xca\xcb\x0b\xc9\x09\x08\xc8\xd8\x18\x19\xd9\x1b\xdb\xda\x1a\x1e\xde\xdf\x1f\xdd\x1d\x1c\xdc"
    b"\x14\xd4\xd5\x15\xd7\x17\x16\xd6\xd2\x12\x13\xd3\x11\xd1\xd0\x10\xf0\x30\x31\xf1\x33\xf3\xf2\x32"
    b"\x36\xf6\xf7\x37\xf5\x35\x34\xf4\x3c\xfc\xfd\x3d\xff\x3f\x3e\xfe\xfa\x3a\x3b\xfb\x39\xf9\xf8\x38"
    b"\x28\xe8\xe9\x29\xeb\x2b\x2a\xea\xee\x2e\x2f\xef\x2d\xed\xec\x2c\xe4\x24\x25\xe5\x27\xe7\xe6\x26"
    b"\x22\xe2\xe3\x23\xe1\x21\x20\xe0\xa0\x60\x61\xa1\x63\xa3\xa2\x62\x66\xa6\xa7\x67\xa5\x65\x64\xa4"
    b"\x6c\xac\xad\x6d\xaf\x6f\x6e\xae\xaa\x6a\x6b\xab\x69\xa9\xa8\x68\x78\xb8\xb9\x79\xbb\x7b\x7a\xba"
    b"\xbe\x7e\x7f\xbf\x7d\xbd\xbc\x7c\xb4\x74\x75\xb5\x77\xb7\xb6\x76\x72\xb2\xb3\x73\xb1\x71\x70\xb0"
    b"\x50\x90\x91\x51\x93\x53\x52\x92\x96\x56\x57\x97\x55\x95\x94\x54\x9c\x5c\x5d\x9d\x5f\x9f\x9e\x5e"
    b"\x5a\x9a\x9b\x5b\x99\x59\x58\x98\x88\x48\x49\x89\x4b\x8b\x8a\x4a\x4e\x8e\x8f\x4f\x8d\x4d\x4c\x8c"
    b"\x44\x84\x85\x45\x87\x47\x46\x86\x82\x42\x43\x83\x41\x81\x80\x40"
)


def copy(to, at, source, a, n):
    """Copy n octets source[a:a+n] to to[at:at+n]; ascending, so it may move octets down in one buffer."""
    while n > 0:
        to[at] = source[a]
        at += 1
        a += 1
        n -= 1


def _crc(low, high, crc, buf, a, b):
    """The CRC of buf[a:b]; it begins with the octet crc twice. low, high: tables as above."""
    much = crc
    for k in range(a, b):
        n = crc ^ buf[k]
        crc = much ^ low[n]
        much = high[n]
    return much << 8 | crc


def text(buf, i, b):
    """Index of the first octet of buf[i:b] that means something to a P1 framer, b without one.

    That is "!" and all that is no printable ASCII, blank, CR or LF.
    """
    while i < b:
        c = buf[i]
        if c > 126 or (c < 34 and c != 13 and c != 10 and c != 32):
            break
        i += 1
    return i


def sum8(buf, a, b):
    """8-bit sum of buf[a:b], the M-Bus checksum (EN 13757-2)."""
    s = 0
    while a < b:
        s += buf[a]
        a += 1
    return s & 255


def xor(to, a, key, n):
    """to[a:a+n] ^= key[0:n], in place."""
    k = 0
    while k < n:
        to[a + k] ^= key[k]
        k += 1


def crc_xmodem(buf, a, b):
    """CRC-16/XMODEM of buf[a:b] (KMP), not mirrored, high octet sent first. "123456789" gives 0x31C3."""
    crc = 0
    while a < b:
        # Eight shifts at once, without a table: few octets ever come this way.
        x = (crc >> 8) ^ buf[a]
        x ^= x >> 4
        crc = (crc << 8 ^ x << 12 ^ x << 5 ^ x) & 0xFFFF
        a += 1
    return crc


def obis(code, buf, i, end):
    """Read the OBIS code "A-B:C.D.E*F(" at i into code[0:5]; returns the index of its "(", or 0."""
    k = 0
    n = -1
    while i < end:
        c = buf[i]
        if 48 <= c <= 57:
            n = c - 48 if n < 0 else n * 10 + c - 48
            if n > 255:
                return 0
        else:
            if n < 0 or (k == 0 and c != 45) or (k == 1 and c != 58):
                return 0
            if k < 5:
                code[k] = n
            k += 1
            n = -1
            if c == 40:  # "("
                return i if k > 4 else 0
            # Some makers write ":" for "." and ".255" for "*255".
            if c != 46 and c != 42 and c != 45 and c != 58:
                return 0
        i += 1
    return 0


def decimal(out, buf, i, end):
    """Read the number "00001.001" in buf[i:end]; returns the index after it, or 0 when there is none.

    out: the first nine digits as a number, the next nine, how many digits, how many after the point. In
    two parts, since machine code has 32 bits.
    """
    out[0] = 0
    out[1] = 0
    digits = 0
    point = 0
    while i < end:
        c = buf[i]
        if 48 <= c <= 57:
            k = digits // 9
            if k > 1:
                return 0
            out[k] = out[k] * 10 + c - 48
            digits += 1
        elif c == 46 and not point:
            point = digits + 1
        else:
            break
        i += 1
    if not digits:
        return 0
    out[2] = digits
    out[3] = digits + 1 - point if point else 0
    return i


fast = None  # the module _fast, where it runs
if sys.implementation.name != "cpython":
    try:
        from hanport import _fast as fast

        text = fast.text
        obis = fast.obis
        decimal = fast.decimal
    except (ImportError, ValueError, MemoryError):
        fast = None  # no emitter on this chip: the plain loops above give the same octets

if sys.implementation.name == "cpython":
    from hanport import _cpython

    text = _cpython.text
    obis = _cpython.obis
    decimal = _cpython.decimal
    copy = _cpython.copy
    xor = _cpython.xor
    crc_x25 = _cpython.crc_x25
    crc_arc = _cpython.crc_arc

elif fast:

    def _table(polynomial):
        """Of the remainders one a nibble is enough for machine code."""
        table = array("H", bytes(32))
        for n in range(16):
            c = n
            for _ in range(4):
                c = (c >> 1) ^ polynomial if c & 1 else c >> 1
            table[n] = c
        return table

    _X25 = _table(0x8408)
    _ARC = _table(0xA001)
    _merge = fast.merge
    _crc_of = fast.crc

    # Native code knows no bounds of its own: a fault above must never write into another's memory.

    def copy(to, at, source, a, n):  # noqa: F811
        """Copy n octets source[a:a+n] to to[at:], ascending; nothing at all when they do not fit."""
        if at >= 0 and a >= 0 and at + n <= len(to) and a + n <= len(source):
            _merge(to, at, source, a, n, 0)

    def xor(to, a, key, n):  # noqa: F811
        """to[a:a+n] ^= key[0:n], in place; nothing at all when it does not fit."""
        if a >= 0 and a + n <= len(to) and n <= len(key):
            _merge(to, a, key, 0, n, 255)

    def crc_x25(buf, a, b):
        """CRC-16/X-25 of buf[a:b] (ISO/IEC 13239); sent low octet first. "123456789" gives 0x906E."""
        return _crc_of(_X25, 0xFFFF, buf, a | b << 16) ^ 0xFFFF

    def crc_arc(buf, a, b):
        """CRC-16/ARC of buf[a:b] (DSMR P1 5.2.1). "123456789" gives 0xBB3D."""
        return _crc_of(_ARC, 0, buf, a | b << 16)

else:

    def crc_x25(buf, a, b):
        """CRC-16/X-25 of buf[a:b] (ISO/IEC 13239); sent low octet first. "123456789" gives 0x906E."""
        return _crc(_X25_LOW, _X25_HIGH, 255, buf, a, b) ^ 0xFFFF

    def crc_arc(buf, a, b):
        """CRC-16/ARC of buf[a:b] (DSMR P1 5.2.1). "123456789" gives 0xBB3D."""
        return _crc(_ARC_LOW, _ARC_HIGH, 0, buf, a, b)
