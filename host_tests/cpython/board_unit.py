"""A board on a pseudo-terminal: keeps its file system, its flash and its RTC memory, and starts it anew.

What runs on it is host_tests/micropython/board_standin.py.
"""

import os
import signal
import subprocess
import sys
import threading
import tty
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

import device  # noqa: E402

STANDIN = TOP / "host_tests" / "micropython" / "board_standin.py"
MACHINES = {
    "esp8266": "ESP module with ESP8266",
    "esp32": "Generic ESP32 module with ESP32",
    "esp32s2": "Generic ESP32S2 module with ESP32S2",
}
RESET, SOFT, SOFT_RAW = 3, 4, 5  # how the process ends


class Board:
    """files: its file system, a folder. port: the name of its cable. starts: how often it has started."""

    def __init__(self, folder, chip="esp32s2", cable=None, **environment):
        """cable: both ends of a pseudo-terminal that is there already."""
        self.chip = chip
        self.files = folder / "files"
        self.files.mkdir(exist_ok=True)
        self.starts = 0
        self._over = False
        self._process = None
        self._master, self._slave = cable or os.openpty()
        tty.setraw(self._slave)  # it stays open, so that programs on the other end may come and go
        self.port = os.ttyname(self._slave)
        path = [TOP / "host_tests" / "fakes", device.VENDOR]
        self._environment = {
            **os.environ,
            "MICROPYPATH": ":".join([".frozen", *map(str, path)]),
            "HANPORT_CHIP": "esp8266" if chip == "esp8266" else "esp32",
            "HANPORT_FLASH": str(folder / "flash.bin"),
            "HANPORT_RTC": str(folder / "rtc.bin"),
            **environment,
        }
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def _live(self):
        mode = "friendly"
        while not self._over:
            self.starts += 1
            platform = "esp8266" if self.chip == "esp8266" else "esp32"
            command = [device.micropython(), "-X", "heapsize=16M", STANDIN, platform]
            command += [MACHINES[self.chip], mode]
            self._process = subprocess.Popen(
                command,
                cwd=self.files,
                env=self._environment,
                stdin=self._master,
                stdout=self._master,
                stderr=subprocess.STDOUT,
            )
            code = self._process.wait()
            if code not in (RESET, SOFT, SOFT_RAW):
                return
            mode = "raw" if code == SOFT_RAW else "friendly"
            if code == RESET:
                os.write(self._master, b"rst:0xc (SW_CPU_RESET),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n")

    def pull(self):
        """End what runs; returns both ends of the cable, for what comes in its place."""
        self._over = True
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._thread.join(10)
        return self._master, self._slave

    def close(self):
        """Switch it off."""
        self.pull()
        os.close(self._slave)
        os.close(self._master)
