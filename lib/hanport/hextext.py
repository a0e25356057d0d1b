"""Texts that P1 sends as the hex digits of their characters: ids and messages."""


def from_hex(buf, a, b):
    """The text whose hex digits are buf[a:b], as octets; None when it is not hex of a printable text."""
    if (b - a) & 1:
        return None
    text = bytearray((b - a) >> 1)
    k = 0
    value = 0
    while a < b:
        c = buf[a]
        if 48 <= c <= 57:
            c -= 48
        elif 65 <= c <= 70 or 97 <= c <= 102:
            c = (c & 15) + 9
        else:
            return None
        a += 1
        if (b - a) & 1:
            value = c << 4
            continue
        value |= c
        if not 32 <= value < 127:
            return None
        text[k] = value
        k += 1
    return bytes(text)
