"""The few loops that touch every octet: copying and checksums.

Three makes of the same functions: CPython uses slices and its C library; MicroPython uses `_fast`
(viper) where the chip can run it, and else a plain loop. None of them allocates on MicroPython, so the
framers run under `heap_lock()`.
"""

import sys
from array import array

# CRC tables, built once, at import: an entry a nibble is enough for machine code, the others need 256.


def _table(polynomial, bits=8):
    table = array("H", bytes(2 << bits))
    for n in range(1 << bits):
        c = n
        for _ in range(bits):
            c = (c >> 1) ^ polynomial if c & 1 else c >> 1
        table[n] = c
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
        crc = (crc >> 8) ^ table[(crc ^ buf[a]) & 255]
        a += 1
    return crc


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
            if c not in b"-:.*":
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


copy = _copy
fast = None  # the module _fast, where it runs
if sys.implementation.name == "micropython":
    try:
        from hanport import _fast as fast

        text = fast.text
        obis = fast.obis
        decimal = fast.decimal
    except (ImportError, ValueError, MemoryError):
        fast = None  # no emitter on this chip: the plain loops above give the same octets

if sys.implementation.name == "cpython":
    import binascii
    import re

    # The regular expression engine looks at octets faster than a loop of ours can.
    _TELLING = re.compile(rb"[^\r\n\x20\x22-\x7e]").search
    _OBIS = re.compile(rb"(\d+)-(\d+):(\d+)[-:.*](\d+)[-:.*](\d+)(?:[-:.*](\d+))*\(").match
    _CODES = {}
    _DECIMAL = re.compile(rb"(?=\.?\d)(\d*)(?:\.(\d*))?").match

    def text(buf, i, b):  # noqa: F811
        """Index of the first octet of buf[i:b] that means something to a P1 framer, b without one."""
        found = _TELLING(buf, i, b)
        return found.start() if found else b

    def obis(code, buf, i, end):  # noqa: F811
        """Read the OBIS code "A-B:C.D.E*F(" at i into code[0:5]; returns the index of its "(", or 0."""
        at = buf.find(b"(", i, end)
        if at < 0:
            return 0
        groups = _CODES.get(bytes(buf[i:at]))
        if groups is None:
            found = _OBIS(buf, i, end)
            groups = [int(group or 0) for group in found.groups()] if found else [256]
            if max(groups) > 255:
                return 0
            groups = bytes(groups[:5])
            if len(_CODES) < 500 and at - i < 24:
                _CODES[bytes(buf[i:at])] = groups  # a meter sends the same codes all its life
        code[:] = groups
        return at

    def decimal(out, buf, i, end):  # noqa: F811
        """Read the number "00001.001" in buf[i:end] as the plain loop above does."""
        found = _DECIMAL(buf, i, end)
        if not found:
            return 0
        whole, part = found.groups()
        digits = whole + part if part else whole
        if len(digits) > 18:
            return 0
        out[0] = int(digits[:9])
        out[1] = int(digits[9:] or 0)
        out[2] = len(digits)
        out[3] = len(part) if part else 0
        return found.end()

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

    _ARC = _table(0xA001)
    _ARC_PAIRS = []  # one entry for each two octets, made when first needed

    def crc_arc(buf, a, b):
        """CRC-16/ARC of buf[a:b] (DSMR P1 5.2.1). "123456789" gives 0xBB3D."""
        if not _ARC_PAIRS:
            _ARC_PAIRS.extend(
                (_ARC[n & 255] >> 8) ^ _ARC[(n >> 8 ^ _ARC[n & 255]) & 255] for n in range(65536)
            )
        crc = 0
        table = _ARC_PAIRS
        even = (b - a) & ~1
        pairs = array("H", bytes(buf[a : a + even]))
        if sys.byteorder == "big":
            pairs.byteswap()
        for pair in pairs:
            crc = table[crc ^ pair]
        if even != b - a:
            crc = (crc >> 8) ^ _ARC[(crc ^ buf[b - 1]) & 255]
        return crc

elif fast:
    _X25 = _table(0x8408, 4)
    _ARC = _table(0xA001, 4)
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
    _X25 = _table(0x8408)
    _ARC = _table(0xA001)

    def crc_x25(buf, a, b):
        """CRC-16/X-25 of buf[a:b] (ISO/IEC 13239); sent low octet first. "123456789" gives 0x906E."""
        return _crc(_X25, 0xFFFF, buf, a, b) ^ 0xFFFF

    def crc_arc(buf, a, b):
        """CRC-16/ARC of buf[a:b] (DSMR P1 5.2.1). "123456789" gives 0xBB3D."""
        return _crc(_ARC, 0, buf, a, b)
