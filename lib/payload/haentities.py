"""The entities of Home Assistant by number: the registers, the meter's others, from DEVICE on the device's.

Numbers are kept: they say in which message an entity is announced (hadiscovery.py).
"""

from hanport import doctor, reading, registers

# Keys in the state messages, and ends of the unique ids: the ancestor's short names where it has them.
keys = (
    b"P PO Q QO I1 I2 I3 U1 U2 U3 P1 P2 P3 PO1 PO2 PO3 Q1 Q2 Q3 QO1 QO2 QO3 S SO S1 S2 S3 QQ1 QQ2 QQ3 QQ4 "
    b"PF PF1 PF2 PF3 F tPI tPO tQI tQO tQQ1 tQQ2 tQQ3 tQQ4 tPI1 tPI2 tPI3 tPO1 tPO2 tPO3 tPIT1 tPIT2 tPIT3 "
    b"tPIT4 tPIT5 tPIT6 tPIT7 tPIT8 tPOT1 tPOT2 tPOT3 tPOT4 tPOT5 tPOT6 tPOT7 tPOT8 tQIT1 tQIT2 tQOT1 tQOT2 "
    b"tPA PN DI DIM DO DOM PL IL tariff breaker fails longfails sag1 sag2 sag3 swell1 swell2 swell3 "
    b"m1 m2 m3 m4 rtc - - - rssi vcc up mem verdict line framing decryption list faults held fw "
)
FIRST_TOTAL = 36
LAST_TOTAL = 70
SUBMETER = 88
CLOCK = 92
DEVICE = 96
RSSI = 96
VCC = 97
UP = 98
MEM = 99
VERDICT = 100
LAMP = 101
FAULTS = 105
HELD = 106
FIRMWARE = 107
COUNT = 108

GONE_S = 172800  # a value that has not come for so long has gone, and its entity goes


def key(n):
    """Key of entity n, as octets."""
    at = _at(n)
    return keys[at : keys.find(b" ", at)]


def write_key(w, n, lower=False):
    """Append the key of entity n as it is, or in small letters."""
    at = _at(n)
    end = keys.find(b" ", at)
    if not lower:
        w.part(keys, at, end)
        return
    while at < end:
        c = keys[at]
        w.octet(c + 32 if 65 <= c <= 90 else c)
        at += 1


def _at(n):
    at = 0
    while n:
        at = keys.find(b" ", at) + 1
        n -= 1
    return at


def exists(n):
    """False for numbers that are no entity."""
    return not CLOCK < n < DEVICE


def is_slow(n):
    """1 for an entity of the meter whose value is in the message of counters, else 0."""
    return int(FIRST_TOTAL <= n <= LAST_TOTAL or n >= SUBMETER)


def write_registers(w, r, slow, up=None):
    """Write the registers of one of the two messages and leave the object open; False when there is none.

    up: leave out what has gone by this uptime; r is then the merged state.
    """
    at = 0
    some = False
    for n in range(registers.COUNT):
        end = keys.find(b" ", at)
        if r.have[n] and is_slow(n) == slow and (up is None or up - r.at[n] <= GONE_S):
            if not some:
                w.open()
                some = True
            # Percent for the power factor, as the ancestor; counters keep their three decimals.
            decimals = 1 if registers.unit(n) == 255 else registers.decimals(n)
            w.name(keys, at, end)
            w.number(r.value(n), decimals, not slow)
        at = end + 1
    return some


def verdict(lamps):
    """One word about the four lamps: good, waiting, or the first of them that is bad."""
    for k in range(4):
        if lamps[k] == doctor.BAD:
            return doctor.LAMPS[k]
    return "good" if lamps[3] == doctor.GOOD else "waiting"


def fact(n, device):
    """What is known of the device for entity n from DEVICE on: a number, a word, or None."""
    if n == RSSI:
        return device.rssi()
    if n == VCC:
        return device.vcc()
    if n == UP:
        return device.up()
    if n == MEM:
        return device.free()
    if n < FAULTS:
        findings = getattr(device, "findings", None)
        if findings is None:
            return None
        lamps = findings.lamps(device.up())
        return verdict(lamps) if n == VERDICT else lamps[n - LAMP]
    if n == FAULTS:
        faults = getattr(device, "faults", None)
        return faults() if faults else None
    if n == HELD:
        totals = getattr(device, "totals", None)
        return totals.held_back() if totals else None
    return getattr(device, "version", None)


def present(n, state, device, up):
    """True when entity n has a value: it was seen, and not too long ago."""
    if n >= DEVICE:
        return fact(n, device) is not None
    if n >= SUBMETER:
        if n >= CLOCK:
            # It is told with the counters.
            return n == CLOCK and state.utc is not None and any(state.have[FIRST_TOTAL : LAST_TOTAL + 1])
        return state.have[reading.BEHIND + n - SUBMETER] > 0
    if not state.have[n] or up - state.at[n] > GONE_S:
        return False
    phase = _phase(n)
    # A meter of one phase may send zeros for the others.
    return phase < 1 or bool(state.value(n) or state.get(registers.U_L1 + phase))


def _phase(n):
    """0, 1 or 2 for the registers that each phase has, -1 for the others."""
    first = 82 if n >= 82 else 44 if n >= 44 else 32 if n >= 32 else 24 if n >= 24 else 4
    last = SUBMETER if n >= 82 else 50 if n >= 44 else 35 if n >= 32 else 27 if n >= 24 else 22
    return (n - first) % 3 if first <= n < last else -1


def expiry(gap):
    """Seconds after which a value that comes every `gap` seconds has expired; None: comes seldom."""
    if gap is None:
        return 7500
    # Three telegrams; two of the hourly ones, for an hour without a total is long.
    for most, seconds in ((20, 60), (80, 240), (1000, 3000), (4000, 7500)):
        if gap <= most:
            return seconds
    return 3 * gap
