"""P1 data lines into a Reading (DSMR P1 5.0.2 and its national relatives).

    A-B:C.D.E[*F](value*unit)  |  (timestamp)(value*unit)

Numbers are read digit by digit into integers. A line that cannot be read is counted and skipped.
"""

from array import array

from hanport import reading, registers
from hanport.cosem import clock, clock_fits
from hanport.octets import decimal, obis
from hanport.p1 import digit
from hanport.registers import find as _find
from hanport.registers import units as _units

_PUNCTUATION = b" -:.TZ"  # what may stand in a timestamp
_MEMO = 4  # hex digits and texts of two ids, the meter's and that of one behind it, that are remembered
_HEX = b"0123456789ABCDEF"
_TIME = 5  # where the date-time begins in Lines._code
_DST = 17  # and its letter


class Lines:
    """Reads the lines of one telegram. Results of the small readers are left in attributes, not in tuples."""

    def __init__(self):
        self.number = 0
        self.decimals = 0
        self.thousand = 0  # 3 when the unit begins with k, else 0
        self.unit = 0  # index of the unit's first octet, 0 without a unit
        self.bad = 0  # lines skipped in the newest telegram
        # OBIS A B C D E, then the newest date-time (12 octets, Blue Book 4.1.6.1) and its "S", "W" or 0.
        self._code = bytearray(b"\0\0\0\0\0\0\0\0\0\xff\0\0\0\xff\x80\0\xff\0")
        self._digits = array("I", bytes(16))  # what octets.decimal tells
        self._memo = []  # hex digits, their text, and so on
        self._pending = 0  # DSMR 2.2: the sub-meter channel whose value stands on the next line

    def read_telegram(self, buf, a, b, into):
        """Read the telegram buf[a:b], from "/" up to (not with) its "!"."""
        self.bad = 0
        self._pending = 0
        # "/KAM5", "/LGF5E360", "/ADN9 6534": the list id is the text, without what follows a backslash.
        i = _line_end(buf, a, b)
        k = buf.find(b"\\", a, i)
        into.set_text(reading.LIST_ID, buf, a + 1, i if k < 0 else k)
        if k < 0 and i - a > 5:
            into.set_text(reading.MODEL, buf, a + 5, i)
        while i < b:
            c = buf[i]
            if c == 13 or c == 10 or c == 32 or c == 0:
                i += 1
                continue
            end = self._common(buf, i, b, into)
            if not end:
                end = _line_end(buf, i, b)
                self._line(buf, i, end, into)
            i = end + 1

    def _common(self, buf, i, b, into):
        """Read a line as most are, "A-B:C.D.E(" then a number, then ")" or "*kW)", "*kWh)", "*V)", "*A)".

        Returns the index of its end; 0 for any other line, of which nothing has been taken then.
        """
        code = self._code
        i = obis(code, buf, i, b)
        if not i:
            return 0
        c = code[2]
        register = _find(c, code[3], code[4])
        # Those that _line looks at twice: limits, the gas of DSMR 2.2, sub-meters.
        if register == 255 or c == 17 or 23 <= c <= 24 or (c == 31 and code[3] == 4) or (c == 96 and code[1]):
            return 0
        read = self._digits
        i = decimal(read, buf, i + 1, b)
        if not i or i + 6 > b:
            return 0
        unit = _units[register]
        scaler = -read[3]
        if buf[i] == 42:  # "*"
            i += 1
            k = buf[i] & 0xDF  # without the bit that tells small letters from capitals
            if unit == 27 or unit == 30:
                if k != 75 or buf[i + 1] & 0xDF != 87:
                    return 0
                i += 2
                scaler += 3
                if unit == 30:
                    if buf[i] & 0xDF != 72:
                        return 0
                    i += 1
            elif (unit == 35 and k == 86) or (unit == 33 and k == 65):
                i += 1
            else:
                return 0
        elif unit and unit != 33 and unit != 35 and unit != 255:
            return 0
        if buf[i] != 41 or (buf[i + 1] != 13 and buf[i + 1] != 10):
            return 0
        n = read[0]
        if read[2] > 9:
            n = n * 10 ** (read[2] - 9) + read[1]
        into.put(register, n, scaler, 1)  # reading.SENT
        self._pending = 0
        return i + 1

    def _line(self, buf, i, end, into):
        code = self._code
        if buf[i] == 40 and self._pending:  # "(" : the value of the line before
            self._submeter_value(buf, i, end, into, self._pending - 1)
            self._pending = 0
            return
        self._pending = 0
        i = obis(code, buf, i, end)
        if not i:
            self.bad += 1
            return
        c = code[2]
        d = code[3]
        e = code[4]
        if (c == 24 or c == 96) and code[0] == 0 and 1 <= code[1] <= 4:
            self._submeter(buf, i, end, c, d, e, into, code[1] - 1)
            return
        if (c == 23 or c == 24) and code[0] == 7:  # 7-0:23.x, 24.x: gas of DSMR 2.2
            return
        self._value(buf, i, end, c, d, e, into)

    def _decimal(self, buf, i, end):
        """Read "00001.001*kWh" in buf[i:end]; True when it is a number, with an optional unit."""
        self.unit = 0
        self.thousand = 0
        negative = i < end and buf[i] == 45
        if negative:
            i += 1
        read = self._digits
        at = decimal(read, buf, i, end)
        if not at or (at < end and buf[at] != 42):
            return False
        n = read[0]
        digits = read[2]
        if digits > 9:
            n = n * 10 ** (digits - 9) + read[1]
        self.number = -n if negative else n
        self.decimals = read[3]
        if at < end:  # "*"
            at += 1
            self.unit = at
            if at < end and (buf[at] == 107 or buf[at] == 75):  # k, K
                self.thousand = 3
        return True

    def _value(self, buf, i, end, c, d, e, into):
        close = _group(buf, i, end)
        if not close:
            self.bad += 1
            return
        if c == 1 and d == 0 and e == 0:
            if self._timestamp(buf, i + 1, close):
                if clock(self._code, _TIME, into, reading.P1):
                    into.facts[reading.DST] = self._code[_DST]
            return
        register = registers.find(c, d, e)
        if register == registers.NONE:
            self._text(buf, i + 1, close, c, d, e, into)
            return
        timed = close + 1 < end and buf[close + 1] == 40
        if timed:  # (timestamp)(value): the value is the second group
            timed = self._timestamp(buf, i + 1, close)
            i = close + 1
            close = _group(buf, i, end)
            if not close:
                self.bad += 1
                return
        if close == i + 1:
            return  # "()" says: no data
        if not self._decimal(buf, i + 1, close):
            self.bad += 1
            return
        if (c == 17 or (c == 31 and d == 4)) and self.number // 10**self.decimals == 999:
            return  # 999 kW or 999 A says: no limit
        if not self._unit_fits(buf, close, registers.unit(register)):
            into.misfits += 1
            return
        into.put(register, self.number, self.thousand - self.decimals, reading.SENT)
        if timed and register == registers.DEMAND_PEAK and clock_fits(self._code, _TIME):
            into.timed(reading.PEAK, self._code, _TIME)

    def _unit_fits(self, buf, close, unit):
        """True when the unit as written is one of the register's own kind ("kVA" is seen for reactive)."""
        i = self.unit
        if not i:
            return unit == 33 or unit == 35 or unit == 0 or unit == 255
        # Without the bit that tells small letters from capitals: A 65, H 72, V 86, W 87, Z 90.
        last = buf[close - 1] & 0xDF
        letter = (buf[i + 1] if self.thousand and i + 1 < close else buf[i]) & 0xDF
        if unit == 30:
            return letter == 87 and last == 72
        if unit == 27:
            return letter == 87 and last != 72
        if unit == 35:
            return letter == 86 and last == 86
        if unit == 33:
            return letter == 65
        if unit == 28 or unit == 29:
            return letter == 86 and last != 72 and close - i > 1
        if unit == 32:
            return letter == 86 and last == 72
        if unit == 44:
            return letter == 72 and last == 90
        return True

    def _timestamp(self, buf, i, end):
        """Read YYMMDDhhmmss[S|W], or YYYYMMDD hh:mm:ss with any punctuation, into _code; True when valid."""
        time = self._code
        time[_DST] = 0
        # Nearly all send twelve digits and a letter: they are read at once.
        read = self._digits
        twelve = i + 12
        if twelve <= end <= twelve + 1 and decimal(read, buf, i, twelve) == twelve and read[2] == 12:
            c = buf[twelve] if twelve < end else 0
            if c == 83 or c == 87:  # S summer, W winter
                time[_DST] = c
            elif twelve < end and c not in _PUNCTUATION:
                return False
            # YYMMDDhhm mss
            n = read[0]
            year = 2000 + n // 10000000
            time[_TIME] = year >> 8
            time[_TIME + 1] = year & 255
            time[_TIME + 2] = n // 100000 % 100
            time[_TIME + 3] = n // 1000 % 100
            time[_TIME + 5] = n // 10 % 100
            time[_TIME + 6] = n % 10 * 10 + read[1] // 100
            time[_TIME + 7] = read[1] % 100
            return True
        digits = 0
        n = 0
        k = 0
        total = 0
        for j in range(i, end):
            if 48 <= buf[j] <= 57:
                total += 1
        if total == 14:
            k = -1
        elif total != 12:
            return False
        while i < end:
            c = buf[i]
            i += 1
            if 48 <= c <= 57:
                n = n * 10 + c - 48
                digits += 1
                if digits & 1:
                    continue
                if k < 0:  # the century
                    if n != 20:
                        return False
                elif k == 0:
                    time[_TIME] = (2000 + n) >> 8
                    time[_TIME + 1] = (2000 + n) & 255
                elif k < 3:
                    time[_TIME + 1 + k] = n
                else:
                    time[_TIME + 2 + k] = n
                k += 1
                n = 0
            elif c == 83 or c == 87:  # S summer, W winter
                time[_DST] = c
            elif c not in _PUNCTUATION:
                return False
        return True

    def _text(self, buf, a, b, c, d, e, into):
        """Identifications and messages, most of them sent as the hex digits of a text."""
        if a == b:
            return
        if c == 96 and d == 1 and e < 2:
            slot = reading.METER_ID
            if into.text(slot):
                slot = reading.METER_ID_ALT if e == 0 else reading.MODEL
        elif c == 42 and d == 0 and e == 0:
            slot = reading.DEVICE_NAME
        elif c == 96 and d == 13 and e == 0:
            slot = reading.MESSAGE
        elif c == 96 and d == 1 and e == 7:
            slot = reading.MODEL
        else:
            return
        self._take_hex(slot, buf, a, b, into)

    def _take_hex(self, slot, buf, a, b, into):
        """Text slot := the text whose hex digits are buf[a:b], or these octets when they are none."""
        memo = self._memo
        for k in range(0, len(memo), 2):
            if reading.same(memo[k], buf, a, b):
                into.name(slot, memo[k + 1], False)
                return
        text = into.texts[slot]
        if text is not None and 2 * len(text) == b - a:
            # A meter with more ids than are remembered: compared as it stands, nothing is made anew.
            digits = _HEX
            i = a
            for c in text:
                if buf[i] != digits[c >> 4] or buf[i + 1] != digits[c & 15]:
                    break
                i += 2
            else:
                into.name(slot, text, False)
                return
        text = from_hex(buf, a, b)
        if not text:
            into.set_text(slot, buf, a, b)
            return
        into.set_text(slot, text, 0, len(text))
        if len(memo) < _MEMO and into.texts[slot] == text:
            memo.append(bytes(memoryview(buf)[a:b]))
            memo.append(into.texts[slot])

    def _submeter(self, buf, i, end, c, d, e, into, k):
        """Lines 0-n:24.1.0 (medium), 0-n:96.1.x (id), 24.2.x, 24.3.x (timestamp)(value*unit); k: n - 1."""
        close = _group(buf, i, end)
        if not close:
            self.bad += 1
        elif c == 96:
            if d == 1 and e < 2 and close > i + 1:
                self._take_hex(reading.TEXTS + k, buf, i + 1, close, into)
        elif d == 1 and e == 0:
            if self._decimal(buf, i + 1, close) and not self.decimals and self.number < 256:
                into.facts[reading.METERS + 16 * k + reading.MEDIUM] = self.number
        elif (d == 2 or d == 3) and close > i + 1:
            if not self._timestamp(buf, i + 1, close):
                return
            row = reading.METERS + 16 * k
            into.timed(row, self._code, _TIME)
            if d == 2:
                self._submeter_value(buf, close + 1, end, into, k)
            else:
                # DSMR 2.2: (time)(status)(minutes)(count)(code)(unit), and the value on the next line.
                into.facts[row + reading.UNIT] = 13 if buf[end - 3] & 0xDF == 77 else 25  # M
                self._pending = k + 1

    def _submeter_value(self, buf, i, end, into, k):
        close = _group(buf, i, end)
        if not close or not self._decimal(buf, i + 1, close):
            return
        scale = 3 - self.decimals
        if self.unit:
            first = buf[self.unit] & 0xDF  # without the bit that tells small letters from capitals
            if first == 77:  # M
                unit = 13
            elif first == 71:  # G
                unit = 25
            elif first == 75 or first == 87:  # K, W
                unit = 30
                scale = self.thousand - self.decimals
            else:
                return
            into.facts[reading.METERS + 16 * k + reading.UNIT] = unit
        number = self.number
        into.keep(reading.BEHIND + k, number * 10**scale if scale >= 0 else number // 10**-scale)
        into.have[reading.BEHIND + k] = reading.SENT


def _line_end(buf, i, b):
    """Index of the CR or LF that ends the line at i, or b."""
    end = buf.find(b"\n", i, b)
    if end < 0:
        end = b
    at = buf.find(b"\r", i, end)
    return end if at < 0 else at


def _group(buf, i, end):
    """Index of the ")" of the group that opens at i, or 0."""
    if i >= end or buf[i] != 40:
        return 0
    close = buf.find(b")", i, end)
    return close if close > 0 and buf.find(b"(", i + 1, close) < 0 else 0


def from_hex(buf, a, b):
    """The text whose hex digits are buf[a:b], as octets; None when it is not hex of a printable text."""
    if (b - a) & 1:
        return None
    for i in range(a, b, 2):
        if not 32 <= digit(buf[i]) << 4 | digit(buf[i + 1]) < 127:
            return None
    text = bytearray((b - a) >> 1)
    for k in range(len(text)):
        text[k] = digit(buf[a + 2 * k]) << 4 | digit(buf[a + 2 * k + 1])
    return bytes(text)
