"""The ancestor's classic JSON (amsreader payload format 0), field for field, so that nothing behind breaks.

    {"id": MAC, "name": ..., "up": s, "t": epoch, "vcc": V, "rssi": dBm, "temp": degC, "data": {...}}

`data` grows with the list: 1 power; 2 + ids, reactive, current, voltage; 3 + counters and clock; 4 + phases
and power factors. Unlike the ancestor a value that the meter did not send is left out, not written as 0.
Once a minute the same topic gets what is of the device: the fields in front, and its version.
"""

from hanport import reading, registers

RETAIN = False

_EVERY = 60  # seconds between two messages about the device

NONE, POWER, LIVE, HOURLY, EXTENDED = range(5)

# Fields that each list adds: the first register of a run of the table, and the ancestor's short names of it.
_FIELDS = (
    ((registers.P_IMPORT, b"P"),),
    ((registers.P_EXPORT, b"PO Q QO I1 I2 I3 U1 U2 U3"),),
    (
        (registers.E_IMPORT, b"tPI tPO tQI tQO"),
        (registers.E_IMPORT_T1, b"tPIT1 tPIT2"),
        (registers.E_EXPORT_T1, b"tPOT1 tPOT2"),
    ),
    (
        (registers.P_IMPORT_L1, b"P1 P2 P3 PO1 PO2 PO3"),
        (registers.POWER_FACTOR, b"PF PF1 PF2 PF3"),
        (registers.E_IMPORT_L1, b"tPI1 tPI2 tPI3 tPO1 tPO2 tPO3"),
    ),
)


def list_type(r):
    """The ancestor's list type 1..4 of a reading, 0 when it holds none of its fields."""
    for kind in range(EXTENDED, NONE, -1):
        for register, names in _FIELDS[kind - 1]:
            for k in range(names.count(b" ") + 1):
                if r.have[register + k]:
                    return kind
    return NONE


class Memory:
    """When the device was last told of."""

    def __init__(self):
        self.forget()

    def forget(self):
        """The connection is new: tell of the device at once."""
        self.due = 0  # uptime of the next message about it


def envelope(w, device, timed=True):
    """Who speaks: the fields in front of every message of the ancestor; leaves the object open."""
    w.open()
    w.text(b"id", device.ident)
    w.text(b"name", device.name)
    w.pair(b"up", device.up())
    if timed:
        w.pair(b"t", device.now())
    w.pair(b"vcc", device.vcc(), 3)
    w.pair(b"rssi", device.rssi())
    w.key(b"temp")
    w.number(-12700, 2)  # the ancestor's word for "no sensor"


def _run(w, r, kind):
    for register, names in _FIELDS[kind - 1]:
        at = 0
        while at < len(names):
            end = names.find(b" ", at)
            if end < 0:
                end = len(names)
            if r.have[register]:
                # Counters keep three decimals as in the ancestor; the others drop ending zeros.
                w.name(names, at, end)
                w.number(r.value(register), registers.decimals(register), names[at] != 116)
            at = end + 1
            register += 1


def fields(w, r, kind):
    """The fields of a list of this type and of those below it."""
    if kind > POWER:
        w.text(b"lv", r.text(reading.LIST_ID))
        w.text(b"meterId", r.text(reading.METER_ID))
        w.text(b"type", r.text(reading.MODEL))
    for k in range(kind):
        _run(w, r, k + 1)
    if kind > LIVE:
        w.pair(b"rtc", r.utc)


def write(w, r, device):
    """Append the message of reading r; returns False when it holds nothing of what this format knows."""
    kind = list_type(r)
    if not kind:
        return False
    envelope(w, device)
    w.key(b"data")
    w.open()
    fields(w, r, kind)
    w.close()
    w.close()
    return True


def about(k, w, device, memory):
    """Message 1 of the ancestor's JSON formats, about the device; returns as message() does."""
    if k > 1:
        return None
    up = device.up()
    if memory is None or up < memory.due:
        return False
    memory.due = up + _EVERY
    envelope(w, device, False)
    w.text(b"version", getattr(device, "version", None))
    w.close()
    return b""


def message(k, w, latest, state, device, memory):
    """Write message k; returns its topic below the base, False for none, None behind the last."""
    if k == 0:
        return b"" if write(w, latest, device) else False
    return about(k, w, device, memory)
