"""A chip in its bootloader, as esptool sees it: Espressif's serial protocol (SLIP) on a pseudo-terminal.

It takes esptool's stub for loaded and speaks as the stub from then on. Written from the protocol's public
description; enough of it to detect a chip, and to erase, write, read and check its flash of 4 MB. A reset of
the chip cannot be seen on a pseudo-terminal: with `once` it leaves the bootloader when it has been written
and checked, and the line is still.
"""

import hashlib
import os
import select
import struct
import threading
import time
import tty
import zlib

SYNC, SECURITY = 0x08, 0x14
READ_REG, WRITE_REG = 0x0A, 0x09
MEM_BEGIN, MEM_END, MEM_DATA = 0x05, 0x06, 0x07
ATTACH, PARAMETERS, BAUD = 0x0D, 0x0B, 0x0F
DEFL_BEGIN, DEFL_DATA, DEFL_END, MD5 = 0x10, 0x11, 0x12, 0x13
FLASH_BEGIN, FLASH_DATA, FLASH_END = 0x02, 0x03, 0x04
ERASE_ALL, ERASE_PART, READ_FLASH, RUN = 0xD0, 0xD1, 0xD2, 0xD3
DETECT = 0x40001000
# What tells the chips apart, and where they keep the answer of their flash and their MAC address.
REGISTERS = {
    "esp8266": {DETECT: 0xFFF0C101, 0x60000240: 0x1640EF, 0x3FF00050: 0x9A000000, 0x3FF00054: 0x0078},
    "esp32": {DETECT: 0x00F01D83, 0x3FF42080: 0x1640EF, 0x3FF5A004: 0x9A78C401, 0x3FF5A008: 0x240A},
    "esp32s2": {DETECT: 0x000007C6, 0x3F402058: 0x1640EF, 0x3F41A044: 0x9A78C401, 0x3F41A048: 0x240A},
}
SIZE = 4 << 20


def slip(octets):
    """Octets as a SLIP frame."""
    return b"\xc0" + octets.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class Bootloader:
    """port: the name of its cable. flash: its octets. done: what was asked of the flash, in order."""

    STILL_S = 0.5

    def __init__(self, chip, flash=None, once=False, cable=None):
        """cable: both ends of a pseudo-terminal that is there already."""
        self.flash = bytearray(flash or b"\xff" * SIZE)
        self.done = []
        self._registers = dict(REGISTERS[chip])
        self._stub = False
        self._at = 0
        self._once = once
        self._checked = None  # when the newest command came, once what was written has been checked
        self._packed = None
        self._master, self._slave = cable or os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._over = False
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    @property
    def changes(self):
        """What was done to the flash, without what was only read."""
        return [what for what in self.done if not what.startswith("read")]

    def resize(self, capacity):
        """Have it say that its flash has 2 ** capacity octets."""
        for address, value in self._registers.items():
            if value & 0xFFFF == 0x40EF:
                self._registers[address] = capacity << 16 | 0x40EF

    def left(self):
        """Wait until the chip has left its bootloader; returns both ends of its cable."""
        self._thread.join(60)
        assert not self._thread.is_alive(), f"nobody has written the chip: {self.done}"
        return self._master, self._slave

    def pull(self):
        """It answers no more, and its cable stays."""
        self._over = True
        self._thread.join(10)

    def close(self):
        """Unplug it."""
        self.pull()
        os.close(self._slave)
        os.close(self._master)

    def _frames(self):
        kept = b""
        while not self._over:
            if self._once and self._checked and time.monotonic() - self._checked > self.STILL_S:
                return
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            kept += os.read(self._master, 4096)
            *whole, kept = kept.split(b"\xc0")
            for frame in whole:
                if frame:
                    self._checked = self._checked and time.monotonic()
                    yield frame.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")

    def _send(self, octets):
        octets = slip(octets)
        while octets and not self._over:
            octets = octets[os.write(self._master, octets[:1024]) :]

    def _live(self):
        self._source = self._frames()
        for frame in self._source:
            if len(frame) >= 8 and frame[0] == 0:
                self._command(frame[1], frame[8:])

    def _answer(self, command, value=0, data=b"", status=b"\0\0"):
        self._send(struct.pack("<BBHI", 1, command, len(data) + len(status), value) + data + status)

    def _command(self, command, data):
        words = struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])
        if command == SYNC:
            self._stub = False  # each run of esptool begins with a reset
            for _ in range(8):
                self._answer(command, 0x20120707)
        elif command == SECURITY:
            self._answer(0, status=b"\x01\x05")  # none of these chips has it
        elif command == READ_REG:
            self._answer(command, self._registers.get(words[0], 0))
        elif command == MEM_END:
            self._answer(command)
            self._stub = True
            self._send(b"OHAI")
        elif command in (WRITE_REG, MEM_BEGIN, MEM_DATA, ATTACH, PARAMETERS, BAUD, FLASH_END, DEFL_END):
            self._answer(command)
        elif not self._stub:
            self._answer(0, status=b"\x01\x05")
        else:
            self._on_flash(command, words, data)

    def _on_flash(self, command, words, data):
        if command == ERASE_ALL:
            self.flash[:] = b"\xff" * SIZE
            self.done.append("erase all")
        elif command == ERASE_PART:
            self.flash[words[0] : words[0] + words[1]] = b"\xff" * words[1]
            self.done.append(f"erase {words[0]:#x} {words[1]:#x}")
        elif command in (DEFL_BEGIN, FLASH_BEGIN):
            self._at = words[3]
            self._packed = zlib.decompressobj() if command == DEFL_BEGIN else None
            if words[0]:
                self.done.append(f"write {words[3]:#x} {words[0]:#x}")
        elif command in (DEFL_DATA, FLASH_DATA):
            octets = self._packed.decompress(data[16:]) if self._packed else data[16:]
            self.flash[self._at : self._at + len(octets)] = octets
            self._at += len(octets)
        elif command == MD5:
            self._checked = time.monotonic()
            self._answer(command, 0, hashlib.md5(self.flash[words[0] : words[0] + words[1]]).digest())
            return
        elif command == READ_FLASH:
            self._answer(command)
            self._read(words[0], words[1], words[2])
            return
        self._answer(command)

    def _read(self, at, length, block):
        octets = bytes(self.flash[at : at + length])
        self.done.append(f"read {at:#x} {length:#x}")
        for start in range(0, length, block):
            self._send(octets[start : start + block])
            next(self._source)  # how much has come, as an acknowledgement
        self._send(hashlib.md5(octets).digest())
