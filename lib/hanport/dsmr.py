"""P1 data lines into a Reading (DSMR P1 5.0.2 and its national relatives).

    A-B:C.D.E[*F](value*unit)  |  (timestamp)(value*unit)

Numbers are read digit by digit into integers. A line that cannot be read is counted and skipped.
"""

from hanport import reading, registers
from hanport.cosem import clock, clock_fits
from hanport.octets import copy

_CR = 13
_LF = 10


class Lines:
    """Reads the lines of one telegram. Results of the small readers are left in attributes, not in tuples."""

    def __init__(self):
        self.number = 0
        self.decimals = 0
        self.thousand = 0  # 3 when the unit begins with k, else 0
        self.unit = 0  # index of the unit's first octet, 0 without a unit
        self.end = 0
        self.bad = 0  # lines skipped in the newest telegram
        self._code = bytearray(6)  # OBIS A B C D E and whether the line could be read
        self._time = bytearray(12)
        self._pending = 0  # DSMR 2.2: the sub-meter channel whose value stands on the next line

    def take(self, buf, a, b, into):
        """Read the telegram buf[a:b], from "/" up to (not with) its "!"."""
        self.bad = 0
        self._pending = 0
        self._identification(buf, a, b, into)
        i = self._line_end(buf, a, b)
        while i < b:
            while i < b and buf[i] in b"\r\n\0 ":
                i += 1
            end = self._line_end(buf, i, b)
            if end > i:
                self._line(buf, i, end, into)
            i = end

    def _line_end(self, buf, i, b):
        while i < b and buf[i] != _LF and buf[i] != _CR:
            i += 1
        return i

    def _identification(self, buf, a, b, into):
        """ "/KAM5", "/LGF5E360", "/ADN9 6534": the list id is the text, without what follows a backslash."""
        i = a + 1
        end = self._line_end(buf, i, b)
        k = i
        while k < end and buf[k] != 92:
            k += 1
        into.set_text(reading.LIST_ID, buf, i, k)
        if k == end and end - i > 4:
            into.set_text(reading.MODEL, buf, i + 4, end)

    def _line(self, buf, i, end, into):
        code = self._code
        if buf[i] == 40 and self._pending:  # "(" : the value of the line before
            self._submeter_value(buf, i, end, into.submeter(self._pending))
            self._pending = 0
            return
        self._pending = 0
        i = self._obis(buf, i, end)
        if not i:
            self.bad += 1
            return
        a, b, c, d, e = code[0], code[1], code[2], code[3], code[4]
        if a == 0 and 1 <= b <= 4 and (d == 1 or c == 24 or c == 96):
            if c == 24 or c == 96:
                self._submeter(buf, i, end, c, d, e, into.submeter(b))
                return
        if a == 7 and c in b"\x17\x18":  # 7-0:23.x, 24.x: gas of DSMR 2.2
            return
        self._value(buf, i, end, c, d, e, into)

    def _obis(self, buf, i, end):
        """Read the OBIS code at i; returns the index of its "(", or 0. Groups stand in _code."""
        code = self._code
        k = 0
        n = -1
        while i < end:
            c = buf[i]
            if 48 <= c <= 57:
                n = c - 48 if n < 0 else n * 10 + c - 48
                if n > 255:
                    return 0
            else:
                if n < 0 or (k == 0 and c != 45) or (k == 1 and c != 58):
                    return 0
                if k < 6:
                    code[k] = n
                k += 1
                n = -1
                if c == 40:  # "("
                    return i if k > 4 else 0
                # Some makers write ":" for "." and ".255" for "*255".
                if c not in b"-:.*":
                    return 0
            i += 1
        return 0

    def _group(self, buf, i, end):
        """Index of the ")" of the group that opens at i, or 0."""
        if i >= end or buf[i] != 40:
            return 0
        i += 1
        while i < end:
            if buf[i] == 41:
                return i
            if buf[i] == 40:
                return 0
            i += 1
        return 0

    def _decimal(self, buf, i, end):
        """Read "00001.001*kWh" in buf[i:end]; True when it is a number, with an optional unit."""
        n = 0
        self.decimals = -1
        self.unit = 0
        self.thousand = 0
        digits = 0
        negative = i < end and buf[i] == 45
        if negative:
            i += 1
        while i < end:
            c = buf[i]
            if 48 <= c <= 57:
                n = n * 10 + c - 48
                digits += 1
                if self.decimals >= 0:
                    self.decimals += 1
            elif c == 46 and self.decimals < 0:
                self.decimals = 0
            elif c == 42:  # "*"
                self.unit = i + 1
                if i + 1 < end and buf[i + 1] in b"kK":
                    self.thousand = 3
                break
            else:
                return False
            i += 1
        if self.decimals < 0:
            self.decimals = 0
        self.number = -n if negative else n
        return 0 < digits < 19

    def _value(self, buf, i, end, c, d, e, into):
        close = self._group(buf, i, end)
        if not close:
            self.bad += 1
            return
        if c == 1 and d == 0 and e == 0:
            if self._timestamp(buf, i + 1, close):
                if clock(self._time, 0, into, reading.P1):
                    into.dst = self._dst
            return
        register = registers.find(c, d, e)
        if register == registers.NONE:
            self._text(buf, i + 1, close, c, d, e, into)
            return
        timed = close + 1 < end and buf[close + 1] == 40
        if timed:  # (timestamp)(value): the value is the second group
            timed = self._timestamp(buf, i + 1, close)
            i = close + 1
            close = self._group(buf, i, end)
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
        if timed and register == registers.DEMAND_PEAK and clock_fits(self._time, 0):
            copy(into.peak_stamp, 0, self._time, 0, 12)
            into.peak_dst = self._dst
            into.peak_timed = True

    def _unit_fits(self, buf, close, unit):
        """True when the unit as written is one of the register's own kind ("kVA" is seen for reactive)."""
        if not self.unit:
            return unit in b"\x00\xff" or (unit == 33 or unit == 35)
        last = buf[close - 1]
        i = self.unit
        letter = buf[i + 1] if self.thousand and i + 1 < close else buf[i]
        hours = last in b"hH"
        if unit == 27:
            return letter in b"Ww" and not hours
        if unit == 30:
            return letter in b"Ww" and hours
        if unit == 28:
            return letter in b"Vv" and close - i > 1 and not hours
        if unit == 29:
            return letter in b"Vv" and close - i > 1 and not hours
        if unit == 32:
            return letter in b"Vv" and hours
        if unit == 33:
            return letter in b"Aa"
        if unit == 35:
            return letter in b"Vv" and last in b"Vv"
        if unit == 44:
            return letter in b"Hh" and last in b"zZ"
        return True

    def _timestamp(self, buf, i, end):
        """Read YYMMDDhhmmss[S|W], or YYYYMMDD hh:mm:ss with any punctuation, into _time; True when valid."""
        time = self._time
        digits = 0
        n = 0
        self._dst = 0
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
                    time[0] = (2000 + n) >> 8
                    time[1] = (2000 + n) & 255
                elif k < 3:
                    time[k + 1] = n
                else:
                    time[k + 2] = n
                k += 1
                n = 0
            elif c == 83 or c == 87:  # S summer, W winter
                self._dst = c
            elif c not in b" -:.TZ":
                return False
        time[4] = 0xFF
        time[8] = 0xFF
        time[9] = 0x80
        time[10] = 0
        time[11] = 0xFF
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
        text = from_hex(buf, a, b)
        if text:
            into.set_text(slot, text, 0, len(text))
        else:
            into.set_text(slot, buf, a, b)

    def _submeter(self, buf, i, end, c, d, e, sub):
        """Lines 0-n:24.1.0 (medium), 0-n:96.1.x (id), 0-n:24.2.x and 24.3.x (timestamp)(value*unit)."""
        close = self._group(buf, i, end)
        if not close:
            self.bad += 1
        elif c == 96:
            if d == 1 and e < 2 and close > i + 1:
                text = from_hex(buf, i + 1, close)
                sub.ident = text if text else bytes(memoryview(buf)[i + 1 : close])
        elif d == 1 and e == 0:
            if self._decimal(buf, i + 1, close) and not self.decimals and self.number < 256:
                sub.medium = self.number
        elif d in b"\x02\x03" and close > i + 1:
            if not self._timestamp(buf, i + 1, close):
                return
            self._keep_time(sub)
            if d == 2:
                self._submeter_value(buf, close + 1, end, sub)
            else:
                # DSMR 2.2: (time)(status)(minutes)(count)(code)(unit), and the value on the next line.
                sub.unit = 13 if buf[end - 3] in b"mM" else 25
                self._pending = self._code[1]

    def _keep_time(self, sub):
        for k in range(12):
            sub.clock[k] = self._time[k]
        sub.dst = self._dst
        sub.state = 1

    def _submeter_value(self, buf, i, end, sub):
        close = self._group(buf, i, end)
        if not close or not self._decimal(buf, i + 1, close):
            return
        scale = 3 - self.decimals
        if self.unit:
            first = buf[self.unit]
            if first in b"mM":
                sub.unit = 13
            elif first in b"Gg":
                sub.unit = 25
            elif first in b"kKWw":
                sub.unit = 30
                scale = self.thousand - self.decimals
            else:
                return
        if scale >= 0:
            sub.value = self.number * 10**scale
        else:
            sub.value = self.number // 10**-scale


def from_hex(buf, a, b):
    """The text whose hex digits are buf[a:b], as octets; None when it is not hex of a printable text."""
    if (b - a) & 1:
        return None
    text = bytearray((b - a) >> 1)
    k = 0
    while a < b:
        value = 0
        for c in (buf[a], buf[a + 1]):
            if 48 <= c <= 57:
                c -= 48
            elif 65 <= c <= 70 or 97 <= c <= 102:
                c = (c & 15) + 9
            else:
                return None
            value = value << 4 | c
        if not 32 <= value < 127:
            return None
        text[k] = value
        k += 1
        a += 2
    return bytes(text)
