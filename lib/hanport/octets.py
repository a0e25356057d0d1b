"""The few loops that touch every octet: copying and checksums.

Three makes of the same functions: CPython uses slices and its C library; MicroPython uses `_fast`
(viper) where the chip can run it, and else a plain loop. None of them allocates on MicroPython, so the
framers run under `heap_lock()`.
"""

import sys

# CRC tables, low and high octet of entry n at 2n: built once, at import.


def _table(polynomial):
    table = bytearray(512)
    for n in range(256):
        c = n
        for _ in range(8):
            c = (c >> 1) ^ polynomial if c & 1 else c >> 1
        table[2 * n] = c & 255
        table[2 * n + 1] = c >> 8
    return table


def _copy(to, at, source, a, n):
    """Copy n octets source[a:a+n] to to[at:at+n]; ascending, so it may move octets down in one buffer."""
    while n > 0:
        to[at] = source[a]
        at += 1
        a += 1
        n -= 1


def _crc(table, crc, buf, a, b):
    while a < b:
        c = ((crc ^ buf[a]) & 255) << 1
        crc = (crc >> 8) ^ table[c] ^ (table[c + 1] << 8)
        a += 1
    return crc


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


copy = _copy
fast = None  # the module _fast, where it runs
if sys.implementation.name == "micropython":
    try:
        from hanport import _fast as fast

        copy = fast.copy
        sum8 = fast.sum8
        xor = fast.xor
    except (ImportError, ValueError, MemoryError):
        fast = None  # no emitter on this chip: the plain loops above give the same octets

if sys.implementation.name == "cpython":
    import binascii

    _MIRROR = bytes(int("{:08b}".format(n)[::-1], 2) for n in range(256))

    def copy(to, at, source, a, n):  # noqa: F811
        """Copy n octets source[a:a+n] to to[at:at+n]."""
        to[at : at + n] = source[a : a + n]

    def xor(to, a, key, n):  # noqa: F811
        """to[a:a+n] ^= key[0:n], in place."""
        mixed = int.from_bytes(to[a : a + n], "big") ^ int.from_bytes(key[:n], "big")
        to[a : a + n] = mixed.to_bytes(n, "big")

    def crc_x25(buf, a, b):
        """CRC-16/X-25 of buf[a:b] (ISO/IEC 13239); sent low octet first. "123456789" gives 0x906E."""
        # The C library has the same polynomial for unreflected octets: mirror octets and result.
        crc = binascii.crc_hqx(bytes(buf[a:b]).translate(_MIRROR), 0xFFFF)
        return (_MIRROR[crc >> 8] | _MIRROR[crc & 255] << 8) ^ 0xFFFF

    _ARC = [sum(x << (8 * i) for i, x in enumerate(_table(0xA001)[2 * n : 2 * n + 2])) for n in range(256)]

    def crc_arc(buf, a, b):
        """CRC-16/ARC of buf[a:b] (DSMR P1 5.2.1). "123456789" gives 0xBB3D."""
        crc = 0
        table = _ARC
        for octet in bytes(buf[a:b]):
            crc = (crc >> 8) ^ table[(crc ^ octet) & 255]
        return crc

elif fast:

    def crc_x25(buf, a, b):
        """CRC-16/X-25 of buf[a:b] (ISO/IEC 13239); sent low octet first. "123456789" gives 0x906E."""
        return fast.crc(0x8408, 0xFFFF, buf, a | b << 16) ^ 0xFFFF

    def crc_arc(buf, a, b):
        """CRC-16/ARC of buf[a:b] (DSMR P1 5.2.1). "123456789" gives 0xBB3D."""
        return fast.crc(0xA001, 0, buf, a | b << 16)

else:
    _X25 = _table(0x8408)
    _ARC = _table(0xA001)

    def crc_x25(buf, a, b):
        """CRC-16/X-25 of buf[a:b] (ISO/IEC 13239); sent low octet first. "123456789" gives 0x906E."""
        return _crc(_X25, 0xFFFF, buf, a, b) ^ 0xFFFF

    def crc_arc(buf, a, b):
        """CRC-16/ARC of buf[a:b] (DSMR P1 5.2.1). "123456789" gives 0xBB3D."""
        return _crc(_ARC, 0, buf, a, b)
