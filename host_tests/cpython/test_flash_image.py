"""Images of MicroPython are looked through before a board is touched: wrong chip, damage, something else."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import python_images as made  # noqa: E402

import flash_image  # noqa: E402
from flash_port import FlashError  # noqa: E402

CHIPS = ("esp8266", "esp32", "esp32s2", "esp32c3")


def flipped(octets, at):
    """One bit of it the other way round."""
    changed = bytearray(octets)
    changed[at] ^= 4
    return bytes(changed)


def why(folder, octets, chip, name="python.bin"):
    """What is said of these octets for a board with this chip."""
    file = folder / name
    file.write_bytes(octets)
    with pytest.raises(FlashError) as refused:
        flash_image.read(file, chip)
    return str(refused.value)


@pytest.mark.parametrize("chip", CHIPS)
def test_whole(tmp_path, chip):
    """It is taken as it is, and where it goes and where its file system lies is known."""
    file = tmp_path / "python.bin"
    file.write_bytes(made.python(chip))
    image = flash_image.read(file, chip)
    assert image.octets == made.python(chip)
    assert image.offset == (0x1000 if chip in ("esp32", "esp32s2") else 0)
    assert image.files == (None if chip == "esp8266" else made.FILES)


@pytest.mark.parametrize(("chip", "other"), list(itertools.permutations(CHIPS, 2)))
def test_wrong_chip(tmp_path, chip, other):
    """Both chips are named, and which file is the right one."""
    told = why(tmp_path, made.python(other), chip)
    assert f"is for {other}, and this board has {chip}" in told and flash_image.PAGES[chip] in told


@pytest.mark.parametrize("chip", CHIPS)
def test_damage(tmp_path, chip):
    """One bit anywhere that counts, or an end that is missing."""
    good = made.python(chip)
    places = [1, 60, len(good) - 1, len(good) - 5000]
    if chip == "esp8266":
        places += [0x8000, 0x9000]  # also in what only fills up
    else:
        first = made.ESP32S[chip][1]
        table, app = 0x8000 - first, 0x10000 - first
        places += [2000, 3100, table + 5, table + 70, app + 1, app + 60]
    for at in places:
        told = why(tmp_path, flipped(good, at), chip)
        assert "damaged" in told and "download it again" in told, (at, told)
    for size in (len(good) - 1, len(good) - 20, len(good) - 4000, 0x9000):
        told = why(tmp_path, good[:size], chip)
        assert "damaged" in told, (size, told)
    assert "cut off" in why(tmp_path, good[:3000], chip)


def test_something_else(tmp_path):
    """Files that lie beside the right one."""
    for octets in (b"", b"PK\3\4", b"<html>", b"UF2\n" + bytes(508)):
        assert "is no image of MicroPython" in why(tmp_path, octets, "esp32s2")
    assert "is the application alone" in why(tmp_path, made.part("esp32s2", 9000), "esp32s2")
    assert "no ROMFS partition" in why(tmp_path, made.python("esp8266", b""), "esp8266")
    mixed = made.python("esp32s2")[:0xF000] + made.part("esp32", 9000, 5)
    assert "python.bin is for esp32:" in why(tmp_path, mixed, "esp32s2")
    with pytest.raises(FlashError, match="cannot be read: No such file"):
        flash_image.read(tmp_path / "missing.bin", "esp32s2")


def test_esptool_agrees(tmp_path):
    """Our images have the form that the chip's own tool knows; and it finds the same damage."""
    for name, octets, words in (
        ("whole", made.part("esp32s2"), ("ESP32-S2", "Checksum", "(valid)", "Validation hash")),
        ("damaged", flipped(made.part("esp32s2"), 60), ("invalid",)),
        ("esp8266", made.part(None), ("Checksum", "(valid)")),
    ):
        file = tmp_path / f"{name}.bin"
        file.write_bytes(octets)
        command = [sys.executable, "-m", "esptool", "image-info", file]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        for word in words:
            assert word in done.stdout, done.stdout
        assert name == "damaged" or "invalid" not in done.stdout, done.stdout
