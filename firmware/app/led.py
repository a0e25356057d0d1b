"""The lights: what the device tells without a page. One table of patterns, played without taking memory."""

import asyncio

from machine import Pin
from micropython import const

from app import port

# What can be told: the numbers of the rows below.
START = 0
READING = 1
NO_DATA = 2
NO_BROKER = 3
NO_NETWORK = 4
UNREAD = 5
CHARGING = 6
SETUP = 7
UPDATE = 8
PRESSED_5 = 9
PRESSED_10 = 10
FACTORY = 11
WELL = 12

# name|when|flashes|ms on|ms off|meaning. A letter a flash: red, green, blue, yellow (red and green), lamp
# (the single one). When: once: played at the event; fault: played every 3 s while it lasts, several take
# turns; steady: lit while it lasts, hides the others, and of two the later row is shown; asked: once,
# whatever the setting says, as the answer to a finger on the button.
_ROWS = (
    "start|once|lrygb|250|100|The device starts and shows its lights.\n"
    "reading|once|g|80|160|A reading came from the meter.\n"
    "no_data|fault|r|250|400|Nothing has come from the meter for 30 s.\n"
    "no_broker|fault|rr|250|400|The MQTT broker cannot be reached.\n"
    "no_network|fault|rrr|250|400|There is no network.\n"
    "unread|fault|rrrr|250|400|The meter sends, but no reading comes out of it: see the page.\n"
    "charging|steady|y|0|0|Waiting until the supply is strong enough for the radio.\n"
    "setup|steady|y|0|0|Setup mode: join the device's own WiFi network.\n"
    "update|steady|g|0|0|An update is being written: do not cut the power.\n"
    "pressed_5|steady|y|0|0|The button was held for 5 s: let go now for setup mode.\n"
    "pressed_10|steady|r|0|0|The button was held for 10 s: let go now for factory settings.\n"
    "factory|asked|rrrrrr|100|100|All settings are being erased.\n"
    "well|asked|gg|80|160|All is well (asked by a short press; else the faults are shown).\n"
)
_KINDS = "once fault steady asked"
_ONCE, _FAULT, _STEADY, _ASKED = const(0), const(1), const(2), const(3)

_ROW = const(10)  # octets of a row as it is played: kind, flashes, 10 ms on, 10 ms off, pins of 6 flashes
_IDLE_MS = const(100)
_REST = const(30)  # idle turns between two faults: 3 s
_SILENT_S = const(30)
_PATIENT_S = const(90)  # Swedish meters may be silent so long after power-up
_QUIET_START_S = const(10)


def rows():
    """Yield (name, when, flashes, meaning) of every pattern, for the page."""
    for row in _ROWS.split("\n"):
        if row:
            name, when, flashes, _, _, meaning = row.split("|")
            yield name, when, flashes, meaning


class Led:
    """The lights of one board; does nothing where there are none (.present)."""

    def __init__(self, config, mode=None):
        """config: the board's constants; mode: a function that returns "on", "quiet" or "off"."""
        self._mode = mode
        inverted = config.LED_RGB_INVERTED
        single = config.LED
        numbers = (config.LED_RED, config.LED_GREEN, config.LED_BLUE, single)
        self._pins = []
        self._inverted = 0
        bits = []  # bit of each of red, green, blue, lamp; one that is not there lights the lamp
        for k, number in enumerate(numbers):
            if number is None:
                bits.append(-1)
            elif number in numbers[:k]:
                bits.append(bits[numbers.index(number)])  # the lamp may be one of the colours
            else:
                bits.append(1 << len(self._pins))
                dark = config.LED_INVERTED if k == 3 else inverted
                if dark:
                    self._inverted |= bits[k]
                self._pins.append(Pin(number, Pin.OUT, value=1 if dark else 0))
        self.present = bool(self._pins)
        # The light that the meter's own line drives, without us; low puts it out.
        off = config.LED_DISABLE
        self._wired = None if off is None else Pin(off, Pin.OPEN_DRAIN, value=1)
        self._program = self._compiled(bits) if self.present else b""
        self._next = -1  # the event to play next
        self._row = -1  # the row that is being played
        self._flash = 0
        self._lit = False
        self._faults = 0  # a bit a row
        self._steady = 0
        self._turn = 0
        self._idle = 0
        self._asked = False  # faults are shown once though the setting is off

    def _compiled(self, bits):
        lamp = bits[3] if bits[3] > 0 else 0
        red, green, blue = (bit if bit > 0 else lamp for bit in bits[:3])
        # Yellow of one lamp is that lamp, and a light of another colour is better than none.
        colours = {"r": red, "g": green, "b": blue, "y": red | green, "l": lamp or green}
        program = bytearray()
        kinds = _KINDS.split()
        for row in _ROWS.split("\n"):
            if row:
                _, when, flashes, on, off, _ = row.split("|")
                program.append(kinds.index(when))
                program.append(len(flashes))
                program.append(int(on) // 10)
                program.append(int(off) // 10)
                for k in range(6):
                    program.append(colours[flashes[k % len(flashes)]])
        return program

    def event(self, what):
        """Something happened: play its pattern as soon as the lights are free."""
        # The answer to a finger is not lost to a reading.
        if self.present and (self._next < 0 or self._program[self._next * _ROW] != _ASKED):
            self._next = what

    def set(self, what, on):
        """A fault or a steady state begins or ends."""
        bit = 1 << what
        if not self.present:
            return
        if self._program[what * _ROW] == _STEADY:
            self._steady = self._steady | bit if on else self._steady & ~bit
        else:
            self._faults = self._faults | bit if on else self._faults & ~bit

    def tell(self):
        """Someone asks by a short press: the faults now, or that all is well."""
        if self._faults:
            self._idle = _REST
            self._asked = True
        else:
            self.event(WELL)

    def look(self, findings, online, broker):
        """Set the faults from the state of the house; broker: None when no broker is wanted."""
        up = port.up()
        if up < _QUIET_START_S:
            return
        heard = findings.last_octet
        read = findings.last_reading
        silent = up > _PATIENT_S if heard is None else up - heard > _SILENT_S
        self.set(NO_DATA, silent)
        self.set(UNREAD, heard is not None and not silent and up - (read or 0) > _PATIENT_S)
        self.set(NO_NETWORK, not online)
        # Without a network the broker cannot be reached either: one word for one cause.
        self.set(NO_BROKER, online and broker is False)

    def _put(self, bits):
        bits ^= self._inverted
        k = 0
        for pin in self._pins:
            pin(bits >> k & 1)
            k += 1

    def _choose(self, mode):
        """The row to play now, -1 for none. A steady light is put on here, and stays."""
        program = self._program
        what = self._next
        if what >= 0:
            self._next = -1
            kind = program[what * _ROW]
            if kind == _ASKED or (kind == _ONCE and mode == "on" and not self._steady):
                return what
        if self._steady:
            what = WELL
            while not self._steady >> what & 1:
                what -= 1
            self._put(program[what * _ROW + 4] if mode != "off" or what >= PRESSED_5 else 0)
            return -1
        self._put(0)
        self._idle += 1
        if not self._faults or self._idle < _REST or (mode == "off" and not self._asked):
            return -1
        self._idle = 0
        self._asked = False
        while True:
            self._turn = self._turn % 31 + 1
            if self._faults >> self._turn & 1:
                return self._turn

    def step(self):
        """Do what is next; returns the milliseconds until it must be called again. Takes no memory."""
        program = self._program
        if self._row < 0:
            mode = self._mode() if self._mode else "on"
            self._row = self._choose(mode)
            if self._wired is not None:
                # The wired light would blur the flashes, and who wants it dark means that one too.
                self._wired(1 if mode == "on" and not self._faults else 0)
            if self._row < 0:
                return _IDLE_MS
            self._flash = 0
        at = self._row * _ROW
        if not self._lit:
            self._lit = True
            self._put(program[at + 4 + self._flash])
            return program[at + 2] * 10
        self._lit = False
        self._put(0)
        self._flash += 1
        if self._flash >= program[at + 1]:
            self._row = -1
        return program[at + 3] * 10

    async def run(self):
        """Play for ever."""
        while True:
            await asyncio.sleep_ms(self.step())
