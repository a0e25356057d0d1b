"""The meter port: octets of the UART to the decoder, readings to the mailbox."""

import time

from micropython import const

from app import board, kept, port
from hanport.derive import derive

_LOOK_MS = const(20)
_IDLE_MS = const(50)  # while the line is silent: the driver has room for 100 ms at the highest speed
_SILENCE_MS = const(1500)  # a pause longer than any within a telegram


class MeterPort:
    """One UART, read for the house's decoder; the findings are told why there is no number yet."""

    def __init__(self, house):
        """house: has settings, decoder, findings, box, device and log."""
        self._house = house
        s = house.settings
        if s["energy_unit"]:
            house.decoder.plans.settle_energy(1 if s["energy_unit"] == "10 Wh" else 0)
        self._uart, baud, self.line = board.open_uart(s)
        # About 20 ms worth of octets: the ESP8266 would follow a whole telegram for a larger buffer and
        # hold up everything else.
        self._buf = bytearray(max(1, min(256, baud // 500)))
        self._heard = None  # ticks of the newest octets, None once the decoder knows of the silence
        self._at = -1  # where decoding goes on after a reading, -1: all octets are taken
        self._end = 0

    def serve(self):
        """Take in what has come; returns the ms until the next look. After a reading the consumers see it."""
        now = time.ticks_ms()
        if self._at < 0:
            n = self._uart.readinto(self._buf)
            if n:
                self._heard = now
                self._house.findings.octets_came(n, port.up())
            elif self._heard is None:
                return _IDLE_MS
            elif time.ticks_diff(now, self._heard) < _SILENCE_MS:
                return _LOOK_MS
            else:
                # Half a telegram is not waited for.
                self._heard = None
                self._house.decoder.silence()
            self._at = 0
            self._end = n or 0
        self._take()
        return _LOOK_MS if self._at < 0 and self._end < len(self._buf) else 0

    def _take(self):
        """Decode up to the end of a reading, or of the octets that there are."""
        house = self._house
        decoder = house.decoder
        while True:
            self._at = decoder.feed(self._buf, self._at, self._end)
            if not decoder.ready and not decoder.fault:
                if self._at >= self._end:
                    self._at = -1
                    return
                continue
            up = port.up()
            house.findings.event(decoder, up)
            if decoder.ready:
                decoder.now = port.now()
                if decoder.plans.watch(decoder.reading, up):
                    house.log("the unit of the meter's counters is sure now")
                derive(decoder.reading)
                kept.watch(house.device.totals, decoder.reading, house.box.state, up, house.log)
                decoder.reading = house.box.put(decoder.reading, up)
                return
            house.log(house.findings.words)
