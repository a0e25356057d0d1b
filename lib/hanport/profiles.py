"""Lists that do not explain themselves, as rows of data. To add a meter, add a row and a frame.

A row: `name | root | first | maker | elements`

  root      S or A (structure, array) and the number of elements, * for any
  first     what the list must begin with, and what else must hold:
              u32, u16        an integer of 4 or 2 octets
              text KFM_       a string that begins so (empty: any string)
              octets 8        an octet-string of 8 octets
              obis 0.2.129    that OBIS code
              objects         an array of capture objects (class, OBIS, attribute, index)
              ... 5 *092      also: element 5 is a string that ends so
  maker     "?" at the end when the list only looks like this maker's; empty when it may be several
  elements  "pairs", "objects": OBIS codes tell what is what, and these are the scales of values sent without
            one; else order is everything, one word an element:
              list id model name alt   a text of the reading
              clock                    an octet-string of 12
              tariff                   the active tariff as octets
              -                        not used
              1.7.0*-1/4               a register, its scale, how many octets the integer has; "?" at the end
                                       when the order rests on a document or a guess, not on the octets
  scales    W A V E F (power, current, voltage, energy, power factor), a sign and a digit; "V=size" picks 1,
            0.1 or 0.01 V by what gives a mains voltage; "?" marks a scale that no octet proves: the reading
            names such values in scale_assumed. Words after them: "clock" the first element is the clock,
            "id" the last one is the meter id.

Sources: the makers' interface descriptions and the frames named in the tests (meters.md sections 1 to 8).
"""

from hanport import axdr, cosem, fault, reading, registers

_KAIFA_3P = "31.7.0*-3 51.7.0*-3 71.7.0*-3 32.7.0*-1 52.7.0*-1 72.7.0*-1"
_U3_I3 = "32.7.0*-1/2 52.7.0*-1/2 72.7.0*-1/2 31.7.0*-2/2 51.7.0*-2/2 71.7.0*-2/2"
_BURGENLAND = (
    "32.7.0/2 52.7.0/2 72.7.0/2 31.7.0*-2/2 51.7.0*-2/2 71.7.0*-2/2 1.7.0/4 2.7.0/4 1.8.0/4 2.8.0/4"
)
_P3 = "21.7.0 41.7.0 61.7.0 22.7.0 42.7.0 62.7.0"
_TARIFFS = "1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2"

_ROWS = (
    "Kaifa list 1|S1|u32|Kaifa?|1.7.0\n"
    "Kaifa list 2, one phase|S9|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0*-3 32.7.0*-1\n"
    "Kaifa list 2|S13|text KFM_|Kaifa|list id model 1.7.0 2.7.0 3.7.0 4.7.0 {k}\n"
    "Kaifa list 3, one phase|S14|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0*-3 32.7.0*-1 clock 1.8.0 2.8.0 3.8.0 4.8.0\n"
    "Kaifa list 3|S18|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 {k} clock 1.8.0 2.8.0 3.8.0 4.8.0\n"
    "Kaifa Sweden, OBIS|S36|obis 0.2.129|Kaifa|pairs W+0 A-3 V-1 E+0\n"
    "Kamstrup push 1|S65|text Kamstrup_V|Kamstrup|pairs W+0 A-2 V=size E+0? F-2\n"
    "Kamstrup push 1, one phase|S37|text Kamstrup_V|Kamstrup|pairs W+0 A-2 V=size E+0? F-2\n"
    "Kamstrup Sweden|S*|text Kamstrup_V 5 *092|Kamstrup|pairs W+0 A-2 V=size E+0? F-2\n"
    "Kamstrup|S*|text Kamstrup_V|Kamstrup|pairs W+0 A-2 V=size E+1? F-2\n"
    "Landis+Gyr E450|S*|objects|Landis+Gyr?|objects W+0 A-2 V=size E+0\n"
    "Landis+Gyr E450 Burgenland|S14|u16|Landis+Gyr?|"
    "{b} - - - id\n"
    "Landis+Gyr E450 Burgenland, short|S11|u16|Landis+Gyr?|"
    "{b} id\n"
    "Netz NOE|S*|octets 12||pairs clock id\n"
    "Iskraemeco instantaneous|S18|text ISK|Iskraemeco|id list? 1.7.0 2.7.0 3.7.0 4.7.0 {u} {p}\n"
    "Iskraemeco energy|S12|text ISK|Iskraemeco|id list? 96.3.10/1 tariff {t} 3.8.0? 4.8.0?\n"
    "Iskraemeco UP_3f|S12|text ISK|Iskraemeco|id list {u} 1.7.0 2.7.0 3.7.0 4.7.0\n"
    "Iskraemeco one phase|S10|text ISK|Iskraemeco|"
    "id alt 1.7.0 2.7.0 3.7.0 4.7.0 32.7.0*-1/2 31.7.0*-2/2 21.7.0 22.7.0\n"
    "Iskraemeco tariffs|S10|text ISK|Iskraemeco|"
    "id alt 1.8.1/4 1.8.2/4 2.8.1/4 2.8.2/4 3.8.1/4 3.8.2/4 4.8.1/4 4.8.2/4\n"
    "Iskraemeco 9|S9|text ISK|Iskraemeco|id alt 1.7.0 2.7.0 3.7.0 4.7.0 32.7.0*-1/2 - -\n"
    "Iskraemeco 9, energy|S9|text ISK|Iskraemeco|id 1.7.0? 2.7.0? {t}\n"
    "Iskraemeco 8|S8|text ISK|Iskraemeco|id alt 32.7.0*-1/2 31.7.0*-2/2 1.7.0 2.7.0 3.7.0 4.7.0\n"
    "Iskraemeco quarter hour|S4|octets 8||id -/1 1.8.0/4 2.8.0/4\n"
    "Iskraemeco IE.5|S33|octets 8||id - - {t} 5.8.0? 6.8.0? 7.8.0? 8.8.0? 1.7.0 2.7.0 13.7.0*-3/2 {p} {u} "
    "-/4 - - - - - - -\n"
    "Iskraemeco IE.5, short|S28|octets 8||id - - {t} 1.7.0 2.7.0 {p} {u} -/4 - - - - - - -\n"
    "Iskraemeco Switzerland|S15|u32|Iskraemeco?|"
    "1.8.0? 1.8.1? 1.8.2? 2.8.0? 2.8.1? 2.8.2? - clock 2.7.0? 1.7.0? 31.7.0*-2? 51.7.0*-2? 71.7.0*-2? "
    "32.7.0*-1? 72.7.0*-1?\n"
    "Iskraemeco Kaernten|S12|obis 25.9.0|Iskraemeco|- id - - 1.8.0 2.8.0 3.8.0 4.8.0 1.7.0 2.7.0 - -\n"
)
# What stands for a run of words that several rows share.
_RUNS = (("{k}", _KAIFA_3P), ("{b}", _BURGENLAND), ("{u}", _U3_I3), ("{p}", _P3), ("{t}", _TARIFFS))

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

_met = []  # what `maker` was asked last, and its answers: it is asked the same with every telegram

# Makers whose clock, when not P1, is the zone's standard time all year, whatever deviation it sends.
_NORMAL_TIME = b"Aidon Kamstrup "

# Words of a positional row that are no register, and the codes they get in a plan.
_WORDS = "list id model name alt clock - tariff "
_CODES = b"\xe3\xe1\xe2\xe4\xe5\xf0\xf1\xf2"
_TEXT = 0xE0
_CLOCK = 0xF0
_SKIP = 0xF1
_TARIFF = 0xF2
_ASSUMED = 0x80  # added to the octets wanted


def cut(text, mark):
    """(what stands before the first mark, what stands after it); ESP8266 builds lack str.partition."""
    at = text.find(mark)
    return (text, "") if at < 0 else (text[:at], text[at + len(mark) :])


def maker(text):
    """Maker's name of a list id, identification or title, as octets, or None."""
    if not text:
        return None
    for k in range(0, len(_met), 2):
        if _met[k] == text:
            return _met[k + 1]
    who = None
    for row in _MAKERS.split("\n"):
        prefix, name = cut(row, "|")
        if prefix and text.startswith(prefix.encode()):
            who = name.encode()
            break
    if len(_met) > 6:
        _met.pop(0)
        _met.pop(0)
    _met.append(bytes(text))
    _met.append(who)
    return who


def normal_time(who):
    """True when the clock of this maker is the zone's standard time all year."""
    return who is not None and _NORMAL_TIME.find(who + b" ") >= 0


class Plan:
    """One row, read once: what must hold for it, and what to do with each element."""

    def __init__(self, row):
        self.name, root, first, who, elements = row.split("|")
        self.root = axdr.ARRAY if root[0] == "A" else axdr.STRUCTURE
        self.size = 0 if root[1:] == "*" else int(root[1:])
        first, other = cut(first, " 5 *")
        self.ending = other.encode()
        self.kind, wanted = cut(first, " ")
        self.wanted = bytes(int(x) for x in wanted.split(".")) if self.kind == "obis" else wanted.encode()
        self.guess = who[-1:] == "?"
        self.maker = who.rstrip("?").encode()
        for short, run in _RUNS:
            elements = elements.replace(short, run)
        words = elements.split(" ")
        self.scales = None
        self.items = None
        self.clock = "clock" in words  # for pairs: the first element
        self.ident = "id" in words  # for pairs: the last element
        self.objects = words[0] == "objects"
        if self.objects or words[0] == "pairs":
            self.scales = bytearray(cosem.SLOTS + 1)
            for word in words[1:]:
                at = "WAVEF".find(word[0])
                if at >= 0:
                    self.scales[at] = (
                        1 if word[1] == "=" else 64 + int(word[1:3]) + (128 if "?" in word else 0)
                    )
        else:
            self.items = bytearray(3 * len(words))
            for at, word in enumerate(words):
                self._item(3 * at, word)

    def settle_energy(self, scale):
        """Take an assumed scale of energies as told: 0 for Wh, 1 for 10 Wh."""
        if self.scales and self.scales[cosem.ENERGY] & 128:
            self.scales[cosem.ENERGY] = 64 + scale

    def _item(self, at, word):
        """Code, scale + 64 and octets wanted (0 any) of one word."""
        items = self.items
        items[at + 1] = 64
        if word[-1] == "?":
            items[at + 2] = _ASSUMED
            word = word[:-1]
        word, octets = cut(word, "/")
        items[at + 2] |= int(octets or 0)
        if not word[0].isdigit():
            items[at] = _CODES[_WORDS[: _WORDS.find(word + " ")].count(" ")]
            return
        word, scale = cut(word, "*")
        c, d, e = word.split(".")
        items[at] = registers.find(int(c), int(d), int(e))
        items[at + 1] += int(scale or 0)

    def fits(self, buf, table, n):
        """True when the list noted in table[0:n] is this row's."""
        root = table[0]
        if n < 2 or buf[root] != self.root or (self.size and axdr.count(buf, root) != self.size):
            return False
        if not self._begins(buf, table, n):
            return False
        if self.ending:
            i = table[5] if n > 5 else 0
            if not i or buf[i] != axdr.TEXT:
                return False
            b = axdr.content(buf, i) + axdr.count(buf, i)
            if axdr.count(buf, i) < len(self.ending) or not reading.same(
                self.ending, buf, b - len(self.ending), b
            ):
                return False
        return not self.items or self._types_fit(buf, table, n)

    def _begins(self, buf, table, n):
        """True when the list's first element is as the row says."""
        i = table[1]
        tag = buf[i]
        kind = self.kind
        if kind == "u32" or kind == "u16":
            return tag == (6 if kind == "u32" else 18)
        if kind == "obis":
            return axdr.is_octets(buf, i, 6) and reading.same(self.wanted, buf, i + 4, i + 7)
        if kind == "octets":
            return axdr.is_octets(buf, i, int(self.wanted))
        if kind == "objects":
            return tag == axdr.ARRAY and cosem.are_objects(buf, table, n)
        if tag != axdr.OCTETS and tag != axdr.TEXT:
            return False
        a = axdr.content(buf, i)
        return axdr.count(buf, i) >= len(self.wanted) and reading.same(
            self.wanted, buf, a, a + len(self.wanted)
        )

    def _types_fit(self, buf, table, n):
        """True when every element has the type its word needs; only then is any taken."""
        items = self.items
        if n - 1 != len(items) // 3:
            return False
        for k in range(1, n):
            code = items[3 * k - 3]
            octets = items[3 * k - 1] & 15
            i = table[k]
            tag = buf[i]
            if code < _TEXT or octets:
                size = axdr.size(tag)
                # Status registers come as enums of one octet, values never do.
                if not size or (size != octets if octets else size == 1):
                    return False
            elif code == _CLOCK:
                if not axdr.is_octets(buf, i, 12):
                    return False
            elif code != _SKIP and tag != axdr.OCTETS and tag != axdr.TEXT:
                return False
        return True

    def take(self, buf, table, n, into):
        """Put the list's values into the reading; returns 0 or a fault code."""
        if self.objects:
            if not cosem.objects(buf, table, n, self.scales, into):
                return fault.LIST
        elif self.scales:
            self._pairs(buf, table, n, into)
        else:
            self._positions(buf, table, n, into)
        if self.maker:
            into.name(reading.MAKER, self.maker, self.guess)
        return 0

    def _pairs(self, buf, table, n, into):
        k = 1
        if self.clock:
            cosem.clock(buf, table[1] + 2, into, reading.COSEM)
            k = 2
        elif self.kind == "text":
            _take_text(reading.LIST_ID, buf, table[1], into)
            k = 2
        last = table[n - 1]
        if self.ident and (buf[last] == axdr.OCTETS or buf[last] == axdr.TEXT):
            _take_text(reading.METER_ID, buf, last, into)
        cosem.pairs(buf, table, n, k, self.scales, into)

    def _positions(self, buf, table, n, into):
        items = self.items
        for k in range(1, n):
            code = items[3 * k - 3]
            i = table[k]
            if code < _TEXT:
                state = reading.ASSUMED if items[3 * k - 1] & _ASSUMED else reading.SENT
                into.put(code, axdr.integer(buf, i), items[3 * k - 2] - 64, state)
            elif code == _CLOCK:
                cosem.clock(buf, i + 2, into, reading.COSEM)
            elif code == _TARIFF:
                if axdr.count(buf, i) == 2:
                    into.put(registers.TARIFF, buf[i + 2] << 8 | buf[i + 3], 0, reading.SENT)
            elif code != _SKIP:
                _take_text(code - _TEXT, buf, i, into, items[3 * k - 1] & _ASSUMED != 0)


def _take_text(slot, buf, i, into, guessed=False):
    a = axdr.content(buf, i)
    into.set_text(slot, buf, a, a + axdr.count(buf, i), guessed)


# What a list must show to be worth reading its row: three octets a row, filled when first needed. The number
# of elements (0 any), the first one's tag (0 a string), the first octet of that string (0 any).
_heads = bytearray()


def _note_heads():
    at = 0
    while at < len(_ROWS):
        root = _ROWS.find("|", at) + 1
        first = _ROWS.find("|", root) + 1
        count = _ROWS[root + 1 : first - 1]
        kind, wanted = cut(_ROWS[first : _ROWS.find("|", first)], " ")
        _heads.append(0 if count == "*" else int(count))
        if kind == "text":
            _heads.append(0)
            _heads.append(ord(wanted[0]) if wanted else 0)
        else:
            tags = {"u32": 6, "u16": 18, "obis": axdr.OCTETS, "octets": axdr.OCTETS, "objects": axdr.ARRAY}
            _heads.append(tags[kind])
            _heads.append(0)
        at = _ROWS.find("\n", first) + 1


def _row(number):
    """The row of this number, from 0 on."""
    at = 0
    while number:
        at = _ROWS.find("\n", at) + 1
        number -= 1
    return _ROWS[at : _ROWS.find("\n", at)]


class Plans:
    """The plans in use: a device meets the two or three lists of its own meter."""

    def __init__(self):
        self._plans = []
        self._energy = None

    def settle_energy(self, scale):
        """Scale of energies as the owner or their growth has told: 0 for Wh, 1 for 10 Wh; None to assume."""
        self._energy = scale
        self._plans = []

    def shift_energy(self, shift):
        """The scale assumed is `shift` powers of ten off (0: right), as the counters' growth has shown."""
        for plan in self._plans:
            if plan.scales and plan.scales[cosem.ENERGY] & 128:
                self.settle_energy((plan.scales[cosem.ENERGY] & 127) - 64 + shift)
                return

    def find(self, buf, table, n):
        """The Plan of the list noted in table[0:n], or None when no row fits."""
        for plan in self._plans:
            if plan.fits(buf, table, n):
                return plan
        if n < 2:
            return None
        if not _heads:
            _note_heads()
        # A list without a plan, as Aidon's, comes here with every telegram: no row is read in vain.
        count = axdr.count(buf, table[0])
        i = table[1]
        tag = buf[i]
        string = tag == axdr.OCTETS or tag == axdr.TEXT
        begins = buf[axdr.content(buf, i)] if string and axdr.count(buf, i) else 0
        heads = _heads
        for k in range(0, len(heads), 3):
            c = heads[k + 1]
            if c != tag and (c or not string):
                continue
            c = heads[k]
            if c and c != count:
                continue
            c = heads[k + 2]
            if c and c != begins:
                continue
            plan = Plan(_row(k // 3))
            if plan.fits(buf, table, n):
                if self._energy is not None:
                    plan.settle_energy(self._energy)
                if len(self._plans) > 5:
                    self._plans.pop(0)
                self._plans.append(plan)
                return plan
        return None
