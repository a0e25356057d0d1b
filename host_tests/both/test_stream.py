"""1,000 good frames of all makers with noise, false headers and flipped bits between them."""

import corpus

from hanport import Decoder

FRAMES = 1000


class Dice:
    """The same numbers on every interpreter: a linear congruential generator (Numerical Recipes)."""

    def __init__(self, seed):
        self.x = seed

    def roll(self, n):
        """A number 0..n-1."""
        self.x = (self.x * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.x >> 8) % n


def _noise(dice, good):
    """What may stand between two frames; none of it holds a whole good frame."""
    kind = dice.roll(8)
    if kind == 0:
        return bytes(dice.roll(256) for _ in range(dice.roll(40)))
    if kind == 1:  # false HDLC headers: right format nibble, any length
        return b"\x7e\xa0" + bytes(dice.roll(256) for _ in range(1 + dice.roll(12)))
    if kind == 2:  # a header that is right but whose frame never comes
        return good[: 9 + dice.roll(6)] if good[0] == 0x7E else b"/"
    if kind == 3:  # one flipped bit, not in the line end that stands outside of the checksum
        bad = bytearray(good)
        bad[1 + dice.roll(len(good.rstrip(b"\r\n")) - 2)] ^= 1 << dice.roll(8)
        return bytes(bad)
    if kind == 4:  # cut short by more than a closing flag, which the next frame would lend it
        return good[: dice.roll(len(good.rstrip(b"\r\n")) - 1)]
    if kind == 5:
        return b"\x7e" * dice.roll(5) + b"/" * dice.roll(3) + b"\x68" * dice.roll(4)
    if kind == 6:  # a false M-Bus header
        return b"\x68\x40\x40\x68\x53\xff\x10\x01\x67"
    return b""


def _mixed(seed, frames):
    """(octets, truths) of so many good frames with noise between."""
    dice = Dice(seed)
    pool = [
        (octets, corpus.truths(row))
        for _, octets, row in corpus.own("hdlc", "dsmr")
        # A telegram without a checksum cannot be told from a damaged one.
        if not row["encrypted"]
        and not row.get("uncertain")
        and not (octets[0] == 0x2F and octets.rstrip()[-1:] == b"!")
    ]
    pool = [(o, t) for o, t in pool if len(corpus.run(Decoder(2048), o)[0]) == len(t)]
    assert len(pool) > 30, len(pool)
    stream = bytearray()
    truths = []
    while len(truths) < frames:
        good, truth = pool[dice.roll(len(pool))]
        stream.extend(_noise(dice, pool[dice.roll(len(pool))][0]))
        stream.extend(good)
        truths.extend(truth)
    return bytes(stream), truths


def _match(truths, readings):
    """Every good frame was read, in order, and nothing else."""
    at = 0
    for truth in truths:
        assert at < len(readings), (at, "a good frame was lost")
        assert not corpus.wrong(truth, readings[at]), (at, corpus.wrong(truth, readings[at]))
        at += 1
    assert at == len(readings), "a reading came out of noise"


def test_every_good_frame_is_read():
    """None lost, none wrong, and the same octet by octet and in pieces."""
    stream, truths = _mixed(20261125, FRAMES)
    whole = corpus.run(Decoder(2048), stream)
    _match(truths, whole[0])
    assert corpus.run(Decoder(2048), stream, 1) == whole
    assert corpus.run(Decoder(2048), stream, 64) == whole


def test_other_seeds():
    """The same law for other streams."""
    for seed in range(1, 6):
        stream, truths = _mixed(seed, 60)
        _match(truths, corpus.run(Decoder(2048), stream, 7)[0])
