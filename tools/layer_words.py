"""The words of handecode: what octets mean, one function a field, each giving a text.

Nothing here knows a frame or prints. Runs on CPython and on MicroPython alike, and gives the same text.
"""

from hanport import axdr, cosem, dsmr, registers

# COSEM units (Blue Book 4.3.2, enum unit) that a meter may send, as "number word".
_UNITS = (
    " 1 a 2 mo 3 wk 4 d 5 h 6 min 7 s 8 deg 9 degC 10 currency 11 m 12 m/s 13 m3 14 m3(corrected) 15 m3/h "
    "16 m3/h(corrected) 17 m3/d 18 m3/d(corrected) 19 l 20 kg 21 N 22 Nm 23 Pa 24 bar 25 J 26 J/h 27 W 28 VA "
    "29 var 30 Wh 31 VAh 32 varh 33 A 34 C 35 V 36 V/m 37 F 38 ohm 39 ohm*m2/m 40 Wb 41 T 42 A/m 43 H 44 Hz "
    "45 1/Wh 46 1/varh 47 1/VAh 48 V2h 49 A2h 50 kg/s 51 S 52 K 53 1/V2h 54 1/A2h 55 1/m3 56 % 57 Ah "
    "60 Wh/m3 61 J/m3 62 mol% 63 g/m3 64 Pa*s 65 J/kg 66 g/cm2 67 atm 70 dBm 71 dBuV 72 dB "
    "254 other "
)
# The unit a register is written in, by its COSEM unit.
WRITTEN = {27: " W", 28: " VA", 29: " var", 30: " kWh", 32: " kvarh", 33: " A", 35: " V", 44: " Hz"}

# APDU tags (Green Book 9.5). Only the first four carry what a meter pushes.
_APDUS = {
    0x0F: "data-notification",
    0xDB: "general-glo-ciphering",
    0xDC: "general-ded-ciphering",
    0xE0: "general-block-transfer",
    0x10: "data-notification-confirm",
    0x18: "information-report",
    0x60: "AARQ",
    0x61: "AARE",
    0x62: "RLRQ",
    0x63: "RLRE",
    0xC0: "get-request",
    0xC1: "set-request",
    0xC2: "event-notification-request",
    0xC3: "action-request",
    0xC4: "get-response",
    0xC5: "set-response",
    0xC7: "action-response",
    0xD8: "exception-response",
    0xDD: "general-ciphering",
    0xDF: "general-signing",
}

# A-XDR types by tag (IEC 61334-6, Green Book 9.5).
_TYPES = {
    0: "null-data",
    1: "array",
    2: "structure",
    3: "boolean",
    4: "bit-string",
    5: "double-long",
    6: "double-long-unsigned",
    9: "octet-string",
    10: "visible-string",
    12: "utf8-string",
    13: "bcd",
    15: "integer",
    16: "long",
    17: "unsigned",
    18: "long-unsigned",
    19: "compact-array",
    20: "long64",
    21: "long64-unsigned",
    22: "enum",
    23: "float32",
    24: "float64",
    25: "date-time",
    26: "date",
    27: "time",
    28: "delta-integer",
    29: "delta-long",
    30: "delta-double-long",
    31: "delta-unsigned",
    32: "delta-long-unsigned",
    33: "delta-double-long-unsigned",
    255: "dont-care",
}

# OBIS codes C.D.E that are no register of the table.
_OTHERS = {
    "1.0.0": "clock",
    "0.0.1": "meter number",
    "0.0.5": "GS1 number",
    "0.2.8": "P1 version",
    "0.2.129": "list id",
    "0.9.1": "time",
    "0.9.2": "date",
    "25.9.0": "push setup",
    "42.0.0": "COSEM logical device name",
    "96.1.0": "meter id",
    "96.1.1": "meter type or id",
    "96.1.4": "version",
    "96.1.7": "meter type",
    "96.13.0": "text message",
    "96.13.1": "numeric message",
    "98.1.0": "peaks of the months before",
    "99.97.0": "power failure log",
    "24.1.0": "sub-meter: device type",
    "24.2.1": "sub-meter: reading",
    "24.2.3": "sub-meter: reading, not temperature corrected",
    "24.3.0": "sub-meter: reading (DSMR 2)",
    "24.4.0": "sub-meter: valve or switch",
}
_SUBMETER = {"96.1.0": "sub-meter: id", "96.1.1": "sub-meter: id", "96.1.2": "sub-meter: EAN"}

_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


def octets(buf, a, b, most=16):
    """buf[a:b] as hex; of more than `most` octets the first ones and "..": "7E A0 27 .."."""
    text = " ".join(["%02X" % buf[k] for k in range(a, min(b, a + most))])
    return text + " .." if b - a > most else text


def quoted(buf, a, b):
    """buf[a:b] as a quoted text, or an empty text when it is not all printable ASCII."""
    for k in range(a, b):
        if not 32 <= buf[k] < 127:
            return ""
    return '"' + bytes(buf[a:b]).decode() + '"' if b > a else ""


def unit(code):
    """Word of a COSEM unit: "V" of 35."""
    if code == 255 or code == 0:
        return "without unit"
    at = _UNITS.find(" %d " % code)
    return _UNITS[at:].split()[1] if at >= 0 else "unit %d" % code


def apdu(tag):
    """Name of an APDU: "data-notification (0F)"."""
    return "%s (%02X)" % (_APDUS.get(tag, "an APDU that no meter pushes"), tag)


def kind(tag):
    """Name of an A-XDR type: "double-long-unsigned"."""
    return _TYPES.get(tag, "unknown type %02X" % tag)


def register(index):
    """A register's name in words, without its unit: "active power import"."""
    words = registers.name(index).split("_")
    if registers.unit(index) in WRITTEN:
        words.pop()
    # Phases, quadrants and tariffs as people write them: L1, Q1, T1.
    return " ".join([word.upper() if len(word) == 2 and word[0] in "lqt" else word for word in words])


def meaning(b, c, d, e):
    """What the OBIS groups B to E stand for, in words; an empty text when it is not known."""
    cde = "%d.%d.%d" % (c, d, e)
    if 1 <= b <= 4 and cde in _SUBMETER:
        return _SUBMETER[cde]
    index = registers.find(c, d, e)
    return _OTHERS.get(cde, "") if index == registers.NONE else register(index)


def obis(buf, i):
    """The OBIS code at buf[i:i+6] and its meaning: "1-0:1.7.0.255 active power import"."""
    code = "%d-%d:%d.%d.%d.%d" % tuple(buf[k] for k in range(i, i + 6))
    return (code + " " + meaning(*(buf[k] for k in range(i + 1, i + 5)))).rstrip()


def address(buf, a, b):
    """An HDLC address: 1 octet upper, 2 or 4 octets upper and lower halves (IEC 62056-46 6.4.2.2)."""
    half = (b - a) // 2
    if half == 0:
        return "upper %d" % (buf[a] >> 1)
    if b - a == 3:
        return "no address has three octets"
    value = 0
    for k in range(a, b):
        value = value << 7 | buf[k] >> 1
    return "upper %d, lower %d" % (value >> 7 * half, value & (1 << 7 * half) - 1)


def control(c):
    """An HDLC control octet: kind of frame and the poll/final bit."""
    final = "P/F %d" % (c >> 4 & 1)
    if not c & 1:
        return "I frame, N(R) %d, N(S) %d, %s" % (c >> 5, c >> 1 & 7, final)
    if c & 3 == 1:
        return "%s frame, N(R) %d, %s" % (("RR", "RNR", "REJ", "SREJ")[c >> 2 & 3], c >> 5, final)
    names = {0x03: "UI", 0x83: "SNRM", 0x43: "DISC", 0x63: "UA", 0x0F: "DM", 0x87: "FRMR"}
    return "%s frame, %s" % (names.get(c & 0xEF, "unnumbered"), final)


def _status(octet):
    if octet == 0xFF:
        return "not specified"
    names = ("invalid", "doubtful", "different clock base", "invalid clock status")
    told = [name for bit, name in enumerate(names) if octet >> bit & 1]
    if octet & 0x80:
        told.append("daylight saving")
    return ", ".join(told) if told else "valid"


def _part(octet, most=99):
    return "%02d" % octet if octet <= most else "??"


def date(buf, i):
    """The 5 octets of a date: "2024-07-15 Monday"; what is not specified is ??."""
    year = buf[i] << 8 | buf[i + 1]
    text = "%s-%s-%s" % ("%04d" % year if year != 0xFFFF else "????", _part(buf[i + 2]), _part(buf[i + 3]))
    day = buf[i + 4]
    return text + " " + _DAYS.split()[day - 1] if 1 <= day <= 7 else text


def time(buf, i):
    """The 4 octets of a time: "13:05:10.50"; hundredths only when they are sent and not 0."""
    text = "%s:%s:%s" % (_part(buf[i]), _part(buf[i + 1]), _part(buf[i + 2]))
    return text + ".%02d" % buf[i + 3] if 0 < buf[i + 3] < 100 else text


def date_time(buf, i):
    """The 12 octets of a date-time (Blue Book 4.1.6.1): date, time, deviation and status bits in words."""
    deviation = buf[i + 9] << 8 | buf[i + 10]
    if deviation == 0x8000:
        offset = "not specified"
    else:
        if deviation > 0x8000:
            deviation -= 0x10000
        ahead = abs(deviation)
        sign = "-" if deviation > 0 else "+"
        offset = "%d min (UTC%s%02d:%02d)" % (deviation, sign, ahead // 60, ahead % 60)
    status = buf[i + 11]
    words = (date(buf, i), time(buf, i + 5), offset, status, _status(status))
    return "%s, %s, deviation %s, status %02X: %s" % words


def is_date_time(buf, a, b):
    """True when buf[a:b] is a date-time that is set, or one whose year is not specified."""
    if b - a != 12:
        return False
    return cosem.clock_fits(buf, a) or (buf[a] == buf[a + 1] == 0xFF and buf[a + 9] in b"\x80\xff\xfe\x00")


def security(octet):
    """A security control octet in words (Green Book 9.2.7.2.4.1)."""
    suites = (" (AES-GCM-128)", " (ECDH-ECDSA-AES-GCM-128-SHA-256)", " (ECDH-ECDSA-AES-GCM-256-SHA-384)")
    suite = octet & 15
    words = [
        "encrypted" if octet & 0x20 else "not encrypted",
        "authenticated" if octet & 0x10 else "not authenticated",
        "suite %d%s" % (suite, suites[suite] if suite < 3 else ""),
        "broadcast key set" if octet & 0x40 else "unicast key set",
    ]
    return ", ".join(words + ["compressed"] if octet & 0x80 else words)


def invoke_id(buf, i):
    """The four octets of a long-invoke-id-and-priority in words."""
    flags = buf[i]
    words = ["number %d" % (buf[i + 1] << 16 | buf[i + 2] << 8 | buf[i + 3])]
    words.append("confirmed" if flags & 0x40 else "unconfirmed")
    for bit, word in ((0x80, "high priority"), (0x20, "break on error"), (0x10, "self-descriptive")):
        if flags & bit:
            words.append(word)
    return ", ".join(words)


def _float(buf, i, size, wide):
    """A float as an exact whole number times a power of two: no interpreter's rounding shows."""
    bits = 0
    for k in range(i, i + size):
        bits = bits << 8 | buf[k]
    fraction = 8 * size - 1 - wide
    exponent = bits >> fraction & (1 << wide) - 1
    number = bits & (1 << fraction) - 1
    if exponent == (1 << wide) - 1:
        return "not a finite number"
    if exponent:
        number |= 1 << fraction
    power = max(exponent, 1) - (1 << wide - 1) + 1 - fraction
    while number and not number & 1:
        number >>= 1
        power += 1
    return "%s%d x 2^%d" % ("-" if bits >> 8 * size - 1 else "", number, power if number else 0)


def _string(buf, i, tag):
    a = axdr.content(buf, i)
    count = axdr.count(buf, i)
    b = a + count
    if tag == axdr.OCTETS:
        if count == 6 and (buf[b - 1] == 0xFF or buf[a] < 2):
            return obis(buf, a)
        if is_date_time(buf, a, b):
            return date_time(buf, a)
    text = quoted(buf, a, b)
    if tag == axdr.OCTETS and text:
        return "%d octets %s" % (count, text)
    return text or "%d octets" % count


def value(buf, i):
    """The value, in words, of the whole A-XDR element at buf[i:] that is no list."""
    tag = buf[i]
    if axdr.is_integer(tag):
        return "%d" % axdr.integer(buf, i)
    if tag in b"\x09\x0a\x0c":
        return _string(buf, i, tag)
    if tag == 3:
        return "true" if buf[i + 1] else "false"
    if tag == 4:
        at = axdr.content(buf, i)
        return "".join(["%d" % (buf[at + (k >> 3)] >> 7 - (k & 7) & 1) for k in range(axdr.count(buf, i))])
    if tag == 13:
        return "%02X" % buf[i + 1]
    if tag == 23 or tag == 24:
        return _float(buf, i + 1, 4, 8) if tag == 23 else _float(buf, i + 1, 8, 11)
    if tag == 25:
        return date_time(buf, i + 1)
    if tag == 26:
        return date(buf, i + 1)
    return time(buf, i + 1) if tag == 27 else ""


def p1_time(text):
    """A P1 timestamp YYMMDDhhmmss with S or W in words, or an empty text when it is none."""
    digits = text.rstrip("SW")
    if len(digits) != 12 or len(text) > 13 or not digits.isdigit():
        return ""
    d = [digits[k : k + 2] for k in range(0, 12, 2)]
    season = {"S": ", summer time", "W": ", winter time"}.get(text[12:], "")
    return "20%s-%s-%s %s:%s:%s%s" % tuple(d + [season])


def _p1_value(text):
    """One value of a P1 line: "00.512*kW" is "0.512 kW", a timestamp is told as one."""
    at = text.find("*")
    number, unit_word = (text, "") if at < 0 else (text[:at], " " + text[at + 1 :])
    point = number.find(".")
    whole = number if point < 0 else number[:point]
    if point >= 0 and whole.isdigit():
        number = "%d" % int(whole) + number[point:]
    elif unit_word and whole.isdigit():
        number = "%d" % int(whole)
    return p1_time(text) or number + unit_word


def p1_line(text):
    """A P1 line "A-B:C.D.E(value*unit)" in words: "active power import = 0.512 kW"; "" when it is none."""
    at = text.find("(")
    groups = []
    for mark in "-:*":
        text = text[: max(at, 0)].replace(mark, ".") + text[max(at, 0) :]
    for part in text[:at].split(".") if at > 0 else []:
        if not part.isdigit() or int(part) > 255:
            return ""
        groups.append(int(part))
    values = [part.rstrip(")") for part in text[at + 1 :].split("(")] if at >= 0 else []
    if at < 0 or (groups and len(groups) < 5):
        return ""
    if not groups:  # DSMR 2: the value of the line before
        return "value = " + ", ".join([_p1_value(part) for part in values])
    name = meaning(*groups[1:5]) or "no name here"
    shown = [_p1_value(part) or "no data" for part in values]
    if groups[2:4] in ([96, 1], [96, 13], [42, 0]):
        # Texts are sent as the hex digits of their octets.
        hexed = values[0].encode()
        plain = dsmr.from_hex(hexed, 0, len(hexed)) if hexed else None
        shown = ['"' + plain.decode() + '"' if plain else values[0] or "no data"]
    return name + " = " + ", ".join(shown)
