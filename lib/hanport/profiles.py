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

_KEPT = 9  # objects of three plans

# Makers whose clock, when not P1, is the zone's standard time all year, whatever deviation it sends.
normal_time = b"Aidon Kamstrup"


def maker(text):
    """Maker's name of a list id, identification or title, as octets, or None."""
    if not text:
        return None
    for row in _MAKERS.split("\n"):
        at = row.find("|")
        if at > 0 and text.startswith(row[:at].encode()):
            return row[at + 1 :].encode()
    return None


def _read(number):
    from hanport import rows

    return rows.read(number)


def _fits(plan, wanted, buf, table, n):
    """True when the list noted in table[0:n] is this plan's."""
    # Run for every list: the places of cosem.PLAN_... and the tags as numbers.
    root = table[0]
    if n < 2 or buf[root] != plan[6] or (plan[7] and axdr.count(buf, root) != plan[7]):
        return False
    i = table[1]
    tag = buf[i]
    first = plan[8]
    if first == 10:  # a string
        if tag != 9 and tag != 10:
            return False
        a = axdr.content(buf, i)
        b = a + len(wanted)
        if axdr.count(buf, i) < len(wanted) or buf.find(wanted, a, b) != a:
            return False
    elif first == 9:  # an octet-string
        if not axdr.is_octets(buf, i, wanted[0]):
            return False
    elif not first:  # an OBIS code
        if not axdr.is_octets(buf, i, 6) or buf.find(wanted, i + 4, i + 7) < 0:
            return False
    elif tag != first or (tag == 1 and not cosem.are_objects(buf, table, n)):
        return False
    ending = plan[11]
    if ending and not _ends(plan, ending, buf, table, n):
        return False
    at = 12 + ending
    return at == len(plan) or (n - 1 == (len(plan) - at) // 3 and _types_fit(plan, at, buf, table, n))


def _ends(plan, ending, buf, table, n):
    """True when element 5 is a text that ends as the plan says."""
    i = table[5] if n > 5 else 0
    if not i or buf[i] != axdr.TEXT or axdr.count(buf, i) < ending:
        return False
    i = axdr.content(buf, i) + axdr.count(buf, i) - ending
    for k in range(ending):
        if buf[i + k] != plan[cosem.PLAN_HEAD + k]:
            return False
    return True


def _types_fit(plan, at, buf, table, n):
    """True when every element has the type its item (from plan[at] on) needs; only then is any taken."""
    for k in range(1, n):
        code = plan[at]
        octets = plan[at + 2] & 15
        at += 3
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


def _positions(plan, at, buf, table, n, into):
    for k in range(1, n):
        code = plan[at]
        i = table[k]
        if code < ITEM_TEXT:
            state = reading.ASSUMED if plan[at + 2] & ITEM_ASSUMED else reading.SENT
            into.put(code, axdr.integer(buf, i), plan[at + 1] - 64, state)
        elif code == ITEM_CLOCK:
            cosem.clock(buf, i + 2, into, reading.COSEM)
        elif code == ITEM_TARIFF:
            if axdr.count(buf, i) == 2:
                into.put(registers.TARIFF, buf[i + 2] << 8 | buf[i + 3], 0, reading.SENT)
        elif code != ITEM_SKIP:
            _take_text(code - ITEM_TEXT, buf, i, into, plan[at + 2] & ITEM_ASSUMED != 0)
        at += 3


def _take_text(slot, buf, i, into, guessed):
    a = axdr.content(buf, i)
    into.set_text(slot, buf, a, a + axdr.count(buf, i), guessed)


class Plans:
    """The plans in use (see rows.read): a device meets the two or three lists of its own meter."""

    def __init__(self):
        self.kept = []  # the plan, its wanted octets and its maker, three objects of each: see rows.read
        self._energy = None
        self._growth = None  # for scale.watch, from the first plan with an assumed scale on until it is sure
        self._heads = None  # those of all rows, when first needed: see rows.heads

    def settle_energy(self, scale):
        """Scale of energies as the owner or their growth has told: 0 for Wh, 1 for 10 Wh."""
        self._energy = scale
        self._growth = None
        self.kept.clear()

    def watch(self, r, up):
        """Take the Reading r at uptime `up`: True when its counters have just told their scale."""
        shift = scale.watch(self._growth, r, up) if self._growth else None
        if shift is None:
            return False
        self._growth = None
        for k in range(0, len(self.kept), 3):
            plan = self.kept[k]
            if plan[cosem.ENERGY] & 128:
                self.settle_energy((plan[cosem.ENERGY] & 127) - 64 + shift)
                break
        return True

    def take(self, k, buf, table, n, into):
        """Put the values of the list into the reading as plan k says; returns 0 or a fault code."""
        plan = self.kept[k]
        maker = self.kept[k + 2]
        # As in _fits, as numbers: the first element, 1 for objects and 10 for a string; the flags.
        first = plan[8]
        flags = plan[9]
        at = 12 + plan[11]
        if at < len(plan):
            _positions(plan, at, buf, table, n, into)
        elif first == 1:
            if not cosem.objects(buf, table, n, plan, into):
                return fault.LIST
        else:
            begin = 1
            if flags & 2:
                cosem.clock(buf, table[1] + 2, into, reading.COSEM)
                begin = 2
            elif first == 10:
                _take_text(reading.LIST_ID, buf, table[1], into, False)
                begin = 2
            last = table[n - 1]
            if flags & 4 and 9 <= buf[last] <= 10:
                _take_text(reading.METER_ID, buf, last, into, False)
            cosem.pairs(buf, table, n, begin, plan, into)
        if maker:
            into.name(reading.MAKER, maker, flags & 1 != 0)
        return 0

    def find(self, buf, table, n):
        """Which of `kept` is the plan of the list noted in table[0:n]; -1 when no row fits."""
        kept = self.kept
        for k in range(0, len(kept), 3):
            if _fits(kept[k], kept[k + 1], buf, table, n):
                return k
        if n < 2:
            return -1
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
        found = -1
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
            plan, wanted, maker = _read(k // 3)
            if _fits(plan, wanted, buf, table, n):
                if plan[cosem.ENERGY] & 128:
                    if self._energy is not None:
                        plan[cosem.ENERGY] = 64 + self._energy
                    elif not self._growth:
                        self._growth = [None] * 5
                for at in range(2, len(kept), 3):
                    if kept[at] == maker:
                        maker = kept[at]  # one name is enough of each
                if len(kept) == _KEPT:
                    del kept[:3]
                found = len(kept)
                kept.extend((plan, wanted, maker))
                self._heads = None  # a meter whose lists have plans needs them no more
                break
        if read:
            unload.unload("hanport.rows")
        return found
