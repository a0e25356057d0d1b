"""Measures the decoder on real MicroPython: instructions, octets allocated, the smallest heap.

Instructions are counted by valgrind's callgrind over the whole process, for few and for more repetitions:
the difference is that of the frames alone, since both start up alike. The code is compiled as for a chip.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import build

NATIVE, PLAIN = "native", "plain"
FEW, MORE = 10, 110  # repetitions; the difference is counted: a start differs by thousands from run to run
PIECE = 64  # octets fed at once, as a port reads them
ARENA = 4096

# Feeds one frame as the meter port does. argv: folder of lib, frame, key and auth key as hex or "-", count,
# what to measure.
DECODE = """
import gc
import sys
sys.path[:] = [sys.argv[1], ".frozen"]
import micropython
from hanport import Decoder
keys = [None if h == "-" else bytes(int(h[k : k + 2], 16) for k in range(0, 32, 2)) for h in sys.argv[3:5]]
d = Decoder(%d, *keys)
with open(sys.argv[2], "rb") as f:
    frame = f.read()
size = len(frame)

def once(feed, found):
    i = 0
    while i < size:
        m = i + piece
        if m > size:
            m = size
        while True:
            i = feed(frame, i, m)
            if i >= m and not found():
                break

def decoded():
    return d.ready or d.fault

def framed():
    return d.framing.end or d.framing.fault

def allocated(feed, found):
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    once(feed, found)
    return gc.mem_alloc() - before

count = int(sys.argv[5])
piece = %d
if sys.argv[6] == "instructions":
    piece = size  # the frame handed over whole: how a port cuts it is not the decoder's doing
    for _ in range(count):
        once(d.feed, decoded)
    told = [hash(bytes(memoryview(d.reading.values))) & 0xFFFF]
    assert d.readings == count, d.why()
elif sys.argv[6] == "octets":
    for _ in range(count):
        once(d.feed, decoded)
    told = [d.reading.have.index(1)]
    r = d.reading
    print([(k, r.value(k), r.have[k]) for k in range(len(r.have)) if r.have[k]], r.texts, r.told, r.facts)
else:
    feed = d.framing.feed
    for _ in range(2):  # what is kept for ever is kept by now
        once(d.feed, decoded)
        once(feed, framed)
    told = [allocated(feed, framed)]
    gc.enable()
    if hasattr(micropython, "heap_lock"):
        micropython.heap_lock()
        once(feed, framed)
        micropython.heap_unlock()
    feed = d.feed
    once(feed, decoded)
    told.append(allocated(feed, decoded))
print(*told)
""" % (ARENA, PIECE)

# Decodes one frame with the code in place in a ROMFS image, as on a chip. Unlike flash the image takes heap.
SMALL = """
import gc
import os
import sys
import vfs
image = bytearray(os.stat("lib.romfs")[6])
with open("lib.romfs", "rb") as f:
    f.readinto(image)
vfs.mount(vfs.VfsRom(image), "/rom")
sys.path[:] = ["/rom", ".frozen"]
from hanport import Decoder
d = Decoder(1024)
piece = bytearray(%d)
for _ in range(3):
    with open("frame", "rb") as f:
        while True:
            n = f.readinto(piece)
            if not n:
                break
            i = 0
            while True:
                i = d.feed(piece, i, n)
                if i >= n and not d.ready and not d.fault:
                    break
assert d.readings == 3, d.why()
""" % PIECE


class BarError(Exception):
    """A measurement that could not be made, in one line."""


def compile_lib(folder):
    """Compile lib/ with the native code and without it: folder/native, folder/plain."""
    build.compile_tree(build.ROOT / "lib", folder / NATIVE, build.MARCH["unix"])
    build.compile_tree(build.ROOT / "lib", folder / PLAIN)


def native_size(march, folder):
    """Octets of hanport/_fast.mpy for a chip."""
    target = folder / f"_fast.{march}.mpy"
    build.compile_file(build.ROOT / "lib" / build.NATIVE, build.NATIVE, target, march)
    return target.stat().st_size


def valgrind():
    """Path of valgrind, or None."""
    return shutil.which("valgrind")


def command(heap, counted):
    """How MicroPython is started; counted: under valgrind."""
    # The `micropython` command is a Python module; started without site packages it starts quickest.
    place = Path(importlib.util.find_spec("micropython_run").origin).parent
    start = (
        f"import sys; sys.path.append({str(place)!r}); from micropython_run import run_main; "
        "sys.exit(run_main(['micropython'] + sys.argv[1:]))"
    )
    before = [valgrind(), "--tool=callgrind", "--callgrind-out-file=/dev/null"] if counted else []
    return [*before, sys.executable, "-I", "-S", "-c", start, "-X", f"heapsize={heap}"]


def _run(program, arguments, folder, heap="16M", counted=False):
    (folder / "program.py").write_text(program, encoding="utf-8")
    return subprocess.run(
        [*command(heap, counted), str(folder / "program.py"), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )


def _decode(frame, make, folder, what, count=1, counted=False):
    path = folder / f"frame-{len(frame.octets)}"
    path.write_bytes(frame.octets)
    keys = [key.hex() if key else "-" for key in (frame.key, frame.auth_key)]
    done = _run(DECODE, [folder / make, path, *keys, count, what], folder, counted=counted)
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "Error" in line]
        raise BarError(f"the {make} code fails on a frame of {len(frame.octets)} octets: {said[-1:]}")
    return done


def instructions(frame, make, folder):
    """Instructions for one frame, fed in pieces."""
    counts = []
    for count in (FEW, MORE):
        told = _decode(frame, make, folder, "instructions", count, True).stderr
        counts.append(int(re.search(r"Collected\s*:\s*(\d+)", told).group(1)))
    return (counts[1] - counts[0]) // (MORE - FEW)


def allocated(frame, folder):
    """(octets of heap taken by framing one frame, by decoding it whole)."""
    framing, whole = _decode(frame, NATIVE, folder, "heap").stdout.split()
    return int(framing), int(whole)


def reading(frame, make, folder):
    """The values, texts and clock read, as text: to compare the two makes."""
    return _decode(frame, make, folder, "octets").stdout


def smallest_heap(frame, folder):
    """Octets of the smallest heap that imports the decoder from ROMFS and reads a frame three times."""
    (folder / "frame").write_bytes(frame.octets)
    image = folder / "lib.romfs"
    if not image.exists():
        build.write_image(folder / NATIVE, image)
    size = image.stat().st_size
    low, high = 0, 1 << 20
    while high - low > 64:
        middle = (low + high) // 2
        done = _run(SMALL, [], folder, size + middle)
        if done.returncode == 0:
            high = middle
        else:
            low = middle
    return high
