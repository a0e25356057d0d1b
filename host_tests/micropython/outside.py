"""Scenarios of button, supply and meter port:  micropython outside.py SCENARIO

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
        button.feel(at % TICKS)
        at += 30 + (1 if bounce else 0)
        bounce = max(0, bounce - 1)
    Pin.levels[config.BUTTON] = 1
    for _ in range(4):
        button.feel(at % TICKS)
        at += 30
    return at


def scenario_button():
    """Each length of press does its own, and no other."""
    from app import button as module

    module.time = ChipTime()
    told = []

    class Lights:
        def notice(self, what):
            told.append(("event", what))

        def lasting(self, what, on):
            if on and ("set", what) not in told:
                told.append(("set", what))

        def show_state(self):
            told.append("state")

    class House:
        led = Lights()

        def setup(self):
            told.append("setup")

        def factory(self):
            told.append("factory")

    h = House()
    h.net = h
    button = Button(h)
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
                button.feel(at % TICKS)
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
    from app import power

    lines = []
    factor = 1 if config.VCC_INTERNAL else 2.5
    scale = getattr(config, "VCC_SCALE", 1000) / 1000

    def supply_of(mv):
        ADC.millivolts = int(mv / factor / scale + 0.5)

    supply_of(3300)
    ADC.noise[:] = [-3000, 40000]
    s = power.begin(lines.append)
    assert abs(s.believed() - 3300) <= 5, s.mv
    assert power.wait(s, lines.append) == 0
    bus = config.SUPPLY != "mains"
    supply_of(3060)
    power.take(s, lines.append)
    assert s.level == (supply.LOW if bus else supply.GOOD)
    assert bool(s.update_refused()) == bus
    assert len(lines) == (1 if bus else 0)
    supply_of(2700)
    power.take(s, lines.append)
    assert s.radio_may() == (supply.OFF if bus else supply.AWAKE)
    supply_of(4200)
    power.take(s, lines.append)
    assert s.believed() is None and "cannot be" in s.in_words()
    assert s.radio_may() == supply.AWAKE


def scenario_power_waits():
    """At the start, the radio waits for the capacitor, and not for ever."""
    import time

    from app import power

    lines = []
    slept = []
    ADC.millivolts = 2800 if config.VCC_INTERNAL else 1120
    real = time.sleep_ms

    class Time:
        def sleep_ms(self, ms):
            slept.append(ms)
            if len(slept) == rises_after:
                ADC.millivolts = 3300 if config.VCC_INTERNAL else 1320

    power.time = Time()
    rises_after = 7
    assert power.wait(power.begin(lines.append), lines.append) == 7
    assert slept == [1000] * 7 and "2" in lines[-1] or lines
    ADC.millivolts = 2800 if config.VCC_INTERNAL else 1120
    slept.clear()
    rises_after = 0
    assert power.wait(power.begin(lines.append), lines.append) == 30
    power.time = time
    assert real is time.sleep_ms


def scenario_power_unmeasured():
    """A board that cannot measure is never limited, and says so."""
    from app import power

    s = power.begin(None)
    power.take(s, None)
    assert s.believed() is None and s.in_words() == "the supply is not measured"
    assert power.wait(s, None) == 0 and s.level == supply.GOOD and not s.update_refused()


def scenario_port():
    """The meter port: after each reading the others have their turn, and a silence is told once."""
    from app import meterport

    told = []
    now = [1000]
    line = [b"abRcRde"]

    class Time(ChipTime):
        def ticks_ms(self):
            return now[0]

    class Fake:  # all that the port asks or tells
        plans = settings = {"energy_unit": ""}
        totals = state = log = reading = words = None
        ready = fault = late = 0

        def open_uart(self, _):
            return self, 2400, "2400 8E1"  # four octets at once

        def readinto(self, buf):
            n = min(len(buf), len(line[0]))
            buf[:n] = line[0][:n]
            line[0] = line[0][n:]
            return n or None

        def octets_came(self, n, _):
            told.append(n)

        def feed(self, buf, i, n):
            self.ready = self.late
            self.late = 0
            while i < n and not self.ready:
                self.ready = buf[i] == 0x52
                i += 1
            return i

        def silence(self):
            told.append("silence")
            self.late = 1  # what was waited for is whole without more

        def event(self, *_):
            pass

        def put(self, *_):
            told.append("reading")

        def watch(self, *_):
            return False

    h = Fake()
    h.decoder = h.findings = h.box = h.device = h
    h.plans = h
    meterport.board = meterport.kept = h
    meterport.derive = lambda _: None
    meterport.time = Time()
    port = meterport.MeterPort(h)
    assert [port.serve() for _ in range(4)] == [0, 0, 0, 20]
    assert told == [4, "reading", 3, "reading"], told
    now[0] += 1499
    assert port.serve() == 20 and told[4:] == []
    now[0] += 1
    assert port.serve() == 0 and told[4:] == ["silence", "reading"]
    port.serve()
    now[0] += 9000
    assert port.serve() == 50 and len(told) == 6, told


globals()["scenario_" + sys.argv[1]]()
print("ok")
