"""tools/shrink.py and scopes: what a name means is the same before and after, on both interpreters."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shrink_unit import same  # noqa: E402

SCOPES = {
    "class bodies are not seen from methods": """
x = "outer"
class Thing:
    x = "inner"
    y = x + "!"
    def read(self):
        return x, self.x, self.y
def run():
    print(Thing().read())
""",
    "comprehensions": """
values = [1, 2, 3]
def many(values, k):
    return [values * k for values in values], [(a, b) for a in values for b in range(a) if b != k], k
def run():
    k = 7
    print(many([4, 5], 2), {k: v for k, v in [("a", 1)]}, {k for k in "b"}, list(k for k in values), k)
""",
    "nested functions and nonlocal": """
def count(start, step=1):
    total = start
    def more(times, start=10):
        nonlocal total
        total += step * times
        def inner(step):
            return total + step + start
        return inner
    return more
def run():
    m = count(5, 3)
    print(m(2)(100), m(1, 1)(0))
""",
    "global": """
_state = 0
_other = [1]
def bump(by):
    global _state, _made
    _state += by
    _made = by
    def deeper():
        global _state
        _state += 100
    deeper()
def run():
    _state = 5
    bump(2)
    print(_state, peek(), _other)
def peek():
    return _state, _made
""",
    "except as, with as, for, walrus, del": """
class Door:
    def __enter__(self):
        return self
    def __exit__(self, kind, fault, trace):
        print("left", kind is None)
def run(fault=1):
    try:
        raise ValueError("bad")
    except ValueError as fault:
        print(fault.args)
    with Door() as door:
        print(type(door) is Door)
    for k, (a, *b) in enumerate([(1, 2, 3)]):
        print(k, a, b)
    if (n := len("abc")) > 2:
        print(n, [y := 1, y * 2])
    del k
""",
    "imports in functions": """
def first():
    import json
    from json import dumps as write
    return write(json.loads("[1]"))
def second(json):
    return json
def run():
    from json import loads
    print(first(), second(3), loads("2"))
""",
    "lambdas and defaults": """
_base = 3
_table = (1, 2)
class Sums:
    _base = 4
    def add(self, a, b=_base, *rest, c=_table, **named):
        return a, b, rest, c, sorted(named.items()), (lambda a, k=b: (a, k))(9)
def run():
    print(Sums().add(1), Sums().add(1, 2, 3, c=4, d=5), (lambda *a: a)(1, 2))
""",
    "generators and async": """
import asyncio
def numbers(most):
    n = 0
    while n < most:
        got = yield n
        n += got or 1
def both(most):
    yield from numbers(most)
async def later(value, wait=0):
    await asyncio.sleep(wait)
    return value
class Lines:
    def __init__(self, most):
        self._most = most
    def __aiter__(self):
        return self
    async def __anext__(self):
        if not self._most:
            raise StopAsyncIteration
        self._most -= 1
        return self._most
async def main():
    print(await later(1), await later(value=2))
    async for line in Lines(2):
        print(line)
def run():
    g = numbers(9)
    print(next(g), g.send(5), list(both(3)))
    asyncio.run(main())
""",
    "keywords stay": """
def area(width, height=1, *, unit="m"):
    return width * height, unit
def spread(**named):
    return area(**named)
def run():
    print(area(2, height=3), spread(width=4, unit="km"), area(**{"width": 1, "height": 9}))
""",
    "private attributes, bases and others of the same name": """
class Base:
    _kind = "base"
    def __init__(self, n):
        self._n = n
        self._calls = []
    def _twice(self):
        return self._n * 2
    def show(self):
        return self._twice(), self._kind, [self._n + k for k in (1, 2)], (lambda: self._n)()
class Child(Base):
    _kind = "child"
    def __init__(self, n):
        super().__init__(n)
        self._more = n
    def _twice(self):
        return super()._twice() + self._more
class Other:
    def __init__(self):
        self._n = 1
        self._secret = 2
    @property
    def secret(self):
        return self._secret
    @secret.setter
    def secret(self, value):
        self._secret = value
    @staticmethod
    def plain(self):
        return self._far
    @classmethod
    def make(cls):
        cls._made = 5
        return cls()
class Far:
    _far = 77
class Texts(dict):
    def __init__(self):
        super().__init__()
        self._copy = 1
    def get(self, key, other=None):
        return super().get(key, other), self._copy
def run():
    o = Other.make()
    o.secret += 4
    print(Base(3).show(), Child(4).show(), o.secret, Other.plain(Far()), Other._made, Texts().get("k", 2))
""",
    "names in texts": """
class Handlers:
    def __init__(self):
        self.before_handlers = [1]
        self.after_handlers = [2]
        self._hidden = 3
    def all(self, kind):
        return getattr(self, kind + "_handlers"), hasattr(self, "_hidden"), getattr(self, "_missing", None)
    def get_x(self):
        return "x"
    def get_y(self):
        return "y"
def run():
    h = Handlers()
    print(h.all("before"), h.all("after"), [getattr(h, "get_" + c)() for c in "xy"])
""",
    "constants": """
try:
    from micropython import const
except ImportError:
    def const(x):
        return x
_MOST = const(3)
LEFT = -2
TEXT = "abc"
NOTHING = None
_LONG = b"a long constant of octets"
PAIR = (1, "b")
twice = 5
twice = 6
_SUM = _MOST + 4
def run(TEXT="d", most=_MOST):
    print(_MOST, LEFT ** 2, -LEFT, TEXT, NOTHING, _LONG, PAIR, twice, _SUM << 1, most, f"{LEFT}{TEXT}")
""",
    "the same name in many scopes": """
append = [1]
def self(append, count=2):
    append.append(count)
    return append
def run(count=4):
    def append(self):
        return [self, count]
    print(self([3]), append(5), globals_of())
def globals_of():
    return append
""",
    "decorators": """
ROUTES = []
def route(path):
    def keep(f):
        ROUTES.append((path, f))
        return f
    return keep
@route("/a")
def nobody_calls_me_by_name(request):
    return "a" + request
def run():
    print([(p, f("?")) for p, f in ROUTES])
""",
}


@pytest.mark.parametrize("name", SCOPES)
def test_scopes(tmp_path, name):
    main = SCOPES[name]
    same(tmp_path, main)
    same(
        tmp_path,
        "import prog\ndef run():\n    prog.run()\n    again()\nfrom prog import run as again\n",
        prog=main,
    )
    same(
        tmp_path, "import prog\ndef run():\n    prog.run()\n", bundles={"whole": ["prog", "main"]}, prog=main
    )
