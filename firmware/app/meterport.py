"""The meter port: octets of the UART to the decoder, readings to the mailbox."""

import asyncio

from app import board, port
from hanport.derive import derive

_SILENCE_MS = 1500  # a pause longer than any within a telegram


def _nothing():
    """The watchdog's beat where there is no watchdog."""


class MeterPort:
    """One UART, one decoder. Keeps the findings that tell why there is no number yet."""

    def __init__(self, settings, decoder, box, findings, log, kept):
        self.decoder = decoder
        self.findings = findings
        self._box = box
        self._kept = kept
        if settings["energy_unit"]:
            decoder.plans.settle_energy(1 if settings["energy_unit"] == "10 Wh" else 0)
        self._log = log
        self._uart, baud, self.line = board.open_uart(settings)
        # About 20 ms worth of octets: the ESP8266 would follow a whole telegram for a larger buffer and
        # hold up everything else.
        self._buf = bytearray(max(1, min(256, baud // 500)))
        self._quiet = True
        self.beat = _nothing

    async def run(self):
        """Read for ever."""
        # The receiver by edges is no stream: asyncio would ask it at every turn of its loop.
        reader = self._uart if hasattr(self._uart, "take") else asyncio.StreamReader(self._uart)
        buf = self._buf
        findings = self.findings
        while True:
            n = await reader.readinto(buf)
            if not n:
                await asyncio.sleep_ms(20)
                continue
            self._quiet = False
            findings.heard(n, port.up())
            await self._take(buf, n)

    async def watch(self):
        """Tell the decoder when the line falls silent: half a telegram is then not waited for."""
        seen = -1
        while True:
            await asyncio.sleep_ms(_SILENCE_MS)
            self.beat()
            octets = self.findings.octets
            if octets == seen and not self._quiet:
                self._quiet = True
                self.decoder.silence()
                await self._take(b"", 0)
            seen = octets

    async def _take(self, buf, n):
        decoder = self.decoder
        i = 0
        while True:
            i = decoder.feed(buf, i, n)
            if not decoder.ready and not decoder.fault:
                if i >= n:
                    return
                continue
            up = port.up()
            self.findings.event(decoder, up)
            if decoder.ready:
                decoder.now = port.now()
                if decoder.plans.watch(decoder.reading, up):
                    self._log("the unit of the meter's counters is sure now")
                derive(decoder.reading)
                self._kept.take(decoder.reading, self._box.state, up)
                decoder.reading = self._box.put(decoder.reading, up)
                await asyncio.sleep_ms(0)  # let the consumers see it before the next one comes
            else:
                self._log(self.findings.words)
