"""Fakes of the chips' `machine` for a host: what the firmware imports, unmodified, on the unix port.

Under MicroPython this extends the built-in module (its Signal, idle and so on stay); under CPython it
stands alone. Everything the firmware sets is written to `log`, newest last, as tuples that begin with a
word ("uart", "pin", "wdt", ...); only the newest `LOG_MAX` are kept, so that a long run stays small.

Environment: HANPORT_UART   path of the pty that plays the meter port (none: a line that is silent)
             HANPORT_CHIP   "esp8266" or "esp32" (default), for what differs: rxbuf, any(), RTC size
             HANPORT_RTC    path of a file that keeps RTC memory over reset() (none: kept in the process)
"""

import io
import os
import select
import sys

# The built-in module has the same name: found only while sys.path hides this file.
_path = sys.path
sys.path = ()
try:
    from machine import *  # noqa: F403
finally:
    sys.path = _path

try:
    import termios
except ImportError:
    termios = None

MICROPYTHON = sys.implementation.name == "micropython"
CHIP = os.getenv("HANPORT_CHIP") or "esp32"
LOG_MAX = 64
RESET_CODE = 3  # exit status of the process after reset(), so that a supervisor can start it anew

if CHIP == "esp8266":
    PWRON_RESET, WDT_RESET, SOFT_RESET, DEEPSLEEP_RESET, HARD_RESET = 0, 1, 4, 5, 6
else:
    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5

log = []


def note(*what):
    """Append to the log, forgetting the oldest."""
    if len(log) >= LOG_MAX:
        log.pop(0)
    log.append(what)


class Memory:
    """Fakes mem8/16/32: a dict of words. The built-in ones reach into this process and crash it."""

    def __init__(self):
        self.words = {}

    def __getitem__(self, address):
        return self.words.get(address, 0)

    def __setitem__(self, address, value):
        self.words[address] = value
        note("mem", address, value)


mem8 = Memory()
mem16 = Memory()
mem32 = Memory()


class UART(io.IOBase if MICROPYTHON else io.RawIOBase):
    """Fakes a serial port over the pty named by HANPORT_UART.

    Octets that wait in the pty are moved to a ring of `rxbuf` octets whenever the port is asked; what
    does not fit is lost, newest first, and counted in `dropped`. Reads never wait: readinto() gives None
    when there is nothing, so select.poll and asyncio.StreamReader work. Line settings do not change what
    comes in: they are only logged, as ("uart", id, baud, bits, parity, stop, invert, rxbuf).
    """

    INV_TX = 1 << 5
    INV_RX = 1 << 2
    INV_RTS = 1 << 6
    INV_CTS = 1 << 3
    RTS = 1
    CTS = 2
    IRQ_RX = 1
    IRQ_RXIDLE = 0x1000
    IRQ_BREAK = 2
    ports = {}  # id -> the newest UART of that id, for tests

    def __init__(self, id, baudrate=115200, **settings):
        self.id = id
        self.baudrate = 115200
        self.bits = 8
        self.parity = None
        self.stop = 1
        self.invert = 0
        self.rxbuf = 15 if CHIP == "esp8266" else 256
        self.timeout = 0
        self.dropped = 0
        self.handler = None
        self._ring = bytearray()
        self._file = None
        self._poller = None
        UART.ports[id] = self
        self.init(baudrate, **settings)

    def init(self, baudrate=None, bits=None, parity=-1, stop=None, **settings):
        """Change the settings given, keep the others; parity None means none, as on the chips."""
        if baudrate:
            self.baudrate = baudrate
        if bits is not None:
            self.bits = bits
        if parity != -1:
            self.parity = parity
        if stop is not None:
            self.stop = stop
        for name in ("invert", "rxbuf", "timeout"):
            if name in settings:
                setattr(self, name, settings[name])
        if CHIP == "esp8266" and "invert" in settings:
            raise TypeError("extra keyword arguments given")
        self._ring = bytearray()
        note("uart", self.id, self.baudrate, self.bits, self.parity, self.stop, self.invert, self.rxbuf)
        if self._file is None:
            self._open()

    def _open(self):
        path = os.getenv("HANPORT_UART")
        if not path:
            return
        self._file = open(path, "r+b") if MICROPYTHON else open(path, "r+b", buffering=0)
        fd = self._file.fileno()
        if MICROPYTHON:
            termios.setraw(fd)
        else:
            import tty

            tty.setraw(fd)
        mode = termios.tcgetattr(fd)
        mode[6][6] = 0 if MICROPYTHON else b"\0"  # VMIN: a read with nothing there returns at once
        termios.tcsetattr(fd, termios.TCSANOW, mode)
        self._poller = select.poll()
        self._poller.register(fd if not MICROPYTHON else self._file, select.POLLIN)

    def _pull(self):
        """What the interrupt does on a chip: move octets from the line to the ring."""
        if self._file is None:
            return
        while self._poller.poll(0):
            try:
                new = self._file.read(256)
            except OSError:
                return  # the other end of the pty is closed: the line is silent
            if not new:
                return
            room = self.rxbuf - len(self._ring)
            if len(new) > room:
                self.dropped += len(new) - room
                new = new[:room]
            self._ring.extend(new)

    def any(self):
        self._pull()
        n = len(self._ring)
        return min(n, 1) if CHIP == "esp8266" else n

    def readinto(self, buf, n=None):
        self._pull()
        n = min(len(buf) if n is None else min(n, len(buf)), len(self._ring))
        if n == 0:
            return None
        buf[:n] = self._ring[:n]
        self._ring = self._ring[n:]
        return n

    def read(self, n=-1):
        self._pull()
        if not self._ring:
            return None
        if n is None or n < 0:
            n = len(self._ring)
        got = bytes(self._ring[:n])
        self._ring = self._ring[n:]
        return got

    def write(self, data):
        if self._file is not None:
            self._file.write(data)
        note("uart-write", self.id, bytes(data))
        return len(data)

    def ioctl(self, request, argument):
        if request == 3:  # poll
            return argument & (select.POLLOUT | (select.POLLIN if self.any() else 0))
        if request == 4:  # close
            self.deinit()
            return 0
        if request == 1:  # flush
            return 0
        return -1  # above all to "which file descriptor": the ring has to be asked, not the pty

    def irq(self, handler=None, trigger=0, hard=False):
        if CHIP == "esp8266":
            raise AttributeError("irq")
        self.handler = handler
        note("uart-irq", self.id, trigger)
        return self

    def deinit(self):
        if self._file is not None:
            self._file.close()
            self._file = None
        self._ring = bytearray()
        note("uart-off", self.id)

    def flush(self):
        pass

    def txdone(self):
        return True

    def sendbreak(self):
        note("uart-break", self.id)


class Pin:
    """Fakes a pin: `Pin.levels` holds every pin's level, so a test presses a button by writing there.

    Logs ("pin", number, level) when a level changes and ("pin-mode", number, mode, pull) at set-up.
    """

    IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_FALLING, IRQ_RISING = 2, 1
    DRIVE_0, DRIVE_1, DRIVE_2, DRIVE_3 = 0, 1, 2, 3
    levels = {}

    def __init__(self, id, mode=-1, pull=-1, value=None, **_):
        self.id = id
        self.handler = None
        self.init(mode, pull, value)

    def init(self, mode=-1, pull=-1, value=None, **_):
        if mode != -1:
            note("pin-mode", self.id, mode, pull)
        Pin.levels.setdefault(self.id, 1 if pull == Pin.PULL_UP else 0)
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return Pin.levels[self.id]
        level = 1 if level else 0
        if Pin.levels[self.id] != level:
            Pin.levels[self.id] = level
            note("pin", self.id, level)
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(1 - Pin.levels[self.id])

    def irq(self, handler=None, trigger=3, **_):
        self.handler = handler
        return self


class PWM:
    """Fakes a PWM output: logs ("pwm", pin number, frequency, duty of 65535)."""

    def __init__(self, pin, freq=1000, duty=0, duty_u16=None):
        self.pin = pin
        self._freq = freq
        self._duty = duty * 64 if duty_u16 is None else duty_u16
        self._note()

    def _note(self):
        note("pwm", self.pin.id, self._freq, self._duty)

    def freq(self, hz=None):
        if hz is None:
            return self._freq
        self._freq = hz
        return self._note()

    def duty_u16(self, duty=None):
        if duty is None:
            return self._duty
        self._duty = duty
        return self._note()

    def duty(self, duty=None):
        return self._duty // 64 if duty is None else self.duty_u16(duty * 64)

    def deinit(self):
        note("pwm-off", self.pin.id)


class ADC:
    """Fakes an analogue input of `ADC.millivolts` (3300 until a test says otherwise).

    `ADC.noise` holds millivolts to add to the next samples, one each, for as long as it lasts.
    """

    ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = 0, 1, 2, 3
    millivolts = 3300
    noise = []

    def __init__(self, channel, **_):
        self.channel = channel

    def _sample(self):
        return ADC.millivolts + (ADC.noise.pop(0) if ADC.noise else 0)

    def read(self):
        """On ESP8266 the supply in 1/1024 V, as ADC(1) has it; elsewhere 12 bits of 3.3 V."""
        if CHIP == "esp8266":
            return -(-self._sample() * 1024 // 1000)
        return min(4095, self._sample() * 4095 // 3300)

    def read_u16(self):
        return min(65535, self._sample() * 65535 // 3300)

    def read_uv(self):
        return self._sample() * 1000

    def atten(self, _):
        pass

    def width(self, _):
        pass


class Timer:
    """Fakes a timer that never fires by itself: a test calls fire(). `hard` tells how it was asked for."""

    ONE_SHOT, PERIODIC = 0, 1
    timers = []

    def __init__(self, id=-1, **settings):
        self.id = id
        self.callback = None
        self.period = 0
        Timer.timers.append(self)
        if settings:
            self.init(**settings)

    def init(self, mode=1, period=-1, callback=None, freq=None, hard=False, **_):
        self.period = period if freq is None else 1000 // freq
        self.mode = mode
        self.hard = hard
        self.callback = callback
        note("timer", self.id, self.period)

    def fire(self):
        if self.callback is not None:
            self.callback(self)

    def deinit(self):
        self.callback = None
        note("timer-off", self.id)


class WDT:
    """Fakes a watchdog that never bites: counts feed() in `WDT.feeds`."""

    feeds = 0

    def __init__(self, id=0, timeout=5000):
        note("wdt", timeout)

    def feed(self):
        WDT.feeds += 1


class RTC:
    """Fakes the clock and the memory that survives a reset (492 octets on ESP8266, 2,048 on ESP32)."""

    size = 492 if CHIP == "esp8266" else 2048
    kept = b""
    now = (2000, 1, 1, 5, 0, 0, 0, 0)

    def __init__(self, id=0):
        path = os.getenv("HANPORT_RTC")
        if path:
            try:
                with open(path, "rb") as f:
                    RTC.kept = f.read()
            except OSError:
                RTC.kept = b""

    def memory(self, data=None):
        if data is None:
            return RTC.kept
        data = bytes(data)
        if len(data) > RTC.size:
            raise ValueError("buffer too long")
        RTC.kept = data
        path = os.getenv("HANPORT_RTC")
        if path:
            with open(path, "wb") as f:
                f.write(data)
        return None

    def datetime(self, fields=None):
        if fields is None:
            return RTC.now
        RTC.now = tuple(fields)
        note("rtc", RTC.now)
        return None


def unique_id():
    return b"\x24\x0a\xc4\x00\x00\x01"


def reset():
    """A chip starts anew; here the process ends with RESET_CODE."""
    note("reset")
    raise SystemExit(RESET_CODE)


def soft_reset():
    reset()


def reset_cause():
    return int(os.getenv("HANPORT_RESET_CAUSE") or PWRON_RESET)


def deepsleep(ms=0):
    note("deepsleep", ms)
    raise SystemExit(RESET_CODE)


def lightsleep(ms=0):
    note("lightsleep", ms)


def disable_irq():
    return 0


def enable_irq(_=0):
    pass


if not MICROPYTHON:

    def idle():
        pass


_hz = [80000000 if CHIP == "esp8266" else 160000000]


def freq(hz=None):
    if hz is None:
        return _hz[0]
    _hz[0] = hz
    note("freq", hz)
    return None
