#!/usr/bin/env python3
"""A simulated Kamstrup meter that answers KMP requests and never speaks by itself.

    metersim.py --kmp electricity --seconds 60         or: heat, water
    metersim.py --kmp electricity --locked silent --echo --silence 0.1 --noise 8

Shares no code with lib/hanport. What a register looks like (unit, size, scale) is from conpot's public dump
of a Kamstrup 382 and from public answers of Multical heat meters; the values are invented.
"""

import os
import random
import select
import sys
import time
from dataclasses import dataclass, field
from decimal import Decimal

KINDS = ("electricity", "heat", "water")
BAUDS = {"electricity": 9600, "heat": 1200, "water": 1200}
STUFFED = frozenset((0x06, 0x0D, 0x1B, 0x40, 0x80))
LATENCY = 0.03  # seconds from the request's end to the answer's start

# id: (unit code, octets, sx, value). sx 41 is 10^-1, 42 10^-2, 43 10^-3, 44 10^-4, 00 10^0.
KWH, KVARH, KW, KVAR, VOLT, AMPERE = 2, 14, 22, 26, 33, 34
HOUR, CLOCK, DATE, NUMBER, TEXT = 46, 47, 48, 51, 54
ELECTRICITY = {
    1: (KWH, 4, 0x41, 219906), 2: (KWH, 4, 0x41, 1234), 3: (KVARH, 4, 0x41, 3021), 4: (KVARH, 4, 0x41, 20455),
    5: (KVARH, 4, 0x41, 2990), 6: (KVARH, 4, 0x41, 20400),
    13: (KWH, 4, 0x44, 219906054), 14: (KWH, 4, 0x44, 1234567),
    15: (KVARH, 4, 0x44, 3021998), 16: (KVARH, 4, 0x44, 20455001), 17: (KWH, 4, 0x41, 219906),
    19: (KWH, 4, 0x41, 150000), 20: (KWH, 4, 0x41, 1234),
    21: (KVARH, 4, 0x41, 3021), 22: (KVARH, 4, 0x41, 20455),
    23: (KWH, 4, 0x41, 69906), 24: (KWH, 4, 0x41, 0), 25: (KVARH, 4, 0x41, 0), 26: (KVARH, 4, 0x41, 0),
    27: (KWH, 4, 0x41, 0), 28: (KWH, 4, 0x41, 0), 31: (KWH, 4, 0x41, 0), 32: (KWH, 4, 0x41, 0),
    39: (KW, 4, 0x43, 7180), 50: (NUMBER, 4, 0, 0), 58: (0, 4, 0, 0),
    1001: (NUMBER, 4, 0, 15085488), 1002: (CLOCK, 4, 0, 203513), 1003: (DATE, 4, 0, 240727),
    1004: (HOUR, 4, 0, 283), 1005: (NUMBER, 4, 0, 53011401), 1010: (NUMBER, 10, 0, 15085488),
    1023: (KW, 4, 0x43, 1234), 1024: (KW, 4, 0x43, 0), 1025: (KVAR, 4, 0x43, 27), 1026: (KVAR, 4, 0x43, 410),
    1047: (53, 8, 0, 9441543881752250126),
    1054: (VOLT, 2, 0, 230), 1055: (VOLT, 2, 0, 229), 1056: (VOLT, 2, 0, 64),
    1058: (TEXT, 10, 0, b"070422JA83"),
    1076: (AMPERE, 4, 0x42, 537), 1077: (AMPERE, 4, 0x42, 13), 1078: (AMPERE, 4, 0x42, 128),
    1079: (38, 2, 0, 315), 1080: (KW, 2, 0x43, 1027), 1081: (KW, 2, 0x43, 13), 1082: (KW, 2, 0x43, 194),
    1126: (TEXT, 13, 0, b"070422JA83486"), 1202: (0, 16, 0, (1 << 128) - 1),
}
HEAT = {
    60: (3, 4, 0x43, 55006), 61: (43, 4, 0, 70001), 63: (3, 4, 0x43, 0), 68: (40, 4, 0x42, 187556),
    74: (41, 2, 0, 128), 80: (22, 2, 0x41, 27), 86: (37, 2, 0x42, 5365), 87: (37, 2, 0x42, 4579),
    89: (38, 2, 0x42, 786), 99: (59, 2, 0, 0), 1001: (NUMBER, 4, 0, 19088743), 1002: (CLOCK, 4, 0, 101),
    1003: (DATE, 4, 0, 260228), 1004: (HOUR, 4, 0, 51300),
}
WATER = {key: HEAT[key] for key in (68, 74, 1001, 1002, 1003, 1004)}


@dataclass
class Meter:
    """What a meter says of itself. locked: "" not, "empty" answers without registers, "silent" no answers."""

    registers: dict = field(default_factory=lambda: dict(ELECTRICITY))
    type_and_revision: bytes = b"\x00\x04\x06\x01"
    serial: int = 15085488
    address: int = 0x3F
    locked: str = ""


def make(kind, locked=""):
    """A Meter of one of the KINDS."""
    if kind == "electricity":
        return Meter(locked=locked)
    shapes = HEAT if kind == "heat" else WATER
    return Meter(dict(shapes), b"\x02\x5a\x04\x01", 19088743, locked=locked)


def checksum(octets):
    """CRC-16 of polynomial 1021, start 0, not mirrored, as an integer: bit by bit, as it is defined."""
    register = 0
    for octet in octets:
        for bit in range(7, -1, -1):
            register = register << 1 | octet >> bit & 1
            if register >> 16:
                register ^= 0x11021
    for _ in range(16):
        register <<= 1
        if register >> 16:
            register ^= 0x11021
    return register


def frame(start, body):
    """The octets on the line of a body (address, command, data)."""
    whole = body + checksum(body).to_bytes(2, "big")
    stuffed = bytearray()
    for octet in whole:
        stuffed += bytes((0x1B, octet ^ 0xFF)) if octet in STUFFED else bytes((octet,))
    return bytes((start,)) + bytes(stuffed) + b"\r"


def open_frame(octets, start):
    """The body of the last whole frame in the octets, or None when its checksum does not hold."""
    stop = octets.rfind(b"\r")
    first = octets.rfind(bytes((start,)), 0, max(stop, 0))
    if first < 0:
        return None
    body, escaped = bytearray(), False
    for octet in octets[first + 1:stop]:
        if octet == 0x1B and not escaped:
            escaped = True
            continue
        body.append(octet ^ 0xFF if escaped else octet)
        escaped = False
    if escaped or len(body) < 4 or checksum(body[:-2]) != int.from_bytes(body[-2:], "big"):
        return None
    return bytes(body[:-2])


def record(ident, shape):
    """The octets of one register in an answer."""
    unit, size, sx, value = shape
    mantissa = value if isinstance(value, bytes) else value.to_bytes(size, "big")
    return ident.to_bytes(2, "big") + bytes((unit, size, sx)) + mantissa


def answer(request, meter):
    """What the meter sends back on these octets: a whole frame, or b"" when it keeps silent."""
    body = open_frame(request, 0x80)
    if body is None or body[0] != meter.address:
        return b""
    command, data = body[1], body[2:]
    if command == 0x01 and not data:
        return frame(0x40, body + meter.type_and_revision)
    if command == 0x02 and not data:
        return frame(0x40, body + meter.serial.to_bytes(4, "big"))
    if command != 0x10 or not data or not 1 <= data[0] <= 8 or len(data) != 1 + 2 * data[0]:
        return b""
    if meter.locked == "silent":
        return b""
    wanted = [int.from_bytes(data[at:at + 2], "big") for at in range(1, len(data), 2)]
    found = [] if meter.locked else [ident for ident in wanted if ident in meter.registers]
    return frame(0x40, body[:2] + b"".join(record(ident, meter.registers[ident]) for ident in found))


def truth(meter):
    """{id: exact Decimal or octets} of what the registers say."""
    said = {}
    for ident, (_, _, sx, value) in meter.registers.items():
        if isinstance(value, int):
            exponent = -(sx & 63) if sx & 64 else sx & 63
            value = Decimal(-value if sx & 128 else value).scaleb(exponent)
        said[ident] = value
    return said


def live(meter, rng, seconds):
    """Let the meter run on for so many seconds: the power wanders, counters and clock follow."""
    registers = meter.registers
    now = time.localtime()
    for ident, number in ((1002, now.tm_hour * 10000 + now.tm_min * 100 + now.tm_sec),
                          (1003, now.tm_year % 100 * 10000 + now.tm_mon * 100 + now.tm_mday)):
        registers[ident] = (*registers[ident][:3], number)
    if 1023 not in registers:
        return
    watts = max(50, min(9000, registers[1023][3] + rng.randrange(-200, 201)))
    registers[1023] = (KW, 4, 0x43, watts)
    registers[1080] = (KW, 2, 0x43, watts)
    registers[1081] = registers[1082] = (KW, 2, 0x43, 0)
    registers[1076] = (AMPERE, 4, 0x42, watts * 100 // registers[1054][3])
    tenths = registers[13][3] + max(1, int(watts * seconds / 360))
    registers[13], registers[1] = (KWH, 4, 0x44, tenths), (KWH, 4, 0x41, tenths // 1000)


def add_options(add, share):
    """The options of a meter that is asked; add: the parser's add_argument, share: type of a probability."""
    add("--kmp", choices=KINDS, help="a Kamstrup meter that answers requests (instead of FRAMES)")
    add("--silence", type=share, default=0.0, metavar="P", help="probability that it does not answer (--kmp)")
    add("--locked", nargs="?", const="empty", default="", choices=("empty", "silent"),
        help="registers are locked: answered without values, or not at all (--kmp)")
    add("--echo", action="store_true", help="requests come back first, as from a half-duplex head (--kmp)")


def serve(line, options, damage):
    """Answer requests on the line until --count answers or --seconds are over. line: metersim.Meter."""
    rng = random.Random(options.seed)
    meter, heard, sent = make(options.kmp, options.locked), b"", 0
    then = time.monotonic()
    while options.count is None or sent < options.count:
        if not select.select([line.master], [], [], 0.2)[0]:
            continue
        heard = (heard + os.read(line.master, 256))[-256:]
        if b"\r" not in heard:
            continue
        request, heard = heard, b""
        if options.echo:
            line.send(request)
        live(meter, rng, time.monotonic() - then)
        then = time.monotonic()
        octets, quiet = answer(request, meter), rng.random() < options.silence
        if options.verbose:
            print(f"{request.hex(' ')} -> {'' if quiet else octets.hex(' ')}", file=sys.stderr, flush=True)
        if not octets or quiet:
            continue
        time.sleep(LATENCY / (options.speed or 1000))
        octets, _ = damage(octets, rng, options.flip, options.cut)
        line.send(rng.randbytes(options.noise) + octets)
        sent += 1


if __name__ == "__main__":
    sys.exit("kmpsim.py: run it as metersim.py --kmp electricity")
