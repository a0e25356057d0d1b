"""tools/shrink_apart.py: functions in modules apart do what they did, and only one such module is kept."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shrink_unit import said, write  # noqa: E402

import build_tree  # noqa: E402
import device  # noqa: E402
import shrink  # noqa: E402
import shrink_image  # noqa: E402
import shrink_seldom  # noqa: E402

MAIN = """
import asyncio
import extra
import sys
LIMIT = 10
_state = 1
def begin(n, step=2):
    global _state
    _state = n
    return settle(step), _state
def settle(step):
    return [k * step for k in range(LIMIT) if k > _state]
def rare(box):
    try:
        return box._deep(1) + 1
    except ValueError as e:
        return str(e)
async def slow(n):
    await asyncio.sleep(0)
    return n, extra.help(n)
class Box:
    def __init__(self):
        self.n = 5
    def _deep(self, k):
        if k > self.n:
            raise ValueError("deep")
        return self._deep(k + 1) + settle(1)[0]
    def show(self):
        return self._wide(3)
    def _wide(self, n):
        return self.n + n
def run():
    box = Box()
    print(begin(3), settle(1), rare(box), begin(7, 1), asyncio.run(slow(3)), box.show(), again())
    print([name for name in sys.modules if name[:1] == "_" and name[1:].isdigit()])
def again():
    return settle(3), rare(Box())
"""
EXTRA = "def help(n):\n    from main import again, settle\n    return settle(n), again()\n"
SELDOM = [
    [("main", ["settle", "Box._wide"]), ("extra", ["help"])],  # extra is not there before main
    [("main", ["rare", "Box._deep"])],
    [("main", ["slow", "again", "no_such"])],
]


def same_output(tmp_path, sources, new, word):
    """Both print the same on both interpreters, and this word."""
    for interpreter in (sys.executable, device.micropython()):
        outputs = []
        for n, texts in enumerate((sources, new)):
            folder = tmp_path / f"{n}-{Path(interpreter).name}"
            write(folder, texts)
            outputs.append(said(interpreter, folder))
        assert outputs[0] == outputs[1] and word in outputs[0]


@pytest.mark.parametrize("steps", ["17", "1237", "1234567"])
def test_same(tmp_path, steps):
    sources = {"main": MAIN, "extra": EXTRA}
    bundles = {"main": ["main"]} if "4" in steps else {"main": []}
    new = shrink.shrink(sources, ["main"], {"run"}, bundles, steps, seldom=SELDOM)
    assert set(new) == {"main", "extra", "_0", "_1", "_2"}
    same_output(tmp_path, sources, new, "deep")


ROOMS = """
import other
class Lamp:
    def __init__(self, colour, bright=3):
        self.colour = colour
        if bright > 8:
            self.bright = 8
            return
        self.bright = bright
    def show(self, n=1):
        return self.colour * n + self._half()
    def _half(self):
        return str(self.bright // 2)
    def run(self):
        return "lamp"
class Door:
    def __init__(self):
        self.open = other.make().n == 3
    def show(self, n=2):
        return "door" * n if self.open else "closed"
    async def wait(self):
        return self.show(1)
    def turn(self):
        self.open = not self.open
        return self
class Shade(Lamp):
    def show(self, n=1):
        return "shade"
class Odd:
    def __getattr__(self, name):
        return "odd"
    def show(self):
        return self.nothing
def run():
    rooms = [Lamp("red"), Lamp("blue", bright=9), Door(), Shade("x"), Odd(), other.make()]
    print([room.show() for room in rooms], rooms[0].show(2), rooms[1].show(n=3), rooms[2].turn().show())
    said = [room.show for room in rooms]
    print([one() for one in said], getattr(rooms[2], "none", None), hasattr(rooms[5], "turn"))
    try:
        print(rooms[2].wait().send(None))
    except StopIteration as e:
        print(e.value)
    try:
        rooms[2].missing
    except AttributeError:
        print("missing")
"""
OTHER = """
class Lamp:
    def show(self):
        return "other" + self.more()
    def more(self):
        return "!"
class Post:
    def __init__(self, n):
        self.n = n
    def show(self):
        return "post" * self.n
def make():
    return Post(2)
"""


@pytest.mark.parametrize("steps", ["17", "1237", "1234567"])
def test_methods_whose_calls_are_not_known_and_constructors(tmp_path, steps):
    """Two classes have a show() of their own: the second goes to another module than the first."""
    everything = ["*", "Lamp.*", "Door.*", "Shade.*", "Odd.*", "Post.*", "-Lamp.run", "-run"]
    seldom = [[("main", everything), ("other", everything)], [("main", ["Door.turn"])]]
    sources = {"main": ROOMS, "other": OTHER}
    bundles = {"main": ["main", "other"]} if "4" in steps else {"main": [], "other": []}
    new = shrink.shrink(sources, ["main"], {"run"}, bundles, steps, seldom=seldom)
    homes = [name for name in new if name[0] == "_"]
    assert sum("closed" in new[name] for name in homes) == 1 and "closed" not in new["main"]
    assert len(homes) > 1 and new["main"].count("__init__") == 1  # Lamp's, which has a Shade
    if steps == "17":
        assert "class Door" in new["main"]  # has its methods in two modules
        assert "class Post" not in new["other"]  # nothing of it is left
    same_output(tmp_path, sources, new, "missing")


COUNTING = """
import builtins
import main
real, made = builtins.__import__, []
def counting(name, *more):
    if name[:1] == "_":
        made.append(name)
    return real(name, *more)
builtins.__import__ = counting
main.run()
print(made)
"""


def test_the_newest_is_kept(tmp_path):
    """One module is loaded for calls that follow each other, and anew after another was."""
    main = "def a():\n    return 1\ndef b():\n    return 2\ndef c():\n    return 3\n"
    main += "def run():\n    print(a() + b(), c(), a())\n"
    seldom = [[("main", ["a", "b"])], [("main", ["c"])]]
    new = shrink.shrink({"main": main}, ["main"], {"run"}, {"main": []}, "7", seldom=seldom)
    write(tmp_path, new)
    assert said(device.micropython(), tmp_path, COUNTING).split("\n")[:2] == ["3 3 1", "['_0', '_1', '_0']"]


def test_short_texts_do_not_become_names(tmp_path):
    """What a module apart spells once would stay in the heap as a name after it is gone."""
    words = [f"w{k}.x" for k in range(8)]
    main = f"def a(n):\n    return n + {' + n + '.join(map(repr, words))}\ndef run():\n    print(a('-'))\n"
    new = shrink.shrink({"main": main}, ["main"], {"run"}, {"main": []}, "57", seldom=[[("main", ["a"])]])
    assert not any(repr(word) in new["_0"] for word in words), new["_0"]
    write(tmp_path, new)
    assert said(device.micropython(), tmp_path).split("\n")[0] == "-" + "-".join(words)


def test_the_newest_is_let_go(tmp_path):
    """By unload.unload(), which a program calls when it has done something."""
    main = "import unload\ndef a():\n    return 1\n"
    main += "def run():\n    print(a(), a())\n    unload.unload()\n    print(a())\n"
    sources = {"main": main, "unload": "def unload(*names):\n    print(names)\n"}
    bundles = {"main": ["unload", "main"]}
    new = shrink.shrink(sources, ["main"], {"run"}, bundles, seldom=[[("main", ["a"])]])
    write(tmp_path, new)
    told = said(device.micropython(), tmp_path, COUNTING).split("\n")
    assert told[:4] == ["1 1", "()", "1", "['_0', '_0']"]


def test_the_table_names_what_there_is():
    """Each function of tools/shrink_seldom.py is one of the source."""
    missing = []
    for row in shrink_seldom.rows():
        for module, names in row:
            place = module.replace(".", "/") + ".py"
            tops = [build_tree.ROOT / "firmware", build_tree.ROOT / "lib"]
            text = next(p / place for p in tops if (p / place).is_file()).read_text(encoding="utf-8")
            for name in names:
                owner, _, function = name.lstrip("-").rpartition(".")
                found = function == "*" or f"def {function}(" in text
                if not found or owner and f"class {owner}" not in text:
                    missing.append(f"{module} {name}")
    assert not missing


def test_what_interrupts_call_is_not_in_the_table():
    assert not {module for row in shrink_seldom.rows() for module, _ in row} & set(shrink_image._STILL)
