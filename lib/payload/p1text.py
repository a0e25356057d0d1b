"""A P1 telegram (DSMR P1 5.0.2) written from the registers, for those who read telegrams and nothing else.

It is no meter's own: its first line is /HAN5Hanport. Only what is known has a line, in the order of the
registers; what DSMR has no code for keeps that of its DLMS list.
"""

import localtime
from hanport import reading, registers
from hanport.octets import crc_arc
from payload import asked

_HEADER = b"/HAN5Hanport\r\n\r\n1-3:0.2.8(50)\r\n"
# COSEM unit, digits before the point, least digits behind it, words of the unit.
_UNITS = b"27 23kW\n28 23kVA\n29 23kvar\n30 63kWh\n32 63kvarh\n33 30A\n35 31V\n44 21Hz\n"


def _date(w, year, month, day, seconds, letter):
    w.padded(year % 100, 2)
    w.padded(month, 2)
    w.padded(day, 2)
    w.padded(seconds // 3600, 2)
    w.padded(seconds % 3600 // 60, 2)
    w.padded(seconds % 60, 2)
    w.raw(letter)


def _sent(w, facts, row):
    """The date-time in a row of a Reading's facts."""
    c = facts[row : row + 13]
    letter = bytes((c[reading.DST] or 87,))  # W
    _date(w, c[0] << 8 | c[1], c[2], c[3], c[5] * 3600 + c[6] * 60 + c[7], letter)


def _now(w, utc, zone):
    """The time line, in the zone's local time."""
    local = utc + localtime.offset(zone, utc)
    summer = local - utc > (zone >> 1) * 900
    w.raw(b"0-0:1.0.0(")
    year, month, day = localtime.date(local // 86400)
    _date(w, year, month, day, local % 86400, b"S" if summer else b"W")
    w.raw(b")\r\n")


def _value(w, register, value):
    """A value and its unit, between the brackets."""
    unit = registers.unit(register)
    at = _UNITS.find(b"%d " % unit)
    if unit == 0 or at < 0:
        # A count; a power factor has decimals.
        if unit:
            w.number(value, 3)
        else:
            w.padded(value, 4 if register == registers.TARIFF else 1 if register < 80 else 5)
        return
    if value < 0:
        w.raw(b"-")
        value = -value
    w.padded(value // 1000, _UNITS[at + 3] - 48)
    rest, digits = value % 1000, 3
    while digits > _UNITS[at + 4] - 48 and not rest % 10:
        rest //= 10
        digits -= 1
    if digits:
        w.raw(b".")
        w.padded(rest, digits)
    w.raw(b"*")
    asked.part(w, _UNITS, at + 5, _UNITS.find(b"\n", at))


def _lines(w, state, up):
    table = registers.table
    at = 0
    for register in range(registers.COUNT):
        row = at
        at = registers.after(at)
        value = asked.fresh(state, register, up)
        if value is None or register == registers.DEMAND_PEAK + 2:
            continue
        peak = register == registers.DEMAND_PEAK
        if peak and not state.facts[reading.PEAK + reading.FORM]:
            continue  # DSMR has it with its time only
        c = asked.number(table, row)
        w.raw(b"0-0:" if c == 96 or c == 17 else b"1-0:")  # those are not of electricity alone
        asked.part(w, table, row, table.find(b"|", row))
        if peak:
            w.raw(b"(")
            _sent(w, state.facts, reading.PEAK)
            w.raw(b")")
        w.raw(b"(")
        _value(w, register, value)
        w.raw(b")\r\n")


def _submeters(w, state):
    facts = state.facts
    for k in range(reading.CHANNELS):
        row = reading.METERS + 16 * k
        value = state.get(reading.BEHIND + k)
        if value is None or not facts[row + reading.MEDIUM]:
            continue
        mark = b"0-%d:" % (k + 1)
        w.raw(mark)
        w.raw(b"24.1.0(%03d)\r\n" % facts[row + reading.MEDIUM])
        ident = state.text(reading.TEXTS + k)
        if ident:
            w.raw(mark)
            w.raw(b"96.1.0(")
            asked.hexed(w, ident)
            w.raw(b")\r\n")
        if facts[row + reading.FORM]:
            w.raw(mark)
            w.raw(b"24.2.1(")
            _sent(w, facts, row)
            w.raw(b")(")
            w.padded(value // 1000, 5)
            w.raw(b".")
            w.padded(value % 1000, 3)
            unit = facts[row + reading.UNIT]
            w.raw(b"*m3)\r\n" if unit == 13 else b"*GJ)\r\n" if unit == 25 else b"*kWh)\r\n")


def write(w, state, up, utc, zone):
    """Write the whole telegram into the Writer, which must be clear.

    utc: seconds, when the meter took the values, or None; zone: octet of localtime for the time line.
    """
    w.raw(_HEADER)
    if utc is not None:
        _now(w, utc, zone)
    ident = state.text(reading.METER_ID) or state.text(reading.METER_ID_ALT)
    if ident:
        w.raw(b"0-0:96.1.1(")
        asked.hexed(w, ident)
        w.raw(b")\r\n")
    _lines(w, state, up)
    _submeters(w, state)
    w.raw(b"!")
    w.raw(b"%04X\r\n" % crc_arc(w.buf, 0, w.at))
