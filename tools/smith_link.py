"""Transports of a push port: HDLC, general-block-transfer and M-Bus, and their check sums.

HDLC frame format type 3: ISO/IEC 13239 as profiled by IEC 62056-46; general-block-transfer: IEC 62056-5-3;
M-Bus long frame and segments (CI 0x/1x): EN 13757-2 and EN 13757-1. Part of framesmith; uses no decoder code.
"""

from smith_axdr import SmithError, ber_length

FLAG = b"\x7e"
LLC_FROM_METER = b"\xe6\xe7\x00"

# Address and control octets as the makers send them: dest, src, control.
ADDRESSES = {
    "kaifa": ("01", "0201", "10"),
    "kaifa-se": ("01", "0001", "10"),
    "aidon": ("41", "0883", "13"),
    "kamstrup": ("2B", "21", "13"),
    "kamstrup-dk": ("41", "03", "13"),
    "e450": ("CEFF", "03", "13"),
    "iskraemeco": ("CF", "0223", "13"),
}


def _crc_reflected(octets, polynomial, register):
    """Bitwise CRC, least significant bit first; slow and plain on purpose, there is no table to be wrong."""
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = (register >> 1) ^ (polynomial if register & 1 else 0)
    return register


def crc_x25(octets):
    """CRC-16/X-25 of HDLC as an int (check "123456789" = 906E); on the wire its low octet goes first."""
    return _crc_reflected(octets, 0x8408, 0xFFFF) ^ 0xFFFF


def crc_arc(octets):
    """CRC-16/ARC of P1 as an int (check "123456789" = BB3D); printed as four hex digits."""
    return _crc_reflected(octets, 0xA001, 0)


def mbus_sum(octets):
    """M-Bus check sum: sum of C .. last data octet, modulo 256 (EN 13757-2)."""
    return sum(octets) & 0xFF


def llc(apdu):
    """The APDU behind the LLC header E6 E7 00 of a frame from the meter."""
    return LLC_FROM_METER + apdu


def hdlc_address(upper, lower=None, length=1):
    """HDLC address field of 1, 2 or 4 octets: 7 bits an octet, the lowest bit set in the last one.

    One octet has only `upper`; two have upper and lower of 7 bits, four have upper and lower of 14 bits.
    """
    lower = 0 if lower is None else lower
    if length == 1:
        sevens = [upper]
    elif length == 2:
        sevens = [upper, lower]
    elif length == 4:
        sevens = [upper >> 7, upper & 0x7F, lower >> 7, lower & 0x7F]
    else:
        raise SmithError(f"an HDLC address has 1, 2 or 4 octets, not {length}")
    if any(not 0 <= seven < 0x80 for seven in sevens):
        raise SmithError(f"HDLC address {upper}/{lower} does not fit {length} octets")
    return bytes([seven << 1 for seven in sevens[:-1]] + [sevens[-1] << 1 | 1])


def hdlc(info=b"", dest=b"\x01", src=b"\x02\x01", control=0x10, segmented=False):
    """One HDLC frame with both flags. No HCS when there is no information field (IEC 62056-46, 6.4.4).

    info: the information octets, LLC included; dest, src: address octets as sent; segmented: the S bit.
    """
    head = dest + src + bytes([control])
    length = 2 + len(head) + (2 + len(info) if info else 0) + 2
    if length > 0x7FF:
        raise SmithError(f"an HDLC frame of {length} octets does not fit the 11-bit length")
    start = (0xA000 | (0x0800 if segmented else 0) | length).to_bytes(2, "big") + head
    content = start
    if info:
        content += crc_x25(start).to_bytes(2, "little") + info
    return FLAG + content + crc_x25(content).to_bytes(2, "little") + FLAG


def _cut(octets, size):
    """Parts of `size` octets; a list of sizes gives each part its own, the last size repeats."""
    sizes = [size] if isinstance(size, int) else list(size)
    if not sizes or min(sizes) < 1:
        raise SmithError("a segment needs at least one octet")
    parts = []
    while octets:
        size = sizes[min(len(parts), len(sizes) - 1)]
        parts.append(octets[:size])
        octets = octets[size:]
    return parts


def hdlc_segments(info, size, dest=b"\x01", src=b"\x02\x01", control=0x10):
    """The information field cut in frames of `size` octets; a list, S bit set in all frames but the last."""
    parts = _cut(info, size)
    return [hdlc(part, dest, src, control, segmented=part_no < len(parts))
            for part_no, part in enumerate(parts, 1)]


def join_frames(frames, shared_flag=True):
    """HDLC frames one after the other; with shared_flag one 7E closes a frame and opens the next."""
    joined = b""
    for frame in frames:
        joined = joined[:-1] + frame if shared_flag and joined else joined + frame
    return joined


def gbt_blocks(apdu, size, window=0):
    """general-block-transfer APDUs (E0) with at most `size` octets of data each, as streaming meters send.

    Control octet: 40 streaming, C0 in the last block, low six bits = window; BN from 1, BNA 0.
    """
    parts = _cut(apdu, size)
    return [bytes([0xE0, (0xC0 if number == len(parts) else 0x40) | window])
            + number.to_bytes(2, "big") + b"\x00\x00" + ber_length(len(part)) + part
            for number, part in enumerate(parts, 1)]


def hdlc_gbt(apdu, size, dest=b"\xce\xff", src=b"\x03", control=0x13):
    """GBT blocks, one an HDLC frame; only the first carries the LLC (Landis+Gyr E450). A list of frames."""
    blocks = gbt_blocks(apdu, size)
    return [hdlc(llc(block) if number == 0 else block, dest, src, control)
            for number, block in enumerate(blocks)]


def mbus(data, ci=0x10, control=0x53, address=0xFF, stsap=0x01, dtsap=0x67):
    """One M-Bus long frame 68 L L 68 C A CI STSAP DTSAP data sum 16.

    L is written modulo 256: a Sagemcom meter sends 257 octets under the length 01 01.
    """
    body = bytes([control, address, ci, stsap, dtsap]) + data
    length = len(body) & 0xFF
    return bytes([0x68, length, length, 0x68]) + body + bytes([mbus_sum(body), 0x16])


def mbus_segments(apdu, size=245, control=0x53, address=0xFF):
    """An APDU in M-Bus frames of `size` data octets; a list. CI = number, with bit 4 (FIN) in the last.

    245 fills the largest normal frame (L = FA); 252 gives Sagemcom's over-long first frame (L = 01).
    """
    parts = _cut(apdu, size)
    if len(parts) > 16:
        raise SmithError(f"{len(parts)} M-Bus segments, the number field counts 16")
    return [mbus(part, number | (0x10 if number == len(parts) - 1 else 0), control, address)
            for number, part in enumerate(parts)]
