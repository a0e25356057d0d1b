"""Text into one fixed buffer: integers with a decimal point, JSON keys and strings. Allocates nothing big.

The decimal point is set here and nowhere else; no float is involved.
"""

from array import array

from hanport.octets import copy


def _is_utf8(octets):
    """True when octets beyond ASCII are there and spell letters: a name may, a damaged id may not."""
    for c in octets:
        if c > 127:
            try:
                str(octets, "utf-8")
                return True
            except ValueError:  # UnicodeError is one
                return False
    return False


class Writer:
    """Writes into a buffer made once. When it does not fit, `.full` is set and the text must not be used."""

    def __init__(self, size):
        """size: octets of the buffer."""
        self.buf = bytearray(size)
        self._view = memoryview(self.buf)
        self._small = array("i", (0,))
        self.clear()

    def clear(self):
        """Start a new text."""
        self.at = 0
        self.full = False
        self._comma = False

    def octets(self):
        """What was written, as a view of the buffer, valid until clear()."""
        return self._view[: self.at]

    def raw(self, text):
        """Append ASCII text (str or octets) as it is."""
        if isinstance(text, str):
            text = text.encode()
        end = self.at + len(text)
        if end > len(self.buf):
            self.full = True
            return
        self.buf[self.at : end] = text
        self.at = end

    def _digits(self, value, least):
        """Append value >= 0 with at least `least` digits."""
        digits = 1
        rest = value
        while rest > 9:
            rest //= 10
            digits += 1
        if digits < least:
            digits = least
        end = self.at + digits
        if end > len(self.buf):
            self.full = True
            return
        at = end
        while digits:
            at -= 1
            self.buf[at] = 48 + value % 10
            value //= 10
            digits -= 1
        self.at = end

    def number(self, value, decimals=0, trim=False):
        """Append value / 10^decimals: number(5001, 3) is 5.001; trim drops ending zeros."""
        if -0x20000000 < value < 0x20000000:
            # Out of a reading's 64-bit array each value comes as an object on the heap, and so would all
            # that is computed with it; through this one it is a small int.
            self._small[0] = value
            value = self._small[0]
        if value < 0:
            self.raw(b"-")
            value = -value
        while trim and decimals and not value % 10:
            value //= 10
            decimals -= 1
        part = 10**decimals
        self._digits(value // part, 1)
        if decimals:
            self.raw(b".")
            self._digits(value % part, decimals)

    def padded(self, value, digits):
        """Append value with leading zeros."""
        self._digits(value, digits)

    def string(self, octets):
        """Append octets as a JSON string; what is no printable ASCII is escaped."""
        self.raw(b'"')
        self.chars(octets)
        self.raw(b'"')

    def chars(self, octets):
        """Append octets as a part of a JSON string."""
        plain = _is_utf8(octets)
        for c in octets:
            if c == 34 or c == 92:
                self.raw(b"\\")
                self.octet(c)
            elif 32 <= c < 127 or (plain and c > 127):
                self.octet(c)
            else:
                self.raw(b"\\u00%02x" % c)

    def octet(self, c):
        """Append one octet as it is."""
        if self.at >= len(self.buf):
            self.full = True
            return
        self.buf[self.at] = c
        self.at += 1

    def open(self, bracket=b"{"):
        """Open an object or array."""
        self.raw(bracket)
        self._comma = False

    def close(self, bracket=b"}"):
        """Close it."""
        self.raw(bracket)
        self._comma = True

    def item(self):
        """Next element of an array."""
        if self._comma:
            self.raw(b",")
        self._comma = True

    def key(self, name):
        """Next key of an object; the value follows."""
        self.item()
        self.raw(b'"')
        self.raw(name)
        self.raw(b'":')

    def quoted(self, table, a, b):
        """Next element of an array, the ASCII string table[a:b]; nothing is made of it on the way."""
        self.item()
        self.raw(b'"')
        self.part(table, a, b)
        self.raw(b'"')

    def part(self, table, a, b):
        """Append table[a:b] as it is."""
        n = b - a
        if self.at + n > len(self.buf):
            self.full = True
            return
        copy(self.buf, self.at, table, a, n)
        self.at += n

    def name(self, table, a, b):
        """Next key of an object, table[a:b]; the value follows."""
        self.quoted(table, a, b)
        self.raw(b":")

    def pair(self, name, value, decimals=0, trim=False):
        """Key and number; nothing at all when value is None: what is not known is absent."""
        if value is not None:
            self.key(name)
            self.number(value, decimals, trim)

    def text(self, name, octets):
        """Key and string; nothing when it is None."""
        if octets is not None:
            self.key(name)
            self.string(octets)
