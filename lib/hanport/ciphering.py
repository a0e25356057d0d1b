"""General-glo and general-ded ciphering (Green Book 9.2.7.4): who sent it, may it be trusted, what is inside.

    DB | title length | system title | length | SC | invocation counter 4 | ciphertext | tag 12
    DC |                               length | SC | ...                     (title of the DB before)

The tag is checked before anything is decrypted; a tag that does not match is never decoded into values.
"""

from hanport import axdr, fault, reading
from hanport.apdu import DED, GLO
from hanport.gcm import TAG, Gcm

__all__ = ("DED", "GLO", "Ciphering")

_AUTHENTICATED = 0x10
_ENCRYPTED = 0x20


class Ciphering:
    """Opens ciphered APDUs in place and watches the invocation counter."""

    def __init__(self, key=None, auth_key=None):
        """key, auth_key: 16 octets each, or None."""
        self._gcm = Gcm(key, auth_key) if key else None
        self._swapped = (auth_key, key) if key and auth_key else None
        self.title = bytearray(8)  # system title of the newest ciphered telegram
        self.titled = False
        self.counter = -1  # its invocation counter
        self.replayed = False  # it did not rise
        self.a = 0  # bounds of what was opened
        self.b = 0
        self.integrity = reading.UNVERIFIED

    def open(self, buf, a, b):
        """Open the ciphered APDU buf[a:b], whose first octet is DB or DC; 0 or a fault code.

        Afterwards buf[self.a:self.b] is the clear text.
        """
        if buf[a] == GLO:
            return self.open_titled(buf, a + 1, b)
        if not self.titled:
            return fault.SECURITY
        return self._open(buf, a + 1, b)

    def open_titled(self, buf, i, b):
        """As open(), from the octet that tells the title's length on; a title of length 0 counts as zeros."""
        size = buf[i] if i < b else 1
        if size & 0xF7 or i + 1 + size > b:
            return fault.CIPHER_LENGTH
        title = self.title
        i += 1
        for k in range(8):
            octet = buf[i + k] if size else 0
            if title[k] != octet:
                title[k] = octet
                self.counter = -1
        self.titled = True
        return self._open(buf, i + size, b)

    def _open(self, buf, i, b):
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
        if not control & _ENCRYPTED and (self._gcm is None or not self._gcm.auth_key):
            self.integrity = reading.UNVERIFIED
            return 0  # authenticated only: readable by all
        if self._gcm is None:
            return fault.NO_KEY
        return self._decrypt(buf, control, i + 1, a, end)

    def _decrypt(self, buf, control, counter, a, end):
        gcm = self._gcm
        gcm.set_iv(self.title, buf, counter)
        encrypted = control & _ENCRYPTED != 0
        self.integrity = reading.UNVERIFIED
        if control & _AUTHENTICATED and gcm.auth_key:
            if not gcm.verify(control, buf, a, end, end, encrypted):
                if self._swapped:
                    # Seldom come to: it takes memory.
                    gcm = Gcm(*self._swapped)
                    gcm.set_iv(self.title, buf, counter)
                    if gcm.verify(control, buf, a, end, end, encrypted):
                        return fault.SWAPPED
                return fault.TAG
            self.integrity = reading.VERIFIED
        if encrypted:
            gcm.crypt(buf, a, end)
        return 0
