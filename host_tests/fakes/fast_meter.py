"""A meter port for fast_clock: stands for machine.UART, and a meter that sends telegrams at random intervals.

Each telegram says its own number as active power import, so that whoever reads it knows which one it was.
"""

import io

import fast_clock as clock
import machine

# OBIS 1.0.1.7.0 and 1.0.1.8.0, active power and energy import, with a double-long-unsigned behind them.
_PLACES = (b"\x09\x06\x01\x00\x01\x07\x00\xff\x06", b"\x09\x06\x01\x00\x01\x08\x00\xff\x06")


class Port(io.IOBase):
    """What the firmware opens; octets come in by arrive()."""

    INV_RX = 4
    now = None  # the newest one

    def __init__(self, *_, rxbuf=256, **__):
        self.size = rxbuf
        self.ring = b""
        self.dropped = 0
        Port.now = self

    def arrive(self, octets):
        """Octets of the line; what does not fit is lost."""
        room = self.size - len(self.ring)
        self.dropped += max(0, len(octets) - room)
        self.ring += octets[:room]

    def readinto(self, buf):
        ring = self.ring
        if not ring:
            return None
        n = min(len(buf), len(ring))
        buf[:n] = ring[:n]
        self.ring = ring[n:]
        return n

    def ioctl(self, request, flags):
        if request == 3:
            return flags & clock.POLLIN if self.ring else 0
        return 0 if request == 4 else -1

    def deinit(self):
        pass


def numbered(frame, number, crc):
    """The HDLC frame with other numbers in it. crc: CRC-16/X-25 of (octets, from, to)."""
    made = bytearray(frame)
    for place in _PLACES:
        at = frame.find(place) + len(place)
        if at >= len(place):
            made[at : at + 4] = number.to_bytes(4, "big")
    end = len(made) - 3
    made[end : end + 2] = crc(made, 1, end).to_bytes(2, "little")
    return bytes(made)


class Meter:
    """Sends frames in turn. Read: number of the newest whole telegram, sent, plugged."""

    def __init__(self, frames, hourly, crc, chance, every_ms):
        """frames: in turn; hourly: once an hour; chance(n): a random number below n.

        every_ms: least and most from telegram to telegram.
        """
        self._every = every_ms
        self._frames = frames
        self._hourly = hourly
        self._crc = crc
        self._chance = chance
        self._hour = 0
        self.plugged = True
        self.sent = 0
        self.number = self.before = 0
        self.done_at = 0
        clock.at(3000, self._send)

    def newest(self, grace_ms):
        """The number of the newest telegram that was whole so long ago."""
        return self.number if clock.now - self.done_at >= grace_ms else self.before

    def _send(self):
        low, high = self._every
        clock.at(low + self._chance(high - low + 1), self._send)
        if not self.plugged:
            return
        frame = self._frames[(self.number + 1) % len(self._frames)]
        hour = clock.since() // 3600000
        if hour != self._hour:
            self._hour = hour
            frame = self._hourly
        octets = numbered(frame, self.number + 1, self._crc)
        half = len(octets) // 2
        Port.now.arrive(octets[:half])
        # 11 bits an octet at 2400 baud.
        clock.at(half * 11000 // 2400, lambda: self._rest(octets[half:]))

    def _rest(self, octets):
        if not self.plugged:
            return
        Port.now.arrive(octets)
        self.before = self.number
        self.number += 1
        self.done_at = clock.now
        self.sent += 1


machine.UART = Port
