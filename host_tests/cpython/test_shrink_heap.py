"""tools/shrink_*.py: code that keeps less heap does the same as before, and what must stay does."""

import ast
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shrink_unit import same, shrink  # noqa: E402


def constants(text):
    """The texts and octets in a module."""
    return [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]


TEXTS = """
_FIRST = b"seven octets"
def run(default="a default that stays as it is"):
    print(words(1), words(2), octets(), {"a key of a table": 1}["a key of a table"], default, _FIRST)
    print("%s and %d" % ("a text with \\u00e6 and \\n in it", len("abcde")), loops())
    print(b"\\x00\\xff", shout() != "x")
    print(getattr(Named(), "named_by_a_text"), f"{default} in a formatted text", Named.words, short())
def words(n):
    if n == 1:
        return "the first of many words"
    found = n in ("a text of a tuple", 2)
    for octets, number in ((b"one", 1), (b"two", 2)):
        found = found and number, octets
    return found
def octets():
    return b"some octets" + b"some others", b""
def loops():
    found = []
    for k in range(2):
        found += [b"in a loop", "a text in a loop"]
    return found
def shout():
    try:
        raise MemoryError
    except MemoryError:
        return "there is no memory left"
def short():
    return "of some" + "all" + "append" + "%d"
class Named:
    words = "words of a class"
    def __init__(self):
        self.named_by_a_text = shout()
"""


def test_texts_in_one_constant(tmp_path):
    new = same(tmp_path, TEXTS, bundles={"main": ["main"]})["main"]
    left = constants(new)
    for moved in ("the first of many words", "a key of a table", b"some octets", b"one", b"two", "of some"):
        assert moved not in left, moved
    for stays in (
        "a default that stays as it is",
        b"in a loop",
        "there is no memory left",
        "words of a class",
    ):
        assert stays in left, stays
    assert {b"", "append"} <= set(left)  # these cost nothing
    big = max((value for value in left if isinstance(value, bytes)), key=len)
    text = "a text with æ and \n in it".encode()
    assert b"\x0bsome octets" in big and bytes([len(text)]) + text in big


def test_texts_of_quick_functions_and_few_texts_stay(tmp_path):
    new = same(tmp_path, TEXTS, ways={"quick": ["main"]})["main"]
    assert {"the first of many words", b"some octets", b"one"} <= set(constants(new))
    few = "def run():\n    print('only one text that is long', b'and octets')\n"
    assert "only one text that is long" in constants(same(tmp_path, few)["main"])


ATTRIBUTES = """
import re
class Reading:
    def __init__(self):
        self.peak_watts = 3
        self.told = None
        self.match = 4
    def doubled_watts(self):
        return 2 * self.peak_watts
class Meter:
    peak_watts = 8
    def __init__(self, reading):
        self.newest_reading = reading
        self.count = 1
        self.index = 2
class Words(dict):
    def of_a_table(self):
        return sorted(self)
def run():
    meter = Meter(Reading())
    reading = meter.newest_reading
    reading.told_later = 5
    meter.told = "told"
    print(reading.peak_watts, reading.doubled_watts(), meter.peak_watts, meter.count, meter.index, meter.told)
    print(reading.told, reading.told_later, hasattr(reading, "kept_by_a_text"), Words(a=1).of_a_table())
    print(re.compile("a").match("abc") is None, reading.match, [1].index(1), from_outside(reading))
def from_outside(reading):
    reading.kept_by_a_text = 1
    reading.known_outside = 2
    return reading.kept_by_a_text, reading.known_outside
"""


def test_attributes_of_our_classes(tmp_path):
    new = same(tmp_path, ATTRIBUTES, keep=["known_outside"])["main"]
    for gone in ("peak_watts", "doubled_watts", "newest_reading"):
        assert gone not in new, gone
    for stays in ("match", "kept_by_a_text", "known_outside", "of_a_table"):
        assert stays in new, stays


FACTS = """
import sys
import board
try:
    from pack import absent
    import nowhere
except ImportError:
    absent = None
try:
    import nowhere as other
except ImportError:
    other = None
if sys.implementation.name == "other":
    def word():
        return "another interpreter"
else:
    def word():
        return "this one"
ready = None
if absent:
    ready = absent.ready
def run():
    print(word(), absent, other, ready, kinds())
    if board.PIN is None:
        print("no pin")
        return lamp(1)
    print("never said")
def kinds():
    if board.CHIP.startswith("esp32") or absent and ready:
        return "never"
    return not board.PIN and getattr(board, "LED", 7) == 2
def lamp(n):
    while board.PIN:
        n += 1
    return n if board.LED != 2 else -n
"""


def test_what_is_known_is_decided(tmp_path):
    board = {"PIN": None, "CHIP": "esp8266", "LED": 2}
    known = {"sys": {"implementation.name": "this"}, "board": board, "nowhere": None}
    sources = {"main": FACTS, "pack": "", "pack.there": "ready = 1\n"}
    new = shrink.shrink(sources, ["main"], ["run"], known=known)["main"]
    for gone in ("another interpreter", "never", "absent", "nowhere", "PIN", "startswith", "board", "while"):
        assert gone not in new, gone
    place = {}
    exec(new, place)
    lines = []
    place["print"] = lambda *words: lines.append(words)
    assert place["run"]() == -1
    assert lines == [("this one", None, None, None, True), ("no pin",)]


def test_what_is_not_known_is_asked_for():
    new = shrink.shrink({"main": FACTS, "pack": "", "pack.absent": "ready = 1\n"}, ["main"], ["run"])["main"]
    for stays in ("another interpreter", "never said", "nowhere", "PIN", "startswith", "implementation"):
        assert stays in new, stays
