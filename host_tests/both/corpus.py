"""Frames with their truth, for tests that run on CPython and MicroPython alike."""

import json
import os

_HERE = __file__.replace("\\", "/").rpartition("/")[0] or "."
OWN = _HERE + "/../frames"
SHARED = _HERE + "/../../../shared/frames"


def exists(path):
    """True when there is such a file or folder."""
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def octets(path):
    """Octets of a .hex listing, or of a .txt telegram as it is."""
    with open(path, "rb") as f:
        raw = f.read()
    if not path.endswith(".hex"):
        return raw
    return octets_of("".join(line.split(b"#")[0].decode() for line in raw.split(b"\n")))


def octets_of(digits):
    """Octets of hex digits with white space."""
    for blank in " \t\r\n":
        digits = digits.replace(blank, "")
    return bytes(int(digits[k : k + 2], 16) for k in range(0, len(digits), 2))


def is_line(row):
    """True for the project's frames that stand on a line without a frame: ciphered P1."""
    return row["format"] == "gcm" and row.get("description", {}).get("maker") == "p1"


def own(*formats):
    """Yield (name, octets, row) of the project's own frames of these formats (all without), by name."""
    for maker in sorted(os.listdir(OWN)):
        folder = OWN + "/" + maker
        for file in sorted(os.listdir(folder)):
            if file.endswith(".json"):
                with open(folder + "/" + file) as f:
                    row = json.load(f)
                if not formats or row["format"] in formats:
                    path = folder + "/" + file[:-5]
                    yield (
                        maker + "/" + file[:-5],
                        octets(path + (".hex" if exists(path + ".hex") else ".txt")),
                        row,
                    )


def truths(row):
    """The readings a row's octets hold, in order, each a dict."""
    if "expected_each" in row:
        return row["expected_each"]
    return [row["expected"]] if row.get("expected") else []


def shared():
    """Rows of the captured frames' truth, or None (with a line that says so) when they are not here."""
    if not exists(SHARED + "/truth.json"):
        print("captured frames are not here (../shared/frames): their tests are left out")
        return None
    with open(SHARED + "/truth.json") as f:
        return json.load(f)


def told(decoder):
    """The decoder's reading as a dict."""
    from payload import fulljson, writer

    w = writer.Writer(4096)
    fulljson.write(w, decoder.reading)
    assert not w.full
    return json.loads(bytes(w.octets()))


def run_dump(decoder, data):
    """(readings, faults) of octets that have no framing."""
    decoder.dump(data)
    return ([told(decoder)], []) if decoder.ready else ([], [decoder.fault])


def run(decoder, data, cut=0):
    """(readings as dicts, faults as codes) of data fed whole, or in pieces of `cut` octets, then silence."""
    readings = []
    faults = []

    def feed(piece):
        i = 0
        n = len(piece)
        while True:
            i = decoder.feed(piece, i, n)
            if decoder.ready:
                readings.append(told(decoder))
            elif decoder.fault:
                faults.append(decoder.fault)
            elif i >= n:
                break

    if cut:
        for k in range(0, len(data), cut):
            feed(data[k : k + cut])
    else:
        feed(data)
    decoder.silence()
    feed(b"")
    return readings, faults


def wrong(expected, got, uncertain=()):
    """List of (key, expected, got) that differ; keys of `uncertain` are not judged."""
    return [
        (key, value, got.get(key))
        for key, value in expected.items()
        if key not in uncertain and got.get(key) != value
    ]
