"""Scenarios of the lights:  micropython lights.py SCENARIO

Asserts by itself and prints "ok"; the board is the board_config on the path.
"""

import sys

import machine
import micropython
from machine import Pin

from app import led as lights
from app.board import config
from app.led import Led

BITS = {"r": "LED_RED", "g": "LED_GREEN", "b": "LED_BLUE", "l": "LED"}


def lit():
    """Letters of the lights that shine, in the order r, g, b, l; each pin once."""
    seen = []
    letters = ""
    for letter in "rgbl":
        number = getattr(config, BITS[letter])
        if number is None or number in seen:
            continue
        seen.append(number)
        dark = config.LED_INVERTED if letter == "l" else config.LED_RGB_INVERTED
        if Pin.levels[number] != (1 if dark else 0):
            letters += letter
    return letters


mode = ["on"]  # the setting


def watch(led, ms):
    """[(letters, ms)] of what shines for so long, equal ones joined."""
    shown = []
    while ms > 0:
        n = led.play(mode[0])
        letters = lit()
        if shown and shown[-1][0] == letters:
            shown[-1] = (letters, shown[-1][1] + n)
        else:
            shown.append((letters, n))
        ms -= n
    return shown


def flashes(shown):
    """Letters of the flashes only."""
    return [letters for letters, _ in shown if letters]


def expected(colour):
    """What shines on this board for a letter of the table."""
    have = {letter: getattr(config, BITS[letter]) is not None for letter in BITS}
    wanted = "rg" if colour == "y" else colour
    letters = ""
    for letter in wanted:
        if have[letter] and not (letter == "l" and config.LED in (config.LED_RED, config.LED_GREEN)):
            letters += letter
        elif letter == "l" and config.LED == config.LED_GREEN:
            letters += "g"
        else:
            letters += "l" if have["l"] and config.LED != config.LED_GREEN else "g"
    return "".join(letter for letter in "rgbl" if letter in letters)


def scenario_table():
    """Every row of the table is played as it says: lights, number, times."""
    for k, (name, when, pattern, on, off, meaning) in enumerate(lights.rows()):
        assert getattr(lights, name.upper()) == k, name
        assert meaning[0].isupper() and meaning[-1] in ".)" and name and len(pattern) <= 6
        led = Led(config)
        assert lit() == "", (name, lit())
        if when in ("steady", "fault"):
            led.lasting(k, True)
        else:
            led.notice(k)
        if when == "fault":
            assert watch(led, 2900) == [("", 2900)], "a fault flashed at once"
        shown = watch(led, 2200)
        if when == "steady":
            assert flashes(shown) == [expected(pattern)], (name, shown)
        else:
            assert flashes(shown) == [expected(letter) for letter in pattern], (name, shown)
            assert {ms for letters, ms in shown if letters} == {on}, (name, shown)
            assert all(ms >= off for letters, ms in shown[1:] if not letters), (name, shown)
        if when in ("steady", "fault"):
            led.lasting(k, False)
            assert flashes(watch(led, 9000)[1:]) == [], name


def scenario_no_memory():
    """A minute of everything under a locked heap."""

    class Still:  # the fake pin writes a log, which takes memory
        def __call__(self, level):
            self.level = level

    led = Led(config)
    pins = [Still() for _ in led._pins]
    led._pins = pins
    led._wired = Still()
    led._put(0)
    led._wired(0)
    micropython.heap_lock()
    ms = 0
    while ms < 60000:
        led.notice(lights.READING)
        led.lasting(lights.NO_BROKER, ms > 20000)
        led.lasting(lights.SETUP, ms > 50000)
        led.play("on")
        ms += 50
    micropython.heap_unlock()


def scenario_modes():
    """quiet: faults and states, no blink a reading; off: dark, but a finger is answered."""
    mode[0] = "quiet"
    led = Led(config)
    led.notice(lights.READING)
    assert flashes(watch(led, 1000)) == []
    led.lasting(lights.NO_NETWORK, True)
    assert len(flashes(watch(led, 6000))) == 3
    mode[0] = "off"
    assert flashes(watch(led, 6000)) == []
    led.show_state()
    assert len(flashes(watch(led, 6000))) == 3, "the answer to a short press"
    assert flashes(watch(led, 6000)) == [], "is given once"
    led.lasting(lights.NO_NETWORK, False)
    led.show_state()
    led.notice(lights.READING)  # must not take the answer's place
    assert len(flashes(watch(led, 2000))) == 2
    led.lasting(lights.SETUP, True)
    assert flashes(watch(led, 1000)) == []
    led.lasting(lights.PRESSED_10, True)
    assert flashes(watch(led, 1000)) == [expected("r")]


def scenario_faults_take_turns():
    """Two faults: one flash, three flashes, one flash ... and readings still show in between."""
    led = Led(config)
    led.lasting(lights.NO_DATA, True)
    led.lasting(lights.NO_NETWORK, True)
    counts = []
    for _ in range(4):
        led._state[5] = 29  # idle turns since the one before
        counts.append(len(flashes(watch(led, 2500))))
    assert sorted(counts) == [1, 1, 3, 3] and counts[0] != counts[1] != counts[2], counts
    led.notice(lights.READING)
    assert flashes(watch(led, 300)) == [expected("g")]


def scenario_wired():
    """LED_DISABLE goes low while faults flash and when it is to be quiet."""
    led = Led(config)
    wired = config.LED_DISABLE
    watch(led, 100)
    assert Pin.levels[wired] == 1
    led.lasting(lights.NO_DATA, True)
    watch(led, 100)
    assert Pin.levels[wired] == 0
    led.lasting(lights.NO_DATA, False)
    mode[0] = "quiet"
    watch(led, 100)
    assert Pin.levels[wired] == 0
    modes = [what for what in machine.log if what[0] == "pin-mode" and what[1] == wired]
    assert modes[0][2] == Pin.OPEN_DRAIN


class House:
    """What the lights look at; broker: None when none is wanted."""

    def __init__(self, findings, count, online, broker):
        self.findings = findings
        self.count = count
        self.box = self
        self.net = House.Way(online)
        self.mqtt = None if broker is None else House.Way(broker)

    class Way:
        portal = None

        def __init__(self, up):
            self.is_up = self.is_connected = lambda: up


def scenario_look():
    """The faults of the house: silence, no sense, no network; and one cause is told once."""
    from app import port
    from hanport.doctor import Findings

    led = Led(config)
    now = [5]
    port.up = lambda: now[0]

    def faults(online=True, broker=True):
        led.show_faults(House(f, 0, online, broker))
        return [name for k, (name, *_) in enumerate(lights.rows()) if led._lasts >> k & 1]

    f = Findings()
    assert faults(False, False) == []  # too early
    now[0] = 80
    assert faults() == []
    assert faults(True, False) == ["no_broker"]
    assert faults(False, False) == ["no_network"]
    assert faults(True, None) == []
    now[0] = 91
    assert faults() == ["no_data"]
    f.octets_came(10, 92)
    now[0] = 100
    assert faults() == ["unread"]
    f.last_reading = 100
    assert faults() == []
    now[0] = 131
    assert faults() == ["no_data"]


def scenario_readings():
    """Each look that finds another count of readings than the one before gives one flash."""
    from hanport.doctor import Findings

    led = Led(config)
    for count, flashed in ((0, []), (3, [expected("g")]), (3, []), (259 + 256, []), (516, [expected("g")])):
        led.show_faults(House(Findings(), count, True, None))
        assert flashes(watch(led, 500)) == flashed, count


def scenario_none():
    """A board without lights: everything may be called."""
    led = Led(config)
    led.notice(lights.READING)
    led.lasting(lights.SETUP, True)
    led.lasting(lights.NO_DATA, True)
    led.show_state()
    for _ in range(50):
        assert led.play("on") == 100
    assert not [what for what in machine.log if what[0] == "pin"]


globals()["scenario_" + sys.argv[1]]()
print("ok")
