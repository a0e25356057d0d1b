#!/usr/bin/env python3
"""A simulated meter on a pseudo-terminal: plays frames at the speed of a real line, whole or damaged.

    metersim.py host_tests/frames/kaifa --baud 2400 --parity 8E1 --period 2 --loop
    metersim.py one.hex --speed 0 --count 100 --flip 0.2 --seed 7 --link build/meter
    metersim.py --kmp electricity          a meter that answers and never pushes: see kmpsim.py

The first line on stdout is `pty /dev/pts/N`. A pseudo-terminal has no speed and no parity of its own: the
line speed is kept by waiting, and a parity or inversion fault is shown as the octets a reader would get.
Octets that no one reads are dropped, as on a real line (after the 4 kB the terminal itself holds).
"""

import argparse
import errno
import fcntl
import os
import random
import re
import select
import signal
import sys
import termios
import time
import tty
from pathlib import Path

import kmpsim

SUFFIXES = (".hex", ".txt", ".bin")
# Bits a character on the line: start, data, parity, stop.
CHARACTER_BITS = {"8N1": 10, "8N2": 11, "8E1": 11, "7E1": 10}
CHUNK_SECONDS = 0.02


class SimError(ValueError):
    """A wrong file or option; the text is one clear line."""


def parse_hex(text):
    """Octets of a hex listing: blanks, commas, 0x and comments (# or // to line end) are skipped."""
    bare = re.sub(r"(#|//).*", "", text)
    digits = "".join(re.sub(r"0[xX]", " ", bare).replace(",", " ").split())
    if not digits:
        raise SimError("no octets in it")
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise SimError(f"not a hex listing ({error})") from error


def load_file(path):
    """Octets of one frame file: .hex is a listing, .txt a P1 telegram as it is, .bin raw octets."""
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise SimError(f"{path}: a frame file ends in {', '.join(SUFFIXES)}")
    try:
        octets = path.read_bytes()
        if path.suffix == ".hex":
            octets = parse_hex(octets.decode("ascii"))
    except (OSError, ValueError) as error:
        raise SimError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if not octets:
        raise SimError(f"{path}: empty file")
    return octets


def load_frames(paths):
    """List of (name, octets) of the files and of all frame files below the folders, by name."""
    frames = []
    for path in map(Path, paths):
        files = [path]
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
            if not files:
                raise SimError(f"{path}: no {', '.join(SUFFIXES)} files below it")
        frames += [(file.name, load_file(file)) for file in files]
    return frames


def wrong_parity(octets):
    """7-bit octets of a 7E1 line as an 8N1 reader gets them: bit 7 is the parity. No more is shown."""
    return bytes((octet & 0x7F) | ((octet & 0x7F).bit_count() & 1) << 7 for octet in octets)


def inverted(octets):
    """Octets of an inverted line, simplified: every bit turned. A real reader would lose step, too."""
    return bytes(octet ^ 0xFF for octet in octets)


def damage(frame, rng, flip=0.0, cut=0.0):
    """(octets, what): the frame, with probability `flip` one bit flipped, with probability `cut` cut short.

    rng: random.Random, asked equally often for frames of the same length, so that a seed gives the same
    damage whatever the other options are. what: words for the log, "" when untouched.
    """
    flip_at, flip_bit, cut_at = rng.randrange(len(frame)), rng.randrange(8), rng.randrange(1, len(frame) + 1)
    flipped, short = rng.random() < flip, rng.random() < cut
    octets, what = bytearray(frame), []
    if flipped:
        octets[flip_at] ^= 1 << flip_bit
        what.append(f"bit {flip_bit} of octet {flip_at} flipped")
    if short and cut_at < len(frame):
        del octets[cut_at:]
        what.append(f"cut after {cut_at} octets")
    return bytes(octets), ", ".join(what)


def pieces(octets, rng, gaps):
    """The frame as a list of parts with a pause after each but the last; one part when there are no gaps."""
    if not gaps or len(octets) < 2:
        return [octets]
    count = min(rng.randrange(1, 4), len(octets) - 1)
    marks = [0, *sorted(rng.sample(range(1, len(octets)), count)), len(octets)]
    return [octets[start:end] for start, end in zip(marks, marks[1:], strict=False)]


class Meter:
    """The master side of a pseudo-terminal that is written like a serial line.

    rate: octets a second, 0 = as fast as possible. link: path of a symlink to the terminal, or None.
    """

    def __init__(self, rate, link=None):
        self.rate, self.link, self.dropped = rate, None, 0
        self.master, self.slave = os.openpty()
        # Raw mode: no echo, no line ends changed. The slave stays open so that a reader may come and go.
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self.slave)
        if link:
            self._make_link(link)

    def _make_link(self, link):
        if os.path.lexists(link) and not os.path.islink(link):
            raise SimError(f"{link}: is there already and is no symlink")
        try:
            if os.path.islink(link):
                os.unlink(link)
            os.symlink(self.path, link)
        except OSError as error:
            raise SimError(f"{link}: {error.strerror}") from error
        self.link = link

    def close(self):
        """Close the terminal and take the symlink away if it is still ours."""
        if self.link and os.path.islink(self.link) and os.readlink(self.link) == self.path:
            os.unlink(self.link)
        os.close(self.master)
        os.close(self.slave)

    def send(self, octets):
        """Put octets on the line at its speed; those the terminal has no room for are dropped and counted."""
        if self.rate <= 0:
            self._write(octets, 0.2)
            return
        size = max(1, int(self.rate * CHUNK_SECONDS))
        due = time.monotonic()
        for at in range(0, len(octets), size):
            part = octets[at:at + size]
            due += len(part) / self.rate
            # The octets of a part have arrived when its time is over, so wait first.
            time.sleep(max(0.0, due - time.monotonic()))
            self._write(part, 0.0)

    def _write(self, octets, patience):
        """Write what fits; without pacing give a reader `patience` seconds to make room."""
        give_up = time.monotonic() + patience
        while octets:
            try:
                octets = octets[os.write(self.master, octets):]
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EIO):
                    raise
                left = give_up - time.monotonic()
                if left <= 0:
                    self.dropped += len(octets)
                    return
                select.select([], [self.master], [], min(left, CHUNK_SECONDS))

    def drain(self, patience=1.0):
        """Wait until a reader took everything, at most `patience` seconds: closing throws the rest away."""
        give_up, empty = time.monotonic() + patience, 0
        # The kernel passes octets on in its own time: the terminal must be seen empty for 0.1 s on end.
        while time.monotonic() < give_up and empty < 5:
            time.sleep(CHUNK_SECONDS)
            empty = 0 if any(fcntl.ioctl(self.slave, termios.FIONREAD, bytes(4))) else empty + 1


def _number(kind, lowest, what, highest=1_000_000_000):
    """argparse type: a number of `kind` not under `lowest` nor over `highest`."""
    def read(text):
        try:
            value = kind(text)
            if lowest <= value <= highest:
                return value
        except ValueError:
            pass  # the same complaint as for a number out of range
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return read


class OneLineParser(argparse.ArgumentParser):
    """argparse with its complaint on one line of stderr, exit code 2."""

    def error(self, message):
        """Print one line and leave; argparse's own version prints the usage as well."""
        self.exit(2, f"{self.prog}: {message}\n")


def options_parser():
    """The command line of metersim."""
    share = _number(float, 0, "a probability from 0 to 1", 1)
    seconds, count = _number(float, 0, "a number of seconds"), _number(int, 0, "a whole number from 0 up")
    parser = OneLineParser(prog="metersim.py", description="a simulated meter on a pseudo-terminal")
    add = parser.add_argument
    add("frames", nargs="*", metavar="FRAMES", help=".hex, .txt or .bin files, or folders of them")
    add("--baud", type=_number(int, 50, "a line speed"), help="2400, or what the --kmp meter has")
    add("--parity", choices=tuple(CHARACTER_BITS), default="8E1", help="decides the bits a character takes")
    add("--speed", type=_number(float, 0, "a factor from 0 up"), default=1.0, help="times faster; 0 no wait")
    add("--period", type=seconds, default=0.0, help="seconds from one frame's start to the next")
    add("--loop", action="store_true", help="start again after the last frame, for ever")
    add("--count", type=count, help="stop after this many frames; starts again after the last")
    add("--seconds", type=seconds, help="stop after this time")
    add("--noise", type=count, default=0, help="random octets before each frame")
    add("--gaps", action="store_true", help="pauses within a frame")
    add("--flip", type=share, default=0.0, help="probability that a frame has one bit flipped")
    add("--cut", type=share, default=0.0, help="probability that a frame is cut short")
    add("--wrong-parity", action="store_true", help="bit 7 carries even parity, as a 7E1 line read as 8N1")
    add("--invert", action="store_true", help="every bit turned, as an inverted line (simplified)")
    add("--seed", type=int, default=0, help="same seed, same damage")
    add("--link", metavar="PATH", help="symlink to the terminal")
    add("-v", "--verbose", action="store_true", help="a line a frame on stderr")
    kmpsim.add_options(add, share)
    return parser


def line_octets(octets, options):
    """Octets as the wrong-parity and invert options let a reader see them."""
    octets = wrong_parity(octets) if options.wrong_parity else octets
    return inverted(octets) if options.invert else octets


def play(meter, frames, options):
    """Send frames until the count or the list is at its end. Returns how many were sent."""
    # Two sources, so that noise and gaps do not change which frames a seed damages.
    rng, other, speed = random.Random(options.seed), random.Random(options.seed + 1), options.speed
    start = time.monotonic()
    limit = options.count if options.count is not None else (float("inf") if options.loop else len(frames))
    sent = 0
    while sent < limit:
        begun = time.monotonic()
        name, frame = frames[sent % len(frames)]
        octets, what = damage(frame, rng, options.flip, options.cut)
        meter.send(line_octets(other.randbytes(options.noise), options))
        for number, part in enumerate(pieces(octets, other, options.gaps)):
            if number:
                time.sleep(other.uniform(0.005, 0.05) / (speed or 1000))
            meter.send(line_octets(part, options))
        sent += 1
        if options.verbose:
            tail = (", " + what if what else "") + (f", {meter.dropped} dropped" if meter.dropped else "")
            print(f"{begun - start:9.3f} {name} {len(octets)} octets{tail}", file=sys.stderr, flush=True)
        if sent < limit and speed:
            time.sleep(max(0.0, options.period / speed - (time.monotonic() - begun)))
    return sent


def _leave(_number, _frame):
    raise SystemExit(0)


def main(argv=None):
    """Command line; exit code 0, or 2 with one line on stderr."""
    parser = options_parser()
    options = parser.parse_args(argv)
    meter, baud = None, options.baud or kmpsim.BAUDS.get(options.kmp, 2400)
    if bool(options.frames) == bool(options.kmp):
        parser.error("FRAMES or --kmp, one of the two")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _leave)
    try:
        frames = load_frames(options.frames)
        meter = Meter(baud / CHARACTER_BITS[options.parity] * options.speed, options.link)
        print(f"pty {meter.path}", flush=True)
        if options.seconds:
            # An alarm also ends a frame that is half sent, or a long pause.
            signal.setitimer(signal.ITIMER_REAL, options.seconds)
        kmpsim.serve(meter, options, damage) if options.kmp else play(meter, frames, options)
        meter.drain()
    except SimError as error:
        parser.error(str(error))
    finally:
        if meter:
            meter.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
