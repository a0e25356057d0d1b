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
from unload import unload

# Kinds of reason; their sentences are in causes.py, loaded at the start and dropped.
LATE = 1
HELD_UP = 2
MEMORY = 3
FELL = 4
ASKED = 5
_AT = const(16)
_LAYOUT = const(1)
_KIND, _UP, _SECONDS, _COUNT = const(19), const(20), const(24), const(26)
_NAME, _NAME_MAX, _DETAILS, _DETAILS_MAX = const(28), const(24), const(53), const(96)
_CRC, _END = const(150), const(152)
_TOLD = const(128)
_BAR = const(124)  # ends a name


class Restart:
    """The reasons, and what is kept of them."""

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

    def explain(self):
        """One sentence: why the device started. To be called once."""
        from app import causes

        kind = self._buf[_KIND]
        if not kind or kind & _TOLD:
            sentence = causes.cause(config.CHIP, machine)
        else:
            sentence = causes.sentence(
                kind,
                self._text(_NAME, _NAME_MAX),
                self._int(_SECONDS, 2),
                self._text(_DETAILS, _DETAILS_MAX),
            )
            # It explains this start; the next one, by the reset key perhaps, must not be blamed on it.
            self._buf[_KIND] = kind | _TOLD
            self._keep()
        unload("app.causes")
        return sentence

    def restarts(self):
        """How often a fault restarted the device since power came."""
        return self._int(_COUNT, 2)

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

    def _put_text(self, at, octets, most, number=0):
        # Octet by octet: a slice would take memory, of which there may be none.
        k = 0
        while number:
            number -= octets[k] == _BAR
            k += 1
        n = 0
        while n < most and k < len(octets) and octets[k] != _BAR:
            n += 1
            self._buf[at + n] = octets[k]
            k += 1
        self._buf[at] = n

    def refresh(self):
        """Take over boot.py's octets as they are now: they may have changed since the start."""
        kept = self._rtc.memory()
        self._buf[:_AT] = (kept + bytes(_AT))[:_AT]

    def note(self, kind, name, seconds=0, up=0, details=b"", number=0):
        """Keep a reason over the restart that follows. name and details are ASCII octets; takes no memory.

        number: which one it is, from 0 on, where several names are joined by bars.
        """
        if kind != ASKED:
            self._put(_COUNT, min(self._int(_COUNT, 2) + 1, 65535), 2)
        self._buf[_KIND] = kind
        self._put(_UP, up, 4)
        self._put(_SECONDS, seconds, 2)
        self._put_text(_NAME, name, _NAME_MAX, number)
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
