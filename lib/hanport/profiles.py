"""Lists that do not explain themselves, as rows of data. To add a meter, add a row and a frame.

A row: `name | root | first | maker | elements`

  root      S or A (structure, array) and the number of elements, * for any
  first     what the first element must be: u32 (an integer of 4 octets), text KFM_ (a string that begins
            so), obis 0.2.129 (that OBIS code)
  elements  "pairs" and the scales of values sent without one; or, for lists where order is everything,
            one word an element:
              list id model name alt   a text of the reading
              clock                    12 octets
              -                        not used
              1.7.0*-1/4               a register, its scale, and how many octets the integer must have
  scales of pairs: W A V E F (power, current, voltage, energy, power factor), a sign and a digit; "V=size"
  picks 1, 0.1 or 0.01 V by what gives a mains voltage; "?" marks a scale that no octet and no document of
  this meter proves: the reading says so.

Sources: `KFM_001` and HAN-NVE interface descriptions of the makers (see README).
"""

from hanport import axdr, cosem, fault, reading, registers

_ROWS = (
    "Kaifa list 1|S1|u32|Kaifa|1.7.0\n"
    "Kaifa list 2, one phase|S9|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0*-3 32.7.0*-1\n"
    "Kaifa list 2|S13|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0*-3 51.7.0*-3 71.7.0*-3 32.7.0*-1 52.7.0*-1 72.7.0*-1\n"
    "Kaifa list 3, one phase|S14|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0*-3 32.7.0*-1 clock 1.8.0 2.8.0 3.8.0 4.8.0\n"
    "Kaifa list 3|S18|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0*-3 51.7.0*-3 71.7.0*-3 32.7.0*-1 52.7.0*-1 72.7.0*-1 "
    "clock 1.8.0 2.8.0 3.8.0 4.8.0\n"
    "Kaifa Sweden, OBIS|S36|obis 0.2.129|Kaifa|pairs W+0 A-3 V-1 E+0\n"
    "Kamstrup|S*|text Kamstrup_V|Kamstrup|pairs W+0 A-2 V=size E+1? F-2\n"
)

# Who made it, by how a list id, a P1 identification, a device name or a system title begins:
# prefix|maker. Longer prefixes first.
_MAKERS = (
    "AIDON|Aidon\n"
    "Kamstrup|Kamstrup\n"
    "KFM|Kaifa\n"
    "1KFM|Kaifa\n"
    "EMBRIQ|Landis+Gyr\n"
    "KAM|Kamstrup\n"
    "KMP|Kamstrup\n"
    "ADN|Aidon\n"
    "LGF|Landis+Gyr\n"
    "LGZ|Landis+Gyr\n"
    "XMX|Landis+Gyr\n"
    "ISK|Iskraemeco\n"
    "ISk|Iskraemeco\n"
    "SAG|Sagemcom\n"
    "EST|Sagemcom\n"
    "EGM|Elgama\n"
    "NES|NES\n"
)

# Makers whose clock, when not P1, is the zone's standard time all year, whatever deviation it sends.
_NORMAL_TIME = b"Aidon Kamstrup "

# Words of a positional row that are no register, and the codes they get in a plan.
_WORDS = "list id model name alt clock - "
_CODES = b"\xe3\xe1\xe2\xe4\xe5\xf0\xf1"
_TEXT = 0xE0
_CLOCK = 0xF0
_SKIP = 0xF1


def maker(text):
    """Maker's name of a list id, identification or title, as octets, or None."""
    if text:
        for row in _MAKERS.split("\n"):
            prefix, _, who = row.partition("|")
            if prefix and text.startswith(prefix.encode()):
                return who.encode()
    return None


def normal_time(who):
    """True when the clock of this maker is the zone's standard time all year."""
    return who is not None and _NORMAL_TIME.find(who + b" ") >= 0


class Plan:
    """One row, read once: what must hold for it, and what to do with each element."""

    def __init__(self, row):
        self.name, root, first, who, elements = row.split("|")
        self.root = axdr.ARRAY if root[0] == "A" else axdr.STRUCTURE
        self.size = 0 if root[1:] == "*" else int(root[1:])
        self.kind, _, wanted = first.partition(" ")
        self.wanted = bytes(int(x) for x in wanted.split(".")) if self.kind == "obis" else wanted.encode()
        self.maker = who.encode()
        words = elements.split(" ")
        self.scales = None
        self.items = None
        if words[0] == "pairs":
            self.scales = bytearray(cosem.SLOTS + 1)
            for word in words[1:]:
                at = "WAVEF".find(word[0])
                self.scales[at] = 1 if word[1] == "=" else 64 + int(word[1:3]) + (128 if "?" in word else 0)
        else:
            self.items = bytearray(3 * len(words))
            for at, word in enumerate(words):
                self._item(3 * at, word)

    def _item(self, at, word):
        """Code, scale + 64 and octets wanted of one word."""
        items = self.items
        items[at + 1] = 64
        if not word[0].isdigit():
            items[at] = _CODES[_WORDS[: _WORDS.find(word + " ")].count(" ")]
            return
        word, _, octets = word.partition("/")
        word, _, scale = word.partition("*")
        c, d, e = word.split(".")
        items[at] = registers.find(int(c), int(d), int(e))
        items[at + 1] += int(scale or 0)
        items[at + 2] = int(octets or 0)

    def fits(self, buf, table, n):
        """True when the list noted in table[0:n] is this row's."""
        root = table[0]
        if n < 2 or buf[root] != self.root or (self.size and axdr.count(buf, root) != self.size):
            return False
        i = table[1]
        tag = buf[i]
        if self.kind == "u32":
            return tag == 6
        if self.kind == "obis":
            return axdr.is_octets(buf, i, 6) and reading.same(self.wanted, buf, i + 4, i + 7)
        if tag != axdr.OCTETS and tag != axdr.TEXT:
            return False
        a = axdr.content(buf, i)
        return axdr.count(buf, i) >= len(self.wanted) and reading.same(self.wanted, buf, a, a + len(self.wanted))

    def _types_fit(self, buf, table, n):
        """True when every element has the type its word needs; only then is any taken."""
        items = self.items
        if n - 1 != len(items) // 3:
            return False
        for k in range(1, n):
            code = items[3 * k - 3]
            octets = items[3 * k - 1]
            i = table[k]
            tag = buf[i]
            if code < _TEXT:
                if not axdr.is_integer(tag) or (octets and axdr.size(tag) != octets):
                    return False
            elif code == _CLOCK:
                if not axdr.is_octets(buf, i, 12):
                    return False
            elif code != _SKIP and tag != axdr.OCTETS and tag != axdr.TEXT:
                return False
        return True

    def take(self, buf, table, n, into):
        """Put the list's values into the reading; returns 0 or a fault code."""
        if self.scales:
            k = 1
            if self.kind == "text":
                a = axdr.content(buf, table[1])
                into.set_text(reading.LIST_ID, buf, a, a + axdr.count(buf, table[1]))
                k = 2
            cosem.pairs(buf, table, n, k, self.scales, into)
        else:
            if not self._types_fit(buf, table, n):
                return fault.LIST
            self._positions(buf, table, n, into)
        into.set_text(reading.MAKER, self.maker, 0, len(self.maker))
        return 0

    def _positions(self, buf, table, n, into):
        items = self.items
        for k in range(1, n):
            code = items[3 * k - 3]
            i = table[k]
            if code < _TEXT:
                into.put(code, axdr.integer(buf, i), items[3 * k - 2] - 64, reading.SENT)
            elif code == _CLOCK:
                cosem.clock(buf, i + 2, into, reading.COSEM)
            elif code != _SKIP:
                a = axdr.content(buf, i)
                into.set_text(code - _TEXT, buf, a, a + axdr.count(buf, i))


_plans = []  # plans in use: a device meets the two or three lists of its own meter


def find(buf, table, n):
    """The Plan of the list noted in table[0:n], or None when no row fits."""
    for plan in _plans:
        if plan.fits(buf, table, n):
            return plan
    at = 0
    while at < len(_ROWS):
        end = _ROWS.find("\n", at)
        plan = Plan(_ROWS[at:end])
        if plan.fits(buf, table, n):
            if len(_plans) > 5:
                _plans.pop(0)
            _plans.append(plan)
            return plan
        at = end + 1
    return None
