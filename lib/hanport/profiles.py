"""Which list is it, and what do its elements mean: the rows of rows.py, read once, and who made the meter."""

import unload
from hanport import axdr, cosem, fault, reading, registers, scale
from hanport.cosem import ITEM_ASSUMED, ITEM_CLOCK, ITEM_SKIP, ITEM_TARIFF, ITEM_TEXT

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


def maker(text):
    """Maker's name of a list id, identification or title, as octets, or None."""
    if not text:
        return None
    for k in range(0, len(_met), 2):
        if _met[k] == text:
            return _met[k + 1]
    who = None
    for row in _MAKERS.split("\n"):
        at = row.find("|")
        if at > 0 and text.startswith(row[:at].encode()):
            who = row[at + 1 :].encode()
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

    def __init__(self, number):
        """number: which row of rows.py; rows.read tells what the attributes are."""
        from hanport import rows

        self.number = number
        read = rows.read(number)
        self.root, self.size, self.kind, self.wanted, self.ending, self.maker, self.guess = read[:7]
        self.scales, self.clock, self.ident, self.items = read[7:]

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
            if code < ITEM_TEXT or octets:
                size = axdr.size(tag)
                # Status registers come as enums of one octet, values never do.
                if not size or (size != octets if octets else size == 1):
                    return False
            elif code == ITEM_CLOCK:
                if not axdr.is_octets(buf, i, 12):
                    return False
            elif code != ITEM_SKIP and tag != axdr.OCTETS and tag != axdr.TEXT:
                return False
        return True

    def take(self, buf, table, n, into):
        """Put the list's values into the reading; returns 0 or a fault code."""
        if self.items:
            self._positions(buf, table, n, into)
        elif self.kind == "objects":
            if not cosem.objects(buf, table, n, self.scales, into):
                return fault.LIST
        else:
            k = 1
            if self.clock:
                cosem.clock(buf, table[1] + 2, into, reading.COSEM)
                k = 2
            elif self.kind == "text":
                _take_text(reading.LIST_ID, buf, table[1], into, False)
                k = 2
            last = table[n - 1]
            if self.ident and (buf[last] == axdr.OCTETS or buf[last] == axdr.TEXT):
                _take_text(reading.METER_ID, buf, last, into, False)
            cosem.pairs(buf, table, n, k, self.scales, into)
        if self.maker:
            into.name(reading.MAKER, self.maker, self.guess)
        return 0

    def _positions(self, buf, table, n, into):
        items = self.items
        for k in range(1, n):
            code = items[3 * k - 3]
            i = table[k]
            if code < ITEM_TEXT:
                state = reading.ASSUMED if items[3 * k - 1] & ITEM_ASSUMED else reading.SENT
                into.put(code, axdr.integer(buf, i), items[3 * k - 2] - 64, state)
            elif code == ITEM_CLOCK:
                cosem.clock(buf, i + 2, into, reading.COSEM)
            elif code == ITEM_TARIFF:
                if axdr.count(buf, i) == 2:
                    into.put(registers.TARIFF, buf[i + 2] << 8 | buf[i + 3], 0, reading.SENT)
            elif code != ITEM_SKIP:
                _take_text(code - ITEM_TEXT, buf, i, into, items[3 * k - 1] & ITEM_ASSUMED != 0)


def _take_text(slot, buf, i, into, guessed):
    a = axdr.content(buf, i)
    into.set_text(slot, buf, a, a + axdr.count(buf, i), guessed)


class Plans:
    """The plans in use: a device meets the two or three lists of its own meter."""

    def __init__(self):
        self._plans = []
        self._energy = None
        self._growth = [None] * 5  # for scale.watch, until it is sure
        self._heads = None  # those of all rows, when first needed: see rows.heads

    def settle_energy(self, scale):
        """Scale of energies as the owner or their growth has told: 0 for Wh, 1 for 10 Wh."""
        self._energy = scale
        self._growth = None
        self._plans = []

    def watch(self, r, up):
        """Take the Reading r at uptime `up`: True when its counters have just told their scale."""
        shift = scale.watch(self._growth, r, up) if self._growth else None
        if shift is None:
            return False
        self._growth = None
        for plan in self._plans:
            if plan.scales and plan.scales[cosem.ENERGY] & 128:
                self.settle_energy((plan.scales[cosem.ENERGY] & 127) - 64 + shift)
                break
        return True

    def find(self, buf, table, n):
        """The Plan of the list noted in table[0:n], or None when no row fits."""
        for plan in self._plans:
            if plan.fits(buf, table, n):
                return plan
        if n < 2:
            return None
        heads = self._heads
        read = heads is None
        if read:
            from hanport import rows

            heads = self._heads = rows.heads()
        # A list without a plan, as Aidon's, comes here with every telegram: no row is read in vain.
        count = axdr.count(buf, table[0])
        i = table[1]
        tag = buf[i]
        string = tag == axdr.OCTETS or tag == axdr.TEXT
        begins = buf[axdr.content(buf, i)] if string and axdr.count(buf, i) else 0
        plan = None
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
            read = True
            plan = Plan(k // 3)
            if plan.fits(buf, table, n):
                if self._energy is not None and plan.scales and plan.scales[cosem.ENERGY] & 128:
                    plan.scales[cosem.ENERGY] = 64 + self._energy
                if len(self._plans) > 5:
                    self._plans.pop(0)
                self._plans.append(plan)
                break
            plan = None
        if read:
            unload.unload("hanport.rows")
        return plan
