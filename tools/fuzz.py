#!/usr/bin/env python3
"""Throw noise at the decoder:  fuzz.py [--seconds N] [--count N] [--seed N]

The law: for any octets the decoder gives a reading or a fault, never anything else. No exception; bounded
work; the arena's bounds hold; no reading whose checksum or tag did not hold (both judged again here, with
framesmith's own functions); the same events however the octets are cut. The telegrams that are damaged are
the project's own frames and, where they are, the captured ones in ../shared/frames. Uses all cores, prints
a line every few seconds. Exit 1: the law was broken, and how, with seed and octets; 2: wrong option.
"""

import argparse
import functools
import json
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tools")]

import fuzz_mutate  # noqa: E402
import smith_cipher  # noqa: E402
import smith_link  # noqa: E402
from hanport import Decoder, fault, framing, profiles, reading  # noqa: E402
from hanport.ciphering import Ciphering  # noqa: E402
from payload import fulljson, writer  # noqa: E402

FOLDERS = (ROOT / "host_tests" / "frames", ROOT.parent / "shared" / "frames")
SIZES = (64, 256, 512, 1024, 1024, 2048, 4096)
CHUNK = 500  # telegrams a worker takes at a time
SLOW = 2.0  # seconds of processor time that no telegram may take

# A device meets one meter; here every telegram has a new decoder, and the rows need not be read each time.
profiles._read = functools.lru_cache(maxsize=None)(profiles._read)


class Broken(Exception):
    """The law was broken; the words say how."""


def law(holds, words):
    """Raise Broken unless it holds."""
    if not holds:
        raise Broken(words)


def judge_frame(kind, frame, checked):
    """Judge again, with framesmith's functions, a frame that the framer says is good."""
    if kind == framing.HDLC:
        length = (frame[1] & 7) << 8 | frame[2]
        law(frame[0] == frame[-1] == 0x7E and length + 2 == len(frame), "HDLC frame of another length")
        law(smith_link.crc_x25(frame[1:-3]) == frame[-3] | frame[-2] << 8, "HDLC frame, wrong FCS")
        at = 3
        for _ in range(2):
            while not frame[at] & 1:
                at += 1
            at += 1
        if at + 4 < len(frame):
            law(smith_link.crc_x25(frame[1 : at + 1]) == frame[at + 1] | frame[at + 2] << 8, "wrong HCS")
    elif kind == framing.MBUS:
        law(frame[1] == frame[2] == (len(frame) - 6) & 255 and frame[-1] == 0x16, "M-Bus frame, wrong length")
        law(smith_link.mbus_sum(frame[4:-2]) == frame[-2], "M-Bus frame with a wrong sum")
    elif kind == framing.P1 and checked:
        mark = frame.rfind(b"!")
        x25 = int.from_bytes(smith_link.crc_x25(frame[: mark + 1]).to_bytes(2, "little"), "big")
        digits = frame[mark + 1 :].split(b"\r")[0].split(b"\n")[0]
        digits = digits.decode("latin-1").rstrip("\0")
        law(int(digits, 16) in (smith_link.crc_arc(frame[: mark + 1]), x25), "P1 telegram, wrong checksum")


def judge_tag(decoder):
    """Cipher the clear text anew: the tag that stands behind it must come out."""
    cipher, arena = decoder._cipher, decoder.framing.arena
    control = arena[cipher.a - 5]
    if not control & smith_cipher.AUTHENTICATED or not all(cipher.keys):
        law(decoder.reading.integrity != reading.VERIFIED, "verified, but there was nothing to verify with")
        return
    law(decoder.reading.integrity == reading.VERIFIED, "read without looking at the tag")
    plain = bytes(arena[cipher.a : cipher.b])
    counter = int.from_bytes(arena[cipher.a - 4 : cipher.a], "big")
    keys = decoder.fuzz_keys
    sealed = smith_cipher.gcm(plain, cipher.system_title(), counter, keys[0], keys[1], control)
    law(sealed[-12:] == arena[cipher.b : cipher.b + 12], "read with a wrong tag")


def decoder_for(size, ek, ak):
    """A decoder whose framer is watched: every frame it accepts is judged again."""
    decoder = Decoder(size, None, None)
    if ek:
        decoder._cipher = Ciphering(ek, ak)
        decoder._keyed = True
    decoder.fuzz_keys = (ek, ak)
    frames = decoder.framing
    feed = frames.feed

    def watched(data, i, n):
        at = feed(data, i, n)
        law(i <= at <= n, "the index went out of the data")
        law(0 <= frames.base <= frames.base + frames.have <= len(frames.arena), "broken bounds of the arena")
        if frames.end:
            law(frames.base < frames.end <= frames.base + frames.have, "the frame's end is out of bounds")
            checked = frames.p1 and frames.p1.checked
            judge_frame(frames.kind, bytes(frames.arena[frames.base : frames.end]), checked)
        return at

    frames.feed = watched
    return decoder


def told(decoder):
    """The reading as text, which must be JSON; what an event is, for comparing."""
    w = writer.Writer(8192)
    fulljson.write(w, decoder.reading)
    octets = bytes(w.octets())
    if not w.full:
        json.loads(octets)
    return octets


def events(decoder, octets, cuts):
    """What the decoder makes of the octets, fed in pieces that end at the cuts, then silence."""
    found = []
    calls = 0
    most = 3 * len(octets) + 3 * len(cuts) + 20
    edges = [0, *cuts, len(octets)]
    pieces = [octets[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    for piece in [*pieces, None]:
        if piece is None:
            decoder.silence()
            piece = b""
        i = 0
        while True:
            calls += 1
            law(calls <= most, f"more than {most} calls of feed")
            i = decoder.feed(piece, i, len(piece))
            if decoder.ready:
                law(not decoder.fault, "a reading and a fault at once")
                law(not decoder.reading.empty(), "a reading without a value")
                if decoder.reading.integrity in (reading.VERIFIED, reading.UNVERIFIED):
                    judge_tag(decoder)
                found.append(told(decoder))
            elif decoder.fault:
                law(0 < decoder.fault < fault.COUNT and decoder.why(), "a fault without a name")
                found.append(decoder.fault)
            elif i >= len(piece):
                break
    return found


def trial(number):
    """Damage and feed telegram `number` of the seed's; (readings, faults, octets)."""
    dice = random.Random(number)
    octets, ek, ak = fuzz_mutate.mutant(dice, _pool())
    size = dice.choice(SIZES)
    cuts = []
    try:
        whole = events(decoder_for(size, ek, ak), octets, cuts)
        if dice.random() < 0.15:
            cuts = sorted(dice.randrange(len(octets) + 1) for _ in range(dice.choice((1, 3, 20))))
            law(events(decoder_for(size, ek, ak), octets, cuts) == whole, "other events when cut")
        if octets and is_apdu(octets):
            one = decoder_for(4096, ek, ak)
            one.dump(octets)
            law(one.ready != bool(one.fault), "a dump is neither a reading nor a fault")
            if one.ready:
                told(one)
    except Exception as error:
        words = str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {error}"
        keys = [key.hex() if key else None for key in (ek, ak)]
        where = f"seed {number}, arena {size}, keys {keys}, cuts {cuts}"
        raise Broken(f"{words}\n  {where}\n  {octets.hex()}") from error
    readings = sum(isinstance(event, bytes) for event in whole)
    return readings, len(whole) - readings, len(octets)


def is_apdu(octets):
    """True for what a person may have saved without its frame."""
    return octets[0] in b"\x0f\xdb\xdc\xe0\xe6"


@functools.lru_cache(maxsize=1)
def _pool():
    return fuzz_mutate.seeds(folder for folder in FOLDERS if folder.is_dir())


def chunk(task):
    """Telegrams first .. first + count: (count, readings, faults, octets, words of a broken law or None)."""
    first, count = task
    readings = faults = octets = 0
    for number in range(first, first + count):
        start = time.process_time()
        try:
            r, f, n = trial(number)
            law(time.process_time() - start < SLOW, f"more than {SLOW} s\n  seed {number}")
        except Broken as broken:
            return number - first, readings, faults, octets, str(broken)
        readings, faults, octets = readings + r, faults + f, octets + n
    return count, readings, faults, octets, None


def run(count, seconds, seed, jobs=None, say=print):
    """Feed `count` telegrams or for `seconds`; returns the words of the first broken law, or None."""
    began = said = time.monotonic()
    jobs = jobs or os.cpu_count()
    first = seed
    sums = [0, 0, 0, 0]
    words = None

    def line():
        spent = max(time.monotonic() - began, 1e-6)
        return "{:,} telegrams, {:,} readings, {:,} faults, {:,} octets; {:,.0f} telegrams/s".format(
            *sums, sums[0] / spent
        )

    with multiprocessing.Pool(jobs) as pool:
        # In rounds: the pool would swallow an endless list of tasks whole.
        while not words and first < seed + count and not (seconds and time.monotonic() - began > seconds):
            last = min(first + 4 * jobs * CHUNK, seed + count)
            tasks = [(at, min(CHUNK, last - at)) for at in range(first, last, CHUNK)]
            first = last
            for *part, broken in pool.imap_unordered(chunk, tasks):
                sums = [a + b for a, b in zip(sums, part, strict=True)]
                words = words or broken
            if time.monotonic() - said > 4:
                said = time.monotonic()
                say(line())
    say(f"{'BROKEN' if words else 'the law held'}: {line()}; seed {seed}, {len(_pool())} frames damaged")
    return words


def main(argv=None):
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="fuzz.py", description="throw noise at the decoder")
    parser.add_argument("--seconds", type=float, help="for how long (60 when no count is given)")
    parser.add_argument("--count", type=int, help="how many damaged telegrams")
    parser.add_argument("--seed", type=int, help="of the first telegram; each one has its own, counting up")
    options = parser.parse_args(argv)
    if any(given is not None and given <= 0 for given in (options.count, options.seconds)):
        parser.error("count and seconds are above 0")
    seconds = options.seconds or (None if options.count else 60)
    seed = random.randrange(1 << 40) if options.seed is None else options.seed
    say = functools.partial(print, flush=True)
    words = run(options.count or 1 << 60, seconds, seed, say=say)
    if words:
        print("fuzz: " + words, file=sys.stderr)
    return 1 if words else 0


if __name__ == "__main__":
    sys.exit(main())
