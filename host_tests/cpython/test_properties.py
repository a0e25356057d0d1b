"""Laws of the decoder for any octets at all: split anywhere, noise, flipped bits, lengths that lie."""

import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "both"))

import corpus  # noqa: E402

from hanport import Decoder, registers  # noqa: E402

POOL = [
    (name, octets, corpus.truths(row))
    for name, octets, row in corpus.own("hdlc", "dsmr")
    if not row["encrypted"] and not row.get("uncertain") and corpus.run(Decoder(2048), octets)[0]
]
# A P1 telegram without a checksum cannot show a flipped bit.
CHECKED = [row for row in POOL if not corpus.run(Decoder(2048), row[1])[0][0].get("integrity")]
frames = st.sampled_from(POOL)
checked = st.sampled_from(CHECKED)


def cut(data, places):
    """Data cut at the places (any numbers)."""
    at = sorted(p % (len(data) + 1) for p in places)
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]


def fed(decoder, pieces):
    """(readings, faults) of pieces."""
    readings, faults = [], []
    for piece in [*pieces, None]:
        if piece is None:
            decoder.silence()
            piece = b""
        i = 0
        while True:
            i = decoder.feed(piece, i, len(piece))
            if decoder.ready:
                values = [decoder.reading.value(r) for r in range(registers.COUNT)]
                readings.append((values, bytes(decoder.reading.have)))
            elif decoder.fault:
                faults.append(decoder.fault)
            elif i >= len(piece):
                break
    return readings, faults


@given(
    st.lists(frames, min_size=1, max_size=3),
    st.binary(max_size=30),
    st.lists(st.integers(0, 9999), max_size=8),
)
def test_cuts_do_not_matter(chosen, noise, places):
    data = noise.join(octets for _, octets, _ in chosen) + noise
    assert fed(Decoder(2048), cut(data, places)) == fed(Decoder(2048), [data])


@given(checked, st.binary(max_size=60), st.binary(max_size=60))
def test_noise_around_costs_nothing(chosen, before, after):
    name, octets, truths = chosen
    readings, _ = corpus.run(Decoder(2048), before + octets + after)
    # Noise may by chance continue into the frame's octets as text; the frame is still found.
    assert [corpus.wrong(t, r) for t, r in zip(truths, readings, strict=True)] == [[]] * len(truths), name


@settings(max_examples=400)
@given(checked, st.integers(0, 1 << 20))
def test_one_flipped_bit_never_gives_a_wrong_reading(chosen, place):
    name, octets, truths = chosen
    bad = bytearray(octets)
    place %= len(bad) * 8
    bad[place // 8] ^= 1 << (place % 8)
    readings, _ = corpus.run(Decoder(2048), bytes(bad))
    # A flip in a flag or a line end outside of the checksum leaves the values whole: then they are right.
    for got in readings:
        assert any(not corpus.wrong(truth, got) for truth in truths), (name, place)


@given(st.binary(max_size=400))
def test_any_octets_give_no_reading_and_no_exception(data):
    readings, _ = fed(Decoder(512), [data])
    assert not readings


@given(st.binary(max_size=120))
def test_any_apdu_is_a_reading_or_a_fault(body):
    decoder = Decoder(512)
    decoder.dump(b"\x0f\x00\x00\x00\x00\x00" + body)
    assert decoder.ready or decoder.fault


@given(checked, st.integers(0, 1 << 16), st.integers(0, 1 << 16))
def test_cut_frame_then_good_frame(chosen, end, start):
    """A frame whose head or tail is missing never takes the next good one with it."""
    name, octets, truths = chosen
    start %= len(octets) - 1
    end = start + end % (len(octets) - start)
    piece = octets[start:end] if end - start < len(octets) else b""
    readings, _ = corpus.run(Decoder(4096), piece + octets)
    assert len(readings) >= len(truths), name
    for truth, got in zip(truths, readings[-len(truths) :], strict=True):
        assert not corpus.wrong(truth, got), name


@given(checked, st.integers(1, 400))
def test_small_buffers_are_a_fault(chosen, less):
    """A buffer one octet (or more) too small: a fault, and the next small frame is read."""
    _, octets, _ = chosen
    decoder = Decoder(max(64, len(octets) - less))
    readings, faults = corpus.run(decoder, octets)
    assert readings or faults
