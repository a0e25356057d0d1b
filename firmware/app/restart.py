"""Why the device started, kept over the restart in RTC memory, and the way to restart it with a reason.

RTC memory, by octet: 0..15 belong to boot.py (its count of attempts) and are handed on as they were;

    16 "HF"   18 layout   19 kind, +128 once it was told   20 uptime s (4)   24 seconds (2)
    26 restarts by faults since power came (2)   28 n   29 name (24)   53 n   54 details (96)
    150 CRC-16/XMODEM of 16..149 (2)

all numbers low octet first. Power loss empties it, which the checksum tells.
"""

import machine
from micropython import const

from app.board import config
from hanport.octets import crc_xmodem

# Kinds of reason, each with its sentence.
LATE = 1
HELD_UP = 2
MEMORY = 3
FELL = 4
ASKED = 5
_SENTENCES = (
    "\n"
    "The watchdog restarted the device: task %s made no progress for %d s.\n"
    "The watchdog restarted the device: task %s held up all others for %d s.\n"
    "The device restarted itself: memory ran out in task %s.\n"
    "The device restarted itself: the program stopped in %s.\n"
    "The device restarted because it was asked to: %s."
)
# Where nothing was noted, by what the chip tells (reset_cause), number and words.
_CAUSES_8266 = (
    "0|Power was switched on.\n1|The chip's hardware watchdog restarted the device.\n"
    "2|The chip's software crashed and restarted the device.\n"
    "3|The chip's software watchdog restarted the device: something held up everything for 3 s.\n"
    "4|The device was restarted.\n5|The device woke from deep sleep.\n6|The reset key or pin restarted it.\n"
)
_CAUSES_ESP32 = (
    "1|Power was switched on, or the supply fell too low.\n2|The chip's software crashed, or the reset pin.\n"
    "3|The hardware watchdog restarted the device: nothing went on in it for 90 s.\n"
    "4|The device woke from deep sleep.\n5|The device was restarted.\n"
)

_AT = const(16)
_LAYOUT = const(1)
_KIND, _UP, _SECONDS, _COUNT = const(19), const(20), const(24), const(26)
_NAME, _NAME_MAX, _DETAILS, _DETAILS_MAX = const(28), const(24), const(53), const(96)
_CRC, _END = const(150), const(152)
_TOLD = const(128)


class Restart:
    """Read: words (one sentence: why the device started), fault (the last fault, "" for none), count."""

    def __init__(self):
        self._rtc = machine.RTC()
        kept = self._rtc.memory()
        # What is longer was put there by someone else and is kept.
        self._buf = buf = bytearray(max(_END, len(kept)))
        buf[: len(kept)] = kept
        good = (
            len(kept) >= _END
            and bytes(buf[_AT : _AT + 3]) == b"HF\x01"
            and crc_xmodem(buf, _AT, _CRC) == self._int(_CRC, 2)
        )
        if not good:
            k = _AT
            while k < _END:
                buf[k] = 0
                k += 1
            buf[_AT : _AT + 3] = b"HF\x01"
        self.count = self._int(_COUNT, 2)  # restarts by faults since power came
        kind = buf[_KIND]
        sentence = self._sentence(kind & 127) if kind else ""
        self.fault = sentence if 0 < kind & 127 < ASKED else ""
        fresh = kind and not kind & _TOLD
        self.words = sentence if fresh else self._cause()
        if fresh:
            # It explains this start; the next one, by the reset key perhaps, must not be blamed on it.
            buf[_KIND] = kind | _TOLD
            self._keep()

    def _int(self, at, n):
        value = 0
        while n:
            n -= 1
            value = value << 8 | self._buf[at + n]
        return value

    def _put(self, at, value, n):
        while n:
            self._buf[at] = value & 255
            value >>= 8
            at += 1
            n -= 1

    def _text(self, at, most):
        return bytes(self._buf[at + 1 : at + 1 + min(self._buf[at], most)]).decode()

    def _put_text(self, at, octets, most):
        # Octet by octet: a slice would take memory, of which there may be none.
        n = min(len(octets), most)
        self._buf[at] = n
        while n:
            self._buf[at + n] = octets[n - 1]
            n -= 1

    def _sentence(self, kind):
        sentence = _SENTENCES.split("\n")[kind if kind <= ASKED else 0]
        if not sentence:
            return ""
        name = self._text(_NAME, _NAME_MAX)
        words = sentence % ((name, self._int(_SECONDS, 2)) if kind <= HELD_UP else (name,))
        details = self._text(_DETAILS, _DETAILS_MAX)
        return words + " (" + details + ")" if details else words

    def _cause(self):
        if config.CHIP == "unix":
            return "The program was started."
        number = "%d|" % machine.reset_cause()
        for row in (_CAUSES_8266 if config.CHIP == "esp8266" else _CAUSES_ESP32).split("\n"):
            if row.startswith(number):
                return row[len(number) :]
        return "The chip does not tell why it started."

    def refresh(self):
        """Take over boot.py's octets as they are now: they may have changed since the start."""
        kept = self._rtc.memory()
        self._buf[:_AT] = (kept + bytes(_AT))[:_AT]

    def note(self, kind, name, seconds=0, up=0, details=b""):
        """Keep a reason over the restart that follows. name and details are ASCII octets; takes no memory."""
        if kind != ASKED and self.count < 65535:
            self.count += 1
        self._buf[_KIND] = kind
        self._put(_UP, up, 4)
        self._put(_SECONDS, seconds, 2)
        self._put(_COUNT, self.count, 2)
        self._put_text(_NAME, name, _NAME_MAX)
        self._put_text(_DETAILS, details, _DETAILS_MAX)
        self._keep()

    def _keep(self):
        self._put(_CRC, crc_xmodem(self._buf, _AT, _CRC), 2)
        self._rtc.memory(self._buf)

    def reset(self, kind, name, seconds=0, up=0, details=b""):
        """Note a reason and start anew."""
        self.refresh()
        self.note(kind, name, seconds, up, details)
        machine.reset()

    def asked(self, why):
        """Start anew because someone wants it; why in words, such as "new settings"."""
        self.reset(ASKED, why.encode())
