"""The ancestor's /data.json, so that its dashboards and scripts keep working.

Short names: i import W, e export W, w net W, ri re reactive var, ic ec counters kWh, l1..l3 phases, v r t u m
the device, em hm wm mm states (0 off, 1 well, 2 warning, 3 error). What is not known, or too old to tell of
now, is left out: a charger must not go on steering by it.
"""

from hanport import reading, registers
from payload.asked import fresh

# The ancestor's numbers of makers.
_TYPES = b"Aidon 1 Kaifa 2 Kamstrup 3 Iskraemeco 8 Landis+Gyr 9 Sagemcom 10 "

OFF, WELL, WARNING, ERROR = range(4)


def _phase(w, r, k, up):
    u = fresh(r, registers.U_L1 + k, up)
    i = fresh(r, registers.I_L1 + k, up)
    if u is None and i is None:
        return
    w.key("l%d" % (k + 1))
    w.open()
    w.pair(b"u", u, 3, True)
    w.pair(b"i", i, 3, True)
    w.pair(b"p", fresh(r, registers.P_IMPORT_L1 + k, up))
    w.pair(b"q", fresh(r, registers.P_EXPORT_L1 + k, up))
    w.pair(b"f", fresh(r, registers.POWER_FACTOR + 1 + k, up), 3, True)
    w.close()


def write(w, r, device, states):
    """Append /data.json of the merged state r. states: four numbers for device, meter port, WiFi, MQTT."""
    w.open()
    up = device.up()
    p = fresh(r, registers.P_IMPORT, up)
    e = fresh(r, registers.P_EXPORT, up)
    w.pair(b"i", p)
    w.pair(b"e", e)
    if p is not None or e is not None:
        w.pair(b"w", (p or 0) - (e or 0))
    w.pair(b"ri", fresh(r, registers.Q_IMPORT, up))
    w.pair(b"re", fresh(r, registers.Q_EXPORT, up))
    for name, register in (
        (b"ic", registers.E_IMPORT),
        (b"ict1", registers.E_IMPORT_T1),
        (b"ict2", registers.E_IMPORT_T1 + 1),
        (b"ec", registers.E_EXPORT),
        (b"ect1", registers.E_EXPORT_T1),
        (b"ect2", registers.E_EXPORT_T1 + 1),
        (b"ric", registers.R_IMPORT),
        (b"rec", registers.R_EXPORT),
        (b"f", registers.POWER_FACTOR),
    ):
        w.pair(name, fresh(r, register, up), 3, True)
    for k in range(3):
        _phase(w, r, k, up)
    w.pair(b"v", device.vcc(), 3, True)
    w.pair(b"r", device.rssi())
    w.pair(b"u", up)
    w.pair(b"m", device.free())
    for name, state in zip((b"em", b"hm", b"wm", b"mm"), states):
        w.pair(name, state)
    who = r.text(reading.MAKER)
    if who:
        at = _TYPES.find(who + b" ")
        w.pair(b"mt", int(_TYPES[at + len(who) :].split()[0]) if at >= 0 else 255)
    w.pair(b"c", device.now())
    w.close()
