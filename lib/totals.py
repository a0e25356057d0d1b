"""Totals that never fall: what an energy dashboard may be given of a meter's counters.

A dashboard takes each fall of a total for a new meter, and each rise for energy that was used. So a total
that falls, or rises by more than the main fuse lets through, is taken out of the reading before anybody
sees it; so are the counters of an hourly list that a meter sends twice (Aidon's, known by its clock or by
all of them standing still while power flowed). All this is counted.

What a meter says for a whole day is the truth, whatever was kept: then it starts anew. So does another meter,
known by its id. Totals outlive a restart as octets that the caller keeps in flash; until the meter has told
its id they are not shown, for the device may have moved.
"""

from array import array

from hanport import octets, reading, registers

_FIRST = 36  # registers of totals: all counters of Wh and varh
_COUNT = 35

MOST_W = 75600  # 63 A, three phases, 400 V: more than any house with such a fuse draws

HELD = 1  # what review() returns: a total was held back,
REPEATED = 2  # all were, for the list is the one before it

_HOURLY_S = 1800  # lists with counters that are further apart may be repeated
_GAP_S = 60  # power is not known between telegrams further apart
_TRUTH_S = 86400  # what comes for so long is true
_LONG_S = 2592000  # how long the device may have been off when nobody knows
_SAVE_S = 3600
_MOVED = 360000  # watt seconds that must move a counter: 100 Wh
_MOVED_KWH = 7200000  # one of whole kWh: 2000 Wh

# What is counted of them, and what else is a number: places in Totals.numbers, behind those of the totals.
FALLS = _COUNT  # incidents, each counted once however long it lasts
JUMPS = _COUNT + 1
REPEATS = _COUNT + 2
ANEW = _COUNT + 3  # times that a total started anew after a day, or all with another meter
_SAVED = _COUNT + 4  # UTC at which they were saved, 0 when that is not known or has been asked
_WAS_OFF = _COUNT + 5  # seconds between that and our uptime 0, 0 while not known
_ASKED = _COUNT + 6  # uptime at which they were last saved
_UP = _COUNT + 7  # and at which the power was last known
_FLOWN = _COUNT + 8  # watt seconds since the last list with counters
_LISTED = _COUNT + 9  # uptime of that list and 1, 0 for none
_CLOCK = _COUNT + 10  # and what its clock said, 0 for nothing

_STATE = 3  # of a total's number: reading.ABSENT or how it was sent,
_RESTORED = 4  # out of the flash, and not risen since;
_SHIFT = 3  # above these the uptime at which it rose last

# In flash: mark, length of the id, id, state of each total, values, UTC, three counts, two checksums.
_ID = 32
_STATES = 37
_VALUES = 72
_UTC = 352
_COUNTS = 360
_CRC = 366
SIZE = 370


def is_total(register):
    """True for a counter that only rises."""
    return _FIRST <= register < _FIRST + _COUNT


class Totals:
    """Watches the totals of one meter. No file is touched."""


    def __init__(self):
        self.values = array("q", bytes(8 * _COUNT))
        # Of each total what the masks above say, then what is counted: one array instead of many attributes.
        self.numbers = array("I", bytes(4 * (_CLOCK + 1)))
        self.most = MOST_W  # watts that the main fuse lets through
        self.changed = False  # since to_flash() was last called
        self.meter = None  # its id
        self.sure = True  # the meter is the one whose totals these are
        self._held = {}  # total -> (value held back, uptime since when)
        self._power = None

    def review(self, r, up, now):
        """Take what is wrong with the totals of reading r out of it; returns 0, HELD or REPEATED.

        up: uptime, now: UTC or None, both in seconds.
        """
        n = self.numbers
        self._whose(r)
        if n[_SAVED] and now is not None:
            # An hour on top: the newest rise may have been as old when they were saved.
            n[_WAS_OFF] = max(0, now - up - n[_SAVED]) + 3600
            n[_SAVED] = 0
        self._flow(r, up)
        told = moved = 0
        for k in range(_COUNT):
            if r.have[_FIRST + k]:
                told += 1
                if not n[k] & _STATE or r.value(_FIRST + k) != self.values[k]:
                    moved += 1
        if not told:
            return 0
        hourly = n[_LISTED] and up + 1 - n[_LISTED] >= _HOURLY_S
        n[_LISTED] = up + 1
        twice = n[_FLOWN] >= self._least() or (r.utc is not None and r.utc == n[_CLOCK])
        n[_FLOWN] = 0
        n[_CLOCK] = r.utc or 0
        if hourly and not moved and twice:
            n[REPEATS] += 1
            self.changed = True
            for k in range(_COUNT):
                r.have[_FIRST + k] = reading.ABSENT
            return REPEATED
        answer = 0
        for k in range(_COUNT):
            if r.have[_FIRST + k] and not self._take(k, r.value(_FIRST + k), r.have[_FIRST + k], up):
                r.have[_FIRST + k] = reading.ABSENT
                answer = HELD
        return answer

    def _whose(self, r):
        meter = r.text(reading.METER_ID)
        if meter is None:
            return
        meter = meter[:_ID]
        if self.meter is not None and meter != self.meter:
            self._forget()
            self.numbers[ANEW] += 1
        if self.meter != meter:
            self.meter = meter
            self.changed = True
        self.sure = True

    def _forget(self):
        """Nothing is known of the meter's totals."""
        for k in range(_COUNT):
            self.numbers[k] = 0
        self._held.clear()
        self.numbers[_LISTED] = 0
        self.meter = None
        self.sure = True
        self.changed = True

    def _flow(self, r, up):
        """Add up the power that flowed either way: the least that it can have been."""
        power = r.get(registers.P_IMPORT)
        export = r.get(registers.P_EXPORT)
        if power is None:
            power = export
        elif export is not None:
            power += export
        if power is None:
            return
        n = self.numbers
        span = up - n[_UP]
        if self._power is not None and span <= _GAP_S and n[_FLOWN] < _MOVED_KWH:
            n[_FLOWN] += max(0, min(power, self._power, _MOVED_KWH)) * span
        self._power = power
        n[_UP] = up

    def _least(self):
        """Watt seconds that must have moved a counter."""
        for k in range(2):
            if self.numbers[k] & _STATE and self.values[k] % 1000:
                return _MOVED
        return _MOVED_KWH

    def _take(self, k, value, state, up):
        """Keep a total; False when it is to be held back."""
        n = self.numbers
        old = self.values[k]
        had = n[k] & _STATE
        if value < 0:
            good = False
        elif not had or (had == reading.ASSUMED and state == reading.SENT):
            good = True  # the first one; or one whose scale, so far assumed, is proven now
        else:
            good = value == old or (value > old and value - old <= self._room(k, old, value, up))
        if not good:
            before, since = self._held.get(k, (None, up))
            if before is None:
                n[FALLS if value < old or value < 0 else JUMPS] += 1
                self.changed = True
            elif value < before:
                since = up  # it cannot make up its mind
            if value < 0 or up - since < _TRUTH_S:
                self._held[k] = (value, since)
                return False
            n[ANEW] += 1
        self._held.pop(k, None)
        if value != old or not had:
            n[k] = up << _SHIFT
            self.values[k] = value
            self.changed = True
        n[k] = n[k] & ~_STATE | state
        return True

    def _room(self, k, old, value, up):
        """How far a total can have risen: the main fuse's worth, and two steps of the counter."""
        span = up - (self.numbers[k] >> _SHIFT) + 5
        if self.numbers[k] & _RESTORED:
            span += self.numbers[_WAS_OFF] or _LONG_S
        step = 1
        while step < 10000 and not old % (10 * step) and not value % (10 * step):
            step *= 10
        return self.most * span // 3600 + 2 * step

    def safe(self, register):
        """The total of a register that may be shown, in Wh or varh; None when none is known."""
        if not is_total(register) or not self.sure or not self.numbers[register - _FIRST] & _STATE:
            return None
        return self.values[register - _FIRST]

    def fill_in(self, state, up):
        """Put into the merged state those totals that it lacks; returns how many.

        To be called when review() returns, before the reading is merged, until there was a total.
        """
        found = 0
        for k in range(_COUNT):
            if not state.have[_FIRST + k] and self.safe(_FIRST + k) is not None:
                state.keep(_FIRST + k, self.values[k])
                state.have[_FIRST + k] = reading.DERIVED
                state.at[_FIRST + k] = up
                found += 1
        return found

    def held_back(self):
        """How many times something was held back."""
        return sum(self.numbers[FALLS : REPEATS + 1])

    def sentences(self):
        """A sentence for each kind of what was held back."""
        told = []
        for k, words in (
            (FALLS, "A total that fell was held back"),
            (JUMPS, "A total that rose by more than the main fuse lets through was held back"),
            (REPEATS, "An hourly list with the counters of the one before it was left out"),
            (ANEW, "Totals started anew, with another meter or after a day of the meter's word,"),
        ):
            count = self.numbers[k]
            if count:
                told.append(words + (" once." if count == 1 else " %d times." % count))
        return told

    def save_due(self, up):
        """True when it is time to save: once an hour at most, for the flash's sake."""
        return self.changed and up - self.numbers[_ASKED] >= _SAVE_S

    def to_flash(self, up=0, now=None):
        """What to keep in flash: SIZE octets."""
        b = bytearray(SIZE)
        b[:4] = b"HPT1"
        meter = self.meter or b""
        b[4] = len(meter)
        b[5 : 5 + len(meter)] = meter
        for k in range(_COUNT):
            b[_STATES + k] = self.numbers[k] & _STATE
            if b[_STATES + k]:
                _put(b, _VALUES + 8 * k, 8, self.values[k])
        _put(b, _UTC, 8, now or 0)
        for k in range(3):
            _put(b, _COUNTS + 2 * k, 2, min(self.numbers[FALLS + k], 65535))
        _put(b, _CRC, 2, octets.crc_x25(b, 0, _CRC))
        _put(b, _CRC + 2, 2, octets.crc_arc(b, 0, _CRC))
        self.changed = False
        self.numbers[_ASKED] = up
        return b

    def from_flash(self, b):
        """Take what to_flash() gave in an earlier life; False when these are not such, or damaged."""
        if len(b) != SIZE or bytes(b[:4]) != b"HPT1" or b[4] > _ID:
            return False
        if _get(b, _CRC, 2) != octets.crc_x25(b, 0, _CRC):
            return False
        if _get(b, _CRC + 2, 2) != octets.crc_arc(b, 0, _CRC):
            return False
        self._forget()
        self.meter = bytes(b[5 : 5 + b[4]]) or None
        for k in range(_COUNT):
            if b[_STATES + k] & _STATE:
                self.values[k] = _get(b, _VALUES + 8 * k, 8)
                self.numbers[k] = b[_STATES + k] & _STATE | _RESTORED
        self.numbers[_SAVED] = _get(b, _UTC + 4, 4)
        self.numbers[_WAS_OFF] = 0
        for k in range(3):
            self.numbers[FALLS + k] = _get(b, _COUNTS + 2 * k, 2)
        # A meter that tells no id is taken for the same one.
        self.sure = self.meter is None
        self.changed = False
        return True


def _put(b, at, n, number):
    while n:
        n -= 1
        b[at + n] = number & 255
        number >>= 8


def _get(b, at, n):
    number = 0
    for k in range(at, at + n):
        number = number << 8 | b[k]
    return number
