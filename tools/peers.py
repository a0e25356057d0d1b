#!/usr/bin/env python3
"""How long do others take for the same telegram? Prints a table:  peers.py [--repeat N]

Each library of tools/oracle_env.py runs in its own environment, on this machine and this Python, on the
project's own frames: from the octets of one telegram to values, checksums and tags looked at, best of five
runs. Ours is lib/hanport on CPython, without its native code: on a chip it is another matter (tools/bars.py).
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tools")]

import oracle_env  # noqa: E402
import setup_env  # noqa: E402
from handecode import octets_of  # noqa: E402

FRAMES = {
    "Kamstrup 25": "kamstrup/list1-3p.hex",
    "Aidon list 2": "aidon/list2-3p4w.hex",
    "Kamstrup 65, tag": "kamstrup/dk-65-encrypted.hex",
    "DSMR 5": "p1/dsmr5-1p.txt",
}
WORKERS = {
    "dlms-cosem": "dlms_cosem",
    "gurux-dlms": "gurux",
    "amshan": "amshan",
    "dsmr-parser": "dsmr_parser",
}
RUNS = 5


def rows(repeat):
    """What is asked of every worker: one row a frame."""
    for name in FRAMES.values():
        path = ROOT / "host_tests" / "frames" / name
        key = json.loads(path.with_suffix(".json").read_text(encoding="utf-8")).get("key") or {}
        octets = octets_of(path.read_bytes())
        yield {"hex": octets.hex(), "ek": key.get("ek"), "ak": key.get("ak"), "repeat": repeat, "runs": RUNS}


def theirs(library, repeat):
    """Seconds a telegram for each frame, None where the library cannot read it."""
    script = ROOT / "host_tests" / "oracles" / f"{WORKERS[library]}_worker.py"
    lines = "".join(json.dumps(row) + "\n" for row in rows(repeat))
    done = subprocess.run(
        [oracle_env.setup(library), script], input=lines, capture_output=True, text=True, check=True
    )
    return [json.loads(line).get("seconds") for line in done.stdout.splitlines()]


def ours(repeat):
    """Seconds a telegram for each frame: from the first octet to the Reading."""
    from hanport import Decoder

    found = []
    for row in rows(repeat):
        keys = [bytes.fromhex(row[name]) if row[name] else None for name in ("ek", "ak")]
        octets, decoder, best = bytes.fromhex(row["hex"]), Decoder(1024, *keys), None
        for _ in range(RUNS):
            start = time.perf_counter()
            for _ in range(repeat):
                decoder.feed(octets, 0, len(octets))
                if not decoder.ready:
                    raise SystemExit("peers: " + decoder.why())
            spent = (time.perf_counter() - start) / repeat
            best = spent if best is None else min(best, spent)
        found.append(best)
    return found


def versions():
    """Library -> version, from its file of pins."""
    found = {}
    for library in WORKERS:
        for line in setup_env.read(oracle_env.pins(library)).splitlines():
            if line.startswith(library + "=="):
                found[library] = line.partition("==")[2]
    return found


def table(repeat):
    """The lines of the table, times in milliseconds a telegram."""
    head = ["ms a telegram", *FRAMES]
    lines = [["Hanport", *ours(repeat)]]
    lines += [[f"{library} {version}", *theirs(library, repeat)] for library, version in versions().items()]
    shown = [head] + [
        [line[0], *("-" if spent is None else f"{1000 * spent:.3f}" for spent in line[1:])] for line in lines
    ]
    widths = [max(len(row[at]) for row in shown) for at in range(len(head))]
    for row in shown:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join([row[0].ljust(len(first)), *rest])


def main(argv=None):
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="peers.py", description="time other libraries on our frames")
    parser.add_argument("--repeat", type=int, default=200, help="telegrams in one run (200)")
    options = parser.parse_args(argv)
    if options.repeat < 1:
        parser.error("repeat is above 0")
    try:
        for line in table(options.repeat):
            print(line, flush=True)
    except setup_env.SetupError as error:
        print(f"peers: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
