"""The supply as this board measures it; what follows from the number is decided in lib/supply.py."""

import time

import board_config as config
from machine import ADC, Pin
from micropython import const

import supply
from app import port

_SAMPLES = const(5)
EVERY_MS = const(2000)


def begin(log):
    """The supply.Supply of this board, measured once."""
    # A board that knows nothing of its supply, or cannot measure it, is never limited. Who puts a divider on
    # the supply has a capacitor behind it; the ESP8266 measures on every board.
    s = supply.Supply(
        getattr(config, "SUPPLY", None) or ("mains" if config.VCC_PIN is None else "bus"),
        getattr(config, "SUPPLY_BOOT_MV", None),
        getattr(config, "SUPPLY_SHED_MV", None),
        getattr(config, "SUPPLY_UPDATE_MV", None),
    )
    take(s, log)
    return s


def _input():
    """The chip's input, which it holds by itself; None where the supply is not measured."""
    esp8266 = config.CHIP == "esp8266"
    if config.VCC_INTERNAL:
        return ADC(1) if esp8266 else None
    if config.VCC_PIN is None:
        return None
    if esp8266:
        return ADC(0)
    adc = ADC(Pin(config.VCC_PIN))
    adc.atten(ADC.ATTN_11DB)
    return adc


def read():
    """Supply in mV now, the middle of a few samples; None where it is not measured."""
    adc = _input()
    if adc is None:
        return None
    # On ESP8266 in 1/1024 V; for the supply itself not by read_u16(), which overflows.
    esp8266 = config.CHIP == "esp8266"
    samples = [adc.read() * 1000 // 1024 if esp8266 else adc.read_uv() // 1000 for _ in range(_SAMPLES)]
    mv = supply.median(samples, _SAMPLES)
    if not config.VCC_INTERNAL:
        mv = supply.divided(mv, config.VCC_R_GND, config.VCC_R_VCC)
    return mv * getattr(config, "VCC_SCALE", 1000) // 1000


def take(s, log):
    """Measure, every EVERY_MS, and tell of another level."""
    if s.measured(read(), port.up()):
        log(s.in_words())


def wait(s, log):
    """Before the radio starts: wait for the capacitor, for a limited time; returns the seconds waited."""
    waited = 0
    while s.boot_waits(waited):
        if not waited:
            log("waiting for the supply: %d mV" % s.mv)
        time.sleep_ms(1000)
        waited += 1
        take(s, log)
    return waited
