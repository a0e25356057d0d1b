"""Build MicroPython with Hanport in flash, for an ESP32:  python tools/make_firmware.py --board pow_u

Writes build/<board>/firmware-<version>.bin, to be written to an empty chip as a whole: MicroPython for the
board definition boards/HANPORT_<CHIP>, with boot.py and main.py frozen, and Hanport's image in its ROMFS
partition, where the code runs in place. It needs a container engine (Docker or Podman, running), the sources
of MicroPython (--micropython, else build/micropython) and the network: the package mpbuild knows the command,
the engine fetches some gigabytes of compiler.

Nobody has run the container's part yet: what is tested is all before it and after it. A device of this kind
is updated by writing it anew, not from its page. An ESP8266 needs none of this: MicroPython's own download
for 2 MB with ROMFS takes the image of `make build`. Exit 0: built; 1: one line on stderr says what is in the
way; 2: wrong option or board.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import build
import side_packages

ROOT = build.ROOT
MICROPYTHON = ROOT / "build" / "micropython"
RELEASE = "v1.29.0"
SOURCES = "https://github.com/micropython/micropython"
CONTAINER = "espressif/idf:v5.5.1"  # mpbuild 0.8 knows only one that is too old for this release

# Chip: board definition, where its firmware.bin begins in flash.
DEFINITIONS = {
    "esp32": ("HANPORT_ESP32", 0x1000),
    "esp32s2": ("HANPORT_ESP32S2", 0x1000),
    "esp32s3": ("HANPORT_ESP32S3", 0),
    "esp32c3": ("HANPORT_ESP32C3", 0),
}
TABLE = 0x8000  # where the partition table lies
ENTRY = 32

# What is frozen beside MicroPython's own modules: the loader, placed beside this.
MANIFEST = """\
include("$(PORT_DIR)/boards/manifest.py")
module("boot.py", opt=3)
module("main.py", opt=3)
"""

# Run with mpbuild on the path: the shell command that builds a board of a tree of sources.
ASK = """
import sys
from pathlib import Path
from mpbuild.board_database import Database
from mpbuild.build import docker_build_cmd
board = Database(Path(sys.argv[1]), port_filter="esp32").boards[sys.argv[2]]
print(docker_build_cmd(board, build_container_override=sys.argv[3], docker_interactive=False))
"""


class FirmwareError(Exception):
    """What is in the way, as one line."""


FAULTS = (FirmwareError, side_packages.SideError, build.BuildError, build.fetch_umqtt.FetchError, OSError)


def engine():
    """Return the name of the container engine that answers here. Raises FirmwareError."""
    there = [name for name in ("docker", "podman") if shutil.which(name)]
    if not there:
        raise FirmwareError("no container engine here: install Docker or Podman, then make firmware again")
    for name in there:
        try:
            done = subprocess.run([name, "info"], capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return name
    raise FirmwareError(f"{there[0]} is installed but does not answer: is its service running?")


def check_sources(folder):
    """Raise FirmwareError unless folder holds MicroPython's sources."""
    if not (folder / "ports" / "esp32" / "boards").is_dir() or not (folder / "mpy-cross").is_dir():
        shown = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
        clone = f"git clone --depth 1 --branch {RELEASE} {SOURCES} {shown}"
        raise FirmwareError(f"no MicroPython sources in {shown}: {clone}")


def place_definition(name, folder):
    """Copy a board definition, and what it freezes, to MicroPython's sources."""
    target = folder / "ports" / "esp32" / "boards" / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "boards" / name, target)
    for file in ("boot.py", "main.py"):
        shutil.copy(ROOT / "firmware" / file, target)
    (target / "manifest.py").write_text(MANIFEST, encoding="utf-8")


def build_command(name, folder, tool, container):
    """Return the shell command that builds a board definition in a container. Raises FirmwareError."""
    mpbuild = ROOT / "build" / "mpbuild"
    side_packages.bring("firmware", mpbuild)
    ask = [sys.executable, "-c", ASK, str(folder), name, container]
    inside = {**os.environ, "PYTHONPATH": str(mpbuild), "HOME": os.environ.get("HOME") or str(ROOT)}
    done = subprocess.run(ask, capture_output=True, text=True, env=inside)
    command = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode or not command.startswith("docker run "):
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise FirmwareError(f"mpbuild gives no command: {said}")
    # Podman has the same words; to keep who we are inside takes one more.
    return command if tool == "docker" else command.replace("docker run ", "podman run --userns=keep-id ", 1)


def partition(firmware, start, label):
    """Return (offset, size) of a partition, by the table in a firmware.bin that begins at start in flash.

    Raises FirmwareError.
    """
    at = TABLE - start
    while firmware[at : at + 2] == b"\xaa\x50":
        entry = firmware[at : at + ENTRY]
        if entry[12:28].rstrip(b"\0") == label.encode():
            return int.from_bytes(entry[4:8], "little"), int.from_bytes(entry[8:12], "little")
        at += ENTRY
    raise FirmwareError(f"the firmware that was built has no partition {label}")


def merged(firmware, start, image):
    """Return firmware, which begins at start in flash, with image in its ROMFS. Raises FirmwareError."""
    offset, size = partition(firmware, start, "romfs")
    if len(image) > size:
        raise FirmwareError(f"the image is {len(image) - size:,} octets larger than the ROMFS ({size:,})")
    if len(firmware) > offset - start:
        raise FirmwareError("the firmware that was built reaches into the ROMFS partition")
    return firmware + b"\xff" * (offset - start - len(firmware)) + image


def make(name, folder, container):
    """Build the firmware of board `name` with the sources in folder; return its path.

    Raises FirmwareError, SideError, UsageError, BuildError, FetchError.
    """
    board = build.read_board(name)
    if board["CHIP"] not in DEFINITIONS:
        rest = "nothing to build"
        if board["CHIP"] == "esp8266":
            rest = "MicroPython's own download FLASH_2M_ROMFS takes the image of make build"
        raise build.UsageError(f"{name} is no ESP32: {rest}")
    definition, start = DEFINITIONS[board["CHIP"]]
    tool = engine()
    check_sources(folder)
    image = build.build(name)
    place_definition(definition, folder)
    command = build_command(definition, folder, tool, container)
    print(f"container {command}", flush=True)
    if subprocess.run(command, shell=True, cwd=folder).returncode:
        raise FirmwareError("the build in the container failed: see above")
    made = folder / "ports" / "esp32" / f"build-{definition}" / "firmware.bin"
    if not made.is_file():
        raise FirmwareError(f"the build in the container left no {made.name}")
    out = image.parent / f"firmware-{build.version()}.bin"
    out.write_bytes(merged(made.read_bytes(), start, image.read_bytes()))
    print(f"firmware  {out.relative_to(ROOT)}: {out.stat().st_size:,} octets; write it to {start:#x}:")
    print(f"          esptool --chip {board['CHIP']} write_flash {start:#x} {out.relative_to(ROOT)}")
    return out


def main(args):
    """Command line; returns the exit code."""
    parser = build.Parser(prog="make_firmware", description="Build MicroPython with Hanport in flash.")
    parser.add_argument("--board", metavar="NAME", help=f"one of: {', '.join(build.board_names())}")
    parser.add_argument("--micropython", metavar="FOLDER", type=Path, default=MICROPYTHON, help="its sources")
    parser.add_argument("--container", metavar="IMAGE", default=CONTAINER, help=f"default: {CONTAINER}")
    try:
        given = parser.parse_args(args)
        make(given.board, given.micropython.resolve(), given.container)
    except build.UsageError as error:
        print(f"make_firmware: {error}", file=sys.stderr)
        return 2
    except FAULTS as error:
        print(f"make_firmware: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
