"""What gurux-dlms says of a frame: HDLC, M-Bus, block transfer, ciphering of its own, and the body's tree."""

from common import Cannot, moment, serve
from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, DataType, InterfaceType
from gurux_dlms.GXDLMSClient import GXDLMSClient
from gurux_dlms.secure import GXDLMSSecureClient
from tree import answer

KINDS = {0x7E: InterfaceType.HDLC, 0x68: InterfaceType.WIRED_MBUS}


def words(when):
    """Words of a GXDateTime."""
    return {"timestamp": moment(when.value), "timestamp_status": str(int(when.status) & 0xFF)}


def clock(octets):
    """Words of 12 octets."""
    told = words(GXDLMSClient.changeType(bytearray(octets), DataType.DATETIME))
    if octets[11] == 0xFF:
        del told["timestamp_status"]
    return told


def parse(octets, ek, ak):
    """The library's reply object of all frames in the octets."""
    if octets[:1] == b"\x7e" and octets[1] & 8:
        raise Cannot("it joins no segments of a notification")
    kind = KINDS.get(octets[0])
    if kind is None:
        raise Cannot("a dump without its frame is not fed to it")
    client = GXDLMSSecureClient(True, 16, 1, Authentication.NONE, None, kind)
    if ek and ak:
        client.ciphering.blockCipherKey = bytearray.fromhex(ek)
        client.ciphering.authenticationKey = bytearray.fromhex(ak)
    data, reply, notify = GXByteBuffer(bytearray(octets)), GXReplyData(), GXReplyData()
    while True:
        before = data.position
        client.getData(data, reply, notify)
        if data.position >= len(data) or data.position == before:
            break
        if notify.moreData == 1:
            raise Cannot("it decodes each HDLC segment of a notification for itself")
    if data.position + 2 < len(data):
        raise Cannot("it did not take all of the octets")
    if not notify.complete or notify.value is None:
        raise Cannot("it gives no value")
    return notify


def read(row):
    """Answer of one frame."""
    notify = parse(bytes.fromhex(row["hex"]), row["ek"], row["ak"])
    return answer(notify.value, words(notify.time) if notify.time else None, clock)


if __name__ == "__main__":
    serve(read, parse)
