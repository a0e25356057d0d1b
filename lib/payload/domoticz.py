"""What Domoticz takes at domoticz/in (the ancestor's payload format 3): a device of its own for each value.

    {"command":"udevice","idx":12,"nvalue":0,"svalue":"2345;12345678"}

The user makes the devices there and writes their numbers (idx) here; one that is left empty is not sent.
"""

from hanport import registers

RETAIN = False


class Memory:
    """The idx of each device, as the user wrote them."""

    def __init__(self, energy="", u1="", u2="", u3="", current=""):
        """energy: electricity (power and counter); u1..u3: voltages; current: three-phase current."""
        self.idx = [idx.encode() if idx.isdigit() else None for idx in (energy, u1, u2, u3, current)]

    def forget(self):
        """The connection is new; nothing to forget."""


def message(k, w, latest, state, device, memory):
    """Write message k; returns the topic, False for none, None behind the last."""
    if k > 4:
        return None
    idx = memory.idx[k]
    if not idx or not _ready(k, latest, state):
        return False
    w.open()
    w.text(b"command", b"udevice")
    w.key(b"idx")
    w.raw(idx)
    w.pair(b"nvalue", 0)
    w.key(b"svalue")
    w.raw(b'"')
    if k == 0:
        w.number(latest.get(registers.P_IMPORT))
        w.raw(b";")
        w.number(state.get(registers.E_IMPORT))
    elif k < 4:
        w.number(latest.get(registers.U_L1 + k - 1), 3, True)
    else:
        for register in range(registers.I_L1, registers.U_L1):
            if register > registers.I_L1:
                w.raw(b";")
            w.number(latest.get(register) or 0, 3, True)
    w.raw(b'"')
    w.close()
    return b"domoticz/in"


def _ready(k, latest, state):
    """True when all that device k needs is known."""
    have = latest.have
    if k == 0:
        # Domoticz takes a counter of 0 for a new meter: none goes before the first real one.
        return have[registers.P_IMPORT] and state.have[registers.E_IMPORT]
    if k < 4:
        return have[registers.U_L1 + k - 1]
    # Its device wants three currents. 0 stands for a phase only where a meter has just the one.
    first = registers.I_L1
    if have[first + 1] and have[first + 2]:
        return have[first]
    others = state.have[first + 1] or state.have[first + 2]
    return have[first] and not (others or state.have[registers.U_L2] or state.have[registers.U_L3])
