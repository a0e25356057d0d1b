"""A-XDR elements and the data-notification APDU, built octet by octet.

One of the parts of framesmith, the project's second source of frames: nothing here is taken from the
firmware's own decoder, so that a common mistake of encoder and decoder cannot hide itself.
Encoding rules: IEC 61334-6 (A-XDR) as used by IEC 62056-5-3; date-time and scaler_unit: IEC 62056-6-2.
Every builder returns bytes; a value that does not fit raises SmithError.
"""

from datetime import datetime


class SmithError(ValueError):
    """A description, a value or a key that cannot be turned into a frame; the text is one clear line."""


def hexoctets(text, what="octets"):
    """Return the bytes of a hex text; blanks are ignored, a bad digit raises SmithError."""
    try:
        return bytes.fromhex("".join(str(text).split()))
    except ValueError as error:
        raise SmithError(f"{what}: {text!r} is not hex") from error


def ber_length(count, octets=None):
    """Length as A-XDR and BER write it: one octet up to 127, else 81/82/83 and the length.

    `octets` forces the long form with that many length octets (Luxembourg's P1 always sends 82 LL LL).
    """
    if octets is None:
        if count < 0x80:
            return bytes([count])
        octets = (count.bit_length() + 7) // 8
    if count >> (8 * octets):
        raise SmithError(f"length {count} does not fit {octets} octets")
    return bytes([0x80 | octets]) + count.to_bytes(octets, "big")


def _number(tag, value, octets, signed):
    if int(value) != value:
        raise SmithError(f"{value} is not a whole number of the element's unit")
    try:
        return bytes([tag]) + int(value).to_bytes(octets, "big", signed=signed)
    except OverflowError as error:
        raise SmithError(f"{value} does not fit {octets} octets ({'' if signed else 'un'}signed)") from error


def null():
    """null-data, tag 00."""
    return b"\x00"


def boolean(value):
    """boolean, tag 03."""
    return b"\x03\x01" if value else b"\x03\x00"


def i8(value):
    """integer, tag 0F."""
    return _number(0x0F, value, 1, True)


def i16(value):
    """long, tag 10."""
    return _number(0x10, value, 2, True)


def i32(value):
    """double-long, tag 05."""
    return _number(0x05, value, 4, True)


def u8(value):
    """unsigned, tag 11."""
    return _number(0x11, value, 1, False)


def u16(value):
    """long-unsigned, tag 12."""
    return _number(0x12, value, 2, False)


def u32(value):
    """double-long-unsigned, tag 06."""
    return _number(0x06, value, 4, False)


def u64(value):
    """long64-unsigned, tag 15."""
    return _number(0x15, value, 8, False)


def enum(value):
    """enum, tag 16."""
    return _number(0x16, value, 1, False)


def octet_string(octets):
    """octet-string, tag 09; `octets` is bytes or ASCII text."""
    octets = octets.encode("ascii") if isinstance(octets, str) else bytes(octets)
    return b"\x09" + ber_length(len(octets)) + octets


def visible_string(text):
    """visible-string, tag 0A; `text` is ASCII text or bytes."""
    return b"\x0a" + octet_string(text)[1:]


def array(elements):
    """array, tag 01, of ready elements (an iterable of bytes)."""
    elements = list(elements)
    return b"\x01" + ber_length(len(elements)) + b"".join(elements)


def structure(elements):
    """structure, tag 02, of ready elements (an iterable of bytes)."""
    elements = list(elements)
    return b"\x02" + ber_length(len(elements)) + b"".join(elements)


def obis(code):
    """OBIS code "A-B:C.D.E[.F]" as an octet-string of 6; F is 255 when left out."""
    head, _, tail = code.partition(":")
    try:
        groups = [int(group) for group in head.split("-") + tail.split(".")]
        groups += [255] * (6 - len(groups))
        if len(groups) != 6:
            raise ValueError("an OBIS code has 6 groups")
        return octet_string(bytes(groups))
    except ValueError as error:
        raise SmithError(f"OBIS code {code!r}: {error}") from error


def scaler_unit(scaler, unit):
    """scaler_unit: structure of int8 scaler and enum unit (IEC 62056-6-2, class Register, attribute 3)."""
    return structure([i8(scaler), enum(unit)])


def clock(moment, deviation=None, status=0, weekday=None, hundredths=0xFF):
    """The 12 octets of a date-time, without tag or length (wrap them in octet_string for an element).

    moment: datetime (its tzinfo is not looked at). deviation: minutes from local time to UTC (CET -60),
    None = 8000 "not specified". status: clock status octet, None = FF "not specified".
    weekday: 1 Monday .. 7, None = computed (Aidon sends 0). hundredths: FF = not specified.
    """
    if not isinstance(moment, datetime):
        raise SmithError(f"clock needs a datetime, not {moment!r}")
    offset = b"\x80\x00" if deviation is None else i16(deviation)[1:]
    day = moment.isoweekday() if weekday is None else weekday
    return (moment.year.to_bytes(2, "big")
            + bytes([moment.month, moment.day, day, moment.hour, moment.minute, moment.second, hundredths])
            + offset + bytes([0xFF if status is None else status]))


TIME_FORMS = ("none", "plain", "tagged", "tagged-empty", "datetime")


def data_notification(body, time=None, form="none", invoke=0x40000000):
    """data-notification APDU: 0F, long-invoke-id-and-priority, date-time, data (IEC 62056-5-3, 9.3.10).

    body: one encoded element. time: the 12 octets of clock(). form: how makers write the date-time:
    "none" 00; "plain" 0C + 12 (the standard); "tagged" 09 0C + 12 (Kaifa); "tagged-empty" 09 00;
    "datetime" 19 + 12. invoke: 32-bit number.
    """
    if form not in TIME_FORMS:
        raise SmithError(f"date-time form {form!r} is none of {', '.join(TIME_FORMS)}")
    if form in ("none", "tagged-empty"):
        stamp = b"\x00" if form == "none" else b"\x09\x00"
    elif time is None or len(time) != 12:
        raise SmithError(f"date-time form {form!r} needs the 12 octets of a clock")
    else:
        stamp = {"plain": b"\x0c", "tagged": b"\x09\x0c", "datetime": b"\x19"}[form] + time
    return b"\x0f" + invoke.to_bytes(4, "big") + stamp + body
