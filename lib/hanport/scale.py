"""Which unit do the counters of a meter have that does not say it? Watch them grow.

Energy that was counted must be the power that was drawn, times time. The two candidates, Wh and 10 Wh, are
a factor of ten apart, so a window of 0.7 to 1.4 around each never takes one for the other, whatever the
meter's rounding and whatever the load does between two telegrams. Two verdicts in a row must agree.
"""

from hanport import reading, registers

_LEAST_WH = 200  # less is drowned by a counter that steps by 10 Wh
_GAP_S = 30  # telegrams further apart do not tell the power between them


class EnergyScale:
    """Watches one meter. `shift`, once `sure`: 0 when the scale assumed is right, else 1 or -1."""

    def __init__(self):
        self.sure = False
        self.shift = 0
        self._verdict = None
        self._power = None
        self._up = 0
        self._drawn = 0  # watt seconds since the counter was last seen
        self._energy = None

    def watch(self, r, up):
        """Take a reading at uptime `up` (seconds). True when the scale has just become sure."""
        if self.sure:
            return False
        power = r.get(registers.P_IMPORT)
        if power is not None:
            if self._power is not None and self._energy is not None:
                span = up - self._up
                if span > _GAP_S:
                    self._energy = None  # what was drawn meanwhile is not known
                self._drawn += (self._power + power) * span // 2
            self._power = power
            self._up = up
        if r.have[registers.E_IMPORT] != reading.ASSUMED:
            return False
        return self._judge(r.values[registers.E_IMPORT])

    def _judge(self, energy):
        """Compare growth and power since the counter was last taken."""
        drawn = self._drawn // 3600
        if self._energy is None or energy < self._energy:
            self._energy = energy
            self._drawn = 0
            return False
        if drawn < _LEAST_WH:
            return False
        grown = energy - self._energy
        self._energy = energy
        self._drawn = 0
        verdict = None
        # grown / drawn is about 1, 10 (assumed ten times too large) or 1/10 (too small).
        for shift, up, down in ((0, 1, 1), (-1, 1, 10), (1, 10, 1)):
            if 7 * drawn * down <= 10 * grown * up <= 14 * drawn * down:
                verdict = shift
        if verdict is not None and verdict == self._verdict:
            self.sure = True
            self.shift = verdict
        self._verdict = verdict
        return self.sure
