"""The ancestor's classic JSON (amsreader payload format 0), field for field, so that nothing behind breaks.

    {"id": MAC, "name": ..., "up": s, "t": epoch, "vcc": V, "rssi": dBm, "temp": degC, "data": {...}}

`data` grows with the list: 1 power; 2 + ids, reactive, current, voltage; 3 + counters and clock; 4 + phases
and power factors. Unlike the ancestor a value that the meter did not send is left out, not written as 0.
"""

from hanport import reading, registers

NONE, POWER, LIVE, HOURLY, EXTENDED = range(5)

# Fields that each list adds: the first register of a run of the table, and the ancestor's short names of it.
_FIELDS = (
    ((registers.P_IMPORT, "P"),),
    ((registers.P_EXPORT, "PO Q QO I1 I2 I3 U1 U2 U3"),),
    (
        (registers.E_IMPORT, "tPI tPO tQI tQO"),
        (registers.E_IMPORT_T1, "tPIT1 tPIT2"),
        (registers.E_EXPORT_T1, "tPOT1 tPOT2"),
    ),
    (
        (registers.P_IMPORT_L1, "P1 P2 P3 PO1 PO2 PO3"),
        (registers.POWER_FACTOR, "PF PF1 PF2 PF3"),
        (registers.E_IMPORT_L1, "tPI1 tPI2 tPI3 tPO1 tPO2 tPO3"),
    ),
)


def list_type(r):
    """The ancestor's list type 1..4 of a reading, 0 when it holds none of its fields."""
    for kind in range(EXTENDED, NONE, -1):
        for register, names in _FIELDS[kind - 1]:
            for k in range(names.count(" ") + 1):
                if r.have[register + k]:
                    return kind
    return NONE


def envelope(w, device):
    """Who speaks: the fields in front of every message of the ancestor; leaves the object open."""
    w.open()
    w.text(b"id", device.ident)
    w.text(b"name", device.name)
    w.pair(b"up", device.up())
    w.pair(b"t", device.now())
    w.pair(b"vcc", device.vcc(), 3)
    w.pair(b"rssi", device.rssi())
    w.key(b"temp")
    w.number(-12700, 2)  # the ancestor's word for "no sensor"


def _fields(w, r, kind):
    for register, names in _FIELDS[kind - 1]:
        for name in names.split(" "):
            # Counters keep three decimals as in the ancestor; the others drop ending zeros.
            w.pair(name, r.get(register), registers.decimals(register), trim=name[0] != "t")
            register += 1


def write(w, r, device):
    """Append the message of reading r; returns False when it holds nothing of what this format knows."""
    kind = list_type(r)
    if not kind:
        return False
    envelope(w, device)
    w.key(b"data")
    w.open()
    if kind > POWER:
        w.text(b"lv", r.text(reading.LIST_ID))
        w.text(b"meterId", r.text(reading.METER_ID))
        w.text(b"type", r.text(reading.MODEL))
    for k in range(kind):
        _fields(w, r, k + 1)
    if kind > LIVE:
        w.pair(b"rtc", r.utc)
    w.close()
    w.close()
    return True
