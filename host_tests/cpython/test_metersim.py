"""The simulated meter: what it puts on its pseudo-terminal, how it damages frames, how it refuses."""

import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import metersim

TOOL = Path(__file__).resolve().parents[2] / "tools" / "metersim.py"
FRAME = bytes.fromhex("7EA01A41088313D5C7E6E7000F4000000000020106" + "00007E7EAF6C7E")
TELEGRAM = b"/TST5MIN\r\n\r\n1-0:1.7.0(00.512*kW)\r\n!6B38\r\n"


@pytest.fixture
def frames(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    listing = "# one frame\n0x7E, 0xA0, 1A 41 // start\n" + FRAME[4:].hex(" ")
    (folder / "a.hex").write_text(listing, encoding="ascii")
    (folder / "b.txt").write_bytes(TELEGRAM)
    (folder / "c.bin").write_bytes(bytes(range(256)))
    (folder / "notes.md").write_text("no frame", encoding="ascii")
    return folder


def start(*words):
    """A running metersim and the path of its terminal."""
    command = [sys.executable, str(TOOL), *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = process.stdout.readline().split()
    assert first[0] == "pty", process.stderr.read()
    return process, first[1]


def read(path, count, seconds=10.0):
    """Up to `count` octets from the terminal within `seconds`."""
    # Already raw; setting it again would throw away what was sent before this reader came.
    terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
    got, end = b"", time.monotonic() + seconds
    while len(got) < count and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            got += os.read(terminal, count - len(got))
    os.close(terminal)
    return got


def finish(process):
    """Exit code and stderr of a process that ends by itself."""
    _, errors = process.communicate(timeout=10)
    return process.returncode, errors


def test_loads_files_and_folders(frames):
    loaded = metersim.load_frames([frames, frames / "b.txt"])
    assert [name for name, _ in loaded] == ["a.hex", "b.txt", "c.bin", "b.txt"]
    assert [octets for _, octets in loaded] == [FRAME, TELEGRAM, bytes(range(256)), TELEGRAM]


def test_octets_arrive_unchanged(frames):
    process, path = start(frames, "--speed", 0)
    expected = FRAME + TELEGRAM + bytes(range(256))
    assert read(path, len(expected)) == expected
    assert finish(process) == (0, "")


def test_keeps_the_speed_of_the_line(frames):
    begun = time.monotonic()
    process, path = start(frames / "c.bin", "--baud", 9600, "--parity", "8N1")
    assert len(read(path, 256)) == 256
    assert 0.25 < time.monotonic() - begun < 3
    assert finish(process)[0] == 0


def test_period_count_link_and_log(frames, tmp_path):
    link = tmp_path / "meter"
    process, path = start(frames / "a.hex", "--count", 3, "--period", 2, "--speed", 20, "-v", "--link", link)
    assert os.path.realpath(link) == os.path.realpath(path)
    assert read(str(link), 3 * len(FRAME)) == 3 * FRAME
    code, errors = finish(process)
    assert code == 0 and len(errors.splitlines()) == 3 and "a.hex 28 octets" in errors
    assert not os.path.lexists(link)


def test_noise_gaps_and_inversion(frames):
    process, path = start(frames / "a.hex", "--speed", 0, "--noise", 5, "--gaps", "--invert", "--seed", 3)
    got = metersim.inverted(read(path, 5 + len(FRAME)))
    assert got[5:] == FRAME and got[:5] == random.Random(4).randbytes(5)
    finish(process)


def test_damage_is_repeated_by_the_seed():
    def run(seed, **options):
        rng = random.Random(seed)
        return [metersim.damage(FRAME, rng, **options) for _ in range(50)]

    assert run(1, flip=0.5, cut=0.5) == run(1, flip=0.5, cut=0.5) != run(2, flip=0.5, cut=0.5)
    assert all(made == (FRAME, "") for made in run(1))
    for octets, what in run(1, flip=1.0):
        changed = int.from_bytes(octets, "big") ^ int.from_bytes(FRAME, "big")
        assert len(octets) == len(FRAME) and changed.bit_count() == 1 and "flipped" in what
    cuts = run(1, cut=1.0)
    assert all(FRAME.startswith(octets) for octets, _ in cuts) and min(len(octets) for octets, _ in cuts) < 28
    # what a seed flips does not depend on whether frames are cut as well
    flipped = [what for _, what in run(1, flip=0.5)]
    both = [what.split(", cut")[0] for _, what in run(1, flip=0.5, cut=0.3)]
    assert [what for what in both if what.startswith("bit")] == [what for what in flipped if what]


def test_damaged_run_is_repeatable(frames):
    def run():
        process, path = start(frames / "a.hex", "--speed", 0, "--count", 20, "--flip", 0.5, "--seed", 9)
        octets = read(path, 20 * len(FRAME))
        finish(process)
        return octets

    assert run() == run() != 20 * FRAME


def test_line_faults():
    assert metersim.wrong_parity(b"ABC/") == b"\x41\x42\xc3\xaf"
    assert metersim.inverted(b"\x7e\xa0") == b"\x81\x5f"
    parts = metersim.pieces(FRAME, random.Random(1), True)
    assert len(parts) > 1 and b"".join(parts) == FRAME
    assert metersim.pieces(FRAME, random.Random(1), False) == [FRAME]


def test_nobody_reads(frames):
    begun = time.monotonic()
    process, _ = start(frames / "c.bin", "--baud", 115200, "--parity", "8N1", "--speed", 100, "--loop",
                       "--seconds", 1)
    assert finish(process) == (0, "")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_on_a_signal(frames, tmp_path, number):
    link = tmp_path / "meter"
    process, _ = start(frames, "--loop", "--period", 60, "--link", link)
    process.send_signal(number)
    assert finish(process) == (0, "")
    assert not os.path.lexists(link)


@pytest.mark.parametrize("words", [
    [], ["absent.hex"], ["FRAMES", "--baud", "fast"], ["FRAMES", "--parity", "9X9"],
    ["FRAMES", "--flip", "1.5"],
    ["FRAMES", "--speed", "-1"], ["FRAMES", "--speed", "nan"], ["FRAMES", "--colour"], ["FRAMES/notes.md"],
    ["BAD"], ["EMPTY"], ["FRAMES", "--link", "FRAMES"]])
def test_refusals_are_one_line(frames, tmp_path, words):
    (tmp_path / "bad.hex").write_text("7E A0 XY", encoding="ascii")
    (tmp_path / "empty").mkdir()
    places = {"FRAMES": str(frames), "BAD": str(tmp_path / "bad.hex"), "EMPTY": str(tmp_path / "empty")}
    words = [word.replace("FRAMES", str(frames)) if "/" in word else places.get(word, word) for word in words]
    command = [sys.executable, TOOL, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("metersim.py: ")
