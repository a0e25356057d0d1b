"""hanport.edges: octets from edge times, with late interrupts, glitches, lost edges and a wrong clock.

The frames of host_tests/frames are drawn as a line by `Line`, in sixteenths of a microsecond, from the rules
of asynchronous characters and nothing of the receiver's. Dice are seeded: every run sees the same edges.
"""

from array import array

import corpus

from hanport import Decoder
from hanport.edges import TIME, Edges, new_ring
from hanport.octets import crc_x25

BAUD = 2400
BIT = 16000000 // BAUD  # 1/16 us
GAP = 12 * BIT


class Dice:
    """The same numbers on every interpreter: a linear congruential generator (Numerical Recipes)."""

    def __init__(self, seed):
        self.x = seed

    def roll(self, n):
        """A number 0..n-1."""
        self.x = (self.x * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.x >> 8) % n


class Line:
    """Draws characters as edges. Per cents are of a bit; times are 1/16 us, level changes in order."""

    def __init__(self, parity="8E1", seed=1, jitter=0, late=0, fast=0, at=0):
        """jitter: each edge is off by up to so many per cent, early or late; late: only late.

        fast: per mille by which the sender's clock is fast. at: us at which the line begins.
        """
        self.parity = parity
        self.dice = Dice(seed)
        self.bit = BIT * 1000 // (1000 + fast)
        self.early = BIT * jitter // 100
        self.spread = BIT * (2 * jitter + late) // 100 + 1
        self.at = at * 16
        self.level = 1
        self.changes = []  # [time, level]

    def send(self, octets, pause=0):
        """Characters one after the other, each followed by up to `pause` bits of silence; then a long one."""
        data = int(self.parity[0])
        for octet in octets:
            levels = [0]
            ones = 0
            for k in range(data):
                levels.append(octet >> k & 1)
                ones += octet >> k & 1
            if self.parity[1] != "N":
                levels.append((ones + (self.parity[1] == "O")) & 1)
            levels.append(1)
            for level in levels:
                if level != self.level:
                    off = self.dice.roll(self.spread) - self.early
                    # An interrupt is not served before the one before it.
                    before = self.changes[-1][0] + 32 if self.changes else 0
                    self.changes.append([max(self.at + off, before), level])
                    self.level = level
                self.at += self.bit
            if pause:
                self.at += self.dice.roll(pause * BIT)
        self.at += GAP
        return self

    def glitch(self, every):
        """Add pulses of 2 to 20 per cent of a bit at one edge in `every`, 30 per cent away from others."""
        changes = []
        most = BIT // 5
        away = BIT * 3 // 10
        for k in range(len(self.changes) - 1):
            time, level = self.changes[k]
            changes.append([time, level])
            room = self.changes[k + 1][0] - time - most - 2 * away
            if room > 0 and self.dice.roll(every) == 0:
                begin = time + away + self.dice.roll(room)
                changes.append([begin, 1 - level])
                changes.append([begin + BIT // 50 + self.dice.roll(most - BIT // 50), level])
        changes.append(self.changes[-1])
        self.changes = changes
        return self

    def spike(self, every):
        """Add interrupts that found the level as it was: pulses over before they were served."""
        changes = []
        for k in range(len(self.changes) - 1):
            time, level = self.changes[k]
            changes.append([time, level])
            room = self.changes[k + 1][0] - time - BIT * 6 // 10
            if room > 0 and self.dice.roll(every) == 0:
                changes.append([time + BIT * 3 // 10 + self.dice.roll(room), level])
        changes.append(self.changes[-1])
        self.changes = changes
        return self

    def lose(self, every):
        """Leave out about one edge in `every`, as a full ring would; return how many."""
        kept = [change for change in self.changes if self.dice.roll(every)]
        lost = len(self.changes) - len(kept)
        self.changes = kept
        return lost

    def entries(self, invert=0):
        """What the interrupt stores, as an array of ints."""
        return array("I", [(time >> 4) & TIME | level ^ invert for time, level in self.changes])


def received(line, edges=None, invert=0, room=0):
    """(octets, Edges) of a line; room: octets of the buffer, 0 for enough."""
    edges = edges or Edges(BAUD, line.parity, bool(invert))
    ring = line.entries(invert)
    out = bytearray(room or len(ring) + 2)
    got = bytearray()
    first = 0
    while first < len(ring):
        n = edges.drain(ring, first, len(ring) - first, out, 0)
        got.extend(out[:n])
        first += edges.used
    now = (line.at >> 4) & TIME
    while True:
        n = edges.flush(now, out, 0)
        if not n:
            return bytes(got), edges
        got.extend(out[:n])


def frames():
    """(name, octets, truths) of frames with a checksum; telegrams of P1 are not sent at 2400 baud."""
    return [
        (name, octets, corpus.truths(row))
        for name, octets, row in corpus.own("hdlc", "mbus")
        if not row["encrypted"] and not row.get("uncertain") and corpus.truths(row)
    ]


FRAMES = frames()


def read_all(lines, parity):
    """Every line, made by lines(number, parity), brings its frame and the truth; returns the last Edges."""
    edges = Edges(BAUD, parity)
    k = 0
    for name, octets, truths in FRAMES:
        got, edges = received(lines(k, parity).send(octets), edges)
        assert got == octets, (name, parity, k, edges.parity_errors, edges.framing_errors)
        readings = corpus.run(Decoder(2048), got)[0]
        assert len(readings) == len(truths), name
        for truth, reading in zip(truths, readings):
            assert not corpus.wrong(truth, reading), (name, corpus.wrong(truth, reading))
        k += 1
    assert k > 30 and edges.parity_errors == 0 and edges.framing_errors == 0 and edges.lost == 0
    return edges


def test_clean_line():
    """Back-to-back characters without any error, all makers, begun at any time of the wrap."""
    for parity in ("8E1", "8N1", "8O1"):
        edges = read_all(lambda k, p: Line(p, at=k * 30000000 + 17), parity)
        assert edges.glitches == 0 and edges.repaired == 0


def test_late_interrupts():
    """Each edge up to a quarter of a bit off, early or late; or up to 45 per cent late."""
    for parity in ("8E1", "8N1"):
        read_all(lambda k, p: Line(p, k + 1, jitter=25), parity)
        read_all(lambda k, p: Line(p, k + 1, late=45), parity)


def test_wrong_clock():
    """A sender 2 per cent fast or slow, alone and with late interrupts; 3 per cent alone."""
    for parity in ("8E1", "8N1"):
        for fast in (20, -20):
            read_all(lambda k, p, fast=fast: Line(p, k + 1, jitter=20, fast=fast), parity)
            read_all(lambda k, p, fast=fast: Line(p, k + 1, late=45, fast=fast), parity)
        read_all(lambda k, p: Line(p, fast=30), parity)
        read_all(lambda k, p: Line(p, fast=-30), parity)


def test_clock_is_learnt():
    """Once a few frames came, 2 per cent and a quarter of a bit for each edge go together."""
    for parity in ("8E1", "8N1"):
        for fast in (20, -20):
            edges = Edges(BAUD, parity)
            missed = 0
            for k, (_, octets, _) in enumerate(FRAMES):
                got, edges = received(Line(parity, k + 1, jitter=25, fast=fast).send(octets), edges)
                missed += got != octets and k > 3
            assert missed <= 1, (parity, fast, missed)


def test_glitches():
    """Short pulses at one edge in five leave no trace but the counter; nor those too short to be seen."""
    for parity in ("8E1", "8N1"):
        edges = Edges(BAUD, parity)
        for k, (name, octets, _) in enumerate(FRAMES):
            got, edges = received(Line(parity, k + 1, late=20).send(octets).glitch(5), edges)
            assert got == octets, name
            got, _ = received(Line(parity, k + 1, jitter=22).send(octets).spike(3))
            assert got == octets, name
        assert edges.glitches > 1000 and not edges.lost and not edges.parity_errors, edges.glitches


def test_pauses():
    """Silence of any length between characters, a fraction of a bit or longer than a character."""
    edges = Edges(BAUD, "8N1")
    for k, (name, octets, _) in enumerate(FRAMES):
        for pause in (1, 2, 20):
            got, edges = received(Line("8N1", k + 1, late=25, fast=15).send(octets, pause), edges)
            assert got == octets, (name, pause)


def test_seven_bits_and_inversion():
    """7E1 gives the seven bits; an inverted line is turned."""
    text = bytes(range(128))
    assert received(Line("7E1", 3, jitter=20).send(text))[0] == text
    assert received(Line("8E1", 3, jitter=20).send(text), invert=1)[0] == text


def test_any_cut():
    """The same octets with edges in pieces, a buffer of one octet, and a ring that goes around."""
    octets = FRAMES[3][1]
    line = Line("8E1", 8, jitter=22, at=(1 << 30) - 40000).send(octets)
    assert received(line, room=1)[0] == octets
    entries = line.entries()
    size = 64
    ring = new_ring(size)
    edges = Edges(BAUD, "8E1")
    out = bytearray(8)
    got = bytearray()
    head = tail = 0
    for entry in entries:
        ring[head % size] = entry
        head += 1
        if head % 3 == 0:
            n = edges.drain(ring, tail % size, head - tail, out, 0)
            got.extend(out[:n])
            tail += edges.used
            # Nothing has come to an end that an edge could still change.
            n = edges.flush(entry & TIME, out, 0)
            got.extend(out[:n])
    n = edges.drain(ring, tail % size, head - tail, out, 0)
    got.extend(out[: edges.flush(line.at >> 4 & TIME, out, n)])
    assert bytes(got) == octets


def test_last_octet_waits_for_its_end():
    """flush() gives the last octet when its time is over, not before, and once."""
    line = Line("8E1").send(b"\xff")
    edges = Edges(BAUD, "8E1")
    out = bytearray(2)
    ring = line.entries()
    assert edges.drain(ring, 0, len(ring), out, 0) == 0
    start = ring[0] & TIME
    assert edges.flush(start + 4600, out, 0) == 0
    assert edges.flush(start - 1000 & TIME, out, 0) == 0, "an earlier time is no silence"
    assert edges.flush(start + 6000, out, 0) == 1 and out[0] == 0xFF
    assert edges.flush(start + 9000, out, 0) == 0


def test_parity_settles_a_doubt():
    """One edge more than half a bit late: the parity tells which bit is meant."""
    line = Line("8E1").send(b"\x0f")
    line.changes[2][0] += BIT * 60 // 100  # the fall after the four ones
    got, edges = received(line)
    assert got == b"\x0f" and edges.repaired == 1 and edges.parity_errors == 0


def test_late_stop_bit():
    """A stop bit that seems to begin 0.7 bits late is one; where a start was due, a second fall is one."""
    octets = b"\x00" * 20
    line = Line("8E1").send(octets)
    for k in range(1, len(line.changes), 2):
        line.changes[k][0] += BIT * (70 if k % 8 == 1 else 0) // 100
    got, edges = received(line)
    assert got == octets and edges.framing_errors == 0
    line = Line("8E1").send(octets)
    line.changes.pop(5)  # the rise after the third octet: its stop bit was not seen, its successor was
    got, edges = received(line)
    assert got == octets and edges.framing_errors == 1 and edges.lost == 1


def test_counters():
    """Wrong parity, wrong speed, a line held low, and edges that must have been there are counted."""
    octets = bytes(range(1, 200))
    got, edges = received(Line("8O1").send(octets), Edges(BAUD, "8E1"))
    assert got == octets and edges.parity_errors == len(octets) == edges.octets
    got, edges = received(Line("8E1").send(octets), Edges(BAUD, "8N1"))
    assert got == octets and 50 < edges.framing_errors < 150, "8N1 reads 8E1, as UARTs do"
    got, edges = received(Line("8E1").send(octets), Edges(2 * BAUD, "8E1"))
    assert edges.framing_errors + edges.parity_errors > 50
    edges = Edges(BAUD, "8E1")
    out = bytearray(4)
    assert edges.drain(array("I", [1000]), 0, 1, out, 0) == 0  # falls and stays low
    assert edges.flush(900000, out, 0) == 1 and out[0] == 0 and edges.framing_errors == 1
    assert edges.flush(990000, out, 0) == 0
    line = Line("8E1").send(octets)
    lost = line.lose(50)
    got, edges = received(line)
    assert lost > 10 and 0 < edges.lost <= lost


def test_lost_edges_cost_little():
    """An edge lost within a character damages that octet; the characters after it are whole."""
    octets = bytes(range(64, 96))
    hurt = 0
    for k in range(4, 60):
        line = Line("8E1").send(octets)
        line.changes.pop(k)
        got, edges = received(line)
        assert len(got) <= len(octets) + 2 and edges.lost == 1, (k, len(got))
        hurt += got[-16:] != octets[-16:]
    assert hurt <= 14, hurt


def test_damage_gives_no_wrong_value():
    """Lost edges, heavy jitter and wide glitches: a frame is read right or not at all."""
    read = damaged = 0
    for k, (name, octets, truths) in enumerate(FRAMES):
        for kind in range(3):
            line = Line("8E1" if k & 1 else "8N1", 100 * k + kind, jitter=(10, 40, 10)[kind]).send(octets)
            if kind == 0:
                line.lose(150)
            elif kind == 2:
                for _ in range(3):
                    change = line.changes[line.dice.roll(len(line.changes))]
                    change[0] += BIT * (60 + line.dice.roll(60)) // 100
                line.changes.sort()
            got, _ = received(line)
            readings = corpus.run(Decoder(2048), got)[0]
            damaged += got != octets
            for reading in readings:
                read += 1
                assert any(not corpus.wrong(truth, reading) for truth in truths), (name, kind)
    assert damaged > len(FRAMES), damaged
    assert read, "some get through"


def test_next_frame_is_whole():
    """After a frame that lost edges comes a pause, and the next frame is read."""
    for k, (name, octets, truths) in enumerate(FRAMES):
        line = Line("8E1", k + 1, jitter=10).send(octets)
        line.lose(60)
        line.send(octets)
        got, _ = received(line)
        assert got.endswith(octets), name
        readings = corpus.run(Decoder(2048), got)[0]
        assert readings and not corpus.wrong(truths[-1], readings[-1]), name


def test_no_memory_is_taken():
    """Receiving takes no memory on MicroPython: the interrupt's ring is read between two collections."""
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        return
    octets = FRAMES[0][1]
    ring = Line("8E1", 2, jitter=20).send(octets).entries()
    edges = Edges(BAUD, "8E1")
    out = bytearray(len(octets))
    now = ring[len(ring) - 1] + 20000 & TIME
    heap_lock()
    n = edges.drain(ring, 0, len(ring), out, 0)
    n = edges.flush(now, out, n)
    heap_unlock()
    assert n == len(octets) and bytes(out) == octets
    assert octets[0] != 0x7E or crc_x25(out, 1, n - 3) == out[n - 3] | out[n - 2] << 8
