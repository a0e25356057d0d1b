"""HDLC frames of format type 3, as meters push them (IEC 62056-46, ISO/IEC 13239).

    7E | A S LLL LLLLLLLL | dest 1,2,4 | src 1,2,4 | control | HCS 2 | information | FCS 2 | 7E
         `-- format ----'                                      L counts from format to FCS

There is no octet stuffing: 7E may stand inside, the length finds the end. The header checksum (HCS) is
judged the moment it is complete, so that a false flag in noise never swallows a good frame.
"""

from hanport import fault
from hanport.octets import crc_x25

SEGMENT = 8  # the S bit, of the octet after the flag: more frames of the same telegram follow
SMALLEST = 9  # 7E, format 2, addresses 1 + 1, control, FCS 2, 7E


def header(arena, a, b):
    """Index of the control octet of the frame at arena[a] (a flag), or 0 when an address has no end.

    Both addresses end with the first odd octet, within four octets and before b.
    """
    i = a + 3
    for _ in range(2):
        end = i + 4
        while i < b and not arena[i] & 1:
            i += 1
            if i == end:
                return 0
        if i >= b:
            return 0
        i += 1
    return i


def judge(arena, a, b, last):
    """Judge the octets arena[a:b], arena[a] being a flag.

    Returns the octets wanted in all (more than b - a), the length of a whole good frame (up to b - a),
    or a fault code as a negative number; 0 means: no frame begins here, hunt on. `last` is not used.
    """
    have = b - a
    if have < 2:
        return 2
    if arena[a + 1] & 0xF0 != 0xA0:
        return 0  # a fill flag, a closing flag, or noise
    if have < SMALLEST:
        return SMALLEST
    length = (arena[a + 1] & 7) << 8 | arena[a + 2]
    control = header(arena, a, b)
    if not control:
        # The longest header is 7E + format 2 + 4 + 4 + control + HCS 2 = 14 octets.
        most = 14 if length > 12 else length + 2
        return most if have < most else -fault.HCS
    total = length + 2
    information = control + 3 - a  # offset of the octet after the HCS
    if length == control - a + 2:
        pass  # no information field: no HCS (IEC 62056-46 6.4.3), only the FCS
    elif length < information + 2:
        return -fault.HCS
    elif have < information:
        return information
    elif crc_x25(arena, a + 1, control + 1) != arena[control + 1] | arena[control + 2] << 8:
        return -fault.HCS
    if have < total:
        return total
    if crc_x25(arena, a + 1, a + length - 1) != arena[a + length - 1] | arena[a + length] << 8:
        return -fault.FCS
    if arena[a + length + 1] != 0x7E:
        return -fault.FLAG
    return total
