"""What the supply voltage allows: millivolts in, decisions out; no pins, no clock, no floats.

A board on the meter's own bus lives from a capacitor that the meter fills slowly and the radio empties fast.
All limits are falls below "full", the highest voltage seen (at most 3300 mV), because the ADCs of these
chips are some tens of millivolts off, each in its own way, while a fall has the same error at both ends.
"""

from array import array

_NOMINAL = 3300
_START = 3280  # taken for full until more is seen
_LEAST = 2500
_MOST = 3600  # the chip does not run outside: such a number is a wrong divider, not a supply
_DOUBT = -1
_BELIEF_S = 120  # so long at the lowest level without rising: that is no capacitor, the number misleads

# One row a kind of supply: the fall in mV that is still allowed for (boot) switching on the radio, with the
# seconds that are waited for it at most; the falls at which we (save), (shed) and (rest), how much better
# it must get to leave such a level (back); and the fall still allowed for an (update).
#    kind  boot wait_s save shed rest back update
_KINDS = (
    "mains    0    0    0    0    0    0    0\n"  # whatever is not fed by a meter: nothing is limited
    "bus     30   30  100  200  350   50  100\n"  # M-Bus or HAN port with a super-capacitor
    "module 100   30  100  200  350   50  200\n"  # ESP8266 on a bus: its own ADC, less exact
)

# One row a level: seconds between two publications at least, seconds between two polls of an open page,
# what the radio does, and the words for people.
GOOD = 0
SAVING = 1
LOW = 2
RESTING = 3
AWAKE = 0
DOZE = 1
OFF = 2
_LEVELS = (
    "0|2|0|the supply is good\n"
    "10|10|1|the supply sags: the radio dozes and messages come every 10 s\n"
    "60|30|1|the supply is low: messages come every 60 s\n"
    "60|30|2|the supply is nearly empty: the radio is off until it has recovered\n"
)


def kinds():
    """Names of the kinds of supply."""
    return [row.split()[0] for row in _KINDS.split("\n") if row]


def _row(kind):
    """The limits of a kind, as ints."""
    for row in _KINDS.split("\n"):
        words = row.split()
        if words and words[0] == kind:
            return [int(word) for word in words[1:]]
    raise ValueError("no such kind of supply")


def level_row(level):
    """(seconds between publications, seconds between page polls, radio, words) of a level."""
    publish, page, radio, words = _LEVELS.split("\n")[level].split("|")
    return int(publish), int(page), int(radio), words


def median(samples, n):
    """The middle of samples[:n]; sorts them in place, without taking memory."""
    i = 1
    while i < n:
        value = samples[i]
        k = i
        while k and samples[k - 1] > value:
            samples[k] = samples[k - 1]
            k -= 1
        samples[k] = value
        i += 1
    return samples[n // 2]


def divided(mv, r_gnd, r_vcc):
    """Supply behind a divider of two resistors, from the voltage at the pin between them."""
    return mv * (r_gnd + r_vcc) // r_gnd if r_gnd and r_vcc else mv


class Supply:
    """The newest voltage and the level it puts us at. Read: mv, full, level."""

    def __init__(self, kind="mains", boot_mv=None, shed_mv=None, update_mv=None):
        """The board's own limits, in mV at a nominal 3300, go before those of the kind."""
        boot, wait, save, shed, rest, back, update = _row(kind)
        if boot_mv:
            boot = max(1, _NOMINAL - boot_mv)
            wait = wait or 30
        if shed_mv:
            # The level before it and the one after lie around it as they do in the kind "bus".
            shed = max(4, _NOMINAL - shed_mv)
            save = shed // 2
            rest = shed * 7 // 4
            back = shed // 4
        if update_mv:
            update = max(1, _NOMINAL - update_mv)
        self._limits = array("H", (boot, wait, save, shed, rest, back, update))
        self.mv = None
        self.full = _START
        self.level = GOOD
        # Uptime at which the lowest level was reached; 0: not there; _DOUBT: it lasted too long, and is not
        # used until the supply was good.
        self._since = 0

    def believed(self):
        """The newest measurement in mV when it can be believed, else None."""
        mv = self.mv
        return mv if mv is not None and _LEAST <= mv <= _MOST else None

    def publish_s(self):
        """Seconds between two publications at least."""
        return level_row(self.level)[0]

    def page_s(self):
        """Seconds between two polls of an open page."""
        return level_row(self.level)[1]

    def radio_may(self):
        """What the radio may do: AWAKE, DOZE or OFF."""
        return level_row(self.level)[2]

    def fall(self):
        """Millivolts below full."""
        return self.full - self.mv

    def measured(self, mv, up):
        """A measurement at uptime `up` in seconds; returns True when the level changed."""
        self.mv = mv
        was = self.level
        if self.believed() is None:
            self.level = GOOD  # nothing is withheld for a number that cannot be true
        else:
            if mv > self.full:
                self.full = min(mv, _NOMINAL)
            self.level = self._judge(up)
        return self.level != was

    def _judge(self, up):
        limits = self._limits
        back = limits[5]
        fall = self.fall()
        level = GOOD
        for candidate in (SAVING, LOW, RESTING):
            limit = limits[1 + candidate]  # save, shed, rest
            if not limit:
                return GOOD
            # A level that we are at already is only left when it is better by `back`.
            if fall >= (limit if candidate > self.level else limit - back):
                level = candidate
        if level < RESTING:
            if level == GOOD or self._since != _DOUBT:
                self._since = 0
            return level
        if not self._since:
            self._since = up or 1
        elif self._since != _DOUBT and up - self._since > _BELIEF_S:
            self._since = _DOUBT
        return LOW if self._since == _DOUBT else RESTING

    def boot_waits(self, waited_s):
        """Must the radio still stay off after so many seconds of waiting? The limit eases as they pass."""
        allowed, most = self._limits[:2]
        if not allowed or self.believed() is None or waited_s >= most:
            return False
        return self.fall() > allowed + 100 * waited_s // most

    def update_refused(self):
        """A sentence why no update can be written now; "" when it can."""
        allowed = self._limits[6]
        if not allowed or self.believed() is None or self.fall() <= allowed:
            return ""
        return (
            "The supply is at %d mV and an update needs %d mV: wait, or connect USB power while updating."
            % (self.mv, self.full - allowed)
        )

    def in_words(self):
        """The supply in words."""
        if self.mv is None:
            return "the supply is not measured"
        if self.believed() is None:
            return "the supply reads %d mV, which cannot be: the measurement is not used" % self.mv
        if not self._limits[2]:
            return "the supply is at %d mV" % self.mv
        if self._since == _DOUBT:
            return "the supply reads %d mV for long: either it is weak or the measurement is off" % self.mv
        return level_row(self.level)[3]
