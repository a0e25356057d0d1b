"""A Reading: what one telegram said, in integers; what is not known is absent.

Made once and refilled, so that decoding allocates almost nothing. `have[r]` tells of register r: ABSENT,
SENT (the telegram says it with its scale), ASSUMED (sent, but no octet proves the scale) or DERIVED
(computed by us).
"""

from array import array

from hanport import registers
from hanport.octets import copy
from hanport.registers import units as _units

ABSENT = 0
SENT = 1
ASSUMED = 2
DERIVED = 3

# Texts of a reading.
MAKER = 0
METER_ID = 1
MODEL = 2
LIST_ID = 3
DEVICE_NAME = 4
METER_ID_ALT = 5
MESSAGE = 6
TEXTS = 7
# Their JSON keys, one after the other, a blank behind each.
text_names = b"meter_manufacturer meter_id meter_model list_id logical_device_name meter_id_alt text_message "

# The rows of `facts`, and what is where in each: the 12 octets of a date-time, then
DST = 12  # "S" or "W" of P1, as its octet, or 0
FORM = 13  # of the clock: see below; of the others: 1, the time is known
MEDIUM = 14  # EN 13757-3 device type: 3 gas, 4 heat, 7 water, 2 electricity ...
UNIT = 15  # COSEM unit: 13 m3, 25 GJ, 30 Wh
PEAK = 16  # when the peak demand was, as P1 tells it
METERS = 32  # of channel 1

CHANNELS = 4
BEHIND = registers.COUNT  # the register of channel 1
_REGISTERS = BEHIND + CHANNELS

# 96 octets, as long as `facts` is and, for want of another such constant, `have`.
_NOTHING = (
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
)

# Forms of the clock.
NO_CLOCK = 0
COSEM = 1  # 12 octets, DLMS Blue Book 4.1.6.1
P1 = 2  # the same 12 octets made from YYMMDDhhmmss, where DST counts

# How far the telegram proves itself: VERIFIED and UNVERIFIED are those of encrypted ones.
CHECKED = 0  # a checksum held
UNCHECKED = 1  # the telegram carries none (old P1)
VERIFIED = 2  # an authentication tag held
UNVERIFIED = 3  # decrypted, but no tag was sent or no authentication key is set
UNCIPHERED = 4  # a key is set, but this telegram was not encrypted


class Reading:
    """Values, texts and clock of the newest telegram, and where they came from.

    Gas, water, heat and electricity meters behind the main one (M-Bus channels 1 to 4) have the registers
    from BEHIND on (litres, kJ * 1000 (GJ / 1000) or Wh, by the unit in their row of `facts`) and the text
    slots from TEXTS on, for their ids.
    """

    def __init__(self, of=None, merged=False):
        """of: a merged Reading; this one then shows what the newest telegram said to it (see show).

        merged: this is what is known of the meter by now, the newest value of every register and its age:
        `at[r]` is the device's uptime in seconds when register r was last sent (see merge).
        """
        # Hardly a value needs more than 32 bits, and out of an array of 64 each is an object on the heap.
        self.values = of.values if of else array("i", bytes(4 * _REGISTERS))
        self._large = None  # those that do: {register: value}
        self.have = bytearray(_NOTHING)
        self.texts = of.texts if of else [None] * (TEXTS + CHANNELS)
        self.facts = bytearray(_NOTHING)  # rows of 16 octets: the clock, the peak, channels 1 to 4
        if merged:
            self.at = array("I", bytes(4 * _REGISTERS))
        self.clear()

    def clear(self):
        """Forget the values; texts are kept as octets to save allocation, but count as absent."""
        self.have[:] = _NOTHING
        self.facts[:] = _NOTHING
        self._large = None
        self.told = 0  # bit n: text n is in this telegram
        self.guessed = 0  # bit n: it is, but nothing proves that it means this
        self.integrity = 0  # CHECKED
        self.misfits = 0  # values left out because their unit or size does not fit
        self.utc = None  # seconds since 1970, when the clock could be told; set by the decoder

    def put(self, register, number, scaler, state):
        """Store number * 10^scaler (in the base unit of the register) under `state`. First value wins."""
        have = self.have
        if have[register]:
            return
        # registers.exponent without the call: A, V, Hz and the power factor are kept in thousandths.
        unit = _units[register]
        if unit > 32 and (unit == 33 or unit == 35 or unit == 44 or unit == 255):
            scaler += 3
        if scaler > 0:
            number *= 10**scaler
        elif scaler < 0:
            # Finer than the register: round half away from zero, exactly.
            part = 10**-scaler
            number = (number + part // 2) // part if number >= 0 else -((part // 2 - number) // part)
        if -0x20000000 < number < 0x20000000:  # nearly all, without the call
            self.values[register] = number
            have[register] = state
        elif -1 <= number >> 62 <= 0:
            self.keep(register, number)
            have[register] = state
        else:
            self.misfits += 1

    def keep(self, register, number):
        """The value of a register is this number of its integer unit; `have` is the caller's to set."""
        if -0x20000000 < number < 0x20000000:
            self.values[register] = number
            if self._large:
                self._large.pop(register, None)
        else:
            if self._large is None:
                self._large = {}
            self._large[register] = number

    def value(self, register):
        """Value of a register that `have` tells of; on the heap only when it is large."""
        if self._large and register in self._large:
            return self._large[register]
        return self.values[register]

    def get(self, register):
        """Value of a register in its integer unit, or None."""
        return self.value(register) if self.have[register] else None

    def set_text(self, slot, buf, a, b, guessed=False):
        """Text slot := buf[a:b] without NULs and spaces around; allocates only when it changed.

        guessed: no octet proves that this is what the slot says.
        """
        while b > a:
            c = buf[b - 1]
            if c and c != 32 and c != 255:
                break
            b -= 1
        while a < b and (buf[a] == 32 or not buf[a]):
            a += 1
        if a == b:
            return
        old = self.texts[slot]
        if old is None or not same(old, buf, a, b):
            self.texts[slot] = bytes(memoryview(buf)[a:b])
        bit = 1 << slot
        self.told |= bit
        if guessed:
            self.guessed |= bit
        elif self.guessed:
            self.guessed &= ~bit

    def name(self, slot, octets, guessed):
        """Text slot := octets that are kept elsewhere, as they are: no comparison, no copy."""
        self.texts[slot] = octets
        bit = 1 << slot
        self.told |= bit
        if guessed:
            self.guessed |= bit
        else:
            self.guessed &= ~bit

    def timed(self, row, buf, i):
        """The time in the row that begins at facts[row] is the 12 octets at buf[i:], then "S", "W" or 0."""
        copy(self.facts, row, buf, i, 13)
        self.facts[row + FORM] = 1

    def text(self, slot):
        """Text of a slot as octets, or None."""
        return self.texts[slot] if self.told >> slot & 1 else None

    def behind(self, k):
        """Where in `facts` the row of channel k + 1 begins; 0 when nothing is known of a meter there."""
        row = METERS + 16 * k
        return row if self.facts[row + MEDIUM] or self.have[BEHIND + k] else 0

    def empty(self):
        """True when the telegram gave no value at all."""
        return not any(self.have)

    def merge(self, new, up):
        """Take over all that `new` tells; up: the uptime now, in seconds.

        A partial list never erases the values of another.
        """
        for r in range(_REGISTERS):
            if new.have[r]:
                self.keep(r, new.value(r))
                self.have[r] = new.have[r]
                self.at[r] = up
        for slot in range(TEXTS + CHANNELS):
            if new.told >> slot & 1:
                self.texts[slot] = new.texts[slot]
        self.guessed = self.guessed & ~new.told | new.guessed
        self.told |= new.told
        facts = new.facts
        if facts[FORM]:
            copy(self.facts, 0, facts, 0, 16)
            self.utc = new.utc
        if facts[PEAK + FORM]:
            copy(self.facts, PEAK, facts, PEAK, 16)
        self.integrity = new.integrity
        for k in range(CHANNELS):
            row = new.behind(k)
            if row:
                copy(self.facts, row, facts, row, 16)
                self.have[BEHIND + k] = new.have[BEHIND + k]

    def show(self, new, merged):
        """Become what `new` said, which has just been merged; this one was made of `merged`.

        Its values and texts are those of `merged`, so it needs none of its own.
        """
        copy(self.have, 0, new.have, 0, _REGISTERS)
        copy(self.facts, 0, new.facts, 0, len(self.facts))
        self._large = merged._large
        self.told = new.told
        self.guessed = new.guessed
        self.integrity = new.integrity
        self.misfits = new.misfits
        self.utc = new.utc


def same(text, buf, a, b):
    """True when text equals buf[a:b] (bytes or bytearray); allocates nothing."""
    return len(text) == b - a and buf.find(text, a, b) == a
