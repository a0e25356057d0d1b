"""What dlms-cosem says of a frame: HDLC, general-glo ciphering, data-notification, the tree of its body."""

from common import Cannot, moment, serve
from dlms_cosem import time as dlms_time
from dlms_cosem.hdlc import fields, frames
from dlms_cosem.protocol.xdlms import DataNotification, GeneralGlobalCipher
from dlms_cosem.utils import parse_as_dlms_data
from tree import answer


def clock(octets):
    """Words of 12 octets; the library's status octet has only the bits that it knows."""
    when, status = dlms_time.datetime_from_bytes(octets)
    told = {"timestamp": moment(when)}
    if octets[11] != 0xFF:
        told["timestamp_status"] = str(status.to_bytes()[0])
    return told


def information(octets):
    """The payloads of all HDLC frames, joined."""
    joined = b""
    while octets:
        length = fields.DlmsHdlcFrameFormatField.from_bytes(octets[1:3]).length
        one, octets = octets[: length + 2], octets[length + 1 :]
        if octets[1:2] in (b"", b"\x7e"):
            octets = octets[1:]
        try:
            frame = frames.UnnumberedInformationFrame.from_bytes(one)
        except ValueError:  # Kaifa's control octet 10 is that of a numbered frame
            frame = frames.InformationFrame.from_bytes(one)
        joined += frame.payload
    return joined


def parse(octets, ek, ak):
    """(APDU, its notification, tree of the body) of one frame."""
    if octets[:1] == b"\x7e":
        octets = information(octets)
    elif octets[:1] == b"\x68":
        raise Cannot("it knows no M-Bus")
    elif octets[:1] == b"/":
        raise Cannot("it knows no P1")
    if octets[:3] == b"\xe6\xe7\x00":
        octets = octets[3:]
    if octets[:1] == b"\xdb":
        sealed = GeneralGlobalCipher.from_bytes(octets)
        octets = sealed.to_plain_apdu(bytes.fromhex(ek or ""), bytes.fromhex(ak or ""))
    if octets[5:6] in (b"\x09", b"\x19"):
        raise Cannot("it takes the tag of the header's date-time for its length")
    note = DataNotification.from_bytes(octets)
    return octets, note, parse_as_dlms_data(note.body)


def read(row):
    """Answer of one frame."""
    octets, note, tree = parse(bytes.fromhex(row["hex"]), row["ek"], row["ak"])
    # Its APDU keeps no status of the date-time, so the octets are given to its clock again.
    header = clock(octets[6:18]) if note.date_time else None
    return answer(tree, header, clock)


if __name__ == "__main__":
    serve(read, parse)
