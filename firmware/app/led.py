"""The lights: what the device tells without a page. A table of patterns, played without taking memory."""

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

# A row a pattern: when, 10 ms on and off, a letter a flash: red, green, blue, yellow (red and green), lamp
# (the single one). When: once: played at the event; fault: played every 3 s while it lasts, several take
# turns; steady: lit while it lasts, hides the others, and of two the later row is shown; asked: once,
# whatever the setting says, as the answer to a finger on the button.
_PATTERNS = (
    b"o2510lrygb "
    b"o0816g     "
    b"f2540r     "
    b"f2540rr    "
    b"f2540rrr   "
    b"f2540rrrr  "
    b"s0000y     "
    b"s0000y     "
    b"s0000g     "
    b"s0000y     "
    b"s0000r     "
    b"a1010rrrrrr"
    b"a0816gg    "
)
_WIDTH = const(11)
_ON = const(1)
_OFF = const(3)
_FLASHES = const(5)
_MOST = const(6)
# Letters of it.
_ONCE = const(111)
_ASKED = const(97)
_BLANK = const(32)
_FAULT = const(0x3C)  # a bit a row: those that are faults,
_STEADY = const(0x7C0)  # and those that are steady
_MEANINGS = (
    "start|The device starts and shows its lights.\n"
    "reading|A reading came from the meter.\n"
    "no_data|Nothing has come from the meter for 30 s.\n"
    "no_broker|The MQTT broker cannot be reached.\n"
    "no_network|There is no network.\n"
    "unread|The meter sends, but no reading comes out of it: see the page.\n"
    "charging|Waiting until the supply is strong enough for the radio.\n"
    "setup|Setup mode: join the device's own WiFi network.\n"
    "update|An update is being written: do not cut the power.\n"
    "pressed_5|The button was held for 5 s: let go now for setup mode.\n"
    "pressed_10|The button was held for 10 s: let go now for factory settings.\n"
    "factory|All settings are being erased.\n"
    "well|All is well (asked by a short press; else the faults are shown).\n"
)
_LETTERS = b"rgbly"

LOOK_MS = const(200)  # between two looks at the state of the house
_IDLE_MS = const(100)
_REST = const(30)  # idle turns between two faults: 3 s
_SILENT_S = const(30)
_PATIENT_S = const(90)  # Swedish meters may be silent so long after power-up
_QUIET_START_S = const(10)

# Octets of Led._state: the row to play next and the one that is played (_NONE: none), which flash of it, is
# it lit; the fault whose turn it was, idle turns since, are faults shown once though the setting is off;
# readings seen, by their lowest octet; the pins of each of _LETTERS, and those dark when high, a bit each.
_NEXT = const(0)
_ROW = const(1)
_FLASH = const(2)
_LIT = const(3)
_TURN = const(4)
_IDLE = const(5)
_SHOWN = const(6)
_SEEN = const(7)
_COLOURS = const(8)
_DARK = const(13)
_NONE = const(255)


def rows():
    """Yield (name, when, flashes, ms on, ms off, meaning) of every pattern, for people."""
    k = 0
    for row in _MEANINGS.split("\n"):
        if row:
            name, meaning = row.split("|")
            p = _PATTERNS[k : k + _WIDTH].decode()
            when = {"o": "once", "f": "fault", "s": "steady", "a": "asked"}[p[0]]
            yield name, when, p[_FLASHES:].rstrip(), 10 * int(p[1:3]), 10 * int(p[3:5]), meaning
            k += _WIDTH


def _ms(at):
    """A time of the table, at an octet of it."""
    return (_PATTERNS[at] - 48) * 100 + (_PATTERNS[at + 1] - 48) * 10


class Led:
    """The lights of one board; does nothing where there are none."""

    def __init__(self, config):
        """config: the board's constants."""
        self.button = None  # the key that they answer to
        self._state = state = bytearray(14)
        state[_NEXT] = state[_ROW] = _NONE
        numbers = (config.LED_RED, config.LED_GREEN, config.LED_BLUE, config.LED)
        self._pins = []
        bits = []  # bit of each of red, green, blue, lamp; one that is not there lights the lamp
        for k, number in enumerate(numbers):
            if number is None:
                bits.append(-1)
            elif number in numbers[:k]:
                bits.append(bits[numbers.index(number)])  # the lamp may be one of the colours
            else:
                bits.append(1 << len(self._pins))
                dark = config.LED_INVERTED if k == 3 else config.LED_RGB_INVERTED
                if dark:
                    state[_DARK] |= bits[k]
                self._pins.append(Pin(number, Pin.OUT, value=1 if dark else 0))
        # The light that the meter's own line drives, without us; low puts it out.
        off = config.LED_DISABLE
        self._wired = None if off is None else Pin(off, Pin.OPEN_DRAIN, value=1)
        self._lasts = 0  # faults and steady states, a bit a row
        lamp = bits[3] if bits[3] > 0 else 0
        red, green, blue = (bit if bit > 0 else lamp for bit in bits[:3])
        # Yellow of one lamp is that lamp, and a light of another colour is better than none.
        state[_COLOURS:_DARK] = bytes((red, green, blue, lamp or green, red | green))

    def notice(self, what):
        """Something happened: play its pattern as soon as the lights are free."""
        state = self._state
        # The answer to a finger is not lost to a reading.
        if state[_NEXT] == _NONE or _PATTERNS[state[_NEXT] * _WIDTH] != _ASKED:
            state[_NEXT] = what

    def lasting(self, what, on):
        """A fault or a steady state begins or ends."""
        bit = 1 << what
        self._lasts = self._lasts | bit if on else self._lasts & ~bit

    def show_state(self):
        """Someone asks by a short press: the faults now, or that all is well."""
        if self._lasts & _FAULT:
            self._state[_IDLE] = _REST
            self._state[_SHOWN] = True
        else:
            self.notice(WELL)

    def show_faults(self, house):
        """Every LOOK_MS: a reading that came, and the faults of the house."""
        readings = house.box.count & 255
        if self._state[_SEEN] != readings:
            self._state[_SEEN] = readings
            self.notice(READING)
        self.lasting(SETUP, house.net.portal is not None)
        up = port.up()
        if up < _QUIET_START_S:
            return
        heard = house.findings.last_octet
        read = house.findings.last_reading
        silent = up > _PATIENT_S if heard is None else up - heard > _SILENT_S
        self.lasting(NO_DATA, silent)
        self.lasting(UNREAD, heard is not None and not silent and up - (read or 0) > _PATIENT_S)
        online = house.net.is_up()
        self.lasting(NO_NETWORK, not online)
        # Without a network the broker cannot be reached either: one word for one cause.
        self.lasting(NO_BROKER, online and house.mqtt is not None and not house.mqtt.is_connected())

    def _put(self, at):
        """Light the pins of the letter at an octet of the table, 0: none."""
        bits = self._state[_DARK]
        if at:
            k = 0
            while _LETTERS[k] != _PATTERNS[at]:
                k += 1
            bits ^= self._state[_COLOURS + k]
        k = 0
        for pin in self._pins:
            pin(bits >> k & 1)
            k += 1

    def _choose(self, mode):
        """The row to play now, _NONE for none. A steady light is put on here, and stays."""
        state = self._state
        what = state[_NEXT]
        if what != _NONE:
            state[_NEXT] = _NONE
            kind = _PATTERNS[what * _WIDTH]
            if kind == _ASKED or (kind == _ONCE and mode == "on" and not self._lasts & _STEADY):
                return what
        if self._lasts & _STEADY:
            what = PRESSED_10
            while not self._lasts >> what & 1:
                what -= 1
            self._put(what * _WIDTH + _FLASHES if mode != "off" or what >= PRESSED_5 else 0)
            return _NONE
        self._put(0)
        state[_IDLE] = min(state[_IDLE] + 1, _REST)
        faults = self._lasts & _FAULT
        if not faults or state[_IDLE] < _REST or (mode == "off" and not state[_SHOWN]):
            return _NONE
        state[_IDLE] = 0
        state[_SHOWN] = False
        what = state[_TURN]
        while True:
            what = what % UNREAD + 1
            if faults >> what & 1:
                state[_TURN] = what
                return what

    def play(self, mode):
        """Do what is next; returns the milliseconds until it must be called again. Takes no memory.

        mode: the setting, "on", "quiet" or "off".
        """
        state = self._state
        if state[_ROW] == _NONE:
            what = self._choose(mode) if self._pins else _NONE
            if self._wired is not None:
                # The wired light would blur the flashes, and who wants it dark means that one too.
                self._wired(1 if mode == "on" and not self._lasts & _FAULT else 0)
            if what == _NONE:
                return _IDLE_MS
            state[_ROW] = what
            state[_FLASH] = 0
        at = state[_ROW] * _WIDTH
        if not state[_LIT]:
            state[_LIT] = True
            self._put(at + _FLASHES + state[_FLASH])
            return _ms(at + _ON)
        state[_LIT] = False
        self._put(0)
        state[_FLASH] += 1
        if state[_FLASH] == _MOST or _PATTERNS[at + _FLASHES + state[_FLASH]] == _BLANK:
            state[_ROW] = _NONE
        return _ms(at + _OFF)
