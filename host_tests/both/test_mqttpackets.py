"""lib/mqttpackets.py: packets of a broker in any split, and the lies of one that is none. MQTT 3.1.1."""

import brokerwords
from mqttpackets import Incoming

ROOM = 640


def publish(topic, payload, flags=0, pid=None):
    """A PUBLISH packet, clause 3.3, made without what is tested."""
    body = len(topic).to_bytes(2, "big") + topic
    if pid is not None:
        body += pid.to_bytes(2, "big")
    return bytes([0x30 | flags]) + length(len(body + payload)) + body + payload


def length(n):
    """Remaining length, clause 2.2.3."""
    made = b""
    while True:
        n, digit = n // 128, n % 128
        made += bytes([digit | (128 if n else 0)])
        if not n:
            return made


def told(incoming):
    """What a packet said."""
    if incoming.kind != 0x30:
        return incoming.kind, incoming.refusal() if incoming.kind in (0x20, 0x90) else 0
    payload = incoming.payload_octets() if incoming.is_whole() else None
    return incoming.topic_octets(), payload, incoming.to_confirm(), incoming.was_kept()


def run(octets, cut, room=ROOM):
    """(what was told, True when it ended in a fault) of octets fed in pieces of `cut`."""
    incoming = Incoming(room)
    found = []
    for at in range(0, len(octets), cut):
        piece = octets[at : at + cut]
        i = 0
        while i < len(piece):
            try:
                i = incoming.feed(piece, i, len(piece))
            except ValueError:
                return found, True
            if incoming.kind:
                found.append(told(incoming))
    return found, False


STREAM = (
    b"\x20\x02\0\0"
    + b"\x90\x04\0\x01\0\x80"
    + publish(b"t/command", b"")
    + publish(b"t/command", b"x" * 200, 2, 515)
    + b"\xd0\0"
    + publish(b"t", b"kept", 1)
    + publish(b"t", b"again", 8 | 2, 65535)
    + publish(b"t", b"y" * 100000)
    + b"\x40\x02\0\x07"
    + b"\x90\x03\0\x01\x01"
    + publish(b"t", b"z" * (ROOM - 3))
    + publish(b"t", b"z" * (ROOM - 2))
)
EXPECTED = [
    (0x20, 0),
    (0x90, 0x80),
    (b"t/command", b"", 0, False),
    (b"t/command", b"x" * 200, 515, False),
    (0xD0, 0),
    (b"t", b"kept", 0, True),
    (b"t", b"again", 65535, False),
    (b"t", None, 0, False),
    (0x40, 0),
    (0x90, 0),
    (b"t", b"z" * (ROOM - 3), 0, False),
    (b"t", None, 0, False),
]


def test_any_split_gives_the_same():
    """Whole, octet by octet, and in pieces as the device reads them."""
    for cut in (len(STREAM), 1, 7, 128, 129, 1000):
        found, fault = run(STREAM, cut)
        assert not fault and found == EXPECTED, (cut, found)


def test_refusals():
    """The code of CONNACK, clause 3.2.2.3."""
    for code in (0, 1, 4, 5, 255):
        assert run(bytes([0x20, 2, 0, code]), 4) == ([(0x20, code)], False)
    assert run(b"\x20\x02\x01\0", 4) == ([(0x20, 0)], False)  # a session from before: harmless


LIES = (
    b"\x20\x02\x02\0",  # reserved bits of CONNACK
    b"\x20\x03\0\0\0",  # CONNACK of another length
    b"\x20\0",
    b"\x21\x02\0\0",  # reserved bits of the first octet
    b"\x40\x03\0\x01\0",
    b"\x40\0",
    b"\x90\x02\0\x01",  # SUBACK without a code
    b"\x90\0",
    b"\x90\x11" + bytes(17),
    b"\xd0\x01\0",
    b"\x34\x05\0\x01t\0\x01",  # QoS 2 was not asked for
    b"\x36\x05\0\x01t\0\x01",
    b"\x30\0",
    b"\x30\x02\0\0",  # no topic
    b"\x30\x03\0\0a",
    b"\x30\x04\0\x05ab",  # a topic longer than the packet
    b"\x32\x04\0\x01t\0",  # no room for the number
    b"\x30\xff\x05\x02\x7f",  # a topic longer than any that was asked for
    b"\x30\xff\xff\xff\xff\x01",  # five octets of length, clause 2.2.3
    b"\x30\xff\xff\xff\x7f",  # 256 MiB
    b"\x30\x81\x80\x40",  # just over 1 MiB
    b"\0\0",
    b"\x10\x02\0\0",
    b"\x82\x02\0\0",
    b"\xe0\0",
    b"\xf0\0",
    b"HTTP/1.1 400 Bad Request\r\n",
    b"SSH-2.0-OpenSSH\r\n",
    b"\x15\x03\x03\0\x02\x02\x28",  # an alert of TLS
)


def test_lies_are_faults():
    """At the first octet that shows them, whatever follows; nothing is told."""
    for lie in LIES:
        for cut in (1, len(lie)):
            assert run(lie + bytes(50), cut) == ([], True), lie


def test_what_is_wanted_is_of_the_packet():
    """Who reads just so many octets at a time has nothing left over when a packet ends."""
    incoming = Incoming(ROOM)
    at = 0
    found = []
    while at < len(STREAM):
        n = min(incoming.still_wants(), 32)
        assert incoming.feed(STREAM[at : at + n], 0, n) == n
        at += n
        if incoming.kind:
            found.append(told(incoming))
            assert not incoming.under_way()
    assert found == EXPECTED


def test_no_octets_are_kept_of_what_is_too_long():
    """A message of 1 MiB leaves the buffer as long as it was, and the next one is read."""
    incoming = Incoming(ROOM)
    piece = bytes(4096)
    head = b"\x30" + length(1 << 20) + b"\0\x01t"
    assert incoming.feed(head, 0, len(head)) == len(head) and incoming.under_way()
    left = (1 << 20) - 3
    while left:
        n = min(left, len(piece))
        assert incoming.feed(piece, 0, n) == n
        left -= n
    assert incoming.kind == 0x30 and not incoming.is_whole() and not incoming.under_way()
    assert len(incoming.buf) == ROOM and incoming.have == 1 << 20
    assert incoming.feed(b"\xd0\0", 0, 2) == 2 and incoming.kind == 0xD0


def test_noise_never_raises():
    """Any octets are packets or a fault."""
    state = 1
    for _ in range(3000):
        noise = bytearray()
        for _ in range(40):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            noise.append(state >> 16 & 255)
        noise[0] = (0x20, 0x30, 0x32, 0x40, 0x90, 0xD0)[state % 6]
        run(bytes(noise), 1 + state % 40, 32)


def test_reset_forgets():
    """A new connection begins with a new packet."""
    incoming = Incoming(64)
    incoming.feed(b"\x30\x50\0\x01t", 0, 5)
    assert incoming.under_way()
    incoming.reset()
    assert not incoming.under_way() and incoming.feed(b"\x20\x02\0\0", 0, 4) == 4 and incoming.kind == 0x20


def test_words():
    """A sentence for what may happen; one for all else; nothing of the exception's own text."""
    words = brokerwords.words
    assert words(OSError(111)) == "broker refuses connections on this port"
    assert words(OSError(116)) == words(OSError(110)) == "broker does not answer"
    assert words(OSError(brokerwords.REFUSED - 5)) == "broker refused: wrong user or password"
    assert words(OSError(brokerwords.REFUSED - 4)) == "broker refused: wrong user or password"
    assert words(OSError(brokerwords.REFUSED - 77)) == "broker refused the connection"
    assert words(OSError(104)) == "broker closed the connection"
    assert words(OSError(104), brokerwords.PLAIN).endswith("it may want TLS on this port")
    assert words(MemoryError()) == words(OSError(12)) == "too little memory for the connection"
    assert words(ValueError()) == "broker does not speak MQTT"
    for odd in (OSError(), OSError(9999), OSError("s3cret"), OSError(",12,"), OSError(-5000), OSError(None)):
        assert words(odd) == "network error"
