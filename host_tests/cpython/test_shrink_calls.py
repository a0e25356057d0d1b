"""tools/shrink_inline.py and shrink_paths.py: functions that are called in one place go there, or stay."""

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shrink_unit import same  # noqa: E402


def functions(text):
    """How many functions and methods a module has."""
    return sum(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) for node in ast.walk(ast.parse(text))
    )


# name: (program, functions that are left besides run)
CALLED_ONCE = {
    "an expression": ("def twice(n):\n    return n + n\ndef run():\n    k = 3\n    print(1 + twice(k))\n", 0),
    "at the end, with ways out": (
        """
def find(values, wanted):
    for value in values:
        if value == wanted:
            return "found"
    try:
        return values[wanted]
    except IndexError:
        return None
def outer(wanted):
    if wanted > 90:
        return "far"
    return find([5, 6], wanted)
def run():
    print([outer(n) for n in (6, 1, 7, 99)])
""",
        1,
    ),
    "given to a local": (
        """
def sign(n, words=("less", "more")):
    return n
def kind(n):
    if n < 0:
        return "minus"
    if n:
        n = n * 2
        return n
def run():
    for n in (-1, 0, 4):
        word = kind(n)
        print(n, word)
""",
        0,
    ),
    "a loop that is left": (
        """
def first(text, wanted):
    k = 0
    while True:
        if k == len(text):
            return -1
        if text[k] == wanted:
            return k
        k += 1
def run():
    for text in ("abc", "xyz"):
        place = first(text, "b")
        print(place)
        if first_of(text):
            print("begins with x")
def first_of(text):
    for c in text:
        return c == "x"
""",
        0,
    ),
    "a result that nobody wants": (
        """
said = []
def note(text):
    if not text:
        return
    said.append(text)
    return len(said)
def run():
    for text in ("a", "", "b"):
        note(text)
        said.append("-")
    print(said)
""",
        0,
    ),
    "methods": (
        """
class Thing:
    def __init__(self):
        self.n = 0
    def add(self, by):
        self._put(self.n + by)
        return self.n
    def _put(self, n):
        self.n = n
    def both(self, more):
        return self._sum(more) * 2
    def _sum(self, more):
        total = self.n
        for n in more:
            total += n
        return total
def run():
    thing = Thing()
    print(thing.add(2), thing.add(3), thing.both([1, 2]), thing.both([]))
""",
        3,
    ),
    "what is awaited": (
        """
import asyncio
async def later(n):
    await asyncio.sleep(0)
    return n + 1
async def main(n):
    return await later(n)
def run():
    print(asyncio.run(main(4)))
""",
        1,
    ),
    "arguments keep their order": (
        """
said = []
def say(n):
    said.append(n)
    return n
def both(b, a, c=7):
    d = a - b
    return d * c
def run():
    x = both(a=say(9), b=say(4))
    print(x, said)
""",
        1,
    ),
    "comprehensions and locals of the same name": (
        """
def squares(values):
    k = 2
    return [value ** k for value in values if all(value > n for n in (0, 1))]
def run():
    k, value, n = 5, 6, [2, 3, 1]
    found = squares(n)
    print(found, k, value, n)
""",
        0,
    ),
}
# name: (program, functions that must stay besides run)
STAY = {
    "called twice": ("def f(n):\n    return n * n\ndef run():\n    print(f(2), f(3))\n", 1),
    "handed on": ("def f(n):\n    return -n\ndef run():\n    print(sorted([1, 2], key=f))\n", 1),
    "recursive": ("def f(n):\n    return n and n + f(n - 1)\ndef run():\n    print(f(4))\n", 1),
    "generators": ("def f(n):\n    yield n\n    yield n\ndef run():\n    print(list(f(4)))\n", 1),
    "what comes before it": (
        """
state = [1]
def change():
    state[0] += 1
    if state[0] > 5:
        return 0
    return state[0]
def run():
    print(state[0] + change(), state)
""",
        1,
    ),
    "ways that meet again": (
        """
def f(n):
    if n:
        if n > 3:
            return "much"
        n = n + 1
    return "at last %d" % n
def run():
    for n in (0, 2, 5):
        word = f(n)
        print(word)
""",
        1,
    ),
    "a local in the way": (
        """
size = [3]
def f(n):
    return n * size[0]
def run(size=10):
    print(f(size))
""",
        1,
    ),
    "methods that another class has too": (
        """
class Base:
    def show(self):
        return self._word()
    def _word(self):
        return "base"
class Child(Base):
    def _word(self):
        return "child"
def run():
    print(Base().show(), Child().show())
""",
        3,
    ),
    "locals that would live on in a task": (
        """
import asyncio
def big():
    octets = bytearray(9)
    return sum(octets)
async def main():
    total = big()
    await asyncio.sleep(0)
    return total
def run():
    print(asyncio.run(main()))
""",
        2,
    ),
    "global": (
        "n = 1\ndef bump(by):\n    global n\n    n += by\ndef run():\n    bump(4)\n    print(n)\n",
        1,
    ),
    "a return over a finally, in a loop": (
        """
def f(values):
    for value in values:
        try:
            if value:
                return value
        finally:
            print("next")
def run():
    found = f([0, 3])
    print(found)
""",
        1,
    ),
}


@pytest.mark.parametrize("name", [*CALLED_ONCE, *STAY])
def test_functions_that_are_called_in_one_place(tmp_path, name):
    program, left = {**CALLED_ONCE, **STAY}[name]
    new = same(tmp_path, program)
    assert functions(new["main"]) == left + 1, new["main"]


def test_nothing_goes_where_an_interrupt_may_take_no_heap(tmp_path):
    main = "from timer import tick\ndef run():\n    print(tick(2))\n"
    timer = "def tick(n):\n    return step(n) + 1\ndef step(n):\n    return n * 3\n"
    assert functions(same(tmp_path, main, timer=timer)["timer"]) == 1
    assert functions(same(tmp_path, main, ways={"still": ["timer"]}, timer=timer)["timer"]) == 2
