"""The supply as this board measures it; what follows from the number is decided in lib/supply.py."""

import asyncio
import time

from machine import ADC, Pin
from micropython import const

import supply
from app import port

_SAMPLES = const(5)
_EVERY_MS = const(2000)


class Power:
    """Measures, and holds the decisions: .supply is a supply.Supply."""

    def __init__(self, config, log):
        self._log = log
        self._config = config
        self._buf = [0] * _SAMPLES
        self._esp8266 = config.CHIP == "esp8266"
        self._adc = self._open(config)
        # A board that knows nothing of its supply, or cannot measure it, is never limited.
        self.supply = supply.Supply(
            self._kind(config),
            getattr(config, "SUPPLY_BOOT_MV", None),
            getattr(config, "SUPPLY_SHED_MV", None),
            getattr(config, "SUPPLY_UPDATE_MV", None),
        )
        self._take()

    def _kind(self, config):
        # Who puts a divider on the supply has a capacitor behind it; the ESP8266 measures on every board.
        return getattr(config, "SUPPLY", None) or ("mains" if config.VCC_PIN is None else "bus")

    def _open(self, config):
        if config.VCC_INTERNAL:
            return ADC(1) if self._esp8266 else None
        if config.VCC_PIN is None:
            return None
        if self._esp8266:
            return ADC(0)
        adc = ADC(Pin(config.VCC_PIN))
        adc.atten(ADC.ATTN_11DB)
        return adc

    def _one(self):
        """Millivolts at the chip's input, by one sample."""
        if self._esp8266:
            # In 1/1024 V; for the supply itself not read_u16(), which overflows.
            return self._adc.read() * 1000 // 1024
        return self._adc.read_uv() // 1000

    def read(self):
        """Supply in mV now, the middle of a few samples; None where it is not measured."""
        if self._adc is None:
            return None
        buf = self._buf
        for k in range(_SAMPLES):
            buf[k] = self._one()
        mv = supply.median(buf, _SAMPLES)
        config = self._config
        if not config.VCC_INTERNAL:
            mv = supply.divided(mv, config.VCC_R_GND, config.VCC_R_VCC)
        return mv * getattr(config, "VCC_SCALE", 1000) // 1000

    def _take(self):
        if self.supply.take(self.read(), port.up()):
            self._log(self.supply.state())

    @property
    def mv(self):
        """The newest measurement in mV when it can be believed, else None."""
        return self.supply.mv if self.supply.known else None

    @property
    def state(self):
        """The supply in words."""
        return self.supply.state()

    def wait(self):
        """Before the radio starts: wait for the capacitor, for a limited time; returns the seconds waited."""
        waited = 0
        while self.supply.boot_waits(waited):
            if not waited:
                self._log("waiting for the supply: %d mV" % self.supply.mv)
            time.sleep_ms(1000)
            waited += 1
            self._take()
        return waited

    async def run(self):
        """Measure for ever."""
        while True:
            await asyncio.sleep_ms(_EVERY_MS)
            self._take()
