"""What CPython does faster or in another way than the plain loops: for tools and tests, in no image.

Same results octet for octet as the functions of these names in octets.py and ciphering.py.
"""

import binascii
import re
import sys
from array import array

# The regular expression engine looks at octets faster than a loop of ours can.
_TELLING = re.compile(rb"[^\r\n\x20\x22-\x7e]").search
_OBIS = re.compile(rb"(\d+)-(\d+):(\d+)[-:.*](\d+)[-:.*](\d+)(?:[-:.*](\d+))*\(").match
_CODES = {}
_DECIMAL = re.compile(rb"(?=\.?\d)(\d*)(?:\.(\d*))?").match
_MIRROR = bytes(int("{:08b}".format(n)[::-1], 2) for n in range(256))


def text(buf, i, b):
    """Index of the first octet of buf[i:b] that means something to a P1 framer, b without one."""
    found = _TELLING(buf, i, b)
    return found.start() if found else b


def obis(code, buf, i, end):
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
    code[:5] = groups
    return at


def decimal(out, buf, i, end):
    """Read the number "00001.001" in buf[i:end] as the plain loop does."""
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


def copy(to, at, source, a, n):
    """Copy n octets source[a:a+n] to to[at:at+n]."""
    to[at : at + n] = source[a : a + n]


def xor(to, a, key, n):
    """to[a:a+n] ^= key[0:n], in place."""
    mixed = int.from_bytes(to[a : a + n], "big") ^ int.from_bytes(key[:n], "big")
    to[a : a + n] = mixed.to_bytes(n, "big")


def crc_x25(buf, a, b):
    """CRC-16/X-25 of buf[a:b]."""
    # The C library has the same polynomial for unreflected octets: mirror octets and result.
    crc = binascii.crc_hqx(bytes(buf[a:b]).translate(_MIRROR), 0xFFFF)
    return (_MIRROR[crc >> 8] | _MIRROR[crc & 255] << 8) ^ 0xFFFF


def _entry(n):
    for _ in range(8):
        n = (n >> 1) ^ 0xA001 if n & 1 else n >> 1
    return n


_ARC = [_entry(n) for n in range(256)]
_ARC_PAIRS = []  # one entry for each two octets, made when first needed


def crc_arc(buf, a, b):
    """CRC-16/ARC of buf[a:b]."""
    if not _ARC_PAIRS:
        _ARC_PAIRS.extend((_ARC[n & 255] >> 8) ^ _ARC[(n >> 8 ^ _ARC[n & 255]) & 255] for n in range(65536))
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


class aes:  # noqa: N801
    """AES in ECB mode, as `cryptolib.aes(key, 1)` of MicroPython."""

    def __init__(self, key, mode):
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        self._encryptor = Cipher(algorithms.AES(bytes(key)), modes.ECB()).encryptor()

    def encrypt(self, source, to):
        """Encrypt source (whole blocks of 16 octets) into to, a bytearray of the same length."""
        to[:] = self._encryptor.update(source)


def _carry(low, bits):
    """What `bits` bits shifted out at the low end put back at the top: x^128 = x^7 + x^2 + x + 1."""
    for _ in range(bits):
        low = (low >> 1) ^ (0xE1 << 120 if low & 1 else 0)
    return low


_CARRIES = [_carry(n, 8) for n in range(256)]


def new_table(h):
    """The multiples of H by each octet, as long ints: two steps of four bits in one."""
    v = int.from_bytes(h, "big")
    powers = [0] * 256
    for k in range(8):
        powers[0x80 >> k] = v
        v = _carry(v, 1)
    table = [0]
    for n in range(1, 256):
        low = n & -n
        table.append(table[n ^ low] ^ powers[low])
    return table


def ghash(state, table, buf, a, b):
    """GHASH of buf[a:b] into state with long ints, eight bits at a time."""
    z = int.from_bytes(state, "big")
    carries = _CARRIES
    data = bytes(buf[a:b])
    for i in range(0, len(data), 16):
        x = z ^ (int.from_bytes(data[i : i + 16], "big") << 8 * max(0, i + 16 - len(data)))
        z = 0
        for _ in range(16):
            z = (z >> 8) ^ carries[z & 255] ^ table[x & 255]
            x >>= 8
    state[:] = z.to_bytes(16, "big")
