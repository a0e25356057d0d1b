"""tools/shrink_image.py: the modules of a real image, shrunk, read every frame as before."""

import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

import build_tree  # noqa: E402
import device  # noqa: E402
import shrink_image  # noqa: E402

BOTH = TOP / "host_tests" / "both"
PROGRAMS = [BOTH / "corpus.py", BOTH / "test_frames.py", TOP / "firmware" / "main.py"]
RUN = """
import test_frames
for name in dir(test_frames):
    if name.startswith("test_"):
        getattr(test_frames, name)()
        print("ok", name)
"""
HEAP = """
import gc, os, sys, vfs
import asyncio, machine, network
octets = bytearray(os.stat(IMAGE)[6])
with open(IMAGE, "rb") as f:
    f.readinto(octets)
vfs.mount(vfs.VfsRom(octets), "/rom")
sys.path[:0] = ["/rom", "/rom/lib"]
gc.collect()
before = gc.mem_alloc()
import app.house, hanport.kmp
for name in ("app.web", "app.wifi"):
    try:
        __import__(name)
    except ImportError:
        pass  # in the package app
gc.collect()
print(gc.mem_alloc() - before)
"""


def written(folder, files):
    """The files under a folder; returns what MicroPython is to look for modules in."""
    for path, octets in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(octets)
    fakes = TOP / "host_tests" / "fakes"
    return f"{folder}:{folder}/lib:{BOTH}:{fakes}:.frozen"


def said(path, code):
    env = dict(os.environ, MICROPYPATH=path)
    command = [device.micropython(), "-X", "heapsize=64M", "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=BOTH)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def modules(programs):
    """The modules of a board's image as they are, and shrunk."""
    files = build_tree.sources(build_tree.read_board("pow_u"), build_tree.MARCH["unix"], True)
    small = shrink_image.shrunk(files, [p.read_text(encoding="utf-8") for p in programs])
    # What runs seldom is in modules apart, beside those that are left of the ones there were.
    left = [path for path in small if not path.startswith("lib/_")]
    assert len(left) < 0.6 * len(files) and set(left) <= set(files)
    return files, small


def image(files, folder):
    """The files compiled, as an image."""
    for path, octets in files.items():
        target = (folder / path).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        march = build_tree.MARCH["unix"] if path.endswith(build_tree.NATIVE) else None
        target.write_bytes(build_tree.compiled(octets, path, march))
    build_tree.write_image(folder, folder.with_suffix(".romfs"))
    return folder.with_suffix(".romfs")


def test_every_frame_is_read_as_before(tmp_path):
    lines = said(written(tmp_path, modules(PROGRAMS)[1]), RUN).splitlines()
    assert len([line for line in lines if line.startswith("ok test_")]) >= 3


def test_what_stays_in_the_heap(tmp_path):
    """A good part less than the modules hold when they are not shrunk, and they hold the same."""
    held = []
    for name, files in zip(("plain", "small"), modules(PROGRAMS[2:]), strict=True):
        place = image(files, tmp_path / name)
        held.append(int(said(written(tmp_path / "none", {}), f"IMAGE = {str(place)!r}\n" + HEAP)))
    before, after = held
    assert after < before * 3 // 4, held


def test_results_are_kept(tmp_path, monkeypatch):
    files = {
        "lib/hanport/__init__.py": b"from hanport.one import f\n",
        "lib/hanport/one.py": b"def f(a):\n    return a\n",
        "app/__init__.py": b"",
        "app/house.py": b"import board_config\nfrom hanport import f\ndef run(wish):\n"
        b"    lamp(board_config)\n    print(f(wish), board_config.RX_KIND)\n"
        b"def lamp(board):\n    print(board.LED)\n    lamp(board)\n",
        "board_config.py": b"NAME = 1\nRX_KIND = 'uart'\nLED = 2\nUNUSED = (1, 2)\n",
    }
    outside = ["import app.house\napp.house.run(3)\n"]
    made = shrink_image.shrunk(files, outside, tmp_path)
    assert set(made) == set(files) - {"lib/hanport/__init__.py", "lib/hanport/one.py"}
    assert made["board_config.py"] == b"NAME = 1\nLED = 2\n"  # not what stands in place
    monkeypatch.setattr(shrink_image, "_shrink", None)
    assert shrink_image.shrunk(files, outside, tmp_path) == made
