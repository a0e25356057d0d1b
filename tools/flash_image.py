"""Looks at an image of MicroPython before a board is touched: which chip is it for, and is it whole?

ESP8266  the chip's own image, filled up to 0x9000, then the code, then the MD5 of all from octet 4 on (octets
         2 and 3 are rewritten for the size of the flash)
ESP32..  bootloader, partition table (0x8000) and application, as they lie in flash from the bootloader on;
         both images have a checksum, most a SHA-256, and the table an MD5

An image, by Espressif's description of its format: E9, count of segments, mode, size, entry (4); ESP32s then
have 16 octets, chip id in 4 and 5, "a SHA-256 follows" in the last; each segment has address (4), length (4)
and its octets; zeros up to the last octet of a row of 16, which is EF xor all octets of the segments.
"""

import hashlib
import struct

from flash_port import FlashError

# Chip: its id in images, where its bootloader lies in flash.
ESP32S = {
    "esp32": (0, 0x1000),
    "esp32s2": (2, 0x1000),
    "esp32c3": (5, 0),
    "esp32s3": (9, 0),
    "esp32c2": (12, 0),
    "esp32c6": (13, 0),
    "esp32h2": (16, 0),
    "esp32p4": (18, 0x2000),
    "esp32c5": (23, 0x2000),
}
TABLE, TABLE_SIZE = 0x8000, 0xC00
MAGIC = 0xE9
ROMFS_WORD = b"rom_ioctl"  # a name that only a build with a ROMFS partition knows

AGAIN = "download it again"
WHERE = "take the .bin of micropython.org/download/{}"
PAGES = {
    "esp8266": "ESP8266_GENERIC, variant FLASH_2M_ROMFS",
    "esp32": "ESP32_GENERIC",
    "esp32s2": "ESP32_GENERIC_S2",
    "esp32s3": "ESP32_GENERIC_S3",
    "esp32c3": "ESP32_GENERIC_C3",
    "esp32c6": "ESP32_GENERIC_C6",
}


class Image:
    """offset: where in flash it goes. octets. files: (start, size) of its file system, None: not known."""

    def __init__(self, path, octets, offset, files=None):
        self.path = path
        self.octets = octets
        self.offset = offset
        self.files = files


def instead(chip):
    """Words for where the right image is."""
    return WHERE.format(PAGES.get(chip, "")).rstrip("/")


def _is_8266(octets):
    return len(octets) > 0x9010 and hashlib.md5(octets[4:-16]).digest() == octets[-16:]


def _table_at(octets):
    """Where the partition table begins; None: nowhere. The file begins with the bootloader."""
    for start in (0x1000, 0, 0x2000):
        if octets[TABLE - start : TABLE - start + 2] == b"\xaa\x50":
            return TABLE - start
    return None


def _chip_by_id(octets):
    number = int.from_bytes(octets[12:14], "little")
    for chip, (known, _) in ESP32S.items():
        if known == number:
            return chip
    return f"a chip unknown here ({number})"


def chip_of(octets):
    """Name of the chip that an image is made for, None when it cannot be told."""
    if octets[:1] != bytes([MAGIC]):
        return None
    if _is_8266(octets):
        return "esp8266"
    return _chip_by_id(octets) if _table_at(octets) is not None else None


def check_part(octets, what, head=24):
    """Raise FlashError unless the image that octets begin with is whole. head: octets before its segments."""
    damaged = FlashError(f"the {what} in the image is damaged or cut off: {AGAIN}")
    if len(octets) < head or octets[0] != MAGIC:
        raise damaged
    at, total = head, 0xEF
    for _ in range(octets[1]):
        if at + 8 > len(octets):
            raise damaged
        size = struct.unpack_from("<I", octets, at + 4)[0]
        at += 8
        if at + size > len(octets):
            raise damaged
        for octet in octets[at : at + size]:
            total ^= octet
        at += size
    at += 15 - at % 16
    if at >= len(octets) or octets[at] != total:
        raise damaged
    at += 1
    if head == 24 and octets[23] == 1 and hashlib.sha256(octets[:at]).digest() != octets[at : at + 32]:
        raise damaged


def partitions(octets):
    """[(type, subtype, start, size, name)] of a partition table. Raises FlashError."""
    rows = []
    for at in range(0, min(TABLE_SIZE, len(octets)), 32):
        row = octets[at : at + 32]
        if row[:2] == b"\xeb\xeb" and hashlib.md5(octets[:at]).digest() == row[16:]:
            return rows
        if row[:2] != b"\xaa\x50" or len(row) < 32:
            break
        kind, subtype, start, size = struct.unpack_from("<BBII", row, 2)
        rows.append((kind, subtype, start, size, row[12:28].rstrip(b"\0").decode("ascii", "replace")))
    raise FlashError(f"the partition table in the image is damaged: {AGAIN}")


def _check_esp32(octets, chip, path):
    """Look into all three parts of a combined image; return the Image."""
    offset = ESP32S[chip][1]
    at = _table_at(octets)
    if at != TABLE - offset:
        raise FlashError(f"{path} does not begin with the bootloader of this chip: {instead(chip)}")
    check_part(octets[:at], "bootloader")
    rows = partitions(octets[at:])
    apps = [row for row in rows if row[0] == 0]
    if not apps:
        raise FlashError(f"the partition table of {path} has no application: {instead(chip)}")
    app = octets[apps[0][2] - offset :]
    check_part(app, "application")
    if _chip_by_id(app) != chip:
        raise FlashError(f"the application in {path} is for {_chip_by_id(app)}: {instead(chip)}")
    files = [(row[2], row[3]) for row in rows if row[0] == 1 and row[4] == "vfs"]
    return Image(path, octets, offset, files[0] if files else None)


def read(path, chip):
    """Return the Image of a file for this chip. Raises FlashError: wrong chip, damaged, something else."""
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise FlashError(f"{path} cannot be read: {error.strerror}") from None
    if octets[:1] != bytes([MAGIC]):
        raise FlashError(f"{path} is no image of MicroPython: {instead(chip)}")
    found = chip_of(octets)
    if found is None:
        if chip != "esp8266" and len(octets) > 24 and _chip_by_id(octets) == chip:
            raise FlashError(f"{path} is the application alone, or cut off: {instead(chip)}")
        raise FlashError(f"{path} is damaged or cut off, or no image for this chip: {AGAIN}; {instead(chip)}")
    if found != chip:
        raise FlashError(f"{path} is for {found}, and this board has {chip}: {instead(chip)}")
    if chip != "esp8266":
        return _check_esp32(octets, chip, path)
    if ROMFS_WORD not in octets:
        raise FlashError(f"{path} has no ROMFS partition, and Hanport runs from one: {instead(chip)}")
    check_part(octets, "boot part", 8)
    return Image(path, octets, 0)
