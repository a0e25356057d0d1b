"""Octets from the times at which a line changed its level: a receiver for pins that no UART reaches.

    idle  start  d0   d1   ...  d7  parity  stop  idle or the next start
    ----.      .----.      .----------------.-------
        `------'    `------'
        0      1    2      3   ...          `stop   place of a boundary, in bits from the start edge

An interrupt stores every edge as one int, `us & TIME | level`: when it was noticed, in even microseconds that
wrap at 2^30 as MicroPython's ticks do, and in bit 0 the level read then, from that time on. An interrupt
comes late when another has the chip, so each edge is off by its own error; so may be the meter's clock.
Against that each edge is taken to the nearest boundary, and the boundaries follow the edges: the phase by a
quarter of the error, the length of a bit by a 256th, a start edge by a quarter of the way to where one was
due. When the parity does not hold, the edge that was nearest to another decision is decided anew.

As a UART does, every start gives one octet, damaged or not: a frame that keeps its length is refused by its
own checksum at once, one that lost an octet waits for the next frame. The counters tell of the damage.
"""

from array import array

TIME = 0x3FFFFFFE  # the microseconds of an entry
_WRAP = 0x3FFFFFFF
_HALF_WRAP = 0x20000000
_ODD = 0x6996  # bit n: whether n, of four bits, has an odd number of ones


def new_ring(size):
    """A ring of `size` entries, 4 octets each."""
    return array("I", bytes(4 * size))


class Edges:
    """Entries in, octets out. Takes no memory after it is made; owns no clock, no pin and no ring.

    Counters: octets; parity_errors, framing_errors (octets given although wrong); repaired (octets that the
    parity put right); glitches (pulses too short to be meant); lost (edges that must have been there).
    """

    def __init__(self, baud, parity="8E1", invert=False):
        """baud: 300 to 9600. parity: data bits, N, E or O, and stop bits, such as "8E1"."""
        data = int(parity[0])
        self._data_mask = (1 << data) - 1
        self._parity = "NEO".index(parity[1])  # 0: none, 1: even, 2: odd
        self._stop = stop = data + 1 + (parity[1] != "N")
        self._invert = 1 if invert else 0
        # Lengths of a bit are in 1/256 us: at 300 baud 16 bits are still a small int.
        self._nominal = self._bit = 256000000 // baud
        self._glitch = self._nominal >> 10  # us, a quarter of a bit
        # us from the start edge: half a bit before, and half a bit after the end of the stop bit.
        self._due = (2 * stop + 1) * self._nominal >> 9
        self._over = (2 * stop + 3) * self._nominal >> 9
        self.octets = self.parity_errors = self.framing_errors = 0
        self.repaired = self.glitches = self.lost = 0
        self.used = 0  # entries that the last drain() took
        self.restart()

    def restart(self):
        """Forget the character under way, for instance after a time without interrupts. Counters stay."""
        self._level = -1  # of the line before the held edge; -1: not known
        self._held = -1  # the newest entry: held back until it is known to be no glitch; -1: none
        self._at = -1  # boundary of the newest edge of this character; -1: between characters
        self._start = 0  # us, when its start edge was noticed
        self._phase = 0  # 1/256 us from there to where it should have been
        self._bits = 0  # levels so far, the start bit in bit 0
        self._worst = 0  # the largest error of an edge, 1/256 us
        self._doubt = 0  # the bit that changes if that edge is decided the other way

    def drain(self, ring, first, count, out, at):
        """Take `count` entries of the array `ring` from index `first` on, and around its end.

        Writes octets to out[at:] and returns the index after the last one. Stops when out is full: `used`
        is how many entries it took.
        """
        size = len(ring)
        room = len(out)
        glitch = self._glitch
        used = 0
        while used < count and at < room:
            entry = ring[first] ^ self._invert
            first += 1
            if first == size:
                first = 0
            used += 1
            held = self._held
            if held >= 0:
                if (entry - held + 1) & _WRAP < glitch:
                    self.glitches += 1
                    if (entry ^ held) & 1:
                        self._held = -1  # there and back: neither was an edge
                    continue
                at = self._edge(held, out, at)
                self._held = -1
            if entry & 1 == self._level:
                self.lost += 1
                # A fall that a rise should have come before: when a start is due, it is that.
                if entry & 1 or self._at < 0 or (entry - self._start) & _WRAP < self._due:
                    continue
            self._held = entry
        self.used = used
        return at

    def flush(self, now, out, at):
        """Nothing is in the ring up to `now` (us): give the octet that no later edge can change.

        Returns as drain() does. `now` must have been read before the ring was found empty.
        """
        if self._held >= 0 and at < len(out) and self._since(self._held & TIME, now) >= self._glitch:
            at = self._edge(self._held, out, at)
            self._held = -1
        if self._at >= 0 and at < len(out) and self._since(self._start, now) >= self._over:
            at = self._finish(self._level, out, at)
        return at

    def _since(self, t, now):
        """Microseconds from t to now, or -1 when now is the earlier one."""
        d = (now - t) & _WRAP
        return d if d < _HALF_WRAP else -1

    def _edge(self, entry, out, at):
        """One edge for good. Returns the index after the octet that it ended, if it did."""
        level = entry & 1
        before = self._level
        self._level = level
        t = entry & TIME
        if self._at < 0:
            if not level:
                self._begin(t)
            return at
        us = (t - self._start) & _WRAP
        if us > self._over + self._over:  # long over, and nobody flushed: x would not be a small int
            at = self._finish(before, out, at)
            if not level:
                self._begin(t)
            return at
        stop = self._stop
        bit = self._bit
        x = (us << 8) - self._phase
        n = (x + (bit >> 1)) // bit
        if n > stop and level and x < stop * bit + bit - (bit >> 2):
            n = stop  # no stop bit is that short: this is where it begins, late
        error = x - n * bit
        if n < stop or (n == stop and level):
            if n > self._at:
                if before:
                    self._bits |= (1 << n) - (1 << self._at)
                self._at = n
            self._follow(n, error)
            return at
        # The character is over. A fall, even if early, begins the next one, but not where the stop bit should
        # begin: there parity or speed are not as set, and like a UART we wait for the line to rise.
        broken = n == stop and 5 * error < bit
        at = self._finish(before, out, at, broken)
        if not level and not broken:
            self._begin(t)
            if n == stop + 1 and -2 * bit < 5 * error < 2 * bit:
                self._phase = -(error >> 2)
                self._tune(error)
        return at

    def _begin(self, t):
        self._start = t
        self._at = self._phase = self._bits = self._worst = 0

    def _follow(self, n, error):
        """Let the boundaries follow an edge that was `error` after boundary n."""
        size = error if error > 0 else -error
        if size > self._worst:
            self._worst = size
            self._doubt = n if error > 0 else n - 1
        self._phase += error >> 2
        self._tune(error)

    def _tune(self, error):
        bit = self._bit + (error >> 8)
        # A meter's clock may be 2 % off; more than 3 would be another speed.
        off = bit - self._nominal
        if -self._nominal < off << 5 < self._nominal:
            self._bit = bit

    def _finish(self, level, out, at, broken=False):
        """The character is over, the line had this level since its last edge: write its octet.

        broken: the stop bit fell.
        """
        stop = self._stop
        bits = self._bits
        if level:
            bits |= (2 << stop) - (1 << self._at)
        self._at = -1
        if broken or not bits >> stop & 1:
            self.framing_errors += 1
        elif self._parity:
            ones = bits >> 1 & (1 << (stop - 1)) - 1  # data and parity, nine bits at most
            ones ^= ones >> 8
            ones = (ones ^ ones >> 4) & 15
            if (_ODD >> ones & 1) + 1 != self._parity:
                if 4 * self._worst > self._bit and 0 < self._doubt < stop:
                    bits ^= 1 << self._doubt
                    self.repaired += 1
                else:
                    self.parity_errors += 1
        out[at] = bits >> 1 & self._data_mask
        self.octets += 1
        return at + 1
