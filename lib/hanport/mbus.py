"""Wired M-Bus long frames as Austrian and Polish meters push them (EN 13757-2, -3).

    68 | L | L | 68 | C | A | CI | STSAP | DTSAP | data ... | sum | 16

L counts C to the last data octet. CI: bits 3..0 segment number, bit 4 FIN (last segment). The joined
data is one ciphered APDU.
"""

from hanport import fault
from hanport.octets import sum8

HEAD = 9  # octets before the data, which ends 2 octets before the frame
CI = 6  # which octet is CI
NUMBER = 15  # its bits
FIN = 16


def judge(arena, a, b, last):
    """Judge the octets arena[a:b], arena[a] being 68. Returns as hdlc.judge."""
    have = b - a
    if have < 4:
        return 4
    length = arena[a + 1]
    if arena[a + 2] != length or arena[a + 3] != 0x68:
        return 0
    if have < HEAD:
        return HEAD
    # Only a broadcast SND-UD is a push; this also keeps chance patterns of other framings out.
    if arena[a + 4] & 0xDF != 0x53 or arena[a + 5] != 0xFF or arena[a + 6] & 0xE0:
        return 0
    if length < 6:
        # Sagemcom sends L modulo 256: the APDU's own length decides (L = 01 means 257 octets).
        length += 256
    total = length + 6
    if have < total:
        return total
    if sum8(arena, a + 4, a + 4 + length) != arena[a + 4 + length]:
        return -fault.MBUS_SUM
    if arena[a + 5 + length] != 0x16:
        return -fault.MBUS_STOP
    return total
