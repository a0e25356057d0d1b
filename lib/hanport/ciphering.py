"""General-glo and general-ded ciphering (Green Book 9.2.7.4): who sent it, may it be trusted, what is inside.

    DB | title length | system title | length | SC | invocation counter 4 | ciphertext | tag 12
    DC |                               length | SC | ...                     (title of the DB before)

The tag is checked before anything is decrypted; a tag that does not match is never decoded into values.

It is AES-128-GCM (NIST SP 800-38D): 96-bit IV, 96-bit tag, in place.

    IV = system title 8 | invocation counter 4      first counter block of the text: IV | 00000002
    tag = first 12 octets of GHASH(AAD, ciphertext) xor AES(IV | 00000001)

A number of GF(2^128) is 16 octets, most significant first. GHASH multiplies four bits at a time with a table
of the 16 multiples of H (Shoup's method), in three makes with the same result: CPython computes with long
ints (`_cpython`), MicroPython with `_fast` (viper) or, without it, with five limbs of 26 bits, which stay
small ints and so allocate nothing. AES is that of `cryptolib`, on CPython that of `cryptography`.
"""

import sys
from array import array

from hanport import axdr, fault, octets, reading
from hanport.apdu import GLO
from hanport.octets import copy, xor

if sys.implementation.name != "cpython":
    from cryptolib import aes

TAG = 12
_AT_ONCE = 4  # counter blocks encrypted in one call
_AUTHENTICATED = 0x10
_ENCRYPTED = 0x20


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


class Ciphering:
    """Opens ciphered APDUs in place and watches the invocation counter. Its big buffers are made once."""

    def __init__(self, key=None, auth_key=None):
        """key, auth_key: 16 octets each, or None; without a key, only what is not encrypted can be opened."""
        self.keys = (key, auth_key)
        # The counter blocks: what they begin with is the system title of the newest ciphered telegram.
        self._blocks = bytearray(16 * _AT_ONCE)
        self.maker = None  # whom the title tells, as the decoder has looked it up; 0: not yet; None: no title
        self.counter = -1  # its invocation counter
        self.replayed = False  # it did not rise
        self.a = 0  # bounds of what was opened
        self.b = 0
        self.integrity = reading.UNVERIFIED
        if not key:
            return
        self._aes = aes(key, 1)
        self._stream = bytearray(16 * _AT_ONCE)
        self._tag = bytearray(16)
        if auth_key:
            self._aes.encrypt(bytes(16), self._tag)
            self._table = new_table(self._tag)

    def open_apdu(self, buf, a, b):
        """Open the ciphered APDU buf[a:b], whose first octet is DB or DC; 0 or a fault code.

        Afterwards buf[self.a:self.b] is the clear text.
        """
        if buf[a] == GLO:
            return self.open_titled(buf, a + 1, b)
        if self.maker is None:
            return fault.SECURITY
        return self._unlock(buf, a + 1, b)

    def open_titled(self, buf, i, b):
        """As open_apdu(), from the octet that tells the title's length on; length 0 counts as zeros."""
        size = buf[i] if i < b else 1
        if size & 0xF7 or i + 1 + size > b:
            return fault.CIPHER_LENGTH
        title = self._blocks
        i += 1
        if self.maker is None:
            self.maker = 0
        for k in range(8):
            octet = buf[i + k] if size else 0
            if title[k] != octet:
                title[k] = octet
                self.counter = -1
                self.maker = 0
        return self._unlock(buf, i + size, b)

    def _unlock(self, buf, i, b):
        """The rest: length, SC, counter, ciphertext, tag."""
        length = axdr.length(buf, i, b)
        i = axdr.after_length(buf, i)
        if length < 6 or i + length > b:
            return fault.CIPHER_LENGTH
        control = buf[i]
        end = i + length
        # Bits 3..0 suite (2 is AES-256), 4 authenticated, 5 encrypted, 6 broadcast key, 7 compressed.
        if control & 0x8E or not control & 0x30:
            return fault.SECURITY
        if control & _AUTHENTICATED:
            end -= TAG
        a = i + 5
        if end <= a:
            return fault.CIPHER_LENGTH
        # The invocation counter only rises; one that does not is a repeat, or the meter began anew.
        counter = buf[i + 1] << 24 | buf[i + 2] << 16 | buf[i + 3] << 8 | buf[i + 4]
        self.replayed = counter <= self.counter
        self.counter = counter
        self.a = a
        self.b = end
        key, auth_key = self.keys
        if not control & _ENCRYPTED and not (key and auth_key):
            self.integrity = reading.UNVERIFIED
            return 0  # authenticated only: readable by all
        if not key:
            return fault.NO_KEY
        return self._decrypt(buf, control, i + 1, a, end)

    def _decrypt(self, buf, control, counter, a, end):
        key, auth_key = self.keys
        title = self._blocks
        self.set_iv(title, buf, counter)
        encrypted = control & _ENCRYPTED != 0
        self.integrity = reading.UNVERIFIED
        if control & _AUTHENTICATED and auth_key:
            if not self.verify(control, buf, a, end, end, encrypted):
                # Seldom come to: it takes memory.
                other = Ciphering(auth_key, key)
                other.set_iv(title, buf, counter)
                return fault.SWAPPED if other.verify(control, buf, a, end, end, encrypted) else fault.TAG
            self.integrity = reading.VERIFIED
        if encrypted:
            self.crypt(buf, a, end)
        return 0

    def system_title(self):
        """System title of the newest ciphered telegram: 8 octets, zeros before the first one."""
        return bytes(self._blocks[:8])

    def set_iv(self, title, buf, counter):
        """IV := title (8 octets), buf[counter:counter+4]."""
        blocks = self._blocks
        copy(blocks, 0, title, 0, 8)
        copy(blocks, 8, buf, counter, 4)
        for block in range(16, len(blocks), 16):
            copy(blocks, block, blocks, 0, 12)

    def _encrypt(self, first):
        """The stream := the counter blocks from number `first` on, encrypted."""
        blocks = self._blocks
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
        copy(work, 1, self.keys[1], 0, 16)
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
