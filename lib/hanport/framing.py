"""Finds telegrams in a stream of octets, whatever their framing.

One arena holds, from its start: the parts of a segmented telegram kept so far, then the candidate frame
and what came after it. A candidate that fails costs one octet: the hunt goes on from the octet after its
false start, within the arena, so the next good frame is never lost. The result does not depend on how
the octets were cut.

    arena: | kept parts | candidate frame ... | free |
           0          base              base + have
"""

from hanport import apdu, fault, hdlc, mbus
from hanport.octets import copy, text

HDLC = 0x7E  # kinds of framing, by the octet that opens the frame
MBUS = 0x68
P1 = 0x2F
CIPHERED = 0xDB  # a ciphered APDU without any frame
_PARITY_P1 = 0xAF  # "/" of a 7E1 line read as 8 bits
_OPENERS = b"\x7e\x68\x2f\xdb\xaf"
_HEADING = 5  # octets of "/ABC5", by which a P1 telegram is known

_SHORT = 9  # fewer octets than this are noise, not a telegram cut short


class Framing:
    """Octets in, whole frames out. Owns no clock and no opinion on what a frame means."""

    def __init__(self, size):
        """size: octets of the arena; no telegram, joined or not, may be larger."""
        self.arena = bytearray(size)
        self.base = 0
        self.have = 0
        self.end = 0  # > 0: a good frame stands at arena[base:end]
        self.kind = 0  # its framing: HDLC, MBUS or P1
        self.fault = 0  # > 0: the candidate failed, and why
        self.wanted = 0  # octets that the candidate asked for when it was last judged, or failed
        self.kept = 0  # where the next frame begins: > 0 when this frame's payload is to be kept
        self.noise = 0  # octets that belonged to no candidate
        self.silent = False  # the line is: what is half received will not come
        self._failed = 0  # octets from the candidate's start on that a frame with a good header had claimed
        self.p1 = None  # the P1Framer, made when the first telegram begins

    def feed(self, data, i, n):
        """Take data[i:n]; return the index after the last octet used.

        Stops with .end > 0 at a good frame, with .fault > 0 at a failed one, or at n with neither. Call
        again with the index returned until it returns n with neither.
        """
        if self.end:
            # Two frames may share one flag: the closing 7E stays as a possible opener.
            self._discard(self.end - self.base - (self.kind == HDLC))
        elif self.fault and self.have:
            self._discard(1)
        self.end = 0
        self.fault = 0
        arena = self.arena
        while True:
            have = self.have
            if have == 1 and i < n and data[i] == HDLC and arena[self.base] == HDLC:
                # A closing flag kept as a possible opener: the next frame brings its own.
                have = self._failed = 0
                self.noise += 1
            if not have:
                self.have = 0
                at = i
                while i < n and data[i] not in _OPENERS:
                    i += 1
                self.noise += i - at
                if i >= n:
                    if self.silent and self.base:
                        # The parts kept so far wait for one that will not come.
                        self.base = 0
                        self.fault = fault.SEGMENT
                    self.silent = False
                    return i
                arena[self.base] = data[i]
                i += 1
                self.have = have = 1
                if self.p1:
                    self.p1.restart()
                self.wanted = _SHORT  # nothing can be said of less
            wants = self.wanted
            if have >= wants or self.silent:
                # What is asked for does not change before it is there: each octet is judged once.
                wants = self._judge()
                if self.end or self.fault:
                    return i
            if wants == 0:
                self._discard(1)
            elif i < n:
                # Text has no length to want: take what is there and look for its end.
                take = len(arena) - self.base if arena[self.base] == P1 else wants
                take -= have
                if take > n - i:
                    take = n - i
                copy(arena, self.base + have, data, i, take)
                self.have = have + take
                i += take
            elif self.silent:
                self._cut()
                if self.fault:
                    return i
                self._discard(1)
            else:
                return i

    def keep(self, a, b, first):
        """Keep arena[a:b], a part of the frame just found, as the next part of a segmented telegram.

        first: drop the parts kept before. Returns the end of all parts kept: arena[0:end].
        """
        to = 0 if first else self.base
        copy(self.arena, to, self.arena, a, b - a)
        self.kept = to + b - a
        return self.kept

    def _judge(self):
        """Look at the candidate; sets end or fault; returns the octets wanted, 0 to hunt on."""
        a = self.base
        b = a + self.have
        kind = self.arena[a]
        if kind == HDLC:
            r = hdlc.judge(self.arena, a, b, self.silent)
        elif kind == P1 or kind == _PARITY_P1:
            kind = P1
            r = self._judge_text(a, b)
        elif kind == CIPHERED:
            r = apdu.judge_bare(self.arena, a, b)
        else:
            r = mbus.judge(self.arena, a, b, self.silent)
        self.wanted = r
        if r < 0:
            self.wanted = self.have
            self.fault = -r
            # What its length claims, and not what happens to have come: cuts must not matter.
            if kind == HDLC and r != -fault.HCS:
                self._failed = ((self.arena[a + 1] & 7) << 8 | self.arena[a + 2]) + 2
            elif kind == MBUS:
                length = self.arena[a + 1]
                self._failed = length + 6 + (256 if length < 6 else 0)
        elif r > self.have:
            if a + r > len(self.arena):
                self.fault = fault.TOO_LARGE
        elif r:
            self.kind = kind
            self.end = a + r
            self.kept = 0
            self._failed = 0
        return r

    def p1_framer(self):
        """The P1Framer, None when there is too little memory to load it: only meters with P1 need it."""
        if not self.p1:
            try:
                from hanport.p1 import P1Framer

                self.p1 = P1Framer()
            except (ImportError, MemoryError):
                return None
        return self.p1

    def _judge_text(self, a, b):
        """As _judge, of a P1 candidate: the octets that say nothing are passed over at once."""
        judge = self.p1
        arena = self.arena
        if not judge or judge.seen < _HEADING:
            # The heading, where every octet counts: three letters of the maker, then a digit.
            for k in range(1, min(_HEADING, b - a)):
                c = arena[a + k]
                if arena[a] == _PARITY_P1:
                    c &= 127
                if not (48 <= c <= 57 if k > 3 else 65 <= c & 0xDF <= 90):
                    return 0
            if b - a < _HEADING:
                return b - a + 1
            if not judge:
                judge = self.p1_framer()
                if not judge:
                    return -fault.MEMORY
            judge.judge(arena, a, a + _HEADING, False)
        if not judge.mark:
            i = text(arena, a + judge.seen, b)
            judge.seen = i - a
            if i == b:
                return i - a + 1
        return judge.judge(arena, a, b, self.silent)

    def _cut(self):
        """The candidate ends here for good: a telegram cut short, unless it was a stray opener."""
        if self.have >= _SHORT:
            self.fault = fault.TRUNCATED
            if self.arena[self.base] == HDLC or self.arena[self.base] == MBUS:
                self._failed = self.have

    def _discard(self, skip):
        """Drop `skip` octets of the candidate and all up to the next opener; move the rest to its place."""
        arena = self.arena
        a = self.base + skip
        b = self.base + self.have
        if not self.end and self.have:
            self.noise += skip
        base = self.kept if self.end else self.base
        # A ciphered APDU inside of a frame that failed is the rest of it, not one without a frame.
        inside = self.base + self._failed
        while a < b and (arena[a] not in _OPENERS or (arena[a] == CIPHERED and a < inside)):
            a += 1
            self.noise += 1
        self._failed = max(0, inside - a)
        if base != a:
            copy(arena, base, arena, a, b - a)
        self.base = base
        self.have = b - a
        self.end = 0
        self.wanted = 0
        if self.p1:
            self.p1.restart()
