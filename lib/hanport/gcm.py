"""AES-128-GCM as DLMS uses it (Green Book 9.2.7.4; NIST SP 800-38D): 96-bit IV, 96-bit tag, in place.

IV = system title 8 | invocation counter 4      first counter block of the text: IV | 00000002
tag = first 12 octets of GHASH(AAD, ciphertext) xor AES(IV | 00000001)

A number of GF(2^128) is 16 octets, most significant first. GHASH multiplies four bits at a time with a table
of the 16 multiples of H (Shoup's method), in three makes with the same result: CPython computes with long
ints (`_cpython`), MicroPython with `_fast` (viper) or, without it, with five limbs of 26 bits, which stay
small ints and so allocate nothing. AES is that of `cryptolib`, on CPython that of `cryptography`.
"""

import sys
from array import array

from hanport import octets
from hanport.octets import copy, xor

if sys.implementation.name != "cpython":
    from cryptolib import aes

TAG = 12
_AT_ONCE = 4  # counter blocks encrypted in one call


def new_table(h):
    """What ghash() needs to know of H (16 octets): with `_fast` four words a multiple, highest first.

    Else five limbs a multiple, lowest first, then what four bits shifted out at the low end put back into the
    highest limb: x^128 = x^7 + x^2 + x + 1.
    """
    v = 0
    for c in h:
        v = v << 8 | c
    multiples = [0] * 16
    multiples[8] = v  # H itself, the top bit standing for 1
    for i in (4, 2, 1):
        v = (v >> 1) ^ (0xE1 << 120 if v & 1 else 0)
        multiples[i] = v
    words = 4 if octets.fast else 5
    table = array("I", bytes(256 if octets.fast else 384))
    for n in range(16):
        for i in (8, 4, 2):
            if n & i and n != i:
                multiples[n] = multiples[i] ^ multiples[n - i]
                break
        for k in range(words):
            v = multiples[n] >> (96 - 32 * k if octets.fast else 26 * k)
            table[words * n + k] = v & (1 << 32) - 1 if octets.fast else v & 0x3FFFFFF
        if words > 4:
            table[80 + n] = (n ^ n << 5 ^ n << 6 ^ n << 7) << 13
    return table


def ghash(state, table, buf, a, b):
    """Take buf[a:b], filled up with zeros to whole blocks, into the 16 octets of state."""
    t = table
    while a < b:
        k = 0
        while a < b and k < 16:
            state[k] ^= buf[a]
            a += 1
            k += 1
        z0 = z1 = z2 = z3 = z4 = 0
        i = 31
        while i >= 0:
            c = state[i >> 1]
            c = 5 * (c & 15 if i & 1 else c >> 4)
            carry = t[80 + (z0 & 15)]
            z0 = (z0 >> 4 | (z1 & 15) << 22) ^ t[c]
            z1 = (z1 >> 4 | (z2 & 15) << 22) ^ t[c + 1]
            z2 = (z2 >> 4 | (z3 & 15) << 22) ^ t[c + 2]
            z3 = (z3 >> 4 | (z4 & 15) << 22) ^ t[c + 3]
            z4 = (z4 >> 4) ^ t[c + 4] ^ carry
            i -= 1
        # Octets from limbs, some across two of them: 24 bits of z4, 26 of the others.
        state[0] = z4 >> 16
        state[1] = z4 >> 8 & 255
        state[2] = z4 & 255
        state[3] = z3 >> 18
        state[4] = z3 >> 10 & 255
        state[5] = z3 >> 2 & 255
        state[6] = (z3 & 3) << 6 | z2 >> 20
        state[7] = z2 >> 12 & 255
        state[8] = z2 >> 4 & 255
        state[9] = (z2 & 15) << 4 | z1 >> 22
        state[10] = z1 >> 14 & 255
        state[11] = z1 >> 6 & 255
        state[12] = (z1 & 63) << 2 | z0 >> 24
        state[13] = z0 >> 16 & 255
        state[14] = z0 >> 8 & 255
        state[15] = z0 & 255


if sys.implementation.name == "cpython":
    from hanport import _cpython

    aes = _cpython.aes
    new_table = _cpython.new_table
    ghash = _cpython.ghash
elif octets.fast:
    _native = octets.fast.ghash

    def ghash(state, table, buf, a, b):  # noqa: F811
        """As the plain `ghash` above, in machine code."""
        _native(state, table, buf, a | b << 16)


class Gcm:
    """One encryption key and, when there is one, its authentication key. Big buffers are made once."""

    def __init__(self, key, auth_key=None):
        """key, auth_key: 16 octets each."""
        self._aes = aes(key, 1)
        self.auth_key = auth_key
        self._counters = bytearray(16 * _AT_ONCE)
        self._stream = bytearray(16 * _AT_ONCE)
        self._tag = bytearray(16)
        self._table = None
        if auth_key:
            self._aes.encrypt(bytes(16), self._tag)
            self._table = new_table(self._tag)

    def set_iv(self, title, buf, counter):
        """IV := title (8 octets), buf[counter:counter+4]."""
        blocks = self._counters
        copy(blocks, 0, title, 0, 8)
        copy(blocks, 8, buf, counter, 4)
        for block in range(16, len(blocks), 16):
            copy(blocks, block, blocks, 0, 12)

    def _encrypt(self, first):
        """The stream := the counter blocks from number `first` on, encrypted."""
        blocks = self._counters
        for at in range(0, len(blocks), 16):
            blocks[at + 14] = first >> 8 & 255
            blocks[at + 15] = first & 255
            first += 1
        self._aes.encrypt(blocks, self._stream)

    def crypt(self, buf, a, b):
        """Encrypt or decrypt buf[a:b] in place under the IV set."""
        stream = self._stream
        first = 2
        while a < b:
            n = min(b - a, len(stream))
            self._encrypt(first)
            xor(buf, a, stream, n)
            a += n
            first += _AT_ONCE

    def tag(self, control, buf, a, b, encrypted=True):
        """The 16-octet tag, as a bytearray, of ciphertext buf[a:b], or of plain text when not encrypted.

        control: the security control octet. Needs an authentication key.
        """
        tag = self._tag
        table = self._table
        work = self._stream
        for k in range(16):
            tag[k] = 0
        # Additional data: the control octet and the authentication key, then text that is not encrypted.
        work[0] = control
        copy(work, 1, self.auth_key, 0, 16)
        text = b - a
        more = 17
        if encrypted:
            ghash(tag, table, work, 0, 17)
            ghash(tag, table, buf, a, b)
        else:
            more += text
            text = 0
            ghash(tag, table, bytes(memoryview(work)[:17]) + bytes(memoryview(buf)[a:b]), 0, more)
        # The two lengths in bits.
        for k in range(16):
            bits = more if k < 8 else text
            work[k] = bits * 8 >> 8 * (~k & 7) & 255
        ghash(tag, table, work, 0, 16)
        self._encrypt(1)
        xor(tag, 0, work, 16)
        return tag

    def verify(self, control, buf, a, b, tag, encrypted=True):
        """True when the 12 octets at buf[tag:] are the tag, in a time that does not depend on them."""
        wanted = self.tag(control, buf, a, b, encrypted)
        differ = 0
        for k in range(TAG):
            differ |= wanted[k] ^ buf[tag + k]
        return differ == 0
