"""The reader's microscope: what does this telegram say, layer by layer?

    handecode.py [--json] [--key HEX] [--auth-key HEX] FILE...

FILE is hex text (white space, "#" and "//" comments, 0x and commas tolerated), P1 text, raw octets, or "-"
for standard input. Without --json every layer of every frame is told in words; with --json one line a
file: {"file": ..., "readings": [...], "faults": [...]}. Runs on CPython and on MicroPython alike.
"""

import os
import sys

_HERE = __file__.replace("\\", "/").rpartition("/")[0] or "."
sys.path[:0] = [_HERE + "/../lib", _HERE]

from hanport import Decoder, fault  # noqa: E402
from payload import fulljson, writer  # noqa: E402

SIZE = 4096  # octets of the largest telegram
_USAGE = "usage: handecode.py [--json] [--key HEX] [--auth-key HEX] FILE... (- is standard input)"


class Refused(Exception):
    """A wrong file, key or option, in one line."""


def octets_of(raw):
    """The octets a file stands for: hex text decoded, P1 text with its line ends mended, else as they are."""
    start = raw.lstrip(b" \t\r\n\xef\xbb\xbf")
    if start[:1] == b"/":
        # Editors turn CR LF into LF; the checksum is over CR LF.
        return start if b"\r" in start else start.replace(b"\n", b"\r\n")
    found = bytearray()
    for line in raw.split(b"\n"):
        for mark in (b"#", b"//", b";"):
            line = line.split(mark)[0]
        for word in line.replace(b",", b" ").replace(b":", b" ").replace(b"\xef\xbb\xbf", b"").split():
            if word[:2] in (b"0x", b"0X"):
                word = word[2:]
            if len(word) & 1 or not all(c in b"0123456789abcdefABCDEF" for c in word):
                return raw
            for k in range(0, len(word), 2):
                found.append(int(word[k : k + 2], 16))
    return bytes(found)


def load(name):
    """Octets of a file by name, "-" for standard input."""
    try:
        if name == "-":
            raw = getattr(sys.stdin, "buffer", sys.stdin).read()
        else:
            with open(name, "rb") as f:
                raw = f.read()
    except OSError:
        raise Refused("cannot read " + name) from None
    octets = octets_of(raw)
    if not octets:
        raise Refused(name + " holds no octets")
    return octets


def decode(decoder, octets):
    """Yield "reading" or "fault" for each event, the decoder being asked for what it is, or one "nothing"."""
    if is_dump(octets):
        decoder.dump(octets)
        yield "reading" if decoder.ready else "fault"
        return
    i = 0
    n = len(octets)
    silent = False
    events = 0
    while True:
        i = decoder.feed(octets, i, n)
        if decoder.ready:
            events += 1
            yield "reading"
        elif decoder.fault:
            events += 1
            yield "fault"
        elif i >= n and not silent:
            silent = True
            decoder.silence()
            octets, i, n = b"", 0, 0
        elif i >= n:
            break
    if not events:
        yield "nothing"


def is_dump(octets):
    """True for an LLC frame or an APDU saved without its framing."""
    return octets[:3] == b"\xe6\xe7\x00" or (octets[0] in b"\x0f\xdb\xdc\xe0" and len(octets) > 8)


def results(octets, keys):
    """(readings as JSON octets, faults in words) of everything in the octets."""
    decoder = Decoder(SIZE, *keys)
    w = writer.Writer(SIZE)
    readings = []
    faults = []
    for event in decode(decoder, octets):
        if event == "reading":
            w.clear()
            fulljson.write(w, decoder.reading)
            readings.append(bytes(w.octets()))
        elif event == "fault":
            faults.append(decoder.why())
        else:
            faults.append(fault.words(fault.NOISE))
    return readings, faults


def as_json(name, octets, keys):
    """The one line of --json."""
    readings, faults = results(octets, keys)
    w = writer.Writer(200 + len(name) + sum(len(x) + 1 for x in readings) + sum(len(x) + 3 for x in faults))
    w.open()
    w.text("file", name.encode())
    w.key("readings")
    w.open(b"[")
    for one in readings:
        w.item()
        w.raw(one)
    w.close(b"]")
    w.key("faults")
    w.open(b"[")
    for one in faults:
        w.item()
        w.string(one.encode())
    w.close(b"]")
    w.close()
    return bytes(w.octets()).decode()


def key_of(text, option):
    """A 16-octet key from what a person pastes."""
    from hanport import keys

    key = keys.parse(text)
    if key is None:
        raise Refused(option + " wants 32 hex digits (or 16 characters)")
    return key


def main(args):
    """Run with the command line's arguments; returns the exit code."""
    json = False
    names = []
    keys = [None, None]
    try:
        args = list(args)
        while args:
            arg = args.pop(0)
            if arg == "--json":
                json = True
            elif arg in ("--key", "--auth-key"):
                if not args:
                    raise Refused(arg + " wants 32 hex digits")
                keys[arg == "--auth-key"] = key_of(args.pop(0), arg)
            elif arg in ("-h", "--help"):
                print(_USAGE)
                return 0
            elif arg != "-" and arg[:1] == "-":
                raise Refused("no such option: " + arg + "; " + _USAGE)
            else:
                names.append(arg)
        if not names:
            raise Refused(_USAGE)
        for name in names:
            octets = load(name)
            if json:
                print(as_json(name, octets, keys))
            else:
                import layers

                decoder = Decoder(SIZE, *keys)
                layers.tell(name, octets, keys, decoder, decode(decoder, octets), is_dump(octets))
    except Refused as e:
        print("handecode.py: " + str(e), file=sys.stderr)
        return 2
    except OSError:
        # Who reads our output has gone (a pipe to head): nobody is left to tell.
        if hasattr(os, "dup2"):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or CPython complains when it flushes at its end
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
