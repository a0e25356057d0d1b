"""Independent libraries and our decoder read the same telegrams: every value that both give is the same.

The libraries run in environments of their own (tools/oracle_env.py, host_tests/oracles). Differences are
judged in oracles/judge.py: by truth.json or by what framesmith was told, never by one decoder alone.
"""

import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracles"))

import corpus  # noqa: E402
import judge  # noqa: E402
import made  # noqa: E402

import framesmith  # noqa: E402
import oracle_env  # noqa: E402
import smith_tables  # noqa: E402
from hanport import Decoder  # noqa: E402
from hanport.ciphering import TAG, Ciphering  # noqa: E402
from payload import fulljson, writer  # noqa: E402

WORKERS = Path(__file__).resolve().parents[1] / "oracles"
SCRIPTS = {"dlms-cosem": "dlms_cosem", "gurux-dlms": "gurux", "dsmr-parser": "dsmr_parser"}
LIBRARIES = ("dlms-cosem", "gurux-dlms", "amshan", "dsmr-parser")
# How many values must have been the same at least: in all frames kept, and in a generated frame on average.
LEAST_KEPT = {"dlms-cosem": 300, "gurux-dlms": 400, "amshan": 400, "dsmr-parser": 150}
LEAST_MADE = {"dlms-cosem": 12, "gurux-dlms": 12, "amshan": 12, "dsmr-parser": 14}


@pytest.fixture(scope="session")
def pythons():
    """The Python of every library's environment; made at once, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(oracle_env.NAMES, pool.map(oracle_env.setup, oracle_env.NAMES), strict=True))


def ask(python, library, rows):
    """The worker's answers to these rows, from two processes."""
    half = len(rows) // 2 + 1
    script = WORKERS / f"{SCRIPTS.get(library, library)}_worker.py"

    def one(part):
        lines = "".join(json.dumps(row) + "\n" for row in part)
        done = subprocess.run([python, script], input=lines, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    with ThreadPoolExecutor(2) as pool:
        answers = sum(pool.map(one, [rows[:half], rows[half:]]), [])
    assert len(answers) == len(rows)
    return answers


class Ours:
    """Our decoder: one telegram in, its reading as a dict (numbers exact), None without just one."""

    def __init__(self):
        self.writer = writer.Writer(4096)
        self.decoders = {}

    def told(self, decoder):
        """The reading as a dict."""
        self.writer.clear()
        fulljson.write(self.writer, decoder.reading)
        return json.loads(bytes(self.writer.octets()), parse_float=Decimal)

    def read(self, octets, ek=None, ak=None, dump=False):
        """The reading of the octets."""
        decoder = self.decoders.get((ek, ak))
        if decoder is None:
            keys = [bytes.fromhex(key) if key else None for key in (ek, ak)]
            decoder = self.decoders[ek, ak] = Decoder(4096, *keys)
        if dump:
            decoder.dump(octets)
            return self.told(decoder) if decoder.ready else None
        found = []
        for piece in (octets, b""):
            i = 0
            while True:
                i = decoder.feed(piece, i, len(piece))
                if decoder.ready:
                    found.append(self.told(decoder))
                elif not decoder.fault and i >= len(piece):
                    break
            decoder.silence()
        return found[0] if len(found) == 1 else None


def about(description, ours, theirs):
    """What judge.py may want to know of a telegram."""
    maker, name = description.get("maker"), description.get("list")
    spec = smith_tables.LISTS.get(maker, {}).get(name)
    clock = not spec or any(item.kind == "clock" for item in spec.items)
    return {
        "p1": maker == "p1" or ours.get("list_id", "")[3:4].isdigit(),
        "ours": ours.get("meter_manufacturer"),
        "theirs": theirs.get("meter_manufacturer"),
        "hex_ids": [m["id"].encode().hex().upper() for m in ours.get("submeters", ()) if "id" in m],
        "unscaled": not spec or spec.layout in ("pairs", "descriptors"),
        "own_clock": clock,
        "bare_clock": spec and clock and spec.layout in ("positional", "triples"),
    }  # fmt: skip


def named(description, leaves):
    """Values of a list without OBIS codes: the order is framesmith's table, the numbers the library's."""
    spec = smith_tables.LISTS.get(description.get("maker"), {}).get(description.get("list"))
    if not spec or spec.layout != "positional" or len(spec.items) != len(leaves):
        return {}
    values = {}
    for item, leaf in zip(spec.items, leaves, strict=True):
        if item.kind == "tariff":
            values[item.key] = str(int(leaf[1:], 16))
        elif item.key and item.kind != "clock":
            is_text = item.kind[:2] in ("os", "vs")
            octets = bytes.fromhex(leaf[1:]).decode("latin-1").strip("\0") if leaf[0] == "x" else leaf
            kilo = made.smith_lists.unit_of(item.key)[1]
            values[item.key] = octets if is_text else str(Decimal(leaf).scaleb(item.scaler - kilo))
    return values


def compare(library, name, description, ours, answer, counts):
    """Count what both say; the list of what they differ in without a known reason."""
    values = {**answer.get("values", {}), **named(description, answer.get("leaves", ()))}
    told = about(description, ours, values)
    if told["bare_clock"]:
        values.pop("timestamp", None)  # the header's: only the order tells which element is the list's clock
    bad = []
    for key, theirs in values.items():
        if key not in ours:
            continue
        if judge.same(key, ours[key], theirs):
            counts["same"] = counts.get("same", 0) + 1
            continue
        row = judge.reason(library, told, key, ours[key], theirs)
        if row:
            counts[row.__name__] = counts.get(row.__name__, 0) + 1
        else:
            bad.append((name, key, str(ours[key]), theirs))
    return bad


def kept():
    """(name, octets, row) of the frames kept, ours and, where they are, the captured ones; good ones only."""
    yield from ((name, octets, row) for name, octets, row in corpus.own() if row["verdict"] == "ok")
    for row in corpus.shared() or ():
        if row["verdict"] == "ok":
            yield row["file"], corpus.octets(corpus.SHARED + "/" + row["file"]), row


def run(python, library, rows):
    """rows: (name, octets, description, (ek, ak), dump, truth). Returns (counts, bad, said): said is how many
    telegrams the library could read."""
    asked = [{"hex": row[1].hex(), "ek": row[3][0], "ak": row[3][1]} for row in rows]
    answers = ask(python, library, asked)
    ours, counts, bad, said = Ours(), {}, [], 0
    for (name, octets, description, keys, dump, truth), answer in zip(rows, answers, strict=True):
        reading = ours.read(octets, *keys, dump=dump)
        assert reading is not None or truth is None, (name, octets.hex())
        if reading is None:
            continue
        marked = reading.get("scale_assumed", ())
        truth = {key: value for key, value in (truth or {}).items() if key not in marked}
        wrong = [(key, reading.get(key), truth[key]) for key in truth
                 if not judge.same(key, reading.get(key), truth[key])]
        assert not wrong, (name, wrong, octets.hex())
        said += "cannot" not in answer
        bad += compare(library, name, description, reading, answer, counts)
    return counts, bad, said


def compared(library, pythons):
    """Compare all frames kept; returns the counts."""
    rows = []
    for name, octets, row in kept():
        key = row.get("key") or {}
        dump = row["format"] not in ("hdlc", "mbus", "dsmr") and not corpus.is_line(row)
        keys = (key.get("ek"), key.get("ak"))
        rows.append((name, octets, row.get("description", {}), keys, dump, None))
    counts, bad, said = run(pythons[library], library, rows)
    print(library, counts, "read", said, "of", len(rows))
    assert not bad, "\n".join(map(str, bad))
    assert counts["same"] >= LEAST_KEPT[library], counts
    return counts


@pytest.mark.parametrize("library", LIBRARIES)
def test_frames_kept(library, pythons):
    """Our own frames and the captured ones."""
    compared(library, pythons)


def generated(library, pythons, count, seed):
    """Compare so many random telegrams; returns the counts."""
    dice = random.Random(f"{library} {seed}")
    rows = []
    for at, description in enumerate(made.descriptions(dice, library, count)):
        truth = framesmith.expected(description)
        rows.append((at, framesmith.build(description), description, made.keys(description), False, truth))
    counts, bad, said = run(pythons[library], library, rows)
    print(library, counts, "read", said, "of", len(rows))
    assert not bad, "\n".join(map(str, bad[:20]))
    assert said > 0.9 * count and counts["same"] >= LEAST_MADE[library] * count, (said, counts)
    return counts


@pytest.mark.parametrize("library", LIBRARIES)
def test_frames_made(library, pythons):
    """2,000 random telegrams of all lists that the library understands."""
    generated(library, pythons, 2000, 1)


@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES)
def test_more_frames_made(library, pythons):
    """The same with 20,000, and every known difference was met, so that no row of the table is dead."""
    met = {*generated(library, pythons, 20000, 2), *compared(library, pythons)}
    assert {row.__name__ for row in judge.KNOWN[library]} <= met, met


def ciphers(count):
    """Random (key, ak, title and counter, control, plain)."""
    dice = random.Random(20261125)
    for _ in range(count):
        size = dice.choice((1, 15, 16, 17, 31, 32, 33, 255, 256, 257, dice.randrange(1, 900)))
        control = dice.choice((0x10, 0x20, 0x21, 0x30, 0x31))
        yield dice.randbytes(16), dice.randbytes(16), dice.randbytes(12), control, dice.randbytes(size)


def test_ciphers(pythons):
    """2,000 random texts, tagged, encrypted and both: our AES-GCM and OpenSSL's give the same octets."""
    rows, plains = [], []
    for key, ak, iv, control, plain in ciphers(2000):
        gcm = Ciphering(key, ak)
        gcm.set_iv(iv[:8], iv, 8)
        text = bytearray(plain)
        if control & 0x20:
            gcm.crypt(text, 0, len(text))
        tag = bytes(gcm.tag(control, text, 0, len(text), control & 0x20 != 0)[:TAG])
        if not control & 0x10:
            tag = b""
        aad = bytes([control]) + ak + (b"" if control & 0x20 else plain)
        ct = text if control & 0x20 else b""
        rows.append({"key": key.hex(), "iv": iv.hex(), "aad": aad.hex(), "ct": ct.hex(), "tag": tag.hex()})
        plains.append(plain.hex() if control & 0x20 else "")
    answers = ask(pythons["cryptography"], "cryptography", rows)
    assert [answer.get("values", {}).get("plain") for answer in answers] == plains
    for row in rows:
        row["tag"] = row["tag"] and ("%02x" % (int(row["tag"][:2], 16) ^ 1)) + row["tag"][2:]
    answers = ask(pythons["cryptography"], "cryptography", rows)
    assert all(("cannot" in answer) == bool(row["tag"]) for row, answer in zip(rows, answers, strict=True))
