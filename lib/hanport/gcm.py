"""AES-128-GCM as DLMS uses it (Green Book 9.2.7.4; NIST SP 800-38D): 96-bit IV, 96-bit tag, in place.

IV = system title 8 | invocation counter 4      first counter block of the text: IV | 00000002
tag = first 12 octets of GHASH(AAD, ciphertext) xor AES(IV | 00000001)
"""

from hanport.aes import Blocks
from hanport.ghash import GHash
from hanport.octets import copy, xor

TAG = 12
_AT_ONCE = 16  # counter blocks encrypted in one call


class Gcm:
    """One encryption key and, when there is one, its authentication key. Big buffers are made once."""

    def __init__(self, key, auth_key=None):
        """key, auth_key: 16 octets each."""
        self._aes = Blocks(key)
        self.auth_key = auth_key
        self._counters = bytearray(16 * _AT_ONCE)
        self._stream = bytearray(16 * _AT_ONCE)
        self._hash = None
        self._header = bytearray(17)  # AAD of DLMS: security control octet, authentication key
        if auth_key:
            h = bytearray(16)
            self._aes.encrypt(bytes(16), h)
            self._hash = GHash(h)
            self._header[1:] = auth_key
        self._tag = bytearray(16)
        self._lengths = bytearray(16)

    def set_iv(self, title, buf, counter):
        """IV := title (8 octets), buf[counter:counter+4]."""
        blocks = self._counters
        copy(blocks, 0, title, 0, 8)
        copy(blocks, 8, buf, counter, 4)
        for block in range(16, len(blocks), 16):
            copy(blocks, block, blocks, 0, 12)

    def _count(self, first):
        blocks = self._counters
        for at in range(0, len(blocks), 16):
            blocks[at + 14] = first >> 8 & 255
            blocks[at + 15] = first & 255
            first += 1

    def crypt(self, buf, a, b):
        """Encrypt or decrypt buf[a:b] in place under the IV set."""
        stream = self._stream
        first = 2
        while a < b:
            n = min(b - a, len(stream))
            self._count(first)
            self._aes.encrypt(self._counters, stream)
            xor(buf, a, stream, n)
            a += n
            first += _AT_ONCE

    def tag(self, control, buf, a, b, encrypted=True):
        """The 16-octet tag, as a bytearray, of ciphertext buf[a:b], or of plain text when not encrypted.

        control: the security control octet. Needs an authentication key.
        """
        g = self._hash
        header = self._header
        header[0] = control
        g.restart()
        if encrypted:
            g.update(header, 0, 17)
            g.update(buf, a, b)
            self._close(17, b - a)
        else:
            # All of it is additional data, in one run: header and text.
            whole = header + bytes(memoryview(buf)[a:b])
            g.update(whole, 0, len(whole))
            self._close(len(whole), 0)
        return self._tag

    def _close(self, additional, text):
        """Add the two lengths in bits and encrypt the result with the first counter block."""
        lengths = self._lengths
        for at, octets in ((7, additional), (15, text)):
            bits = octets * 8
            for k in range(4):
                lengths[at - k] = bits >> 8 * k & 255
        self._hash.update(lengths, 0, 16)
        self._hash.digest(self._tag)
        self._count(1)
        self._aes.encrypt(self._counters, self._stream)
        xor(self._tag, 0, self._stream, 16)

    def verify(self, control, buf, a, b, tag, encrypted=True):
        """True when the 12 octets at buf[tag:] are the tag, in a time that does not depend on them."""
        wanted = self.tag(control, buf, a, b, encrypted)
        differ = 0
        for k in range(TAG):
            differ |= wanted[k] ^ buf[tag + k]
        return differ == 0
