"""Hanport's own words: one JSON object at <base>/reading, or each number at <base>/value/<name>.

Names are those of hanport.registers; the last word of each is the unit that the number is in.
"""

from hanport import reading, registers
from payload import fulljson

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
    if k >= reading.CHANNELS:
        return None
    value = latest.get(reading.BEHIND + k)
    if value is None:
        return False
    w.number(value, 3, True)
    row = reading.METERS + 16 * k
    unit = latest.facts[row + reading.UNIT]
    unit = b"m3" if unit == 13 else b"gj" if unit == 25 else b"kwh"
    medium = fulljson.medium(latest.facts[row + reading.MEDIUM])
    return b"/value/submeter%d_%s_%s" % (k + 1, medium, unit)
