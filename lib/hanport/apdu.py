"""From the payload of a frame to the list inside it: LLC, data-notification (Green Book 9.3, 9.4.6).

    E6 E7 00 | 0F | long-invoke-id 4 | date-time | data

A layer narrows the bounds and leaves the octets where they are. How long a ciphered APDU is can be told here
too; ciphering.py opens it.
"""

from hanport import fault

NOTIFICATION = 0x0F
BLOCK = 0xE0  # general-block-transfer
GLO = 0xDB  # ciphered: general-glo and general-ded
DED = 0xDC


def strip_llc(buf, a, b):
    """Index after the LLC header E6 E7 00 (or E6 E6 00), or a when there is none."""
    if b - a > 3 and buf[a] == 0xE6 and buf[a + 1] | 1 == 0xE7 and buf[a + 2] == 0:
        return a + 3
    return a


def opens(buf, i):
    """True when an APDU that a meter pushes begins at i: notification, ciphered, or block transfer."""
    tag = buf[i]
    return tag == NOTIFICATION or tag == GLO or tag == DED or tag == BLOCK


def body(buf, a, b):
    """Index of the data in the notification buf[a:b], or a fault code as a negative number.

    An index of b or more says that the telegram is cut short.
    """
    if b - a < 7 or buf[a] != NOTIFICATION:
        return -fault.APDU
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
    if form == 12:
        i += 12
    elif form:
        return -fault.DATE_TIME
    return i


def stamp(a, body):
    """Index of the 12 octets of the date-time of the notification at a, 0 when there is none."""
    return body - 12 if body > a + 17 else 0


def span(buf, i, b):
    """Octets that a ciphered APDU takes from its title length at i on; 0 while not told yet, -1 if none."""
    size = buf[i]
    if size & 0xF7:  # 0 or 8
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
    n = span(arena, a + 1, b)
    return n + 1 if n > 0 else 0
