#!/usr/bin/env python3
"""The memory run: 10,000 mixed frames through the whole firmware in the heap of a chip.

MicroPython's unix port runs the firmware as a chip does: from its ROMFS image (ESP8266), or from a tree of
.mpy (ESP32-S2). Frames of several makers, plain and encrypted, and P1 telegrams of up to 1 kB come as fast as
they are read; readings go to a broker as Home Assistant wants them. The page is loaded and the API called
every 20 frames, and the settings are saved. There must be no MemoryError, and as much free heap at the end as
after the first 500 frames.

    bar_memory.py --make image --heap 68k           one run
    bar_memory.py --make tree --smallest            the smallest heap in which a run passes

What takes heap here and not on a chip is measured and added to the heap: the image (there it lies in flash),
and the fakes of `machine` and `network` with umqtt (there they are in the firmware of MicroPython).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import bar_micropython as bar
import build
from memory_unit import Failed, Unit

IMAGE, TREE = "image", "tree"
BOARDS = {IMAGE: "generic_esp8266", TREE: "generic_esp32s2"}
CHIPS = {IMAGE: "esp8266", TREE: "esp32"}
HEAPS = {IMAGE: 68 << 10, TREE: 256 << 10}
TOOLS = build.ROOT / "host_tests" / "micropython" / "memory_run.py"
FAKES = build.ROOT / "host_tests" / "fakes"
FRAMES, SHORT = 10_000, 960
STEP = 2048  # to which the smallest heap is found
TIMES = 2  # short runs that it must pass
FLAT = 2  # percent of the free heap that may be missing at the end
# Octets that may be missing whatever that is: an old word on a stack may hold a module that was let go. What
# leaks is more than that after 10,000 frames.
CHANCE = 1024

# What is started: mounts the images, noting what each takes, then runs the house. {"make", "image", "every",
# "looks"} from run.json.
BOOT = """
import gc
import json
import os
import sys
import vfs

def used():
    gc.collect()
    return gc.mem_alloc()

def mount(name, place):
    octets = bytearray(os.stat(name)[6])
    with open(name, "rb") as f:
        f.readinto(octets)
    vfs.mount(vfs.VfsRom(octets), place)

with open("run.json") as f:
    run = json.load(f)
sys.path[:] = ["/tools", ".frozen"]
base = used()
mount("tools.romfs", "/tools")
import machine, network, memory_run
if machine.CHIP == "esp32":
    import esp32
fakes = used()
home = "tree"
if run["image"]:
    mount("app.romfs", "/rom")
    home = "/rom"
image = used()
sys.path[:] = [home, home + "/lib", "/tools", ".frozen"]
every, looks = run["every"], run["looks"]
print("apart", base, fakes - base, image - fakes, gc.mem_free())
del json, os, vfs, used, mount, run, base, fakes, image, home, f
if looks:
    gc.threshold(4096)  # as main.py does
    memory_run.main(every, looks)
"""


class Bench:
    """A folder with what a run needs; `apart` are the octets that are not the firmware's."""

    def __init__(self, folder, make):
        self.folder = folder
        self.make = make
        board = build.read_board(BOARDS[make])
        if make == IMAGE:
            build.make(BOARDS[make], folder / "app.romfs", True, False, lambda line: None)
        else:
            build.fill_stage(folder / "tree", board, build.MARCH["unix"], False, lambda line: None)
        tools = folder / "tools"
        for source in [*sorted(FAKES.glob("*.py")), TOOLS]:
            if not source.stem.startswith(("fast_", "on_")):
                build.compile_file(source, source.name, tools / f"{source.stem}.mpy")
        build.compile_tree(build.fetch_umqtt.VENDOR / "umqtt", tools / "umqtt")
        build.write_image(tools, folder / "tools.romfs")
        (folder / "boot.py").write_text(BOOT)
        self.apart = self._apart()
        self._ratio = self._pool(2 << 20) - self._pool(1 << 20)

    def _once(self, text, heap):
        done = subprocess.run(
            [*bar.command(heap, False), "-c", text],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={**os.environ, "HANPORT_CHIP": CHIPS[self.make]},
        )
        if done.returncode:
            raise bar.BarError(f"MicroPython could not be measured: {(done.stdout + done.stderr)[-300:]}")
        return done.stdout.split()

    def _pool(self, heap):
        return int(self._once("import gc\nprint(gc.mem_free() + gc.mem_alloc())", heap)[-1])

    def _apart(self):
        self.write_run(1, [])
        words = self._once(BOOT, 16 << 20)
        base, fakes, image = (int(word) for word in words[1:4])
        return {"interpreter": base, "fakes": fakes, "image": image}

    def write_run(self, every, looks):
        """What boot.py is to do."""
        (self.folder / "run.json").write_text(
            json.dumps({"image": self.make == IMAGE, "every": every, "looks": looks})
        )

    def heapsize(self, heap):
        """What to give MicroPython for so much of the firmware's own: of each MiB a part is its tables."""
        extra = self.apart["fakes"] + self.apart["image"]
        return heap + -(-extra * (1 << 20) // self._ratio)

    def run(self, heap, frames, say=None):
        """{"free": octets after the first 500 frames, "end": at the end, ...} of one run. Raises Failed."""
        unit = Unit(self, heap, frames, say)
        try:
            return unit.run()
        finally:
            unit.close()

    def passes(self, heap, frames, say):
        """True when a run succeeds in so much heap; BarError when it loses heap: more would not mend that."""
        try:
            told = self.run(heap, frames)
        except Failed as why:
            say(f"  {heap:,}: {why}")
            return False
        flat(told)
        say(f"  {heap:,}: passes, {told['end']:,} free at the end")
        return True


def flat(told):
    """Raises BarError when a run has lost heap."""
    free, end = told["free"], told["end"]
    if free - end > max(FLAT * free // 100, CHANCE):
        raise bar.BarError(f"free heap went from {free:,} after {told['first']:,} frames to {end:,}")


def smallest(bench, frames, say=lambda line: None):
    """Octets of the smallest heap that passes: found by short runs, then tried by whole ones.

    Memory that is in pieces may be enough once and not the next time: a heap must pass each time it is asked.
    """
    low, high = 32 << 10, 512 << 10
    while high - low > STEP:
        middle = (low + high) // 2 // STEP * STEP
        if all(bench.passes(middle, min(frames, SHORT), say) for _ in range(TIMES)):
            high = middle
        else:
            low = middle
    while not bench.passes(high, frames, say):
        high += high // 64 // STEP * STEP + STEP
        if high > 1 << 20:
            raise bar.BarError("no heap is large enough for the whole run")
    return high


def bars(folder, frames=FRAMES):
    """{name: octets} of both makes, for tools/bars.py."""
    found = {}
    for make in (IMAGE, TREE):
        home = folder / f"memory-{make}"
        home.mkdir()
        found[f"heap of the whole firmware, from the {make}"] = smallest(Bench(home, make), frames)
    return found


def told_now(line):
    """Print a line at once."""
    print(line, flush=True)


def size(text):
    """Octets of 68k or 2M."""
    return int(text.rstrip("kM")) << {"k": 10, "M": 20}.get(text[-1], 0)


def main(argv=None):
    """Measure one make."""
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--make", choices=(IMAGE, TREE), default=IMAGE, help="how the firmware lies on the chip")
    p.add_argument("--heap", type=size, metavar="SIZE", help="of the firmware; 68k here is 34 KiB on a chip")
    p.add_argument("--frames", type=int, default=FRAMES, metavar="N", help=f"{FRAMES:,} by default")
    p.add_argument("--smallest", action="store_true", help="find the smallest heap instead")
    given = p.parse_args(argv)
    heap = given.heap or HEAPS[given.make]
    with tempfile.TemporaryDirectory() as folder:
        try:
            bench = Bench(Path(folder), given.make)
            print(f"{BOARDS[given.make]} from its {given.make}")
            for name, octets in bench.apart.items():
                print(f"  {name}: {octets:,} octets")
            if given.smallest:
                print(f"smallest heap: {smallest(bench, given.frames, told_now):,}")
                return 0
            told_now(f"  heapsize={bench.heapsize(heap):,} for {heap:,} of the firmware")
            told = bench.run(heap, given.frames, told_now)
            for name, value in told.items():
                print(f"  {name}: {value:,}")
            flat(told)
        except (bar.BarError, build.BuildError) as e:
            print(f"bar_memory: {e}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main())
