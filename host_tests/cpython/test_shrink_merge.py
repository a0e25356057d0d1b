"""tools/shrink_merge.py: functions that become branches do what they did; others stay functions."""

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shrink_unit import same  # noqa: E402

import shrink  # noqa: E402

# Three or more functions of a kind each, so that there are groups.
PROGRAMS = {
    "functions": """
def one(a):
    return a + 1
def two(append):
    for count in range(append):
        if count == 3:
            return count
    total = append
    return -total
def three(a):
    print("three", a)
def none():
    three(one(2))
def nothing():
    none()
    return "end"
def run():
    print(one(1), two(9), two(2), three(4), nothing())
""",
    "defaults and keywords": """
def told(a, b=2, c="x"):
    return a, b, c
def other(a, b, c=None):
    return c, b, a
def third(a, b, c):
    return a * b * c
def run():
    print(told(1), told(1, 5), told(1, c=7), other(1, b=2), other(1, 2, 3), third(a=1, b=2, c=3))
""",
    "methods": """
class Box:
    def __init__(self):
        self.items = []
    def _add(self, item):
        self.items.append(item)
        return self
    def _twice(self, item):
        self._add(item)._add(item)
    def _sum(self):
        total = 0
        for item in self.items:
            total += item
        return total
    def _most(self):
        return max(self.items)
    def fill(self, n):
        for k in range(n):
            self._twice(k)
        return self._sum(), self._most()
class Lid:
    def _add(self, item):
        return "lid", item
    def _sum(self):
        return self._add(1)
    def show(self):
        return self._sum()
def run():
    print(Box().fill(4), Lid().show())
    for thing in (Box(), Lid()):
        print(thing.show() if isinstance(thing, Lid) else thing.fill(1))
""",
    "kept and overridden": """
class Base:
    def _say(self):
        return "base"
    def _who(self):
        return "who"
    def tell(self):
        return self._say() + self._who()
class More(Base):
    def _say(self):
        return "more"
    def later(self):
        return [f() for f in (self._say, self._who)]
def run():
    print(Base().tell(), More().tell(), More().later())
""",
    "the same name elsewhere": """
class List:
    def append(self, x):
        return "mine", x
    def rare(self, x):
        return "rare", x
    def seldom(self, x):
        return "seldom", x
def use(things):
    return [t.append(1) for t in things]
def run():
    print(use([List(), []]), List().rare(2), List().seldom(3))
""",
    "errors and loops": """
def risky(n):
    try:
        return 10 // n
    except ZeroDivisionError as e:
        return str(type(e))
    finally:
        print("done", n)
def safe(n):
    try:
        return risky(n)
    except ValueError:
        return None
def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)
def run():
    print(risky(0), risky(5), safe(2), deep(20))
""",
    "generators and values": """
def up(n):
    for k in range(n):
        yield k
def down(n):
    while n:
        yield n
        n -= 1
def plain(n):
    return list(up(n))
def given(n):
    return n
def at_once(n):
    return n + 1
STATE = at_once(1)
_count = 0
def counted(n):
    global _count
    _count += n
    return _count
def run():
    print(list(up(3)), list(down(3)), plain(2), [f(1) for f in (given, at_once)], STATE)
    print(counted(2), counted(3))
""",
    "inner functions": """
def maker(n):
    return lambda k: k + n
def many(n):
    return [n * k for k in range(3)]
def third(n):
    return maker(n)(1), many(n)
def run():
    print(third(5), maker(1)(2), many(3))
""",
    "async": """
import asyncio
async def nap(n):
    await asyncio.sleep(0)
    return n
async def twice(n):
    return await nap(n) + await nap(n)
async def both(n):
    return await twice(n), await nap(n)
def run():
    print(asyncio.run(both(4)))
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same(tmp_path, name):
    same(tmp_path, PROGRAMS[name])


def functions(text):
    return [
        n.name for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


def small(text, **more):
    return shrink.shrink({"main": text}, ["main"], {"run"}, steps="127", **more)["main"]


def test_how_many_are_left():
    """One for those with an argument, one for those with none, and run."""
    text = PROGRAMS["functions"]
    assert len(functions(small(text))) < len(functions(text)) - 2
    assert set(functions(small(text, quick=["main"]))) == set(functions(text))


def test_strange_names_stay_methods():
    """What something unknown may also have is not taken from a class."""
    text = """
class Thing:
    def write(self, x):
        return x
    def note(self, x):
        return x
    def mark(self, x):
        return x
def run(thing):
    print(thing.write(1), thing.note(2), thing.mark(3), Thing())
"""
    assert set(functions(small(text, strange=["write"]))) & {"write", "note", "mark"} == {"write"}


def test_a_module_keeps_its_own_name(tmp_path):
    """A package whose __name__ were a function could not import what is in it."""
    main = "import pack\ndef run():\n    print(pack.one(1), pack.two(2), pack.deep(3), pack.name({}))\n"
    pack = "def one(x):\n    return x\ndef two(x):\n    return one(x)\n"
    pack += "def name(x):\n    return type(x).__name__\n"
    pack += "def deep(x):\n    from pack import extra\n    return extra.f(two(x))\n"
    same(tmp_path, main, {"pack": ["pack"]}, pack=pack, pack__extra="def f(x):\n    return x\n")


def test_asked_by_name_stays():
    text = """
class Thing:
    def note(self, x):
        return x
    def mark(self, x):
        return x
    def show(self, x):
        return x
def run(thing):
    print(hasattr(thing, "note"), thing.note(2), thing.mark(3), thing.show(1), Thing())
"""
    assert set(functions(small(text))) & {"note", "mark", "show"} == {"note"}


@pytest.mark.parametrize("bundles", [None, {"tools": ["tools"]}])
def test_modules(tmp_path, bundles):
    """A resident module's functions may be called from others; those of others from nowhere else."""
    main = "import tools, extra\ndef run():\n    print(tools.a(1), tools.b(2), extra.show(3))\n"
    tools = "def a(x):\n    return x + 1\ndef b(x):\n    return x * 2\ndef c(x):\n    return a(b(x))\n"
    extra = (
        "from tools import c, a\ndef show(x):\n    return c(x), hide(a(x))\n"
        "def hide(x):\n    return -x\ndef seek(x):\n    return hide(hide(x))\n"
    )
    new = same(tmp_path, main, bundles, tools=tools, extra=extra)
    assert len(functions(new["tools"])) == (1 if bundles else 3)
