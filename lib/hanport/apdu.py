"""From the payload of a frame to the list inside it: LLC, data-notification (Green Book 9.3, 9.4.6).

    E6 E7 00 | 0F | long-invoke-id 4 | date-time | data

A layer narrows the bounds and leaves the octets where they are.
"""

from hanport import fault

NOTIFICATION = 0x0F
BLOCK = 0xE0  # general-block-transfer


def strip_llc(buf, a, b):
    """Index after the LLC header E6 E7 00 (or E6 E6 00), or a when there is none."""
    if b - a > 3 and buf[a] == 0xE6 and buf[a + 1] in b"\xe7\xe6" and buf[a + 2] == 0:
        return a + 3
    return a


def opens(buf, i):
    """True when an APDU that a meter pushes begins at i: notification, ciphered, or block transfer."""
    return buf[i] in b"\x0f\xdb\xdc\xe0"


class Notification:
    """Bounds found in one data-notification."""

    def __init__(self):
        self.body = 0  # index of the data
        self.stamp = 0  # index of the 12 octets of the date-time, 0 when there is none

    def open(self, buf, a, b):
        """Open the APDU buf[a:b]; returns 0 or a fault code."""
        self.stamp = 0
        if b - a < 7 or buf[a] != NOTIFICATION:
            return fault.APDU
        # By the standard the date-time is an octet string without a tag: its length comes first. Kaifa and
        # early Kamstrup send the tag too, and a date-time tag (19) is possible.
        i = a + 5
        form = buf[i]
        i += 1
        if form == 9:
            form = buf[i]
            i += 1
        elif form == 0x19:
            form = 12
        elif form not in b"\x00\x0c":
            return fault.DATE_TIME
        if form == 12:
            self.stamp = i
            i += 12
        elif form:
            return fault.DATE_TIME
        self.body = i
        return 0 if i < b else fault.AXDR_SHORT
