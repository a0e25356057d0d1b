"""MicroPython with Hanport in flash: the board definitions, what is frozen, the merge, and plain words.

The container itself is not run: a stand-in for Docker takes the command that the true mpbuild gives, and
leaves a firmware.bin as MicroPython's build does, with the partition table made from the board definition.
"""

import json
import os
import re
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import build
import make_firmware

ROOT = build.ROOT
CHIPS = {"esp32": "devkitc", "esp32s2": "pow_u", "esp32s3": "generic_esp32s3", "esp32c3": "c3_devkitm_1"}
DEFINITIONS = sorted(path for path in (ROOT / "boards").glob("HANPORT_*") if path.is_dir())
KINDS = {"app": 0, "data": 1}
SUBKINDS = {"factory": 0, "nvs": 2, "phy": 1, "fat": 0x81, "0x8f": 0x8F}


def rows(definition):
    """Rows of partitions.csv: name, kind, subkind, offset, size."""
    lines = (definition / "partitions.csv").read_text().splitlines()
    cells = [[cell.strip() for cell in line.split(",")] for line in lines if line and line[0] != "#"]
    return [(name, kind, sub, int(offset, 0), int(size, 0)) for name, kind, sub, offset, size in cells]


def table(definition):
    """The partition table in flash, as ESP-IDF has it: 32 octets a row, then a sum."""
    entries = [
        struct.pack("<2sBBII16sI", b"\xaa\x50", KINDS[kind], SUBKINDS[sub], offset, size, name.encode(), 0)
        for name, kind, sub, offset, size in rows(definition)
    ]
    return b"".join(entries) + b"\xeb\xeb" + b"\xff" * 14 + bytes(16)


def firmware(definition, start, size=1700000):
    """A firmware.bin that begins at start in flash: boot loader, table at 8000h, program at 10000h."""
    octets = bytearray(b"\xff" * (0x10000 - start) + b"\xe9" + b"p" * size)
    octets[0] = 0xE9
    part = table(definition)
    octets[0x8000 - start : 0x8000 - start + len(part)] = part
    return bytes(octets)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda path: path.name)
def test_definition(definition):
    """Partitions lie one behind the other within 4 MiB; the names in the files are this definition's."""
    parts = rows(definition)
    at = 0x9000
    for name, _, _, offset, size in parts:
        assert offset == at and offset % 0x1000 == size % 0x1000 == 0, name
        at = offset + size
    assert at == 4 << 20
    by_name = {name: (kind, offset, size) for name, kind, _, offset, size in parts}
    assert by_name["factory"][1] == 0x10000 and by_name["factory"][2] >= 0x1D0000
    assert by_name["romfs"][2] == 512 << 10 and "vfs" in by_name
    chip = next(chip for chip, (name, _) in make_firmware.DEFINITIONS.items() if name == definition.name)
    told = json.loads((definition / "board.json").read_text())
    assert told["mcu"] == chip
    assert int(told["deploy_options"]["flash_offset"], 0) == make_firmware.DEFINITIONS[chip][1]
    generic = {"esp32": "ESP32_GENERIC"}.get(chip, "ESP32_GENERIC_" + chip[5:].upper())
    assert f"/../{generic}/mpconfigboard.cmake" in (definition / "mpconfigboard.cmake").read_text()
    header = (definition / "mpconfigboard.h").read_text()
    assert f'#include "../{generic}/mpconfigboard.h"' in header and "#define MICROPY_VFS_ROM (1)" in header
    assert f'"boards/{definition.name}/partitions.csv"' in (definition / "sdkconfig.board").read_text()


def test_each_chip_has_a_definition():
    assert {path.name for path in DEFINITIONS} == {name for name, _ in make_firmware.DEFINITIONS.values()}
    assert len({(path / "partitions.csv").read_text() for path in DEFINITIONS}) == 1


class Manifest:
    """MicroPython's manifest functions, as its documentation has them: which module comes from which file."""

    def __init__(self, folder, board=None):
        self.folder = folder
        self.board = board
        self.frozen = {}
        self.included = []

    def defaults(self, board):
        self.board = self.board or board

    def freeze(self, path, script=None):
        base = (self.folder / path).resolve()
        inside = base / script if script else base
        files = sorted(inside.rglob("*.*py")) if inside.is_dir() else [inside]
        self.frozen.update({file.relative_to(base).as_posix(): file for file in files})

    def module(self, name, base_path=".", opt=None):
        assert opt == 3
        self.frozen[name] = (self.folder / base_path / name).resolve()

    def run(self):
        """Run manifest.py of the folder."""
        names = {"options": self, "freeze": self.freeze, "module": self.module}
        names["include"] = self.included.append
        exec((self.folder / "manifest.py").read_text(), names)
        return self


def test_manifest_freezes_all_of_hanport(monkeypatch):
    """Every module of the tree, under the name that it is imported by, and the two files that start it."""
    monkeypatch.setattr(build, "PLACE", ROOT / "build")  # where the manifest looks
    build.build("pow_u")
    told = Manifest(ROOT / "boards", "pow_u").run()
    tree = ROOT / "build" / "pow_u" / "tree"
    wanted = {path.relative_to(tree).as_posix().removeprefix("lib/"): path for path in tree.rglob("*.mpy")}
    wanted = {name: path for name, path in wanted.items() if not name.startswith("umqtt/")}  # the port has it
    wanted.update({name: ROOT / "firmware" / name for name in ("boot.py", "main.py")})
    assert told.frozen == wanted
    assert all(path.is_file() for path in told.frozen.values())


def test_definition_freezes_the_loader(tmp_path):
    (tmp_path / "ports" / "esp32" / "boards").mkdir(parents=True)
    for definition in DEFINITIONS:
        make_firmware.place_definition(definition.name, tmp_path)
        placed = tmp_path / "ports" / "esp32" / "boards" / definition.name
        told = Manifest(placed).run()
        assert told.frozen == {name: placed / name for name in ("boot.py", "main.py")}
        assert all(path.is_file() for path in told.frozen.values())
        assert told.included == ["$(PORT_DIR)/boards/manifest.py"]


@pytest.mark.parametrize("chip", CHIPS)
def test_image_lands_in_its_partition(chip):
    name, start = make_firmware.DEFINITIONS[chip]
    definition = ROOT / "boards" / name
    whole = firmware(definition, start)
    image = b"\xd2\xcd\x31" + bytes(range(256)) * 700
    merged = make_firmware.merged(whole, start, image)
    assert merged[: len(whole)] == whole and merged[0x200000 - start :] == image
    assert set(merged[len(whole) : 0x200000 - start]) == {0xFF}
    with pytest.raises(make_firmware.FirmwareError, match="1 octets larger than the ROMFS"):
        make_firmware.merged(whole, start, b"x" * (0x80000 + 1))
    with pytest.raises(make_firmware.FirmwareError, match="reaches into"):
        make_firmware.merged(firmware(definition, start, 0x200000), start, image)
    with pytest.raises(make_firmware.FirmwareError, match="no partition romfs"):
        make_firmware.merged(whole.replace(b"romfs", b"other"), start, image)


# What stands for Docker: says that it is there, and leaves what the build in the container would.
DOCKER = """#!{python}
import pathlib, sys
given = sys.argv[1:]
if given[0] == "info":
    sys.exit({info})
pathlib.Path({log!r}).write_text(" ".join(given))
made = pathlib.Path({made!r})
made.parent.mkdir(exist_ok=True)
made.write_bytes(pathlib.Path({firmware!r}).read_bytes())
sys.exit({build})
"""


@pytest.fixture
def bench(tmp_path):
    """Run the tool with MicroPython's sources, as far as it looks at them, and a Docker of ours."""
    sources = tmp_path / "micropython"
    for folder in ("ports/esp32/boards", "mpy-cross"):
        (sources / folder).mkdir(parents=True)
    (tmp_path / "bin").mkdir()

    def run(board, chip="esp32s2", info=0, code=0, engine="docker", options=()):
        name, start = make_firmware.DEFINITIONS[chip]
        (tmp_path / "firmware").write_bytes(firmware(ROOT / "boards" / name, start))
        script = tmp_path / "bin" / engine
        script.write_text(
            DOCKER.format(
                python=sys.executable,
                info=info,
                log=str(tmp_path / "log"),
                made=str(sources / "ports" / "esp32" / f"build-{name}" / "firmware.bin"),
                firmware=str(tmp_path / "firmware"),
                build=code,
            )
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        command = [sys.executable, str(Path(make_firmware.__file__)), "--board", board]
        path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
        return subprocess.run(
            [*command, *(options or ["--micropython", str(sources)])],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path},
        )

    run.sources = sources
    run.log = tmp_path / "log"
    return run


@pytest.mark.parametrize("chip", CHIPS)
def test_firmware(bench, chip):
    """From the board to one file for the flash; the command is mpbuild's, for the definition of the chip."""
    board = CHIPS[chip]
    name, start = make_firmware.DEFINITIONS[chip]
    done = bench(board, chip)
    assert done.returncode == 0, done.stdout + done.stderr
    told = bench.log.read_text()
    assert re.search(rf"make -C ports/esp32 submodules.* BOARD={name}\b", told)
    assert f" {make_firmware.CONTAINER} " in told
    home = build.PLACE / board
    octets = (home / f"firmware-{build.version()}.bin").read_bytes()
    assert octets[0x200000 - start :] == (home / f"hanport-{build.version()}.romfs").read_bytes()
    placed = bench.sources / "ports" / "esp32" / "boards" / name
    for file in ("boot.py", "main.py"):
        assert (placed / file).read_bytes() == (ROOT / "firmware" / file).read_bytes()
    assert (placed / "partitions.csv").is_file()
    told = done.stdout.splitlines()[-1].split()
    assert told[:5] == ["esptool", "--chip", chip, "write_flash", f"{start:#x}"]


def test_podman(bench):
    done = bench("pow_u", engine="podman")
    assert done.returncode == 0, done.stdout + done.stderr
    assert bench.log.read_text().startswith("run --userns=keep-id ")


def test_plain_words(bench, tmp_path):
    """One line each that says what to do."""
    for words, done in (
        ("the build in the container failed", bench("pow_u", code=1)),
        ("docker is installed but does not answer", bench("pow_u", info=1)),
        ("generic_esp8266 is no ESP32: MicroPython's own download", bench("generic_esp8266")),
        ("host is no ESP32", bench("host")),
        ("git clone --depth 1 --branch v1", bench("pow_u", options=["--micropython", str(tmp_path / "no")])),
        ("no board 'toaster'", bench("toaster")),
    ):
        assert done.returncode == (2 if words.startswith(("generic", "host", "no b")) else 1), done.stderr
        assert words in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    (tmp_path / "bin" / "docker").unlink()
    command = [sys.executable, str(Path(make_firmware.__file__)), "--board", "pow_u"]
    nowhere = {**os.environ, "PATH": str(tmp_path / "bin")}
    done = subprocess.run(command, capture_output=True, text=True, env=nowhere)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "make_firmware: no container engine here: install Docker or Podman, then make firmware again"
    ]
