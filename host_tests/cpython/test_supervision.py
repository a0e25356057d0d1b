"""Tasks that fall, hang or eat memory; lights, button and supply: on MicroPython, with the fakes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

HOST = house.ROOT / "host_tests"
RESET = 3  # exit status of the fake's reset()


class Bench:
    """One device's folder, with its RTC memory kept over restarts."""

    def __init__(self, folder, board):
        self.folder = folder
        self.rtc = folder / "rtc.bin"
        self.use(board)

    def use(self, board):
        """Be another board."""
        text = (house.ROOT / "boards" / f"{board}.py").read_text()
        (self.folder / "board_config.py").write_text(text)
        self.chip = "esp8266" if 'CHIP = "esp8266"' in text else "esp32"

    def run(self, script, scenario, code=0, cause=None):
        """Run a scenario; return what it printed as {name: [values]}."""
        path = [HOST / "fakes", self.folder, house.ROOT / "firmware", house.ROOT / "lib", ".frozen"]
        environment = {
            **os.environ,
            "MICROPYPATH": ":".join(map(str, path)),
            "HANPORT_RTC": str(self.rtc),
            "HANPORT_CHIP": self.chip,
        }
        if cause is not None:
            environment["HANPORT_RESET_CAUSE"] = str(cause)
        command = [house.MICROPYTHON, "-X", "heapsize=2M", HOST / "micropython" / script, scenario]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == code, done.stdout + done.stderr
        told = {}
        for line in done.stdout.splitlines():
            name, _, value = line.partition(": ")
            told.setdefault(name.rstrip(":"), []).append(value)
        return told


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, "pow_u")


def test_a_task_that_raises_starts_again(bench):
    """Counted, later each time, with where it fell in the log, and nothing of what it said."""
    told = bench.run("supervision.py", "raises")
    pauses = json.loads(told["pauses"][0])
    assert pauses[:8] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert pauses[8] > 600 and pauses[9] == 10, "who ran for ten minutes is started again soon"
    assert told["row"] == ["mqtt 11"]
    first, second = told["log"]
    assert re.fullmatch(
        r"3 x mqtt fell \(ValueError\) and starts again: "
        r"supervision\.py:\d+ inner < supervision\.py:\d+ start.*",
        first,
    ), first
    assert re.match(r"8 x mqtt fell \(OSError 104\) and starts again: ", second), second
    assert "hunter2" not in str(told)


def test_others_go_on(bench):
    """Of what ticks too one that falls is told, counted and rests."""
    told = bench.run("supervision.py", "others_run")
    assert told["good turns"] == ["True"] and told["beats"] == ["{200}"]
    assert json.loads(told["pauses"][0]) == [5, 10, 20]
    assert told["once"] == ["1"], "what wants no further turn gets none"
    assert sorted(told["row"]) == ["button 4", "web page 4"]
    assert any(
        re.match(r"\d x button fell \(IndexError\) and starts again: supervision\.py:\d+ ticks_badly", line)
        for line in told["log"]
    )
    assert "hunter2" not in str(told)


def test_a_task_that_ends(bench):
    """It starts again too, but not one that was ended, whether it was running or resting."""
    told = bench.run("supervision.py", "ends")
    assert json.loads(told["pauses"][0])[:3] == [6, 11, 21], "seen within a second"
    assert told["gone"] == ["['began', 'ended', 'fell', 'fell']"] and told["kept"] == ["True"]
    assert sorted(told["row"]) == ["clock 4", "publisher 2"]
    assert any(line.endswith("x clock fell (it ended) and starts again") for line in told["log"])


def test_memory_is_survived(bench):
    """A true MemoryError: the newest luxury goes, then the next, then there is room."""
    told = bench.run("supervision.py", "memory")
    assert told["held"] == ["{}"]
    assert [line for line in told["log"] if "put aside" in line] == [
        "1 x memory was short: languages was put aside",
        "1 x memory was short: history was put aside",
    ]
    assert told["row"] == ["web page 2"]


def test_memory_in_pieces_for_good(bench):
    bench.run("supervision.py", "hopeless", RESET)
    told = bench.run("supervision.py", "start")
    assert told["words"] == ["The device restarted itself: memory ran out in task web page."]


def test_a_task_that_nobody_keeps(bench):
    told = bench.run("supervision.py", "stray")
    assert re.match(r"1 x a request fell \(IndexError\): supervision\.py:\d+ request", told["log"][0])
    assert "hunter2" not in str(told)


@pytest.mark.parametrize("board", ["pow_u", "generic_esp8266"])
def test_fed_while_all_beat(bench, board):
    """Under a locked heap; the hardware watchdog of ESP32 only, hard callbacks on ESP8266 only."""
    bench.use(board)
    told = bench.run("supervision.py", "fed")
    esp32 = board == "pow_u"
    assert told["feeds"] == ["1441" if esp32 else "0"]
    assert told["timer"] == ["5000 False" if esp32 else "5000 True"]
    assert told["hardware"] == ["[('wdt', 90000)]" if esp32 else "[]"]


@pytest.mark.parametrize(("board", "room"), [("pow_u", 1024), ("generic_esp8266", 512)])
def test_log_keeps_the_newest_lines(bench, board, room):
    """In a fixed room: 7 octets a line beside its words, of which 200 octets are kept, in whole letters."""
    bench.use(board)
    told = bench.run("supervision.py", "log")
    odd, even = "x" + "\u00e5" * 99, "\u00e5" * 100
    lines = [f"True 1 {odd}", f"True 2 {even}"]
    free = room - 2 * 7 - len(odd.encode()) - len(even.encode())
    for n in range(59, -1, -1):
        free -= 7 + len(f"this is line {n}")
        if free < 0:
            break
        lines.insert(0, f"True 1 this is line {n}")
    assert told["line"] == lines and told["newest"] == ["2"]


@pytest.mark.parametrize("board", ["pow_u", "generic_esp8266"])
def test_a_task_that_hangs(bench, board):
    """The watchdog restarts the device; the next start tells why, the one after blames it no more."""
    bench.use(board)
    told = bench.run("supervision.py", "hangs", RESET)
    assert told["alive after 24 turns of 5 s"] == ["5"]
    words = "The watchdog restarted the device: task mqtt made no progress for 120 s."
    power, key = (0, 6) if board == "generic_esp8266" else (1, 2)
    told = bench.run("supervision.py", "start", cause=power)
    assert (told["words"], told["count"]) == ([words], ["1"])
    told = bench.run("supervision.py", "start", cause=key)
    assert "reset" in told["words"][0] and told["words"] != [words]
    assert told["count"] == ["1"], "the fault is counted as an earlier one"
    bench.run("supervision.py", "hangs", RESET)
    assert bench.run("supervision.py", "start")["count"] == ["2"]
    bench.rtc.unlink()  # the power goes
    told = bench.run("supervision.py", "start", cause=power)
    assert told["words"][0].startswith("Power was switched on")
    assert told["count"] == ["0"]


def test_rooms_that_begin_anew(bench):
    """A new room is watched, a gone one is not, and held by nobody."""
    told = bench.run("reasons.py", "anew", RESET)
    assert len(told["turned"]) == 30
    assert told["held"] == ["False True"] * 20, "a task that ends is held by nobody, nor what it has"
    assert told["rows"] == ["[]"]
    words = "The watchdog restarted the device: task mqtt made no progress for 10 s."
    assert bench.run("supervision.py", "start")["words"] == [words]


def test_names_of_what_is_kept(bench):
    """As many as there are numbers, in their order, and short enough for the note of a restart."""
    told = bench.run("reasons.py", "names")
    assert told["names"] == ["True without a name"] and told["lengths"] == ["True"]
    tasks = "web page|clock|way to the network|set-up mode|publisher|mqtt"
    assert told["tasks"] == [str(tasks.split("|"))]


def test_a_pause_after_a_fall_is_no_silence(bench):
    """Rests of 300 s, then 60 s until the last start has hung too long."""
    told = bench.run("reasons.py", "pauses", RESET)["starts"]
    assert 12 <= told.count("9") <= 14 and told.count("8") >= 58, told


def test_a_task_that_holds_up_all(bench):
    """The one at fault is named, not the first that came too late through it."""
    bench.run("supervision.py", "blocks", RESET)
    told = bench.run("supervision.py", "start")
    words = "The watchdog restarted the device: task clock held up all others for 60 s."
    assert told["words"] == [words]
    bench.run("supervision.py", "blocks_ticking", RESET)
    told = bench.run("supervision.py", "start")
    words = "The watchdog restarted the device: task button held up all others for 60 s."
    assert told["words"] == [words]
    bench.run("supervision.py", "blocks_nameless", RESET)
    told = bench.run("supervision.py", "start")
    words = "The watchdog restarted the device: task without a name held up all others for 60 s."
    assert told["words"] == [words]


def test_watchdog_without_a_timer(bench):
    bench.use("host")
    bench.run("supervision.py", "unix", RESET)
    words = "The watchdog restarted the device: task mqtt made no progress for 10 s."
    assert bench.run("supervision.py", "start")["words"] == [words]


def test_long_work_may_ask_for_time(bench):
    assert bench.run("supervision.py", "hold", RESET)["held"] == [""]


def test_octets_of_boot_are_handed_on(bench):
    """What boot.py keeps in the first 16, and what anyone keeps behind ours."""
    bench.rtc.write_bytes(b"FIRST ATTEMPT!!!" + bytes(240) + b"behind")
    bench.run("reasons.py", "boot_octets", RESET)
    kept = bench.rtc.read_bytes()
    assert kept[:16] == b"SECOND ATTEMPT!!" and kept[256:] == b"behind"
    told = bench.run("supervision.py", "start")
    assert told["words"] == ["The device restarted because it was asked to: new settings."]
    assert told["count"] == ["0"]


@pytest.mark.parametrize("at", range(16, 152, 5))
def test_damaged_reason_is_no_reason(bench, at):
    """RTC memory after a power cut holds anything."""
    if not at % 3:
        bench.rtc.write_bytes(os.urandom(at * 3))
    else:
        bench.run("reasons.py", "boot_octets", RESET)
        kept = bytearray(bench.rtc.read_bytes())
        kept[at] ^= 0x41
        bench.rtc.write_bytes(kept)
    told = bench.run("supervision.py", "start", cause=1)
    assert told["words"] == ["Power was switched on, or the supply fell too low."]


def test_noting_takes_no_memory(bench):
    assert bench.run("reasons.py", "note_takes_no_memory")["kept"] == ["1"]


def test_the_program_itself_falls(bench):
    bench.run("reasons.py", "fell", RESET)
    told = bench.run("supervision.py", "start")
    assert re.fullmatch(
        r"The device restarted itself: the program stopped in the main program\. "
        r"\(ZeroDivisionError at reasons\.py:\d+ inner < reasons\.py:\d+ scenario_fell.*\)",
        told["words"][0],
    ), told["words"]
    assert "hunter2" not in str(told)


@pytest.mark.parametrize(
    ("board", "cause", "words"),
    [
        ("pow_u", 3, "The hardware watchdog restarted the device: nothing went on in it for 90 s."),
        ("pow_u", 5, "The device was restarted."),
        ("pow_u", 99, "The chip does not tell why it started."),
        ("generic_esp8266", 0, "Power was switched on."),
        ("generic_esp8266", 2, "The chip's software crashed and restarted the device."),
        ("host", 1, "The program was started."),
    ],
)
def test_reset_causes(bench, board, cause, words):
    bench.use(board)
    assert bench.run("supervision.py", "start", cause=cause)["words"] == [words]


def test_room(bench):
    """What WiFi and TLS need is not given away."""
    told = bench.run("reasons.py", "rooms")
    assert told["system"] == ["(61440, 53248)"] and told["tls"] == ["True False"]
    assert told["small"] == ["True"] and told["huge"] == ["False"]
    assert 4096 <= int(told["threshold"][0]) <= 16384
    told = bench.run("reasons.py", "growth")
    assert told["small heap"] == ["True"] and told["second growth"] == ["False"]
    bench.use("generic_esp8266")
    told = bench.run("reasons.py", "rooms")
    assert told["system"] == ["None"] and told["tls"] == ["True True"]
    assert told["small"] == ["True"] and told["huge"] == ["False"]


LIGHTS = [
    *((board, "table") for board in ("pow_u", "generic_esp8266", "uhan_mosquito", "pow_u_uart0")),
    *(("pow_u", name) for name in ("no_memory", "modes", "faults_take_turns", "wired", "look", "readings")),
    ("pow_u", "button"),
    ("pow_u", "port"),
    ("host", "none"),
    *((board, "power") for board in ("pow_u", "generic_esp8266", "wemos_d1_mini", "han_reader_2")),
    ("pow_u", "power_waits"),
    ("han_reader_2", "power_waits"),
    ("host", "power_unmeasured"),
    ("uhan_mosquito", "power_unmeasured"),
]


@pytest.mark.parametrize(("board", "scenario"), LIGHTS)
def test_lights_button_supply(bench, board, scenario):
    """Each scenario judges by itself."""
    bench.use(board)
    script = "outside.py" if scenario.startswith(("button", "power", "port")) else "lights.py"
    assert "ok" in bench.run(script, scenario)


def test_all_scenarios_are_run():
    """None is written and forgotten."""
    text = Path(__file__).read_text()
    for script in ("supervision.py", "reasons.py", "lights.py", "outside.py"):
        for name in re.findall(r"def scenario_(\w+)", (HOST / "micropython" / script).read_text()):
            assert f'"{name}"' in text, f"{script} {name}"


assert shutil.which(str(house.MICROPYTHON)), "no micropython beside this Python"
