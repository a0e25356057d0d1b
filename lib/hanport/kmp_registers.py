"""KMP registers into a Reading: which are asked for, and what each means.

An answer holds one record for each register that the meter has; the others are simply left out:

    | id 2 | unit 1 | length 1 | sx 1 | mantissa: `length` octets, big endian |
    value = mantissa * 10^exponent; sx: bit 7 minus, bit 6 exponent negative, bits 5..0 exponent

Unit and scale are in every record, so none is written down here. Register numbers: conpot's dump of a 382,
ErikErnst/kamstrup (electricity), bsdphk/PyKamstrup and gertvdijk/PyKMP (heat).
"""

from hanport import cosem, reading, registers

MOST = 8  # registers of one request

# D of a row without an OBIS code; its C then says what the register is.
_OTHER = 0xFF
_DATE, _TIME, _MODEL, _HEAT, _COOLING, _VOLUME = 1, 2, 3, 4, 5, 6

# One row a register, in the order it is asked: group, id (two octets), OBIS C.D.E. A group is one request;
# 0..2 are asked every round, 3..5 now and then, 6 is for heat, cooling and water meters.
_ROWS = (
    b"\x00\x00\x0d\x01\x08\x00"  # 13 A14, energy import in fine steps
    b"\x00\x00\x0e\x02\x08\x00"  # 14 A23, energy export in fine steps
    b"\x00\x00\x01\x01\x08\x00"  # 1 A14
    b"\x00\x00\x02\x02\x08\x00"  # 2 A23
    b"\x00\x03\xff\x01\x07\x00"  # 1023 P14, power import
    b"\x00\x04\x00\x02\x07\x00"  # 1024 P23, power export
    b"\x00\x03\xea\x02\xff\x00"  # 1002 clock
    b"\x00\x03\xeb\x01\xff\x00"  # 1003 date
    b"\x01\x04\x1e\x20\x07\x00"  # 1054 U L1
    b"\x01\x04\x1f\x34\x07\x00"  # 1055 U L2
    b"\x01\x04\x20\x48\x07\x00"  # 1056 U L3
    b"\x01\x04\x34\x1f\x07\x00"  # 1076 I L1
    b"\x01\x04\x35\x33\x07\x00"  # 1077 I L2
    b"\x01\x04\x36\x47\x07\x00"  # 1078 I L3
    b"\x01\x04\x01\x03\x07\x00"  # 1025 Q12, reactive import
    b"\x01\x04\x02\x04\x07\x00"  # 1026 Q34, reactive export
    b"\x02\x04\x38\x15\x07\x00"  # 1080 P14 L1
    b"\x02\x04\x39\x29\x07\x00"  # 1081 P14 L2
    b"\x02\x04\x3a\x3d\x07\x00"  # 1082 P14 L3
    b"\x02\x05\x40\x16\x07\x00"  # 1344 P23 L1
    b"\x02\x05\x41\x2a\x07\x00"  # 1345 P23 L2
    b"\x02\x05\x42\x3e\x07\x00"  # 1346 P23 L3
    b"\x02\x04\x95\x0d\x07\x00"  # 1173 power factor
    b"\x02\x07\xda\x60\x0e\x00"  # 2010 active tariff
    b"\x03\x00\x0f\x03\x08\x00"  # 15 R12, reactive energy import in fine steps
    b"\x03\x00\x10\x04\x08\x00"  # 16 R34, reactive energy export in fine steps
    b"\x03\x00\x03\x03\x08\x00"  # 3 R12
    b"\x03\x00\x04\x04\x08\x00"  # 4 R34
    b"\x03\x00\x05\x05\x08\x00"  # 5 R1
    b"\x03\x00\x06\x08\x08\x00"  # 6 R4
    b"\x03\x04\x22\x03\xff\x00"  # 1058 type number
    b"\x04\x00\x13\x01\x08\x01"  # 19 A14 tariff 1
    b"\x04\x00\x14\x02\x08\x01"  # 20 A23 tariff 1
    b"\x04\x00\x17\x01\x08\x02"  # 23 A14 tariff 2
    b"\x04\x00\x18\x02\x08\x02"  # 24 A23 tariff 2
    b"\x04\x00\x1b\x01\x08\x03"  # 27 A14 tariff 3
    b"\x04\x00\x1c\x02\x08\x03"  # 28 A23 tariff 3
    b"\x04\x00\x1f\x01\x08\x04"  # 31 A14 tariff 4
    b"\x04\x00\x20\x02\x08\x04"  # 32 A23 tariff 4
    b"\x05\x00\x15\x03\x08\x01"  # 21 R12 tariff 1
    b"\x05\x00\x16\x04\x08\x01"  # 22 R34 tariff 1
    b"\x05\x00\x19\x03\x08\x02"  # 25 R12 tariff 2
    b"\x05\x00\x1a\x04\x08\x02"  # 26 R34 tariff 2
    b"\x05\x04\x92\x21\x07\x00"  # 1170 power factor L1
    b"\x05\x04\x93\x35\x07\x00"  # 1171 power factor L2
    b"\x05\x04\x94\x49\x07\x00"  # 1172 power factor L3
    b"\x06\x00\x3c\x04\xff\x00"  # 60 E1, heat energy
    b"\x06\x00\x3f\x05\xff\x00"  # 63 E3, cooling energy
    b"\x06\x00\x44\x06\xff\x00"  # 68 V1, volume
    b"\x06\x03\xea\x02\xff\x00"  # 1002 clock
    b"\x06\x03\xeb\x01\xff\x00"  # 1003 date
)
_ROW = 6
LIVE = b"\x00\x01\x02"  # electricity, every round
ALL = b"\x00\x01\x02\x03\x04\x05"
HEAT = b"\x06"

# KMP's unit codes 0..57 in COSEM units, two octets each: COSEM unit (0: we have no such register) and the
# power of ten. Codes 21 and 25 are W and var: copies of this table that say kW and kvar break its pattern.
_UNITS = (
    b"\xff\x00"  # 0 none
    b"\x1e\x00\x1e\x03\x1e\x06\x1e\x09"  # 1 Wh, kWh, MWh, GWh
    b"\x19\x00\x19\x03\x19\x06\x19\x09"  # 5 J, kJ, MJ, GJ
    b"\x00\x00\x00\x00\x00\x00\x00\x00"  # 9 cal .. Gcal: no source says which calorie
    b"\x20\x00\x20\x03\x20\x06\x20\x09"  # 13 varh, kvarh, Mvarh, Gvarh
    b"\x1f\x00\x1f\x03\x1f\x06\x1f\x09"  # 17 VAh, kVAh, MVAh, GVAh
    b"\x1b\x00\x1b\x03\x1b\x06\x1b\x09"  # 21 W, kW, MW, GW
    b"\x1d\x00\x1d\x03\x1d\x06\x1d\x09"  # 25 var, kvar, Mvar, Gvar
    b"\x1c\x00\x1c\x03\x1c\x06\x1c\x09"  # 29 VA, kVA, MVA, GVA
    b"\x23\x00\x21\x00\x23\x03\x21\x03"  # 33 V, A, kV, kA
    b"\x09\x00\x00\x00"  # 37 deg C, K
    b"\x0d\x7d\x0d\x00\x0f\x7d\x0f\x00"  # 39 l, m3, l/h, m3/h (7D: -3)
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"  # 43 m3 x deg C .. dates
    b"\xff\x00\x00\x00\x00\x00\x00\x00"  # 51 number, bar, RTC, text
    b"\x0d\x01\x00\x00\x19\x0a"  # 55 m3 x 10, ton x 10, GJ x 10
)
_CLOCK_UNIT, _DATE_UNIT, _TEXT_UNIT = 47, 48, 54  # KMP's codes of what is no number
_WH, _JOULE, _CUBIC = 30, 25, 13  # COSEM units of heat
_HEADER = 5  # octets of a record before its mantissa

# A date-time as cosem.clock reads it; no day of the week, no hundredths, no deviation from UTC, no status.
_stamp = bytearray(b"\0\0\0\0\xff\0\0\0\xff\x80\0\xff")


def write_ids(group, out, i):
    """Write the ids of a group to out[i:], two octets each; returns how many they are (1..MOST)."""
    n = 0
    row = 0
    while row < len(_ROWS):
        if _ROWS[row] == group:
            out[i] = _ROWS[row + 1]
            out[i + 1] = _ROWS[row + 2]
            i += 2
            n += 1
        row += _ROW
    return n


def _row(group, high, low):
    """Index of the row of an id in a group, or -1."""
    row = 0
    while row < len(_ROWS):
        if _ROWS[row] == group and _ROWS[row + 1] == high and _ROWS[row + 2] == low:
            return row
        row += _ROW
    return -1


def take(buf, a, b, group, into):
    """Put the records buf[a:b] of an answer to the request of `group` into the Reading.

    Returns how many records there are, or -1 when they do not end at b, are too many, or one was never
    asked for (the answer to another request); then nothing is taken.
    """
    n = 0
    i = a
    while i < b:
        n += 1
        if i + _HEADER > b or n > MOST or _row(group, buf[i], buf[i + 1]) < 0:
            return -1
        i += _HEADER + buf[i + 3]
    if i > b:
        return -1
    i = a
    while i < b:
        _store(buf, a, b, i, _row(group, buf[i], buf[i + 1]), into)
        i += _HEADER + buf[i + 3]
    return n


def _find(buf, a, b, ident):
    """Index of the record of an id in buf[a:b], or -1."""
    while a < b:
        if buf[a] << 8 | buf[a + 1] == ident:
            return a
        a += _HEADER + buf[a + 3]
    return -1


def _number(buf, i):
    """The mantissa of the record at i with its sign. Only for records that _scale found to be good."""
    n = 0
    k = i + _HEADER
    end = k + buf[i + 3]
    while k < end:
        n = n << 8 | buf[k]
        k += 1
    return -n if buf[i + 4] & 128 else n


def _unit(buf, i):
    """COSEM unit of the record at i, 0 when there is none."""
    code = buf[i + 2]
    return _UNITS[2 * code] if 2 * code < len(_UNITS) else 0


def _scale(buf, i):
    """Power of ten of the record at i in its COSEM unit; None when it is no number that could be meant."""
    size = buf[i + 4] & 63
    if size > 9 or not 1 <= buf[i + 3] <= 8 or not _unit(buf, i):
        return None
    own = _UNITS[2 * buf[i + 2] + 1]
    if own & 64:
        own -= 128
    return own - size if buf[i + 4] & 64 else own + size


def _scaled(number, scale):
    """number * 10^scale as an integer, rounded down."""
    return number * 10**scale if scale >= 0 else number // 10**-scale


def _value(buf, i, shift):
    """The record at i in its COSEM unit, times 10^shift, rounded down."""
    return _scaled(_number(buf, i), _scale(buf, i) + shift)


def _fine_wins(buf, a, b, ident):
    """True when the counter `ident` (1..4) is to be taken from its twin in finer steps (13..16).

    The twin has as many octets and so begins at zero again long before: it must tell the same.
    """
    fine = _find(buf, a, b, ident + 12)
    if fine < 0 or _scale(buf, fine) is None:
        return False
    coarse = _find(buf, a, b, ident)
    if coarse < 0 or _scale(buf, coarse) is None:
        return True
    if _unit(buf, fine) != _unit(buf, coarse):
        return False
    step = _scaled(1, _scale(buf, coarse))
    apart = _value(buf, fine, 0) - _value(buf, coarse, 0)
    # The meter counts on between the two records, so one step more is still the same.
    return -2 * step - 1 <= apart <= 2 * step + 1


def _store(buf, a, b, i, row, into):
    """Put the record at buf[i:], described by _ROWS[row:], into the reading. buf[a:b]: all records."""
    c = _ROWS[row + 3]
    d = _ROWS[row + 4]
    ident = buf[i] << 8 | buf[i + 1]
    if d == _OTHER:
        if c == _DATE:
            _clock(buf, i, _find(buf, a, b, 1002), into)
        elif c == _MODEL:
            _model(buf, i, into)
        elif c != _TIME:
            _heat(buf, a, b, i, c, into)
        return
    if ident < 5 and _fine_wins(buf, a, b, ident):
        return
    if 13 <= ident <= 16 and not _fine_wins(buf, a, b, ident - 12):
        return
    register = registers.find(c, d, _ROWS[row + 5])
    own = registers.unit(register)
    scale = _scale(buf, i)
    if scale is None or _unit(buf, i) != (own or 255):
        into.misfits += 1
        return
    into.put(register, _number(buf, i), scale, reading.SENT)


def _clock(buf, date, time, into):
    """The clock from its two records: 240727 is 2024-07-27, 203513 is 20:35:13, local time of the meter."""
    if time < 0 or buf[date + 2] != _DATE_UNIT or buf[time + 2] != _CLOCK_UNIT:
        return
    if buf[date + 3] > 4 or buf[time + 3] > 4 or buf[date + 4] or buf[time + 4]:
        return  # not a plain number
    day = _number(buf, date)
    second = _number(buf, time)
    if day > 991231 or second > 235959:
        return
    year = 2000 + day // 10000
    _stamp[0] = year >> 8
    _stamp[1] = year & 255
    _stamp[2] = day // 100 % 100
    _stamp[3] = day % 100
    _stamp[5] = second // 10000
    _stamp[6] = second // 100 % 100
    _stamp[7] = second % 100
    cosem.clock(_stamp, 0, into, reading.COSEM)


def _model(buf, i, into):
    """The type number, a text: "070422JA83"."""
    end = i + _HEADER + buf[i + 3]
    i += _HEADER
    if buf[i - 3] != _TEXT_UNIT:
        return
    for k in range(i, end):
        if buf[k] and not 32 <= buf[k] < 127:
            return
    into.set_text(reading.MODEL, buf, i, end)


def _heat(buf, a, b, i, what, into):
    """Heat is channel 1, cooling channel 2 of the sub-meters; a meter of volume alone is for water."""
    scale = _scale(buf, i)
    unit = _unit(buf, i)
    shift = 0  # Wh
    if what == _VOLUME:
        if _find(buf, a, b, 60) >= 0 or _find(buf, a, b, 63) >= 0:
            return
        shift = 3  # litres
        fits = unit == _CUBIC
    else:
        if unit == _JOULE:
            shift = -6  # GJ / 1000
        fits = unit == _WH or unit == _JOULE
    value = _value(buf, i, shift) if fits and scale is not None else -1
    if not 0 <= value < 1 << 62:
        into.misfits += 1
    elif value or what != _COOLING:  # a meter for heat alone has the counter for cooling too
        k = what == _COOLING
        row = reading.METERS + 16 * k
        into.facts[row + reading.MEDIUM] = 10 if k else 7 if what == _VOLUME else 4
        into.facts[row + reading.UNIT] = unit
        into.keep(reading.BEHIND + k, value)
        into.have[reading.BEHIND + k] = reading.SENT
