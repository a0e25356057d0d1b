"""Which unit do the counters of a meter have that does not say it? Watch them grow.

Energy that was counted must be the power that was drawn, times time. The two candidates, Wh and 10 Wh, are
a factor of ten apart, so a window of 0.7 to 1.4 around each never takes one for the other, whatever the
meter's rounding and whatever the load does between two telegrams. Two verdicts in a row must agree.
"""

from hanport import reading, registers

_LEAST_WH = 200  # less is drowned by a counter that steps by 10 Wh
_GAP_S = 30  # telegrams further apart do not tell the power between them


# What `watch` keeps in the list that it is given.
_UP = 0  # when the power was last told
_POWER = 1
_ENERGY = 2  # the counter when it was last looked at
_DRAWN = 3  # watt seconds since
_VERDICT = 4


def watch(seen, r, up):
    """Take the Reading r at uptime `up` (seconds); returns None until it is sure.

    Then: 0 when the scale assumed is right, 1 or -1 when it is ten times too small or too large. seen: a list
    of five None to begin with, the same for every reading of a meter.
    """
    power = r.get(registers.P_IMPORT)
    if power is not None:
        if seen[_POWER] is not None and seen[_ENERGY] is not None:
            span = up - seen[_UP]
            if span > _GAP_S:
                seen[_ENERGY] = None  # what was drawn meanwhile is not known
            seen[_DRAWN] += (seen[_POWER] + power) * span // 2
        seen[_POWER] = power
        seen[_UP] = up
    if r.have[registers.E_IMPORT] != reading.ASSUMED:
        return None
    energy = r.value(registers.E_IMPORT)
    before = seen[_ENERGY]
    if before is None or energy < before:
        seen[_ENERGY] = energy
        seen[_DRAWN] = 0
        return None
    drawn = seen[_DRAWN] // 3600
    if drawn < _LEAST_WH:
        return None
    grown = energy - before
    seen[_ENERGY] = energy
    seen[_DRAWN] = 0
    verdict = None
    # grown / drawn is about 1, 10 (assumed ten times too large) or 1/10 (too small).
    if 7 * drawn <= 10 * grown <= 14 * drawn:
        verdict = 0
    elif 70 * drawn <= 10 * grown <= 140 * drawn:
        verdict = -1
    elif 7 * drawn <= 100 * grown <= 14 * drawn:
        verdict = 1
    agreed = verdict is not None and verdict == seen[_VERDICT]
    seen[_VERDICT] = verdict
    return verdict if agreed else None
