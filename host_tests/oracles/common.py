"""What the workers share: lines of JSON in and out, the way to time them, and the project's words.

A worker runs in the environment of one library (tools/oracle_env.py). It reads lines of JSON, each with the
hex of a frame and its keys, and answers each with a line: {"values": {...}} in the words of truth.json (all
values as text, so that no decimal is lost), {"leaves": [...]} for a list without OBIS codes, whose elements
the library cannot name, or {"cannot": why}.
"""

import json
import signal
import sys
import time
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import smith_lists  # noqa: E402

# OBIS C.D.E -> key, from framesmith's table, and the codes that it lets its lists spell out.
KEYS = {code: key for key, code in smith_lists.CODES.items()}
KEYS.update({"0.0.5": "meter_id", "96.1.1": "meter_model", "0.0.1": "meter_id"})
PATIENCE = 10  # seconds for one frame: some libraries count to four billion when a length lies


class Cannot(Exception):
    """The library has no means for this frame; the words say what is missing."""


def in_words(key, number):
    """A number in base units (W, V, A, Wh) as text in the unit of the key."""
    kilo = smith_lists.unit_of(key)[1]
    return str(number if not kilo else (Decimal(str(number)).scaleb(-kilo)))


def moment(when):
    """A datetime as truth.json writes it: local time, an offset only when there is one."""
    return when.replace(microsecond=0).isoformat()


def _late(*_):
    raise Cannot("it finds no end")


def _attempt(answer, row):
    signal.alarm(PATIENCE)
    try:
        return answer(row)
    except Cannot as words:
        return {"cannot": str(words)}
    except Exception as error:  # whatever a library raises is its answer
        return {"cannot": f"{type(error).__name__}: {error}"[:120]}
    finally:
        signal.alarm(0)


def _best(parse, row):
    """Seconds that one call of parse takes, by the fastest of several runs of `repeat` calls."""
    given = bytes.fromhex(row["hex"]), row["ek"], row["ak"]
    best = None
    for _ in range(row.get("runs", 5)):
        start = time.perf_counter()
        for _ in range(row["repeat"]):
            parse(*given)
        spent = (time.perf_counter() - start) / row["repeat"]
        best = spent if best is None else min(best, spent)
    return best


def serve(answer, parse=None):
    """Answer every line of stdin with one of stdout, until it ends.

    parse(octets, ek, ak): the library's work alone, without our words; it is what is timed for `repeat`.
    """
    signal.signal(signal.SIGALRM, _late)
    out, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    for line in sys.stdin:
        row = json.loads(line)
        told = _attempt(answer, row)
        if "repeat" in row and "cannot" not in told:
            told["seconds"] = _best(parse, row)
        out.write(json.dumps(told) + "\n")
    out.flush()
