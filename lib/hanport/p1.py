"""P1 telegrams in plain text (DSMR P1 Companion Standard 5.0.2, clause 6; IEC 62056-21 mode D).

    /XXX5identification CR LF CR LF line CR LF ... !CCCC CR LF

The checksum is CRC-16/ARC from "/" to "!", both included, as four hex digits; meters older than
DSMR 4 and a few others send none. A telegram ends at the "!" that opens a line or follows ")".
"""

from hanport import apdu, fault
from hanport.octets import crc_arc, crc_x25


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
                if c == 33 and i > a + 5:
                    before = arena[i - 1]
                    if before == 10 or before == 13 or before == 41:  # LF, CR, ")"
                        self.mark = i - a
                        return self._end(arena, a, b, last)
                # The heading: three letters of the maker, then a digit (the speed).
                if a < i < a + 5 and not (48 <= c <= 57 if i == a + 4 else 65 <= c & 0xDF <= 90):
                    return 0
            elif c == 0 and i > a + 6 and arena[i - 1] == 10 and (i + 1 >= b or 0x80 < arena[i + 1] < 0x83):
                # After the identification a title of length 0 and a long length: Polish and ciphered.
                if i + 1 < b:
                    self.cipher = i - a
                    return self._ciphered(arena, a, b)
                break
            elif c > 126 or i < a + 5 or (c != 32 and c != 13 and c != 10 and c and c != 9):
                return -fault.P1_OCTET if i > a + 40 else 0
            i += 1
        self.seen = i - a
        return b - a + 1

    def _ciphered(self, arena, a, b):
        """A binary part may hold any octet: its length tells where the "!" and four digits must stand."""
        i = a + self.cipher
        n = apdu.span(arena, i, b)
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
            c = digit(arena[k])
            if c < 0:
                return -fault.P1_OCTET
            crc = crc << 4 | c
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
            c = digit(c)
            if c < 0:
                break
            crc = crc << 4 | c
            digits += 1
            i += 1
        c = arena[i] if i < b else 0
        ends = c == 13 or c == 10 or c == 0
        if digits:
            # Some meters drop leading zeros (WarmteLink "!B9F"); fewer digits must then end the line.
            if digits < 4 and not ends:
                return -fault.P1_CRC
            end = a + self.mark + 1
            if crc != crc_arc(arena, a, end) and not (digits == 4 and crc == _printed_x25(arena, a, end)):
                return -fault.P1_CRC
        elif c != 47 and not ends:
            return -fault.P1_CRC
        self.checked = digits > 0
        return i - a


def _printed_x25(arena, a, b):
    """CRC-16/X-25 as Elgama prints it: low octet first."""
    crc = crc_x25(arena, a, b)
    return (crc & 255) << 8 | crc >> 8


def digit(c):
    """Value of a hex digit; -1, which makes an octet of it negative, for another."""
    if 48 <= c <= 57:
        return c - 48
    return (c & 15) + 9 if 65 <= c & 0xDF <= 70 else -1
