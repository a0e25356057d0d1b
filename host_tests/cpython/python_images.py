"""Images of MicroPython for tests: right in form, and nothing in them that could run.

Made from Espressif's descriptions of the image and of the partition table, and from how MicroPython puts the
parts together; shares no code with tools/flash_image.py. test_flash_image.py asks esptool whether it agrees.
"""

import hashlib
import random
import struct

ESP32S = {"esp32": (0, 0x1000), "esp32s2": (2, 0x1000), "esp32c3": (5, 0)}
FILES = (0x200000, 0x200000)  # start and size of the file system in flash


def part(chip, size=3000, seed=1):
    """One image: a bootloader or an application; chip None: as the ESP8266 has it."""
    data = [random.Random(seed).randbytes(size // 4 * 4), random.Random(seed + 1).randbytes(64)]
    octets = struct.pack("<BBBBI", 0xE9, len(data), 2, 0x20, 0x40100000)
    if chip:
        octets += struct.pack("<BBBBHBHH4xB", 0xEE, 0, 0, 0, ESP32S[chip][0], 0, 0, 0xFFFF, 1)
    total = 0xEF
    for number, segment in enumerate(data):
        octets += struct.pack("<II", 0x3FFE8000 + 0x8000 * number, len(segment)) + segment
        for octet in segment:
            total ^= octet
    octets += bytes(15 - len(octets) % 16) + bytes([total])
    return octets + hashlib.sha256(octets).digest() if chip else octets


def table():
    """A partition table, as MicroPython's for 4 MB."""
    rows = b""
    for kind, subtype, start, size, name in (
        (1, 2, 0x9000, 0x6000, b"nvs"),
        (0, 0, 0x10000, 0x1F0000, b"factory"),
        (1, 0x81, *FILES, b"vfs"),
    ):
        rows += struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, start, size, name, 0)
    rows += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows).digest()
    return rows.ljust(0xC00, b"\xff")


def python(chip, words=b"rom_ioctl"):
    """A whole file, as it is downloaded. words: something that stands in the code."""
    if chip == "esp8266":
        head = part(None)
        code = random.Random(8).randbytes(5000) + words
        octets = head.ljust(0x9000 - 4, b"\xff") + struct.pack("<I", 0x9000 + len(code)) + code
        return octets + hashlib.md5(octets[4:]).digest()
    first = ESP32S[chip][1]
    octets = part(chip).ljust(0x8000 - first, b"\xff") + table()
    return octets.ljust(0x10000 - first, b"\xff") + part(chip, 9000, 5)
