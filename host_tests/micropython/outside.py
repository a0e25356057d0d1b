"""Scenarios of the button and the supply:  micropython outside.py SCENARIO

Asserts by itself and prints "ok"; the board is the board_config on the path.
"""

import sys

from machine import ADC, Pin

import supply
from app import led as lights
from app.board import config
from app.button import Button

TICKS = 1 << 30  # milliseconds after which a chip's ticks begin anew


class ChipTime:
    """Differences of ticks as on the chips: the unix port's never wrap."""

    def ticks_add(self, a, b):
        return (a + b) % TICKS

    def ticks_diff(self, a, b):
        return (a - b + TICKS // 2) % TICKS - TICKS // 2


def press(button, ms, at, bounce=0):
    """Press for so long; returns the time after."""
    end = at + ms
    while at < end:
        Pin.levels[config.BUTTON] = 1 if bounce and at % 2 else 0
        button.step(at % TICKS)
        at += 30 + (1 if bounce else 0)
        bounce = max(0, bounce - 1)
    Pin.levels[config.BUTTON] = 1
    for _ in range(4):
        button.step(at % TICKS)
        at += 30
    return at


def scenario_button():
    """Each length of press does its own, and no other."""
    from app import button as module

    module.time = ChipTime()
    told = []

    class Lights:
        def event(self, what):
            told.append(("event", what))

        def set(self, what, on):
            if on and ("set", what) not in told:
                told.append(("set", what))

        def tell(self):
            told.append("state")

    button = Button(config, Lights(), lambda: told.append("setup"), lambda: told.append("factory"))
    assert button.present
    five, ten = ("set", lights.PRESSED_5), ("set", lights.PRESSED_10)
    cases = (
        (0, []),
        (20, []),  # one look: a bounce
        (200, ["state"]),
        (4900, ["state"]),
        (5100, [five, "setup"]),
        (9900, [five, "setup"]),
        (10200, [five, ten, ("event", lights.FACTORY), "factory"]),
        (29000, [five, ten, ("event", lights.FACTORY), "factory"]),
        (31000, [five, ten]),  # stuck
        (900000000, []),  # so long that the ticks wrap: not a short press
    )
    at = 0
    for ms, wanted in cases:
        told.clear()
        if ms > 100000:
            press_start = at
            Pin.levels[config.BUTTON] = 0
            while at < press_start + ms:
                button.step(at % TICKS)
                at += 200000
            at = press(button, 60, at)
        else:
            at = press(button, ms, at)
        assert told == wanted, (ms, told)
    told.clear()
    press(button, 600, at, 5)
    assert told == ["state"], ("bounces", told)


def scenario_power():
    """The board's own way to measure, with an outlier, and what is decided of it."""
    from app.power import Power

    lines = []
    factor = 1 if config.VCC_INTERNAL else 2.5
    scale = getattr(config, "VCC_SCALE", 1000) / 1000

    def supply_of(mv):
        ADC.millivolts = int(mv / factor / scale + 0.5)

    supply_of(3300)
    ADC.noise[:] = [-3000, 40000]
    power = Power(config, lines.append)
    assert abs(power.mv - 3300) <= 5, power.mv
    assert power.wait() == 0
    bus = config.SUPPLY != "mains"
    supply_of(3060)
    power._take()
    assert power.supply.level == (supply.LOW if bus else supply.GOOD)
    assert bool(power.supply.update_refused()) == bus
    assert len(lines) == (1 if bus else 0)
    supply_of(2700)
    power._take()
    assert power.supply.radio == (supply.OFF if bus else supply.AWAKE)
    supply_of(4200)
    power._take()
    assert power.mv is None and "cannot be" in power.state
    assert power.supply.radio == supply.AWAKE


def scenario_power_waits():
    """At the start, the radio waits for the capacitor, and not for ever."""
    import time

    from app.power import Power

    lines = []
    slept = []
    ADC.millivolts = 2800 if config.VCC_INTERNAL else 1120
    real = time.sleep_ms

    class Time:
        def sleep_ms(self, ms):
            slept.append(ms)
            if len(slept) == rises_after:
                ADC.millivolts = 3300 if config.VCC_INTERNAL else 1320

    from app import power as module

    module.time = Time()
    rises_after = 7
    assert Power(config, lines.append).wait() == 7
    assert slept == [1000] * 7 and "2" in lines[-1] or lines
    ADC.millivolts = 2800 if config.VCC_INTERNAL else 1120
    slept.clear()
    rises_after = 0
    assert Power(config, lines.append).wait() == 30
    module.time = time
    assert real is time.sleep_ms


def scenario_power_unmeasured():
    """A board that cannot measure is never limited, and says so."""
    from app.power import Power

    power = Power(config, None)
    power._take()
    assert power.mv is None and power.state == "the supply is not measured"
    assert power.wait() == 0 and power.supply.level == supply.GOOD and not power.supply.update_refused()


globals()["scenario_" + sys.argv[1]]()
print("ok")
