"""The three makes of lib/hanport/octets.py give the same octets: CPython's, the native one, the plain loops.

All are held against checksums written here in another way: as remainders of a long division of polynomials.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

from hanport import octets  # noqa: E402

INPUTS = 200

# Runs in MicroPython with the folder of the runner as its argument: a line in is "a b at data key" in hex
# digits (data and key) and decimals; a line out is what each function gives.
SCRIPT = r"""
import sys
sys.path.insert(0, sys.argv[1])
import both_runner
both_runner.prepare()
from hanport import octets

def octets_of(text):
    return bytearray(int(text[k : k + 2], 16) for k in range(0, len(text), 2))

def hexed(data):
    return "".join("%02x" % c for c in data)

print("native" if "hanport._fast" in sys.modules else "plain")
for line in sys.stdin:
    a, b, at, data, key = line.split()
    a, b, at, data, key = int(a), int(b), int(at), octets_of(data), octets_of(key)
    told = [octets.crc_x25(data, a, b), octets.crc_arc(data, a, b), octets.crc_xmodem(data, a, b)]
    told.append(octets.sum8(data, a, b))
    other = bytearray(len(data))
    octets.copy(other, at, data, a, b - a)
    mixed = bytearray(data)
    octets.xor(mixed, a, key, b - a)
    octets.copy(data, 0, data, a, b - a)
    print(*told, hexed(other), hexed(mixed), hexed(data))
"""


def remainder(data, divisor, start, mirrored):
    """CRC-16 as the remainder of the data, a polynomial over GF(2), times x^16, divided by the divisor."""
    message = "".join(f"{octet:08b}"[:: -1 if mirrored else 1] for octet in data) + "0" * 16
    number = int(message, 2) ^ (start << len(message) - 16)
    for bit in range(len(message) - 1, 15, -1):
        if number >> bit & 1:
            number ^= divisor << bit - 16
    return int(f"{number:016b}"[::-1], 2) if mirrored else number


def expected(a, b, at, data, key):
    """What one input must give."""
    part = data[a:b]
    other = bytearray(len(data))
    other[at : at + len(part)] = part
    mixed = bytearray(data)
    mixed[a:b] = bytes(x ^ y for x, y in zip(part, key, strict=False))
    return (
        remainder(part, 0x11021, 0xFFFF, True) ^ 0xFFFF,
        remainder(part, 0x18005, 0, True),
        remainder(part, 0x11021, 0, False),
        sum(part) % 256,
        other.hex(),
        mixed.hex(),
        (part + data[len(part) :]).hex(),
    )


def inputs():
    """So many (a, b, at, data, key), always the same; among them empty, whole and 1-octet parts."""
    dice = random.Random(20240715)
    for number in range(INPUTS):
        data = dice.randbytes(dice.choice((1, 2, 16, 41, 120, 300)) if number else 2000)
        a = dice.randrange(len(data)) if number % 4 else 0
        b = dice.randint(a, len(data)) if number % 5 else (len(data), a, a + 1)[number // 5 % 3]
        yield a, b, dice.randint(0, len(data) - (b - a)), data, dice.randbytes(len(data))


CASES = [(case, expected(*case)) for case in inputs()]


def on_cpython(a, b, at, data, key):
    """What CPython's make gives."""
    buf = bytearray(data)
    checks = (octets.crc_x25, octets.crc_arc, octets.crc_xmodem, octets.sum8)
    told = [check(buf, a, b) for check in checks]
    other = bytearray(len(data))
    octets.copy(other, at, buf, a, b - a)
    mixed = bytearray(data)
    octets.xor(mixed, a, key, b - a)
    octets.copy(buf, 0, buf, a, b - a)
    return (*told, other.hex(), mixed.hex(), buf.hex())


def test_checks_of_the_standards():
    """The published check values hold for the checksums written here."""
    digits = b"123456789"
    assert remainder(digits, 0x11021, 0xFFFF, True) ^ 0xFFFF == 0x906E
    assert remainder(digits, 0x18005, 0, True) == 0xBB3D
    assert remainder(digits, 0x11021, 0, False) == 0x31C3


def test_on_cpython():
    """CPython's make."""
    for case, right in CASES:
        assert on_cpython(*case) == right, case


@pytest.mark.parametrize("make", ["native", "plain"])
def test_on_micropython(make):
    """The native make, and the loops that a chip without it uses."""
    lines = "".join(f"{a} {b} {at} {data.hex()} {key.hex()}\n" for (a, b, at, data, key), _ in CASES)
    command = [house.MICROPYTHON, "-c", SCRIPT, house.ROOT / "host_tests"]
    environment = {**os.environ, "HANPORT_PLAIN": "1" if make == "plain" else ""}
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()
    assert told[0] == make
    for line, (case, right) in zip(told[1:], CASES, strict=True):
        assert line.split() == [str(value) for value in right], case
