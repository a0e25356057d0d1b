"""What flash.py, console.py and capture.py share: errors with the next step, the port, a progress bar."""

import errno
import os
import sys
import termios
import time

import serial
import serial.tools.list_ports

# What reading, writing or setting a port raises when it is gone; serial.SerialException is an OSError.
GONE = (OSError, termios.error)


class FlashError(Exception):
    """What failed and what to do now, as one line or a few."""


def known():
    """Words for the serial ports of this machine."""
    ports = [
        f"{port.device} ({port.description})" if port.description not in ("n/a", "") else port.device
        for port in sorted(serial.tools.list_ports.comports())
        if port.vid is not None
    ]
    if not ports:
        return "no USB port is there now: plug the board in, with a cable that carries data"
    return "there are: " + ", ".join(ports)


def why(error, port):
    """Words for what opening a port raised: what is the matter, and what to do."""
    number = error.args[0] if isinstance(error, termios.error) else error.errno
    text = str(error).lower()
    if number == errno.ENOENT or "no such file" in text:
        return f"there is no {port}; {known()}"
    if number in (errno.EACCES, errno.EPERM) or "permission" in text:
        return (
            f"no permission for {port}: add yourself to its group (Debian, Ubuntu: sudo usermod -aG dialout "
            "$USER; Arch: uucp), then log out and in again"
        )
    if number in (errno.EBUSY, errno.EAGAIN) or "lock" in text or "busy" in text:
        return f"{port} is in use by another program: close it (a console, an editor, ModemManager)"
    if number in (errno.ENXIO, errno.ENODEV, errno.EIO):
        return f"nothing is connected to {port} any more: plug the board in again"
    return f"{port} cannot be used: {os.strerror(number) if number else error}"


def opened(port, baud=115200, **how):
    """Return the port, opened for us alone. Raises FlashError."""
    if not port:
        raise FlashError(f"which port? say PORT=...; {known()}")
    try:
        return serial.Serial(port, baud, exclusive=True, **how)
    except GONE as error:
        raise FlashError(why(error, port)) from None
    except ValueError as error:
        raise FlashError(f"{port} cannot be opened so: {error}") from None


def check(port):
    """Raise FlashError unless the port can be opened now."""
    opened(port).close()


class Console:
    """What comes over a cable; it may be gone for a while: a chip with USB of its own leaves at a restart."""

    def __init__(self, cable):
        self._cable = cable
        try:
            cable.timeout = 0.1
        except GONE:
            self.close()
        self._kept = b""

    def octets(self, seconds):
        """All that comes within so many seconds."""
        come = b""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if not self._cable.is_open:
                    self._cable.open()
                come += self._cable.read(512)
            except GONE:
                self.close()
                time.sleep(0.2)
        return come

    def lines(self, seconds):
        """The lines that have become whole within so many seconds, as text."""
        *whole, self._kept = (self._kept + self.octets(seconds)).split(b"\n")
        return [line.decode("utf-8", "replace").strip() for line in whole]

    def close(self):
        """Let go of the cable."""
        try:
            self._cable.close()
        except GONE:
            pass


class Bar:
    """A bar on one line, drawn only where a person looks on (a terminal); elsewhere silent until done()."""

    WIDTH = 30

    def __init__(self, words, total):
        self.words = words
        self.total = max(1, total)
        self._shown = -1
        self._live = sys.stdout.isatty()

    def at(self, count):
        """So much of the total is done."""
        part = min(count, self.total) * 100 // self.total
        if not self._live or part == self._shown:
            return
        self._shown = part
        full = part * self.WIDTH // 100
        print(f"\r{self.words:10}[{'#' * full}{'.' * (self.WIDTH - full)}] {part:3} %", end="", flush=True)

    def done(self, words):
        """Replace the bar by what was done."""
        line = f"{self.words:10}{words}"
        wide = self.WIDTH + 20 if self._live else 0
        print(("\r" if self._live else "") + line.ljust(wide), flush=True)

    def failed(self):
        """Leave the bar where it stands."""
        if self._live and self._shown >= 0:
            print(flush=True)
