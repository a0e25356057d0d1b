"""P1 telegrams in plain text (DSMR P1 Companion Standard 5.0.2, clause 6; IEC 62056-21 mode D).

    /XXX5identification CR LF CR LF line CR LF ... !CCCC CR LF

The checksum is CRC-16/ARC from "/" to "!", both included, as four hex digits; meters older than
DSMR 4 and a few others send none. A telegram ends at the "!" that opens a line or follows ")".
"""

from hanport import fault
from hanport.octets import crc_arc, crc_x25

_HEX = b"0123456789ABCDEFabcdef"


class P1Framer:
    """Finds the end of one telegram. Keeps how far it has looked: no octet is looked at twice."""

    def __init__(self):
        self.seen = 0  # octets of the candidate already looked at
        self.mark = 0  # offset of the "!" from the start of the telegram, 0 while not found
        self.parity = False  # the line sends 7 bits and a parity bit, read as 8 bits
        self.cipher = 0  # offset of the ciphered part (its title length) of a Polish telegram, or 0
        self.checked = False  # the last good telegram carried a checksum, and it held

    def restart(self):
        """The next candidate begins."""
        self.seen = 0
        self.mark = 0
        self.cipher = 0
        self.parity = False

    def judge(self, arena, a, b, last):
        """Judge the octets arena[a:b], arena[a] being "/", or AF: "/" with a parity bit. As hdlc.judge.

        `last` says that the line fell silent: a "!" without a checksum then ends the telegram.
        """
        i = a + self.seen
        if arena[a] == 0xAF:
            self.parity = True
        if self.mark:
            return self._end(arena, a, b, last)
        if self.cipher:
            return self._ciphered(arena, a, b)
        while i < b:
            c = arena[i]
            if self.parity:
                c &= 127  # what is looked at is mended in place: the checksum is over seven bits
                arena[i] = c
            if 32 < c < 127:
                if c == 33 and i > a + 5 and arena[i - 1] in b"\n)\r":
                    self.mark = i - a
                    return self._end(arena, a, b, last)
                if i < a + 5 and not _heading(i - a, c):
                    return 0
            elif c == 0 and i > a + 6 and arena[i - 1] == 10 and (i + 1 >= b or arena[i + 1] in b"\x81\x82"):
                # After the identification a title of length 0 and a long length: Polish and ciphered.
                if i + 1 < b:
                    self.cipher = i - a
                    return self._ciphered(arena, a, b)
                break
            elif c > 126 or i < a + 5 or c not in b"\r\n\t \0":
                return -fault.P1_OCTET if i > a + 40 else 0
            i += 1
        self.seen = i - a
        return b - a + 1

    def _ciphered(self, arena, a, b):
        """A binary part may hold any octet: its length tells where the "!" and four digits must stand."""
        i = a + self.cipher
        n = cipher_span(arena, i, b)
        if n <= 0:
            return -fault.P1_OCTET if n else b - a + 1
        total = self.cipher + n + 5
        if b - a < total:
            return total
        i += n
        if arena[i] != 33:
            return -fault.P1_OCTET
        self.mark = i - a
        # Elgama prints CRC-16/X-25 low octet first, others may print ARC: told, but not judged by, since
        # what is inside proves itself.
        crc = 0
        for k in range(i + 1, i + 5):
            c = arena[k]
            if c not in _HEX:
                return -fault.P1_OCTET
            crc = crc << 4 | (c & 15) + (9 if c > 57 else 0)
        self.checked = crc == crc_arc(arena, a, i + 1) or crc == _printed_x25(arena, a, i + 1)
        return total

    def _end(self, arena, a, b, last):
        """Judge the octets from the "!" on: nothing, or one to four hex digits."""
        i = a + self.mark + 1
        stop = i + 4
        crc = 0
        digits = 0
        while i < stop:
            if i >= b:
                if not last:
                    return b - a + 1
                break
            c = arena[i]
            if self.parity:
                c &= 127
                arena[i] = c
            if c not in _HEX:
                break
            crc = crc << 4 | (c & 15) + (9 if c > 57 else 0)
            digits += 1
            i += 1
        if digits:
            # Some meters drop leading zeros (WarmteLink "!B9F"); fewer digits must then end the line.
            if digits < 4 and i < b and arena[i] not in b"\r\n\0":
                return -fault.P1_CRC
            end = a + self.mark + 1
            if crc != crc_arc(arena, a, end) and not (digits == 4 and crc == _printed_x25(arena, a, end)):
                return -fault.P1_CRC
        elif i < b and arena[i] not in b"\r\n\0/":
            return -fault.P1_CRC
        self.checked = digits > 0
        return i - a

    def text_end(self, a):
        """Index of the "!" of the telegram that begins at a."""
        return a + self.mark


def _printed_x25(arena, a, b):
    """CRC-16/X-25 as Elgama prints it: low octet first."""
    crc = crc_x25(arena, a, b)
    return (crc & 255) << 8 | crc >> 8


def _heading(at, c):
    """True when octet c may stand at offset 1..4: three letters of the maker, then a digit (the speed)."""
    if at == 4:
        return 48 <= c <= 57
    return at == 0 or 65 <= c <= 90 or 97 <= c <= 122


def cipher_span(buf, i, b):
    """Octets that a ciphered APDU takes from its title length at i on; 0 while not told yet, -1 if none."""
    size = buf[i]
    if size not in b"\x00\x08":
        return -1
    k = i + 1 + size
    if k + 3 > b:
        return 0
    length = buf[k]
    k += 1
    if length == 0x81:
        length = buf[k]
        k += 1
    elif length == 0x82:
        length = buf[k] << 8 | buf[k + 1]
        k += 2
    elif length > 0x7F:
        return -1
    return k + length - i if length > 5 else -1


def judge_bare(arena, a, b):
    """Judge arena[a:b], arena[a] being DB: a ciphered P1 telegram without any frame (Luxembourg, Steiermark).

    Returns as hdlc.judge. There is no checksum: what is inside must prove itself.
    """
    if b - a < 14:
        return 14 if b - a < 2 or arena[a + 1] == 8 else 0
    if arena[a + 1] != 8:
        return 0
    for k in range(a + 2, a + 5):  # the maker's three letters
        if not 65 <= arena[k] <= 90:
            return 0
    n = cipher_span(arena, a + 1, b)
    return n + 1 if n > 0 else 0
