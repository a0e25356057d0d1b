"""KMP for tests: worked frames of public protocol notes (PyKMP, PyKamstrup, captures of a 382), a frame
builder that shares no code with lib/, and a line with a scripted meter at its end."""

from hanport import kmp, kmp_registers, registers


def octets_of(text):
    """Octets of hex digits."""
    text = text.replace(" ", "")
    return bytes(int(text[k : k + 2], 16) for k in range(0, len(text), 2))


TYPE = octets_of("80 3F 01 05 8A 0D")
SERIAL = octets_of("80 3F 02 35 E9 0D")
TYPE_ANSWER = octets_of("40 3F 01 00 04 1B F9 01 26 99 0D")  # type 4, revision 06 01 = F1
SERIAL_ANSWER = octets_of("40 3F 02 01 23 45 67 E9 56 0D")  # 0x01234567 = 19088743
NO_REGISTER = octets_of("40 3F 10 07 9A 0D")
A14 = octets_of("40 3F 10 00 01 02 04 00 00 00 00 8B E1 90 0D")  # 1: 139 kWh
A23 = octets_of("40 3F 10 00 02 02 04 00 00 00 00 00 09 1B F9 0D")  # 2: 0 kWh; its CRC 09 06 is stuffed
FINE = octets_of("40 3F 10 00 1B F2 02 04 44 1B F2 1B E4 1B 7F 1B F9 B9 E0 0D")  # 13: 21990.6054 kWh
E1 = octets_of("40 3F 10 00 3C 03 04 43 00 00 D6 DE 03 22 0D")  # 60: 55.006 MWh
V1 = octets_of("40 3F 10 00 44 28 04 42 00 02 DC A4 7C 0A 0D")  # 68: 1875.56 m3
T1 = octets_of("40 3F 10 00 56 25 02 42 14 F5 69 DC 0D")  # 86: 53.65 deg C
MODEL = octets_of("40 3F 10 04 22 36 0A 00 41 42 43 31 32 33 34 35 36 37 91 6F 0D")  # 1058: ABC1234567
MIXED = octets_of(
    "40 3F 10 00 01 02 04 42 00 45 B3 52 03 FF 16 04 43 00 00 04 D2 04 1E 21 02 00 00 E6 "
    "04 34 22 04 42 00 00 02 19 57 C3 0D"
)  # registers 1, 1023, 1054, 1076: of two of our groups

# Hex of records: clock 203513, date 240727.
CLOCK = "03 EA 2F 04 00 00 03 1A F9 03 EB 30 04 00 00 03 AC 57"


def frame(start, body):
    """A frame of a body; its CRC is reckoned bit by bit, as the polynomial is defined."""
    crc = 0
    for octet in body:
        crc ^= octet << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    out = [start]
    for octet in body + bytes((crc >> 8, crc & 255)):
        out += [0x1B, octet ^ 255] if octet in b"\x06\x0d\x1b\x40\x80" else [octet]
    return bytes(out) + b"\r"


def get(into, name):
    """Value of a register by its JSON key."""
    return into.get(registers.by_name(name))


class Line:
    """A line with a meter at its end: `reply` makes octets of a request (octets to octets), at once."""

    def __init__(self, reply, cut=1000):
        self.client = kmp.Client()
        self.reply = reply
        self.cut = cut
        self.now = 0
        self.sent = []

    def round(self, patience=400000):
        """Run to the end of the next round; returns the fault, 0 for a reading, which is in .client."""
        client = self.client
        stop = self.now + patience
        while self.now < stop:
            request = client.next_request(self.now)
            if client.ready or client.fault:
                assert request is None
                return client.fault
            if request:
                request = bytes(request)
                self.sent.append(request)
                octets = self.reply(request)
                for a in range(0, len(octets), self.cut):
                    i = a
                    n = min(a + self.cut, len(octets))
                    while i < n:
                        i = client.feed(octets, i, n)
            self.now += 20
        raise AssertionError("the round has no end")


def meter(group_answers):
    """A reply function: identity as in the examples; group_answers: {group: octets}, or the same for all."""
    table = {TYPE: TYPE_ANSWER, SERIAL: SERIAL_ANSWER}

    def reply(request):
        if request in table:
            return table[request]
        return group_answers.get(group_of(request), b"") if isinstance(group_answers, dict) else group_answers

    return reply


def group_of(request):
    """The group a register request asks for."""
    for group in range(7):
        raw = bytearray(24)
        raw[0:2] = b"\x3f\x10"
        raw[2] = kmp_registers.write_ids(group, raw, 3)
        if frame(0x80, bytes(raw[: 3 + 2 * raw[2]])) == request:
            return group
    raise AssertionError("no request of ours: " + repr(request))
