"""The KMP client against the simulated meter, which shares no code with it: noise, silence, echo, locks.

What a value must be is in WANTED, written from the register list of the protocol notes, not from lib/.
"""

import os
import random
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kmpsim
import metersim
from hanport import fault, kmp, reading, registers

TOP = Path(__file__).resolve().parents[2]

# Name, power of ten from the register's own unit to the integer kept, KMP ids from the best to the next best.
WANTED = {
    "energy_import_kwh": (3, 13, 1), "energy_export_kwh": (3, 14, 2),
    "reactive_energy_import_kvarh": (3, 15, 3), "reactive_energy_export_kvarh": (3, 16, 4),
    "reactive_energy_q1_kvarh": (3, 5), "reactive_energy_q4_kvarh": (3, 6),
    "active_power_import_w": (3, 1023), "active_power_export_w": (3, 1024),
    "reactive_import_var": (3, 1025), "reactive_export_var": (3, 1026),
    "voltage_l1_v": (3, 1054), "voltage_l2_v": (3, 1055), "voltage_l3_v": (3, 1056),
    "current_l1_a": (3, 1076), "current_l2_a": (3, 1077), "current_l3_a": (3, 1078),
    "active_power_import_l1_w": (3, 1080), "active_power_import_l2_w": (3, 1081),
    "active_power_import_l3_w": (3, 1082),
    "energy_import_t1_kwh": (3, 19), "energy_export_t1_kwh": (3, 20),
    "energy_import_t2_kwh": (3, 23), "energy_export_t2_kwh": (3, 24),
    "energy_import_t3_kwh": (3, 27), "energy_export_t3_kwh": (3, 28),
    "energy_import_t4_kwh": (3, 31), "energy_export_t4_kwh": (3, 32),
    "reactive_energy_import_t1_kvarh": (3, 21), "reactive_energy_export_t1_kvarh": (3, 22),
    "reactive_energy_import_t2_kvarh": (3, 25), "reactive_energy_export_t2_kvarh": (3, 26),
}  # fmt: skip
ALL = len(WANTED)


def wanted(meter):
    """{name: integer} of what an electricity meter's reading may hold."""
    said = kmpsim.truth(meter)
    return {
        name: int((said[ids[0]].scaleb(shift)).to_integral_value("ROUND_HALF_UP"))
        for name, (shift, *ids) in WANTED.items()
    }


def values(into):
    """{name: integer} of a reading."""
    return {registers.name(r): into.value(r) for r in range(registers.COUNT) if into.have[r]}


class Wire:
    """A client and a meter on a line of a virtual clock, with what `change` makes of each answer."""

    def __init__(self, meter, change=None, seed=0):
        self.client, self.meter, self.change = kmp.Client(), meter, change
        self.rng, self.now, self.requests = random.Random(seed), 0, []

    def rounds(self, count):
        """Yield (fault, Reading) after each of so many rounds; the reading is empty with a fault."""
        client, done = self.client, 0
        limit = self.now + count * 1_000_000
        while done < count:
            assert self.now < limit, "the client hangs"
            request = client.next_request(self.now)
            if client.ready or client.fault:
                assert not (client.ready and client.fault)
                done += 1
                yield client.fault, client.reading
            if request is not None:
                self.requests.append(bytes(request))
                octets = kmpsim.answer(self.requests[-1], self.meter)
                self.feed(self.change(octets, self.requests[-1], self.rng) if self.change else octets)
            self.now += self.rng.randrange(10, 60)

    def feed(self, octets):
        """Hand the octets to the client in pieces of any size."""
        at = 0
        while at < len(octets):
            end = min(len(octets), at + self.rng.randrange(1, 40))
            i = at
            while i < end:
                i = self.client.feed(octets, i, end)
            at = end


def bad_line(flip=0.2, cut=0.1, silence=0.1, echo=True):
    """A change that damages and drops answers and puts noise around them."""

    def change(octets, request, rng):
        out = (request if echo else b"") + rng.randbytes(rng.randrange(12))
        if octets and rng.random() >= silence:
            out += metersim.damage(octets, rng, flip, cut)[0]
        return out + rng.randbytes(rng.choice((0, 0, 5)))

    return change


def test_a_good_line_gives_every_value():
    """All that the meter says and we have a place for, exactly, and its names and clock."""
    meter = kmpsim.make("electricity")
    for code, into in Wire(meter).rounds(1):
        assert code == 0 and values(into) == wanted(meter) and into.misfits == 0
        assert into.text(reading.METER_ID) == b"15085488" and into.text(reading.MODEL) == b"070422JA83"
        assert tuple(into.facts[2:4]) + tuple(into.facts[5:8]) == (7, 27, 20, 35, 13)
        assert into.facts[0] << 8 | into.facts[1] == 2024


@pytest.mark.parametrize("kind, medium, value", [("heat", 4, 55006000), ("water", 7, 1875560)])
def test_heat_and_water(kind, medium, value):
    """Their counter is a sub-meter of the reading; nothing electrical is told of them."""
    for code, into in Wire(kmpsim.make(kind), bad_line(0.1, 0, 0.1), 5).rounds(20):
        assert not values(into) and code in (0, fault.KMP_CRC, fault.KMP_SILENT, fault.VALUE)
        if code == 0:
            assert (into.facts[reading.METERS + reading.MEDIUM], into.get(reading.BEHIND)) == (medium, value)


@pytest.mark.parametrize("seed", range(40))
def test_a_bad_line_gives_no_wrong_value(seed):
    """Damaged, missing and echoed answers in noise, cut anywhere: what comes through is right."""
    rng = random.Random(seed)
    meter = kmpsim.make("electricity")
    wire = Wire(meter, bad_line(rng.choice((0, 0.1, 0.4)), rng.choice((0, 0.3)), rng.choice((0, 0.2))), seed)
    seen = set()
    for code, into in wire.rounds(12):
        truth = wanted(meter)
        for name, value in values(into).items():
            assert value == truth[name], (name, value)
            seen.add(name)
        if code == 0 and into.text(reading.METER_ID):
            assert into.text(reading.METER_ID) == b"15085488"
        for ident, (unit, size, sx, value) in list(meter.registers.items()):
            if ident in (13, 14, 1023, 1076):
                meter.registers[ident] = (unit, size, sx, value + rng.randrange(90))
    assert len(seen) > ALL - 12
    assert wire.client.readings > 5


@pytest.mark.parametrize("locked", ["empty", "silent"])
@pytest.mark.parametrize("seed", range(10))
def test_a_locked_meter_on_a_line_with_noise(locked, seed):
    """It is found out, names itself, and never gives a value."""
    wire = Wire(kmpsim.make("electricity", locked), bad_line(0.05, 0, 0.05), seed)
    codes = []
    for code, into in wire.rounds(8):
        assert into.empty()
        codes.append(code)
    assert codes.count(fault.KMP_LOCKED) >= 4, codes
    assert "15085488" in wire.client.why() or codes[-1] != fault.KMP_LOCKED


@pytest.mark.parametrize("seed", range(10))
def test_an_open_meter_is_not_called_locked(seed):
    """Silence and damage alone are no lock."""
    wire = Wire(kmpsim.make("electricity"), bad_line(0.3, 0, 0.3), seed)
    assert fault.KMP_LOCKED not in [code for code, _ in wire.rounds(30)]


def test_a_meter_that_is_opened_and_locked_again():
    """The finding goes when values come, and comes back when they go."""
    wire = Wire(kmpsim.make("electricity", "empty"))
    for lock in ("empty", "", "empty", "silent"):
        wire.meter.locked = lock
        code = fault.KMP_LOCKED if lock else 0
        assert [c for c, _ in wire.rounds(2)] == [code, code]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 2**32))
def test_random_octets(octets, seed):
    """Whatever the line brings instead of a meter: no exception, no end of waiting, no value."""
    wire = Wire(kmpsim.make("electricity"), lambda answer, request, rng: octets, seed)
    for code, into in wire.rounds(2):
        assert code and into.empty()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 2**32))
def test_random_octets_around_answers(before, after, seed):
    """Any octets around good answers leave them whole, once what came before has ended."""
    meter = kmpsim.make("electricity")
    wire = Wire(meter, lambda answer, request, rng: before + answer + after, seed)
    for code, into in wire.rounds(1):
        assert code == 0 and values(into) == wanted(meter)


IDENTS = st.sampled_from([1, 2, 13, 14, 1002, 1003, 1023, 1024, 1054, 1058, 60, 68])
SHAPES = st.tuples(st.integers(0, 255), st.integers(0, 16), st.integers(0, 255))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(IDENTS, SHAPES, min_size=1), st.integers(0, 2**32))
def test_registers_of_any_shape(shapes, seed):
    """Any unit, length and scale, with a right checksum: no exception, and the unit decides."""
    meter = kmpsim.make("electricity")
    rng = random.Random(seed)
    meter.registers = {ident: (u, n, sx, rng.randbytes(n)) for ident, (u, n, sx) in shapes.items()}
    for _, into in Wire(meter).rounds(1):
        if 1023 in shapes and into.have[registers.P_IMPORT]:
            assert shapes[1023][0] in (21, 22, 23, 24)
        if 1054 in shapes and into.have[registers.U_L1]:
            assert shapes[1054][0] in (33, 35)


def test_the_simulator_keeps_the_published_frames():
    """The simulator's own frames are those of the protocol notes."""
    registers_of = {0x80: (0x16, 4, 0x11, 0x012AF024), 60: (3, 4, 0x43, 55006)}
    meter = kmpsim.Meter(registers_of, b"\x00\x04\x06\x01", 19088743)
    for request, answer in (
        ("80 3F 01 05 8A 0D", "40 3F 01 00 04 1B F9 01 26 99 0D"),
        ("80 3F 02 35 E9 0D", "40 3F 02 01 23 45 67 E9 56 0D"),
        ("80 3F 10 01 00 1B 7F D4 08 0D", "40 3F 10 00 1B 7F 16 04 11 01 2A F0 24 63 03 0D"),
        ("80 3F 10 01 00 3C B2 5F 0D", "40 3F 10 00 3C 03 04 43 00 00 D6 DE 03 22 0D"),
        ("80 3F 10 01 00 02 65 C2 0D", "40 3F 10 07 9A 0D"),
        ("80 3F 10 01 00 02 65 C3 0D", ""),
        ("80 3F 01 05 8A", ""),
    ):
        assert kmpsim.answer(bytes.fromhex(request), meter).hex(" ").upper() == answer


def start(*words):
    """A running metersim and the path of its terminal."""
    command = [sys.executable, str(TOP / "tools" / "metersim.py"), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = process.stdout.readline().split()
    assert first[:1] == ["pty"], process.stderr.read()
    return process, first[1]


def test_on_a_terminal():
    """metersim --kmp answers on its terminal, after the echo of a half-duplex head."""
    process, path = start("--kmp", "heat", "--echo", "--speed", "0", "--count", "2", "--seconds", "30")
    terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
    request, got, end = bytes.fromhex("803F0235E90D"), b"", time.monotonic() + 10
    os.write(terminal, request)
    while not got.endswith(b"\r") or got.count(b"\r") < 2:
        assert time.monotonic() < end, got
        if select.select([terminal], [], [], 0.1)[0]:
            got += os.read(terminal, 100)
    assert got == request + bytes.fromhex("403F0201234567E9560D")
    os.write(terminal, request)
    assert process.wait(10) == 0
    os.close(terminal)


@pytest.mark.parametrize("words", ["", "x.hex --kmp heat", "--kmp gas", "--kmp heat --silence 2"])
def test_wrong_options(words):
    """One line, exit code 2."""
    command = [sys.executable, TOP / "tools" / "metersim.py", *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


FIRMWARE = """
import asyncio
from app.kmppoll import KmpPoll
from app.mailbox import Mailbox
from hanport import registers
from hanport.doctor import Findings
from hanport.kmp import Client
from totals import Totals
box, findings, lines = Mailbox(), Findings(), []
class House:
    settings = {"baud": 0, "parity": "", "invert": ""}
    decoder = Client(300)
    totals = Totals()
    log = lines.append
House.box, House.findings, House.device = box, findings, House
poll = KmpPoll(House)
async def main():
    for _ in range(600):
        await asyncio.sleep_ms(poll.serve())
        if box.count >= 2 or getattr(findings, "told", ""):
            break
asyncio.run(main())
print(poll.line, "|", box.count, box.latest.get(registers.U_L1), "|", getattr(findings, "told", ""), lines)
"""


@pytest.mark.parametrize("words, told", [
    (["--echo", "--noise", "5"], "9600 8N2 | 2 230000 |  []"),
    (["--locked"], "9600 8N2 | 0 None | The meter 15085488 answers, but its registers are locked. Ask your "),
])  # fmt: skip
def test_the_firmware_polls(tmp_path, words, told):
    """KmpPoll under MicroPython with a simulated meter: readings in the mailbox, or the finding."""
    process, path = start("--kmp", "electricity", "--speed", "0", *words, "--seconds", "60")
    (tmp_path / "board_config.py").write_bytes((TOP / "boards" / "host.py").read_bytes())
    folders = [TOP / "host_tests" / "fakes", tmp_path, TOP / "firmware", TOP / "lib"]
    environment = dict(os.environ, HANPORT_UART=path, MICROPYPATH=":".join([*map(str, folders), ".frozen"]))
    micropython = Path(sys.executable).with_name("micropython")
    try:
        command = [micropython, "-c", FIRMWARE]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stdout.startswith(told), done.stdout + done.stderr
    finally:
        process.terminate()
        process.wait()
