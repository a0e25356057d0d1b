"""Talks to a chip's bootloader through esptool: which chip is it, what lies in its flash, write and erase."""

import contextlib
import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import flash_image
from flash_port import Bar, FlashError

FAST = 460800
SLOT_STARTS = (0xB0000, 0xD8000)  # of an ESP8266, as in firmware/app/romslots.py
SECTOR = 4096
ROMFS = b"\xd2\xcd\x31"
BY_HAND = (
    "the chip's bootloader does not answer: hold the board's button (GPIO0, on some boards BOOT or FLASH) "
    "while you plug it in, let go after a second, and give the same command again"
)


class Bootloader:
    """A chip in its bootloader. chip: its name; mac: 6 octets, of its WiFi; size: octets of its flash."""

    def __init__(self, port):
        """Finds out what is connected. Raises FlashError."""
        self._port = port
        said = self._run("flash-id", after="no-reset")
        chip = re.search(r"Connected to (\S+) on", said)
        mac = re.search(r"MAC:\s+((?:[0-9a-f]{2}:){5}[0-9a-f]{2})", said)
        size = re.search(r"flash size: (\d+)(K|M)B", said)
        if not chip or not mac:
            raise FlashError("esptool does not say which chip it has found")
        self.chip = chip[1].lower().replace("-", "")
        self.mac = bytes.fromhex(mac[1].replace(":", ""))
        self.size = int(size[1]) << (20 if size[2] == "M" else 10) if size else None

    def _run(self, *words, after="hard-reset", baud=115200, bar=None):
        """What esptool says. Raises FlashError in words of our own."""
        if importlib.util.find_spec("esptool") is None:
            raise FlashError("esptool is not installed: `make flash` installs it, with a network")
        chip = getattr(self, "chip", "auto")
        command = [sys.executable, "-m", "esptool", "-v", "--chip", chip, "--port", self._port]
        command += ["--baud", str(baud), "--after", after, *map(str, words)]
        lines = []
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
        with subprocess.Popen(command, **streams, text=True, encoding="utf-8", errors="replace") as process:
            for line in process.stdout:
                lines.append(line.strip())
                part = re.search(r"^Writing at .* (\d+)\.\d% ", line)
                if part and bar:
                    bar(int(part[1]))
        said = "\n".join(lines)
        if process.returncode:
            raise FlashError(_plain(said))
        return said

    def read(self, at, size):
        """Octets of the flash. Raises FlashError."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "read.bin"
            self._run("read-flash", hex(at), size, out, after="no-reset")
            return out.read_bytes()

    def runs_hanport(self):
        """True when an image begins in one of the halves of an ESP8266's ROMFS partition."""
        return self.chip == "esp8266" and any(self.read(start, 4)[:3] == ROMFS for start in SLOT_STARTS)

    def files(self):
        """(start, size) of the file system of a MicroPython on an ESP32, None when there is none."""
        try:
            rows = flash_image.partitions(self.read(flash_image.TABLE, flash_image.TABLE_SIZE))
        except FlashError:
            return None  # something else is on this chip, or nothing
        for kind, _, start, size, name in rows:
            if kind == 1 and name == "vfs" and b"littlefs" in self.read(start, 64):
                return start, size
        return None

    def leave(self):
        """Restart the chip with nothing done; what is not possible is left to the reset key."""
        with contextlib.suppress(FlashError):
            self._run("read-mac")

    def write(self, parts, erase=False):
        """Write [(where in flash, octets)] and restart the chip; erase: all of the flash first."""
        words = ["write-flash"] + (["--erase-all"] if erase else [])
        if self.chip == "esp8266":
            words += ["--flash-size", "detect"]
        total = sum(len(octets) for _, octets in parts)
        bar = Bar("erasing" if erase else "writing", 100 * len(parts))
        done, last = 0, 0

        def follow(part):
            nonlocal done, last
            bar.words = "writing"
            done += part < last  # the next part has begun
            last = part
            bar.at(100 * done + part)

        with tempfile.TemporaryDirectory() as folder:
            for number, (at, octets) in enumerate(parts):
                file = Path(folder) / f"{number}.bin"
                file.write_bytes(octets)
                words += [hex(at), file]
            bar.at(0)
            try:
                self._run(*words, baud=FAST, bar=follow)
            except FlashError as error:
                bar.failed()
                if str(error) == BY_HAND:
                    raise
                self._run(*words, bar=follow)  # some adapters cannot go fast
        bar.done(f"{total:,} octets by esptool, and read back")


def _plain(said):
    """One line of what esptool has said."""
    if re.search("Failed to connect|No serial data|Wrong boot mode|no sync reply", said):
        return BY_HAND
    lines = [line for line in said.splitlines() if line.startswith("A fatal error")]
    lines = lines or [line for line in said.splitlines() if line] or ["no reason given"]
    return "esptool: " + lines[-1].replace("A fatal error occurred: ", "")
