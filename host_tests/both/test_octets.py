"""The small readers of octets.py, in the make of this interpreter, against simple ones written here."""

from array import array

from hanport import octets

_LETTERS = b"0123456789-:.*()\r\n kWhVA!/\x00\x7f\xb0"


class Dice:
    """The same numbers on every interpreter (Numerical Recipes)."""

    def __init__(self, seed):
        self.x = seed

    def roll(self, n):
        """A number 0..n-1."""
        self.x = (self.x * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.x >> 8) % n


def _case(dice):
    """Octets: half of them noise, half an OBIS code and a number, sometimes damaged."""
    if dice.roll(2):
        return bytearray(_LETTERS[dice.roll(len(_LETTERS))] for _ in range(dice.roll(30)))
    groups = tuple(dice.roll(300 if dice.roll(6) == 0 else 100) for _ in range(5))
    ends = (b"(", b"*255(", b".255(", b"*(", b"", b"*300(")
    text = b"%d-%d:%d.%d.%d" % groups + ends[dice.roll(len(ends))]
    text += b"%d.%d*kW)" % (dice.roll(10 ** (1 + dice.roll(9))), dice.roll(10 ** (1 + dice.roll(9))))
    text = bytearray(text)
    if dice.roll(3) == 0:
        text[dice.roll(len(text))] = _LETTERS[dice.roll(len(_LETTERS))]
    return text


def _obis(text):
    """(groups, index of the bracket) of text, or None: split at the marks, each group up to 255."""
    at = text.find(b"(")
    if at < 0:
        return None
    head = str(bytes(text[:at]), "latin-1") if not any(c > 126 for c in text[:at]) else "?"
    dash = head.find("-")
    colon = head.find(":")
    if not 0 < dash < colon:
        return None
    rest = head[colon + 1 :]
    for mark in "-:*":
        rest = rest.replace(mark, ".")
    groups = [head[:dash], head[dash + 1 : colon]] + rest.split(".")
    if len(groups) < 5:
        return None
    for group in groups:
        if not group or any(c not in "0123456789" for c in group) or int(group) > 255:
            return None
    return [int(group) for group in groups[:5]], at


def test_obis():
    """Every code that is right is read, every other refused."""
    dice = Dice(11)
    code = bytearray(5)
    read = 0
    for _ in range(3000):
        text = _case(dice)
        at = octets.obis(code, text, 0, len(text))
        wanted = _obis(text)
        assert at == (wanted[1] if wanted else 0), text
        if wanted:
            assert list(code) == wanted[0], text
            read += 1
    assert read > 500


def _decimal(text):
    """(digits, decimals, length) of the number at the start of text, or None."""
    n = 0
    digits = b""
    point = -1
    while n < len(text) and (48 <= text[n] <= 57 or (text[n] == 46 and point < 0)):
        if text[n] == 46:
            point = len(digits)
        else:
            digits += bytes(text[n : n + 1])
        n += 1
    if not digits or len(digits) > 18:
        return None
    return digits, len(digits) - point if point >= 0 else 0, n


def test_decimal():
    """The number is given in two parts of nine digits, with its count of digits and decimals."""
    dice = Dice(12)
    out = array("I", bytes(16))
    read = 0
    for _ in range(3000):
        text = _case(dice)
        at = text.find(b"(") + 1
        end = octets.decimal(out, text, at, len(text))
        wanted = _decimal(text[at:])
        assert end == (at + wanted[2] if wanted else 0), text
        if wanted:
            digits, decimals, _ = wanted
            assert out[0] == int(digits[:9]) and out[1] == int(digits[9:] or b"0"), text
            assert out[2] == len(digits) and out[3] == decimals, text
            read += 1
    assert read > 500


def test_text():
    """Stops at "!" and at whatever is no printable ASCII, blank, CR or LF."""
    dice = Dice(13)
    for _ in range(2000):
        text = _case(dice)
        wanted = 0
        while wanted < len(text) and (text[wanted] in b"\r\n " or 34 <= text[wanted] < 127):
            wanted += 1
        assert octets.text(text, 0, len(text)) == wanted, text
