"""Hanport's own words: one JSON object at <base>/reading, or each number at <base>/value/<name>.

Names are those of hanport.registers; the last word of each is the unit that the number is in.
"""

from hanport import registers
from payload import fulljson

NAME = "own"
TITLE = "Hanport's own JSON"
RETAIN = False


class Memory:
    """Given to message() for a topic for each number; without it the one object is written."""

    def forget(self):
        """The connection is new; nothing to forget."""


def message(k, w, latest, state, device, memory):
    """Write message k; returns its topic below the base, False for none, None behind the last."""
    if memory is None:
        if k:
            return None
        fulljson.write(w, latest)
        return b"/reading"
    if k < registers.COUNT:
        if not latest.have[k]:
            return False
        w.number(latest.value(k), registers.decimals(k), True)
        return b"/value/" + registers.name(k).encode()
    k -= registers.COUNT
    if k >= len(latest.submeters):
        return None
    sub = latest.submeters[k]
    if sub is None or sub.value is None:
        return False
    w.number(sub.value, 3, True)
    unit = b"m3" if sub.unit == 13 else b"gj" if sub.unit == 25 else b"kwh"
    return b"/value/submeter%d_%s_%s" % (k + 1, fulljson.medium(sub.medium), unit)
