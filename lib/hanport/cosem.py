"""COSEM values into a Reading: OBIS with value, scaler and unit; date-time (Blue Book 4.1.6)."""

from array import array

from hanport import axdr, octets, reading
from hanport.octets import copy
from hanport.registers import codes as _codes
from hanport.registers import find as _find
from hanport.registers import units as _units

# Where the scale of a list without scalers stands in a plan, by COSEM unit from 27 on: W VA var, Wh, -, varh,
# A, -, V; 255 (none) has slot 4.
_SLOT_OF = b"\x00\x00\x00\x03\x05\x03\x01\x05\x02"
SLOTS = 5
_item = octets.fast.item if octets.fast else None
_number = array("I", bytes(4)) if _item else None
ENERGY = 3
# A plan (see rows.read) begins with the scales by slot, SLOTS + 1 octets. Then follow, an octet each:
PLAN_ROOT = 6  # axdr.STRUCTURE or ARRAY
PLAN_SIZE = 7  # elements of the list, 0 for any
PLAN_FIRST = 8  # what the first element is: an integer with this tag, objects for ARRAY, a string for TEXT,
# OCTETS for an octet-string of the length that is wanted, 0 for an OBIS code
PLAN_FLAGS = 9
GUESS = 1  # it only looks like this maker's
CLOCK_FIRST = 2  # the first element is the clock
IDENT_LAST = 4  # the last one is the meter id
PLAN_NUMBER = 10  # which row of rows.py
PLAN_ENDING = 11  # octets of what element 5 must end with; they follow, and behind them the items: three
# octets an element for a list by order, none for the others
PLAN_HEAD = 12
# What stands in a plan for an element that is no register: a text of this slot, and so on.
ITEM_TEXT = 0xE0
ITEM_CLOCK = 0xF0
ITEM_SKIP = 0xF1
ITEM_TARIFF = 0xF2
ITEM_ASSUMED = 0x80  # added to the octets wanted


def text_slot(c, d, e):
    """Text slot of OBIS C.D.E, or -1. Asked for every text of every list, so written as comparisons."""
    if c == 96:  # 96.1.0 meter id; 96.1.1 type (Kamstrup), 96.1.7 type (Aidon)
        return -1 if d != 1 else 1 if e == 0 else 2 if e == 1 or e == 7 else -1
    if c == 0:  # 0.2.129 list id; 0.0.5 GS1 number, 0.0.1 meter number (Kamstrup)
        return 3 if d == 2 and e == 129 else 1 if d == 0 and (e == 5 or e == 1) else -1
    return 4 if c == 42 and d == 0 and e == 0 else -1  # 42.0.0 COSEM logical device name


def clock_fits(buf, i):
    """True when the 12-octet date-time at buf[i:] is set and in range.

    A meter whose clock is not set says year FFFF or a year of long ago.
    """
    year = buf[i] << 8 | buf[i + 1]
    if not (2010 <= year < 2100 and 0 < buf[i + 2] < 13 and 0 < buf[i + 3] < 32):
        return False
    if buf[i + 5] > 23 or buf[i + 6] > 59 or (buf[i + 7] > 59 and buf[i + 7] != 0xFF):
        return False
    deviation = buf[i + 9] << 8 | buf[i + 10]
    if not (deviation <= 720 or deviation == 0x8000 or deviation >= 0x10000 - 720):
        return False
    return True


def clock(buf, i, into, form):
    """Take the 12-octet date-time at buf[i:] as the reading's clock; False when there is none."""
    if not clock_fits(buf, i):
        return False
    facts = into.facts
    copy(facts, 0, buf, i, 12)
    if facts[7] == 0xFF:
        facts[7] = 0
    facts[13] = form  # reading.FORM
    return True


def _volts_scale(number):
    """Scale of a voltage sent without one: only one of 1, 0.1 and 0.01 V gives a mains voltage."""
    return 0 if number < 1000 else -1 if number <= 5000 else -2


def store(buf, obis, value, scaler, unit, scales, into):
    """Put the value at buf[value:] into the reading; its OBIS code (09 06 A B C D E F) is at buf[obis:].

    scaler, unit: as sent, or unit 0 when none was sent; then `scales` (one octet a unit slot: scale + 64,
    bit 7 set when it is an assumption; 0 unknown; 1 by size) decides, and None means it cannot be told.
    """
    # Run for every value of every list: what modules and functions of their own would tell is written out.
    c = buf[obis + 4]
    d = buf[obis + 5]
    e = buf[obis + 6]
    tag = buf[value]
    register = _item(_number, buf, obis, value, _codes) if _item else 256
    if register != 256:
        # Machine code has found the register and read the number, as the two lines below do.
        number = _number[0]
        if register > 511:
            register -= 512
            number = -number
    elif axdr.size(tag):
        register = _find(c, d, e)
        number = axdr.integer(buf, value)
    if register != 256:
        if register == 255:  # registers.NONE
            if c == 0 and text_slot(c, d, e) == reading.METER_ID:
                digits = b"%d" % axdr.integer(buf, value)
                into.set_text(reading.METER_ID, digits, 0, len(digits))
            return
        own = _units[register]
        state = 1  # reading.SENT
        if unit:
            if unit != own and (own or unit != 255):
                into.misfits += 1
                return
        elif own:
            scale = scales[_SLOT_OF[own - 27] if own < 36 else 4 if own == 255 else SLOTS] if scales else 0
            if scale == 1:
                scaler = _volts_scale(number)
            elif scale:
                scaler = (scale & 127) - 64
                if scale & 128:
                    state = 2  # reading.ASSUMED
            else:
                into.misfits += 1
                return
        if not -10 < scaler < 10:
            into.misfits += 1
            return
        into.put(register, number, scaler, state)
    elif tag == axdr.OCTETS or tag == axdr.TEXT:
        if c == 1 and d == 0 and e == 0:
            if axdr.count(buf, value) == 12:
                clock(buf, axdr.content(buf, value), into, reading.COSEM)
            return
        where = text_slot(c, d, e)
        if where >= 0:
            a = axdr.content(buf, value)
            into.set_text(where, buf, a, a + axdr.count(buf, value))


def pairs(buf, table, n, k, scales, into):
    """Walk elements table[k:n]: wherever an OBIS code is followed by a value, store it.

    The value may be followed by structure(int8 scaler, enum unit), flat or within the pair's own structure.
    """
    # Run for every element: tags as numbers and names as locals, since a look-up elsewhere costs each time.
    last = n - 1
    item = _item
    out = _number
    codes = _codes
    units = _units
    slots = _SLOT_OF
    have = into.have
    while k < last:
        obis = table[k]
        k += 1
        if buf[obis] != 9 or buf[obis + 1] != 6:  # no octet-string of six
            continue
        value = table[k]
        if 0 < buf[value] < 3:  # array, structure
            continue
        k += 1
        scaler = unit = 0
        if k + 2 < n:
            s = table[k]
            # A structure of 2, an int8, an enum.
            if buf[s] == 2 and buf[s + 1] == 2 and buf[s + 2] == 15 and buf[s + 4] == 22:
                scaler = buf[s + 3]
                if scaler > 127:
                    scaler -= 256
                unit = buf[s + 5]
                k += 3
        # With machine code: what nearly all values are, small, of a known register, with a usual scale, is
        # stored here; store() does all the others, and everything without machine code.
        register = item(out, buf, obis, value, codes) if item else 256
        if register < 255 and not have[register]:
            number = out[0]
            own = units[register]
            state = 1  # reading.SENT
            shift = scaler if unit == own else 99
            if not unit and scales and 26 < own < 36:
                scale = scales[slots[own - 27]]
                if scale == 1:
                    shift = _volts_scale(number)
                elif scale:
                    shift = (scale & 127) - 64
                    if scale & 128:
                        state = 2  # reading.ASSUMED
            if own == 33 or own == 35:  # A, V: kept in thousandths
                shift += 3
            if 0 <= shift < 4 and number < 0x80000:
                into.values[register] = number * 10**shift
                have[register] = state
                continue
        store(buf, obis, value, scaler, unit, scales, into)


def are_objects(buf, table, n):
    """True when element 1 is an array of capture objects: (u16 class, OBIS, i8 attribute, u16 index)."""
    count = axdr.count(buf, table[1])
    if not count or n < 2 + 5 * count:
        return False
    for k in range(2, 2 + 5 * count, 5):
        if buf[table[k]] != axdr.STRUCTURE or axdr.count(buf, table[k]) != 4 or buf[table[k + 1]] != 18:
            return False
        if not axdr.is_octets(buf, table[k + 2], 6):
            return False
    return True


def objects(buf, table, n, scales, into):
    """An E450 push list: an array of capture objects, then a value for each but the first (the array itself).

    Returns False when there are not as many values as objects.
    """
    count = axdr.count(buf, table[1])
    value = 2 + 5 * count
    if n - value != count - 1:
        return False
    for k in range(1, count):
        place = 2 + 5 * k
        # Attribute 2 is the value; 1 is the object's name, others are scaler, time and the like.
        if buf[table[place + 3] + 1] == 2:
            store(buf, table[place + 2], table[value], 0, 0, scales, into)
        value += 1
    return True
