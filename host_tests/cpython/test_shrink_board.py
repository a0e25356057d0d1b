"""tools/shrink_facts.py: what a board's constants decide is decided at the build, and nothing else is."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shrink_unit import same  # noqa: E402

import shrink_image  # noqa: E402

BOARD = 'CHIP = "esp8266"\nLED = None\nRX = 3\nTX = 0\nSUPPLY = "bus"\nHOLD = True\n'
MAIN = """
import board
def kind():
    if board.CHIP == "esp8266":
        return "small"
    return large()
def large():
    return "large"
def lights():
    if board.LED is not None or board.RX is None:
        yield large()
    yield "dark"
def pins(given):
    wanted = {}
    if board.CHIP.startswith("esp32"):
        wanted["s"] = large()
    elif board.RX is not None and given:
        wanted["rx"] = board.RX
    if board.TX:
        wanted["tx"] = large()
    if not board.HOLD:
        large()
    return wanted, board.TX or given, board.TX and given, board.LED or board.SUPPLY
def twice(x):
    return large() if board.CHIP != "esp8266" else x if x is not None else board.SUPPLY
def equal(x):
    return x == 1 and board.RX == 3, board.RX == 3 and x == 1, 1 < x < 3, (1 == True), "a" "b" is x
def run():
    print(kind(), list(lights()), pins(0), pins(7), twice(1), twice(None), equal(1), equal(2))
"""


def test_same(tmp_path):
    new = same(tmp_path, MAIN, board=BOARD)
    assert "esp" not in new["main"] and "small" in new["main"]
    assert new["main"].count("large") == 1, "only the generator's, which would be none without it"


def test_nothing_known_nothing_decided(tmp_path):
    """A constant that somebody sets is none."""
    main = """
import board
def change():
    board.CHIP = "other"
def run():
    print(board.CHIP == "esp8266")
    change()
    print(board.CHIP == "esp8266", "yes" if board.CHIP == "esp8266" else "no")
"""
    assert "esp8266" in same(tmp_path, main, board=BOARD)["main"]


def test_constants_side_by_side(tmp_path):
    """They are known as those with a line of their own; what is worked out, or set again, is none."""
    main = """
FIRST, SECOND = 801, 802
THIRD, FOURTH = (FIRST, SECOND)
FIFTH, SIXTH = [n + 1 for n in range(2)]
def run():
    print(FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH)
"""
    new = same(tmp_path, main)["main"]
    assert "print(801, 802," in new


def test_small_boards_are_known_as_a_whole():
    small = 'NAME = "a"\nCHIP = "esp8266"\nRX = 3\nLED = None\n'
    assert shrink_image.kind_of(small) == {"NAME": "a", "CHIP": "esp8266", "RX": 3, "LED": None}
    assert shrink_image.kind_of(small.replace("esp8266", "esp32")) == {"CHIP": "esp32"}
