"""The ancestor's topics with one value each (its payload formats 1 and 2), below the base topic.

Minimal: only what changed since it was last sent, as it is written. Full: all that a telegram says. In both,
the time of the telegram goes with each, ids go when they change and again, retained, with the counters, and
what is of the device goes once a minute.
"""

from array import array

from hanport import reading, registers
from payload import rows

# See payload.rows for the columns.
_TABLE = (
    b"00 1 00 - import/active\n"
    b"01 1 00 - export/active\n"
    b"02 1 00 - import/reactive\n"
    b"03 1 00 - export/reactive\n"
    b"04 3 32 - l#/current\n"
    b"07 3 32 - l#/voltage\n"
    b"36 1 33 r import/active/accumulated\n"
    b"37 1 33 r export/active/accumulated\n"
    b"38 1 33 r import/reactive/accumulated\n"
    b"39 1 33 r export/reactive/accumulated\n"
    b"50 2 33 r import/active/accumulated/tariff#\n"
    b"58 2 33 r export/active/accumulated/tariff#\n"
    b"10 3 00 - import/l#\n"
    b"13 3 00 - export/l#\n"
    b"44 3 32 - import/l#/accumulated\n"
    b"47 3 32 - export/l#/accumulated\n"
    b"31 1 32 - powerfactor\n"
    b"32 3 32 - l#/powerfactor\n"
)

# Messages, in order.
_TIME = 0
_ID = 1  # and retained
_TYPE = 3  # and retained
_CLOCK = 5
_VALUES = 6
_DEVICE = 60  # _VALUES and three for each of the 18 rows
_LAST = 64

_EVERY = 60  # seconds between two looks at the device


class Memory:
    """What was sent already."""

    def __init__(self, full=False):
        """full: publish all of each telegram, not only what changed."""
        self.full = full
        self.sent = None if full else array("q", bytes(8 * (_DEVICE - _VALUES)))
        self.known = None if full else bytearray(_DEVICE - _VALUES)
        self.forget()

    def forget(self):
        """The connection is new: nothing of what was sent can be relied upon."""
        self.texts = [None] * 4  # id, id as retained, type, type as retained
        self.due = 0  # uptime of the next look at the device
        if self.known:
            for k in range(len(self.known)):
                self.known[k] = 0


def retain(k):
    """True when message k is to be retained."""
    if k >= _VALUES and k < _DEVICE:
        return rows.retained(_TABLE, k - _VALUES)
    return k == _ID + 1 or k == _TYPE + 1 or k == _DEVICE


def message(k, w, latest, state, device, memory):
    """Write message k; returns its topic below the base, False for none, None behind the last."""
    if k >= _DEVICE:
        return _of_device(k, w, device, memory)
    if k >= _VALUES:
        return _value(k - _VALUES, w, latest, memory)
    if k == _TIME or k == _CLOCK:
        now = device.now() if k == _TIME else latest.utc
        if now is None:
            return False
        w.number(now)
        return b"/meter/dlms/timestamp" if k == _TIME else b"/meter/clock"
    if k < _TYPE:
        return b"/meter/id" if _text(k - _ID, w, latest, latest.text(reading.METER_ID), memory) else False
    return b"/meter/type" if _text(k - _ID, w, latest, latest.text(reading.MODEL), memory) else False


def _text(at, w, latest, text, memory):
    """Write an id when it is to be sent; at: which of the four of memory.texts."""
    have = latest.have
    lasting = at & 1
    # The ancestor's lists 3 and 4: those with counters or with phases.
    long = any(have[registers.E_IMPORT : registers.R_EXPORT + 1]) or any(have[registers.P_IMPORT_L1 : 16])
    if text is None or long != lasting:
        return False
    texts = memory.texts
    if texts[at] == text and texts[at & 2] == text and not (lasting and memory.full):
        return False
    w.raw(text)
    texts[at & 2] = text
    if lasting:
        texts[at] = text
    return True


def _value(k, w, latest, memory):
    at = rows.find(_TABLE, k)
    register = rows.register(_TABLE, at, k)
    if register is None or not latest.have[register]:
        return False
    value = rows.number(_TABLE, at, latest.value(register))
    if not memory.full:
        if memory.known[k] and memory.sent[k] == value:
            return False
        memory.sent[k] = value
        memory.known[k] = 1
    return b"/meter/" + rows.write(_TABLE, at, k, w, value)


def _of_device(k, w, device, memory):
    if k > _LAST:
        return None
    if k == _DEVICE:
        up = device.up()
        if up < memory.due:
            return None
        memory.due = up + _EVERY
        w.raw(device.ident)
        return b"/id"
    value = (device.up, device.vcc, device.free, device.rssi)[k - _DEVICE - 1]()
    if value is None:
        return False
    w.number(value, 3 if k == _DEVICE + 2 else 0)
    return (b"/uptime", b"/vcc", b"/mem", b"/rssi")[k - _DEVICE - 1]
