#!/usr/bin/env python3
"""The bars: what a frame costs in instructions and octets of heap, and how we stand beside other libraries.

Measured on real MicroPython with the code compiled as for a chip, and compared with host_tests/bars.json:
"bars" only go down (`--ratchet` writes better figures), "caps" are what must hold whatever happens, "goals"
are what is not reached yet. No time is compared but as a ratio within one run. Exits 1, and says why, when a
figure is worse than its bar or cap.

Instructions are those of the x86-64 build of MicroPython; a chip's differ by a constant factor.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import bar_formats
import bar_frames
import bar_memory
import bar_micropython as bar

TOP = Path(__file__).resolve().parent.parent
FILE = TOP / "host_tests" / "bars.json"
SLACK = 1.02  # instructions and heaps: hash seeds and the order of allocation move them a little


def instruction_bars(folder):
    """{name: instructions} of each frame, native and plain, and the growth of a P1 telegram."""
    found = {}
    for name, frame in bar_frames.frames().items():
        for make in (bar.NATIVE, bar.PLAIN):
            found[f"instructions {name} {make}"] = bar.instructions(frame, make, folder)
        if bar.reading(frame, bar.NATIVE, folder) != bar.reading(frame, bar.PLAIN, folder):
            raise bar.BarError(f"native and plain code read {name} differently")
    four = bar_frames.Frame(bar_frames.telegram(4))
    base = found[f"instructions {bar_frames.P1} {bar.NATIVE}"]
    growth = bar.instructions(four, bar.NATIVE, folder) * 1000 // base
    size = len(four.octets) * 1000 // len(bar_frames.telegram())
    # A telegram with four times the lines is a little less than four times as long: the header comes once.
    found["growth of P1, instructions for 4 x the octets, 1/1000"] = growth * 4000 // size
    return found


def heap_bars(folder):
    """{name: octets} allocated by framing and by decoding each frame, and the smallest heap."""
    found = {}
    for name, frame in bar_frames.frames().items():
        framing, whole = bar.allocated(frame, folder)
        found[f"allocated {name} framing"] = framing
        found[f"allocated {name} whole"] = whole
    found["heap from ROMFS, Aidon list 2"] = bar.smallest_heap(bar_frames.frames()["aidon_2"], folder)
    for march in ("xtensa", "xtensawin", "rv32imc"):
        found[f"native code {march}, octets of .mpy"] = bar.native_size(march, folder)
    return found


def peers():
    """The table of tools/peers.py, as it prints it, and the least ratio to the fastest peer of each frame."""
    done = subprocess.run(
        [sys.executable, str(TOP / "tools" / "peers.py")], capture_output=True, text=True, cwd=TOP
    )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    rows = [line.split() for line in lines[1:]]
    if done.returncode or not rows:
        said = (done.stderr.strip().splitlines() or ["?"])[-1]
        return "the other libraries could not be measured: " + said, {}
    ours = next(row[-4:] for row in rows if row[0] == "Hanport")
    others = [row[-4:] for row in rows if row[0] != "Hanport"]
    names = ("Kamstrup 25", "Aidon list 2", "Kamstrup 65 with tag", "DSMR 5")
    ratios = {}
    for k, name in enumerate(names):
        best = min(float(row[k]) for row in others if row[k] != "-")
        ratios[f"times faster than the fastest peer, {name}"] = round(best / float(ours[k]), 1)
    return "\n".join(lines), ratios


def judge(found, kept):
    """(table lines, complaints): each figure beside its bar and cap."""
    lines, complaints = [], []
    for name, value in found.items():
        bar_of, cap = kept["bars"].get(name), kept["caps"].get(name)
        beside = ["-" if figure is None else f"{figure:,}" for figure in (bar_of, cap)]
        lines.append(f"{name:58} {value:>12,} {beside[0]:>12} {beside[1]:>12}")
        slack = SLACK if name.startswith(("instructions", "growth", "heap of the whole")) else 1
        if bar_of is not None and value > bar_of * slack:
            complaints.append(f"{name}: {value:,}, the bar is {bar_of:,}")
        if cap is not None and value > cap:
            complaints.append(f"{name}: {value:,}, the cap is {cap:,}")
        goal = kept["goals"].get(name)
        if goal is not None and value > goal:
            lines.append(f"    not reached yet: {goal:,}")
    return lines, complaints


def main(argv=None):
    """Measure, print, compare."""
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--ratchet", action="store_true", help="write better figures to host_tests/bars.json")
    p.add_argument("--without-peers", action="store_true", help="leave the other libraries out")
    p.add_argument("--without-memory", action="store_true", help="leave the whole firmware's heap out")
    given = p.parse_args(argv)
    kept = json.loads(FILE.read_text())
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        try:
            bar.compile_lib(folder)
            found.update(heap_bars(folder))
            found.update(bar_formats.bars(folder))
            if not given.without_memory:
                found.update(bar_memory.bars(folder))
            if bar.valgrind():
                found.update(instruction_bars(folder))
            else:
                print("instructions are not counted: install valgrind (Debian: apt install valgrind)")
        except bar.BarError as e:
            print(f"bars: {e}", file=sys.stderr)
            return 1
    lines, complaints = judge(found, kept)
    print(f"{'':58} {'now':>12} {'bar':>12} {'cap':>12}")
    print("\n".join(lines))
    if not given.without_peers:
        table, ratios = peers()
        print("\n" + table)
        for name, ratio in ratios.items():
            print(f"{name}: {ratio}")
            # Machines are noisy: the ratio must be clear, not exact.
            if ratio < kept["ratios"]:
                complaints.append(f"{name}: {ratio}, at least {kept['ratios']} is wanted")
    if given.ratchet:
        kept["bars"].update(
            {n: v for n, v in found.items() if n not in kept["bars"] or v < kept["bars"][n]}
        )
        FILE.write_text(json.dumps(kept, indent=1) + "\n")
    for complaint in complaints:
        print(f"bars: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
