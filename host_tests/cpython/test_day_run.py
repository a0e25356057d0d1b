"""24 hours of the whole firmware in virtual time: host_tests/micropython/day_run.py tells, this judges.

With -s the counts are printed; as a program it lives the days of the seeds it is given.

What a real device might do otherwise: time stands while code runs, so nothing is slow and the watchdog sees
only what waits, not what blocks; the heap is that of a host, with words twice as long, and so shows what
grows, not what fits; sockets, WiFi and UART are ours (host_tests/fakes/fast_*.py), without the memory, faults
and time-outs of the driver and of lwIP, apart from those that fast_net tells of; an outage takes all packets
or none; there is no TLS; the flash never wears or fails.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

sys.path.insert(0, str(house.ROOT / "tools"))

import build_tree  # noqa: E402

HOST = house.ROOT / "host_tests"
AIDON = HOST / "frames" / "aidon"
HOURS = 24
LIMIT_MS = 15000
OFTEN_MS = (2500, 10000)  # least and most from telegram to telegram
SLOW_MS = (50000, 70000)
FLAT = 0.02  # of the free heap: what the last hours may lack against the first
KEPT = {"tasks", "main", "totals", "watchdog", "web page", "network", "way to the network"}
KEPT |= {"clock", "meter port", "publisher", "mqtt"}
# The firmware as a tree of .mpy beside the fakes, their connections and the messages of the day.
HEAP = "512k"


def frame(name):
    """Hex of one of our own frames."""
    return "".join(line.split("#")[0] for line in (AIDON / f"{name}.hex").read_text().split("\n"))


def day(folder, board, seed, breaks, every_ms=OFTEN_MS):
    """What a device of this board tells of its day."""
    tree = folder / "tree"
    # As it is written: what is built for a chip may have other names for what is looked at here.
    for source, place in (
        (house.ROOT / "lib", tree / "lib"),
        (house.ROOT / "firmware" / "app", tree / "app"),
        (build_tree.fetch_umqtt.VENDOR, tree),
        (HOST / "fakes", tree),
    ):
        build_tree.compile_tree(source, place, build_tree.MARCH["unix"])
    for source in (HOST / "micropython" / "day_run.py", house.ROOT / "boards" / f"{board}.py"):
        name = "board_config" if source.stem == board else source.stem
        build_tree.compile_file(source, f"{name}.py", tree / f"{name}.mpy")
    build_tree.pack_pages(house.ROOT / "firmware" / "www", tree / "www")
    run = {
        "hours": HOURS,
        "seed": seed,
        "breaks": breaks,
        "every_ms": every_ms,
        "settings": {"wifi_ssid": "home", "wifi_password": "let me in", "mqtt_host": "broker.home"},
        "frames": [frame(name) for name in ("list1", "list1", "list2-3p4w", "list1")],
        "hourly": frame("list3-3p4w"),
    }
    (folder / "run.json").write_text(json.dumps(run))
    environment = {**os.environ, "MICROPYPATH": f"{tree}:{tree / 'lib'}:.frozen", "HANPORT_CHIP": "esp32"}
    command = [house.MICROPYTHON, "-X", f"heapsize={HEAP}", "-c", "import day_run"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def judge(told, every_ms=OFTEN_MS):
    """All that must hold."""
    slow = every_ms[1] > LIMIT_MS
    counts = "hours outages sent readings messages connects joins came short worst_ms answers heap"
    print({key: told.get(key) for key in counts.split()})
    assert "why" not in told, f"restarted after {told['restarted_s']} s: {told['why']}"
    log = "\n".join(f"{times} x {words}" for times, words in told["log"])
    assert not told["falls"], f"tasks fell: {told['falls']}\n{log}"
    assert not told["dead"], f"tasks are no more: {told['dead']}"
    assert set(told["kept"]) >= KEPT, f"not kept: {KEPT - set(told['kept'])}"
    # Enough happened for the rest to mean something: returns within an outage of another kind do not count.
    assert told["outages"]["broker"] == 50 and told["outages"]["meter"] == (0 if slow else 2), told["outages"]
    assert told["came"]["meter"] or slow
    assert told["came"]["broker"] >= 20, told["came"]
    assert told["came"]["access point"] >= 40 and told["came"]["way behind it"] >= 20, told["came"]
    late = "\n".join(f"at {when} s, {what}: {ms} ms; {state}" for when, what, ms, state in told["late"])
    assert not told["late"], f"the newest reading came later than {LIMIT_MS} ms after the return of\n{late}"
    assert max(told["worst_ms"].values()) <= LIMIT_MS, told["worst_ms"]
    # Every telegram is read; one may be lost where settings are saved, for the port is opened anew.
    saves = 1 + HOURS * 6 // 25
    assert told["sent"] > HOURS * 3600000 // every_ms[1] and not told["dropped"], told
    assert told["sent"] - saves <= told["readings"] <= told["sent"], told
    assert told["messages"] > told["sent"] * 0.6, "two thirds of the time there is a way"
    assert not told["wrong"], "MQTT was spoken wrongly"
    assert set(told["answers"]) == {"HTTP/1.0 200"} and told["answers"]["HTTP/1.0 200"] > HOURS * 2, told
    assert told["clock"] > HOURS // 2, "the time was asked for"
    # The best of three, for a page that is just asked for is no loss.
    first, last = told["heap"][0], max(told["heap"][-3:])
    assert last >= first * (1 - FLAT), f"the free heap went from {first} to {last}: {told['heap']}"


def test_a_day(tmp_path):
    """The network a third of the time away, 50 restarts of the broker, the meter unplugged twice."""
    judge(day(tmp_path, "generic_esp32s2", 1, True))


@pytest.mark.slow
def test_a_day_of_a_slow_meter(tmp_path):
    """A reading that a dying connection has lost is published anew: the next one is a minute away."""
    judge(day(tmp_path, "generic_esp32s2", 6, True, SLOW_MS), SLOW_MS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "board, seed, breaks",
    [("pow_u", 2, True), ("generic_esp32s2", 3, False), ("generic_esp32s2", 4, True), ("pow_u", 5, False)],
)
def test_other_days(board, seed, breaks, tmp_path):
    """With lights, button and supply; with connections that outlive that of the WiFi, as on ESP8266."""
    judge(day(tmp_path, board, seed, breaks))


if __name__ == "__main__":  # other days, by their seeds
    for number in map(int, sys.argv[1:]):
        every = SLOW_MS if number % 5 == 4 else OFTEN_MS
        with tempfile.TemporaryDirectory() as folder:
            board = ("pow_u", "generic_esp32s2")[number % 2]
            print("seed", number, board, every)
            judge(day(Path(folder), board, number, number % 3 > 0, every), every)
