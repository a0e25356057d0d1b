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

# Forms of the clock.
NO_CLOCK = 0
COSEM = 1  # 12 octets, DLMS Blue Book 4.1.6.1
P1 = 2  # the same 12 octets made from YYMMDDhhmmss; .dst holds "S" or "W" or 0

# How far the telegram proves itself.
CHECKED = 0  # a checksum held
UNCHECKED = 1  # the telegram carries none (old P1)
VERIFIED = 2  # an authentication tag held
UNVERIFIED = 3  # decrypted, but no tag was sent or no authentication key is set
UNCIPHERED = 4  # a key is set, but this telegram was not encrypted



def text_name(slot):
    """JSON key of a text slot: "meter_id"."""
    return text_names.decode().split()[slot]


class Submeter:
    """A gas, water, heat or electricity meter behind the main one (M-Bus channel 1..4)."""

    def __init__(self):
        self.clear()
        self.ident = None
        self.clock = bytearray(12)

    def clear(self):
        """Nothing known of this channel."""
        self.medium = 0  # EN 13757-3 device type: 3 gas, 4 heat, 7 water, 2 electricity ...
        self.value = None  # litres, kJ * 1000 (GJ / 1000) or Wh, by unit
        self.unit = 0  # COSEM unit: 13 m3, 25 GJ, 30 Wh
        self.dst = 0
        self.state = 0  # 1: the clock is set

    def take(self, other):
        """Become a copy of another."""
        self.medium = other.medium
        self.ident = other.ident
        self.value = other.value
        self.unit = other.unit
        self.dst = other.dst
        self.state = other.state
        copy(self.clock, 0, other.clock, 0, 12)


class Reading:
    """Values, texts and clock of the newest telegram, and where they came from."""

    def __init__(self):
        # Hardly a value needs more than 32 bits, and out of an array of 64 each is an object on the heap.
        self.values = array("i", bytes(4 * registers.COUNT))
        self._large = None  # those that do: {register: value}
        self.have = bytearray(registers.COUNT)
        self.texts = [None] * TEXTS
        self.stamp = bytearray(12)
        self.peak_stamp = None  # 12 octets: when the peak demand was, as P1 tells it (see peaked)
        self.submeters = [None] * 4
        self.clear()

    def clear(self):
        """Forget the values; texts are kept as octets to save allocation, but count as absent."""
        self.have[:] = bytes(registers.COUNT)
        self._large = None
        self.told = 0  # bit n: text n is in this telegram
        self.guessed = 0  # bit n: it is, but nothing proves that it means this
        self.clock_form = NO_CLOCK
        self.dst = 0
        self.peak_timed = False
        self.peak_dst = 0
        self.integrity = CHECKED
        self.encrypted = False
        self.misfits = 0  # values left out because their unit or size does not fit
        self.utc = None  # seconds since 1970, when the clock could be told; set by the decoder
        for sub in self.submeters:
            if sub:
                sub.clear()

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

    def peaked(self, stamp, dst):
        """The peak demand was at the 12 octets of `stamp`, dst as for the clock."""
        if self.peak_stamp is None:
            self.peak_stamp = bytearray(12)
        copy(self.peak_stamp, 0, stamp, 0, 12)
        self.peak_dst = dst
        self.peak_timed = True

    def text(self, slot):
        """Text of a slot as octets, or None."""
        return self.texts[slot] if self.told >> slot & 1 else None

    def submeter(self, channel):
        """The Submeter of M-Bus channel 1..4, made at first use."""
        sub = self.submeters[channel - 1]
        if sub is None:
            sub = self.submeters[channel - 1] = Submeter()
        return sub

    def empty(self):
        """True when the telegram gave no value at all."""
        for sub in self.submeters:
            if sub and sub.value is not None:
                return False
        return not any(self.have)


def same(text, buf, a, b):
    """True when text equals buf[a:b] (bytes or bytearray); allocates nothing."""
    return len(text) == b - a and buf.find(text, a, b) == a


class State(Reading):
    """What is known of the meter by now: the newest value of every register, and its age.

    `at[r]` is the device's uptime in seconds when register r was last sent. A partial list never erases
    the values of another.
    """

    def __init__(self):
        self.at = array("I", bytes(4 * registers.COUNT))
        Reading.__init__(self)

    def merge(self, new, up):
        """Take over all that `new` tells; up: the uptime now, in seconds."""
        for r in range(registers.COUNT):
            if new.have[r]:
                self.keep(r, new.value(r))
                self.have[r] = new.have[r]
                self.at[r] = up
        for slot in range(TEXTS):
            if new.told >> slot & 1:
                self.texts[slot] = new.texts[slot]
        self.guessed = self.guessed & ~new.told | new.guessed
        self.told |= new.told
        if new.clock_form:
            copy(self.stamp, 0, new.stamp, 0, 12)
            self.clock_form = new.clock_form
            self.dst = new.dst
            self.utc = new.utc
        if new.peak_timed:
            self.peaked(new.peak_stamp, new.peak_dst)
        self.integrity = new.integrity
        self.encrypted = new.encrypted
        for channel, sub in enumerate(new.submeters):
            if sub and (sub.medium or sub.value is not None):
                self.submeter(channel + 1).take(sub)
