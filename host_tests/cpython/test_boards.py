"""boards/: the keys, types and pins of every file, its row in the README, and an image for each chip."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import build

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

BOARDS = house.ROOT / "boards"
NAMES = build.board_names()


def span(text):
    """The numbers of "0-3 7"."""
    parts = (part.split("-") for part in text.split())
    return {n for part in parts for n in range(int(part[0]), int(part[-1]) + 1)}


# Chip: pins that are there and free of the flash; inputs only; strapping; what the ADC reads beside WiFi.
PINS = {
    "esp8266": (span("0-5 12-16"), set(), span("0 2 15"), set()),
    "esp32": (span("0-5 12-19 21-23 25-27 32-39"), span("34-39"), span("0 2 5 12 15"), span("32-39")),
    "esp32s2": (span("0-21 33-46"), span("46"), span("0 45 46"), span("1-10")),
    "esp32s3": (span("0-21 33-48"), set(), span("0 3 45 46"), span("1-10")),
    "esp32c3": (span("0-10 18-21"), set(), span("2 8 9"), span("0-4")),
    "unix": (set(), set(), set(), set()),
}
INPUTS = ("RX", "BUTTON", "VCC_PIN")
OUTPUTS = (
    "TX REQUEST LED LED_RED LED_GREEN LED_BLUE LED_DISABLE TEMP ETH_MDC ETH_MDIO ETH_POWER ETH_CLOCK".split()
)
FLAGS = ("RX_PULLUP", "INVERT", "LED_INVERTED", "LED_RGB_INVERTED", "VCC_INTERNAL")
MILLIVOLTS = ("SUPPLY_BOOT_MV", "SUPPLY_SHED_MV", "SUPPLY_UPDATE_MV")
CHOICES = {
    "CHIP": set(PINS),
    "RX_KIND": {"uart", "edges"},
    "BAUD": {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200},
    "PARITY": {"7E1", "7N1", "8E1", "8N1", "8N2", "8O1"},
    "SUPPLY": {"mains", "bus", "module"},
    "ETH_PHY": {None, "LAN8720", "IP101", "RTL8201"},
    "ETH_CLOCK_OUT": {None, False, True},
}
# Pins that the RMII of an ESP32 has for itself, whatever the board.
RMII = span("19 21 22 25 26 27")
# MicroPython's UART takes this pin for sending when it is given none.
SENDER = {0: 1, 1: 10, 2: 17}


def faults(board, text):
    """Complaints about a board: board is the dict of its constants, text its file."""
    said = {key for key in board if key.isupper()}
    yield from (f"{key} is missing" for key in set(build.BOARD_NAMES) - said)
    yield from (f"{key} is no constant of a board" for key in said - set(build.BOARD_NAMES))
    if said != set(build.BOARD_NAMES):
        return
    yield from (f"{key} is {board[key]!r}" for key, good in CHOICES.items() if board[key] not in good)
    yield from (f"{key} is no flag" for key in FLAGS if not isinstance(board[key], bool))
    yield from (f"{key} is no text" for key in ("NAME", "TITLE") if not isinstance(board[key], str))
    for key in MILLIVOLTS:
        if board[key] is not None and (type(board[key]) is not int or not 2500 <= board[key] <= 3300):
            yield f"{key} is no supply in mV"
    if not isinstance(board["LEAVE_OUT"], str):
        yield "LEAVE_OUT is no text of names"
    if type(board["VCC_SCALE"]) is not int or not 800 <= board["VCC_SCALE"] <= 1250:
        yield "VCC_SCALE is no scale near 1000"
    yield from pin_faults(board, text)
    yield from group_faults(board)


def pin_faults(board, text):
    """Complaints about single pins and about two that are the same."""
    free, inputs, strapping, adc = PINS[board["CHIP"]]
    users = {}
    for key in (*INPUTS, *OUTPUTS):
        pin = board[key]
        if pin is None:
            continue
        if type(pin) is not int or pin not in free:
            yield f"{key}: the chip has no free pin {pin!r}"
            continue
        if key in OUTPUTS and pin in inputs:
            yield f"{key}: pin {pin} is an input only"
        if pin in strapping:
            if key == "RX":
                yield f"RX: pin {pin} is a strapping pin, which a meter would hold"
            if not re.search(rf"^{key} = {pin}  # .*strapping", text, re.M):
                yield f"{key}: its line does not say that {pin} is a strapping pin"
        if board["ETH_PHY"] and pin in RMII:
            yield f"{key}: pin {pin} belongs to the Ethernet"
        # LED stands for one of the others where there is no light of its own.
        if key != "LED" or pin not in (board["LED_RED"], board["LED_GREEN"], board["LED_BLUE"]):
            users.setdefault(pin, []).append(key)
    yield from (f"pin {pin} is {' and '.join(keys)}" for pin, keys in users.items() if len(keys) > 1)
    if board["RX_PULLUP"] and board["RX"] in inputs:
        yield f"RX_PULLUP: pin {board['RX']} has none"
    if board["VCC_PIN"] is not None and board["VCC_PIN"] not in adc:
        yield f"VCC_PIN: pin {board['VCC_PIN']} cannot be measured beside WiFi"


def group_faults(board):
    """Complaints about constants that do not go together."""
    chip, uart = board["CHIP"], board["UART_ID"]
    if chip != "unix" and board["RX"] is None:
        yield "RX: a board must hear its meter"
    if board["RX_KIND"] == "edges":
        if chip != "esp8266" or board["BAUD"] > 2400:
            yield "RX_KIND: only an ESP8266 needs edges, and reads 2400 baud with them"
        if uart is not None or board["TX"] is not None:
            yield "RX_KIND: with edges there is no UART"
    elif chip == "esp8266":
        if (uart, board["RX"]) != (0, 3):
            yield "RX: the only UART of an ESP8266 that receives is 0, on pin 3"
    elif uart not in ((1, 2) if chip == "esp32" else (1,)):
        yield f"UART_ID: the chip has no UART {uart} for a meter"
    elif board["TX"] is None and board["ETH_PHY"]:
        taken = {board[key] for key in OUTPUTS}
        if SENDER[uart] in taken:
            yield f"UART_ID: UART {uart} would send on pin {SENDER[uart]}, which is in use"
    ethernet = [board[key] for key in build.BOARD_NAMES if key.startswith("ETH_") and key != "ETH_POWER"]
    if len({value is None for value in ethernet}) > 1 or (board["ETH_PHY"] and chip != "esp32"):
        yield "ETH: all of it or nothing, and only on an ESP32"
    if board["ETH_PHY"] and board["ETH_CLOCK"] not in ((16, 17) if board["ETH_CLOCK_OUT"] else (0,)):
        yield "ETH_CLOCK: it comes in at 0, or goes out at 16 or 17"
    if board["VCC_INTERNAL"] != (chip == "esp8266"):
        yield "VCC_INTERNAL: an ESP8266 measures its own supply, the others do not"
    if (board["VCC_R_GND"] is None) != (board["VCC_R_VCC"] is None):
        yield "VCC_R: a divider has two resistors"
    if board["SUPPLY"] == "mains" and any(board[key] for key in MILLIVOLTS):
        yield "SUPPLY: there is nothing to limit"


def rows():
    """{file: cells} of the README's first table."""
    text = (BOARDS / "README.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `") and ".py` |" in line]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({row[0] for row in cells}) == len(cells), "a file has two rows"
    return {row[0].strip("`"): row[1:] for row in cells}


@pytest.mark.parametrize("name", NAMES)
def test_board(name):
    """Keys, types, pins that the chip has, and that they go together."""
    found = list(faults(build.read_board(name), (BOARDS / f"{name}.py").read_text(encoding="utf-8")))
    house.tell([f"boards/{name}.py: {words}" for words in found])


def test_readme_has_each_board():
    """A row for every file, none without, saying the same as the file."""
    table = rows()
    assert sorted(table) == [f"{name}.py" for name in NAMES]
    for name in NAMES:
        board = build.read_board(name)
        title, chip, port, lights, button = table[f"{name}.py"][:5]
        assert title.startswith(board["TITLE"]), name
        assert chip.lower().replace("-", "") == board["CHIP"].replace("unix", "none"), name
        both = [("-" if board[key] is None else str(board[key])) for key in ("RX", "TX")]
        assert port.split(" edges")[0] == " / ".join(both), name
        assert port.endswith(" edges") == (board["RX_KIND"] == "edges"), name
        for key in ("LED_RED", "LED_GREEN", "LED_BLUE", "LED", "LED_DISABLE"):
            assert board[key] is None or str(board[key]) in re.findall(r"\d+", lights), (name, key)
        assert button == ("-" if board["BUTTON"] is None else str(board["BUTTON"])), name
        assert all(table[f"{name}.py"][5:]), name


def test_titles_differ():
    """Two boards are not told apart by their file only."""
    titles = [build.read_board(name)["TITLE"] for name in NAMES]
    assert len(set(titles)) == len(titles)


def test_the_boards_people_have():
    """Each chip of the build that a preset names has a board, and the older names stay."""
    boards = [build.read_board(name) for name in NAMES]
    assert {board["CHIP"] for board in boards} == set(PINS)
    assert {"pow_u", "pow_k", "generic_esp8266", "host"} <= set(NAMES)
    assert sum(board["ETH_PHY"] is not None for board in boards) == 4


IMAGES = {board["CHIP"]: board["NAME"] for board in map(build.read_board, reversed(NAMES))}


@pytest.mark.parametrize("chip", sorted(IMAGES))
def test_image(chip, tmp_path):
    """One board of each chip family becomes an image."""
    out = build.build(IMAGES[chip], tmp_path / "app.romfs")
    assert out.stat().st_size > 10000


GOOD = "generic_esp32"
WRONG = [
    (GOOD, {"RX": 6}, "no free pin 6"),
    (GOOD, {"LED": 34}, "an input only"),
    (GOOD, {"RX": 36}, "RX_PULLUP"),
    (GOOD, {"RX": 12}, "a meter would hold"),
    (GOOD, {"BUTTON": 15}, "does not say"),
    (GOOD, {"BUTTON": 16}, "pin 16 is RX and BUTTON"),
    (GOOD, {"BUTTON": "4"}, "no free pin '4'"),
    (GOOD, {"VCC_PIN": 25}, "beside WiFi"),
    (GOOD, {"RX_KIND": "edges"}, "only an ESP8266"),
    (GOOD, {"UART_ID": 0}, "no UART 0"),
    (GOOD, {"BAUD": 2401}, "BAUD is 2401"),
    (GOOD, {"INVERT": 0}, "INVERT is no flag"),
    (GOOD, {"SUPPLY_SHED_MV": 3}, "no supply in mV"),
    (GOOD, {"SUPPLY_SHED_MV": 3100}, "nothing to limit"),
    (GOOD, {"LEAVE_OUT": ("web",)}, "LEAVE_OUT"),
    (GOOD, {"ETH_PHY": "IP101"}, "all of it or nothing"),
    (GOOD, {"NOVEL": 1}, "NOVEL is no constant"),
    ("generic_esp8266", {"RX": 13}, "only UART of an ESP8266"),
    ("lilygo_t_eth_poe", {"UART_ID": 2}, "would send on pin 17"),
    ("wt32_eth01", {"BUTTON": 21}, "belongs to the Ethernet"),
    ("wt32_eth01", {"ETH_CLOCK_OUT": True}, "comes in at 0"),
]


@pytest.mark.parametrize(("name", "change", "words"), WRONG)
def test_faults_are_seen(name, change, words):
    """Each slip gets its complaint."""
    text = (BOARDS / f"{name}.py").read_text(encoding="utf-8")
    found = list(faults({**build.read_board(name), **change}, text))
    assert any(words in fault for fault in found), found


EDGE_READER = """
import asyncio, micropython, sys
sys.path[:0] = ["firmware", "lib"]
now = 0
class Pin:
    level = 1
    handler = None
    def irq(self, handler, hard=False):
        self.handler = handler
        assert hard or handler is None
    def __call__(self):
        return self.level
import app.edgeport as port
port.ticks_us = lambda: now
pin = Pin()
reader = port.EdgeReader(pin, 2400, "8E1", size=64)
def send(octet):
    global now
    bits = [octet >> k & 1 for k in range(8)]
    for level in [0] + bits + [sum(bits) & 1, 1]:
        if level != pin.level and pin.handler:
            pin.level = level
            micropython.heap_lock()
            pin.handler(pin)
            micropython.heap_unlock()
        now = (now + 417) & 0x3FFFFFFF
text = b"\\x7e\\xa0\\x00\\xff\\x55 edges"
got = bytearray()
buf = bytearray(4)
for octet in text:
    send(octet)
    got.extend(buf[:reader.readinto(buf)])
now += 9000
got.extend(buf[:reader.readinto(buf)])
assert got == text, got
for _ in range(12):
    send(0x55)
assert reader.overruns > 10
reader.stop()
assert pin.handler is None
reader.start()
assert reader.readinto(buf) == 0
send(0x41)
now += 9000
assert reader.readinto(buf) == 1 and buf[0] == 0x41
print("ok")
"""


def test_edge_reader(tmp_path):
    """firmware/app/edgeport.py on MicroPython with a pin of ours: the interrupt runs with the heap locked."""
    script = tmp_path / "script.py"
    script.write_text(EDGE_READER, encoding="utf-8")
    command = [house.MICROPYTHON, script]
    done = subprocess.run(command, cwd=house.ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "ok\n", done.stdout + done.stderr


def test_what_a_board_leaves_out_is_not_in_its_image(tmp_path, capsys):
    """Names of LEAVE_OUT are rooms that exist, and none of them is in the image; the build says so."""
    board = build.read_board("generic_esp8266")
    build.fill_stage(tmp_path, board, build.MARCH["esp8266"], True)
    rooms = board["LEAVE_OUT"].split()
    assert rooms and "left out  " + ", ".join(rooms) in capsys.readouterr().out
    for room in rooms:
        homes = (build.ROOT / "firmware", build.ROOT, build.fetch_umqtt.VENDOR)
        known = [home / f"{room}.py" for home in homes] + [build.fetch_umqtt.VENDOR / room]
        assert any(path.exists() for path in known), room
        assert not (tmp_path / f"{room}.mpy").exists() and not (tmp_path / room).exists(), room
    assert (tmp_path / "app" / "house.mpy").exists()
