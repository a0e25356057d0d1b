"""tools/shrink.py and modules: imports, bundles, what is dropped, what stays."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shrink_unit import TOP, same, shrink  # noqa: E402

MAIN = """
import sys
import pack
from pack import hooks, table, words as texts
from pack import optional_made
from pack.words import shout as loud
try:
    from pack import absent
except ImportError:
    absent = None
_PREFIX = "pack.form_"
def load(name):
    return __import__(_PREFIX + name, None, None, ("message",))
def run():
    from pack import lazy
    print(loud("a"), texts.SIZE, texts.count, table.find("b"), absent, pack.Thing().name(), lazy.word())
    texts.bump()
    hooks.hook = len
    print(texts.count, hooks.hooked("abc"), table.words.count, optional_made)
    for name in ("one", "two"):
        module = load(name)
        print(module.message(), module.RETAIN, hasattr(module, "heard"))
    sys.modules.pop("pack.lazy")
    pack.lazy = None
    from pack.lazy import word as again
    print(again())
"""
PACK = {
    "pack": "from pack.table import Thing\ntry:\n    from pack.words import absent as optional_made\n"
    "except ImportError:\n    optional_made = 'none'\n",
    "pack__words": """
SIZE = 12
_secret = "!"
count = 0
def shout(text):
    return text.upper() + _secret * SIZE
def bump():
    global count
    count += 1
def never():
    return also_never()
def also_never():
    return never()
""",
    "pack__hooks": "def hook(text):\n    return text\ndef hooked(text):\n    return hook(text)\n",
    "pack__table": """
from pack import words
from pack.words import SIZE as _N
class Thing:
    limit = 3
    def name(self):
        return "thing %d" % (_N + self.limit)
    def unused_method(self):
        return 0
def find(key):
    return words.shout(key)[0]
""",
    "pack__lazy": "from pack.words import shout\ndef word():\n    return shout('lazy')\n",
    "pack__form_one": "RETAIN = True\ndef message():\n    return 'one'\ndef heard():\n    return 1\n",
    "pack__form_two": "from pack import words\nRETAIN = False\ndef message():\n    return words.SIZE\n",
}


@pytest.mark.parametrize(
    "bundles",
    [
        None,
        {"pack": ["pack", "pack.words", "pack.table"]},
        {"all": ["main", "pack.words", "pack.table", "pack.hooks"]},
        {"pack": ["pack", "pack.table"], "other": ["pack.words"]},
    ],
    ids=["none", "package", "new name", "two"],
)
def test_modules(tmp_path, bundles):
    new = same(tmp_path, MAIN, bundles=bundles, **PACK)
    text = "".join(new.values())
    for dropped in ("never", "also_never", "unused_method", "SIZE", "_secret"):
        assert dropped not in text, dropped
    for kept in ("RETAIN", "message", "heard"):
        assert kept in text, kept
    assert ("pack.words" in new) is (bundles is None)
    assert "pack.hooks" in new
    assert set(bundles or ()) <= set(new)


def test_entry_names_stay_where_they_are(tmp_path):
    """What boot.py's files import is there, also when the module went into a bundle."""
    new = shrink.shrink(
        {"main": "import lib\ndef run():\n    return lib.made()\n", "lib": "def made():\n    return 3\n"},
        ["main", "lib"],
        {"run", "made"},
        {"both": ["main", "lib"]},
    )
    assert set(new) == {"main", "lib", "both"}
    scope = {}
    assert "import" in new["main"] and "import" in new["lib"]
    exec(new["both"], scope)
    assert 3 in {f() for f in scope.values() if callable(f) and f.__module__ != "builtins"}
    same(
        tmp_path,
        "from lib import made\ndef run():\n    print(made())\n",
        bundles={"both": ["main", "lib"]},
        lib="def made():\n    return 3\n",
    )


def test_machine_code_is_left_alone():
    fast = "import micropython\n\n\n@micropython.viper\ndef total(buf: ptr8, n: int) -> int:\n    return n\n"
    sources = {
        "main": "from fast import total\ndef run(first, second):\n    return total(first, second)\n",
        "fast": fast,
    }
    new = shrink.shrink(sources, ["main"], {"run"})
    assert new["fast"] == fast
    assert "import total" in new["main"]


def test_names_are_shared():
    """Two classes and two modules spell their own names alike; what is spelt from outside stays."""
    thing = "class Thing:\n    def __init__(self, {0}):\n        self._{0} = {0}\n    def show(self):\n"
    thing += "        return self._{0}\ndef {0}_of(thing):\n    return thing.show()\n"
    sources = {name: thing.format(name) for name in ("alpha", "beta")}
    sources["main"] = "import alpha\nimport beta\ndef run():\n    return [alpha.alpha_of(alpha.Thing(1)), "
    sources["main"] += "beta.beta_of(beta.Thing(2))]\n"
    new = shrink.shrink(sources, ["main"], {"run", "show"})
    assert new["alpha"] == new["beta"]
    assert "show" in new["alpha"]


@pytest.mark.parametrize(
    "text",
    ["from os import *\n", "def run():\n    return globals()\n", "from . import x\n", "exec('1')\n"],
)
def test_what_cannot_be_followed_is_refused(text):
    with pytest.raises(ValueError, match="cannot be shrunk"):
        shrink.shrink({"main": text}, ["main"], {"run"})


def test_same_octets_whatever_the_hashes(tmp_path):
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import shrink; sources = json.load(sys.stdin); "
    )
    code += "print(json.dumps(shrink.shrink(sources, ['main'], ['run'], {'pack': ['pack', 'pack.words']})))"
    sources = {"main": MAIN, **{name.replace("__", "."): text for name, text in PACK.items()}}
    outputs = set()
    for seed in "123":
        done = subprocess.run(
            [sys.executable, "-c", code, str(TOP / "tools")],
            input=json.dumps(sources),
            env=dict(os.environ, PYTHONHASHSEED=seed),
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_resident_modules_in_the_order_of_loading():
    sources = {name.replace("__", "."): text for name, text in PACK.items()}
    assert shrink.resident(sources, ["pack.form_two"]) == [
        "pack",
        "pack.table",
        "pack.words",
        "pack.form_two",
    ]
