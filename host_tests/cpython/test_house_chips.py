"""The firmware uses nothing that the chips' MicroPython lacks; the table of what it lacks tells the truth."""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import chips  # noqa: E402
import house  # noqa: E402

# Tools that run on MicroPython too, on the unix port.
ON_MICROPYTHON = (
    "tools/handecode.py",
    "tools/layers.py",
    "tools/layer_apdu.py",
    "tools/layer_reading.py",
    "tools/layer_words.py",
    "tools/device_run.py",
)
# Younger than the oldest CPython that we run on.
YOUNG = {"TaskGroup": (3, 11), "timeout": (3, 11), "ExceptionGroup": (3, 11)}

PROBES = {
    f"{kind} {word}": probe.replace("{}", word.split(".")[-1] if kind == "keyword" else word)
    for kind, what, _, probe in chips.ROWS
    if probe
    for word in what.split()
}

RUN = """
import json, sys
for line in sys.stdin:
    name, probe = json.loads(line)
    try:
        exec(probe, {})
        print("has", name)
    except Exception:
        print("lacks", name)
    except SystemExit:
        print("has", name)
"""


def test_nothing_that_chips_lack():
    """lib/ and firmware/, and the tools that run on MicroPython."""
    given = [s for s in house.sources("lib", "firmware") if s.path != "lib/hanport/_cpython.py"]
    given += [source for source in house.sources("tools") if source.path in ON_MICROPYTHON]
    house.tell(house.complaints(chips.lacking, given))


def test_table_against_micropython():
    """What the table says the unix port lacks too, it does lack."""
    lines = "".join(json.dumps(item) + "\n" for item in PROBES.items())
    command = [house.MICROPYTHON, "-c", RUN]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()
    has = [line for line in told if not line.startswith("lacks ")]
    assert not has, "chips.py says that MicroPython lacks these:\n" + "\n".join(has)
    assert len(told) == len(PROBES)


def test_probes_against_cpython():
    """A probe fails for what it is about, not for a slip in it: CPython takes it."""
    for name, probe in PROBES.items():
        word = name.split()[1].split(".")[-1]
        if "cryptolib" in probe or sys.version_info < YOUNG.get(word, (3, 0)):
            continue
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(probe, name, "exec"), {})  # it raises when it is wrong


BAD = [
    ("def f(t):\n    return t.rjust(3)\n", 2, "rjust"),
    ("def f(t):\n    return t.rpartition('.')[2]\n", 2, "ESP8266"),
    ("n = int.from_bytes(b'', 'big', signed=True)\n", 1, "from_bytes.signed"),
    ("for a, b in zip([], [], strict=True):\n    pass\n", 1, "zip.strict"),
    ("n = (5).bit_length()\n", 1, "bit_length"),
    ("import dataclasses\n", 1, "dataclasses"),
    ("from collections.abc import Mapping\n", 1, "collections.abc"),
    ("from os import path\n", 1, "os.path"),
    ("import os\nx = os.path.join('a', 'b')\n", 2, "os.path"),
    ("import time\nt = time.monotonic()\n", 2, "time.monotonic"),
    ("from time import perf_counter\n", 1, "time.perf_counter"),
    ("import time\nt = time.time()\n", 2, "epoch"),
    ("import re\nm = re.match('a{2}', '')\n", 2, "regex"),
    ("import re\nm = re.compile(r'\\ba')\n", 2, "regex"),
    ("import re\nm = re.findall('a', '')\n", 2, "re.findall"),
    ("match 1:\n    case 1:\n        pass\n", 1, "match"),
    ("def f(a, /):\n    pass\n", 1, "positional_only"),
    ("a = [*(1,), 2]\n", 1, "star_in_display"),
    ("a = {*(1,), 2}\n", 1, "star_in_display"),
    ("a = {**{}}\n", 1, "dict_in_display"),
    ("async def f(a):\n    return [x async for x in a]\n", 2, "async_comprehension"),
    ("class A(metaclass=type):\n    pass\n", 1, "metaclass"),
    ("try:\n    pass\nexcept OSError as e:\n    raise ValueError from e\n", 4, "raise_from"),
    ("try:\n    pass\nexcept TimeoutError:\n    pass\n", 3, "TimeoutError"),
    ("a = b'1234'[::-1]\n", 1, "step"),
    ("a = 'x'.encode('latin-1')\n", 1, "encoding"),
    ("a = str(b'x', 'latin-1')\n", 1, "encoding"),
    ("a = b'x'.decode('utf-8', 'replace')\n", 1, "decode_errors"),
    ("from cryptolib import aes\nc = aes(bytes(16), 6, bytes(16))\n", 2, "aes_ctr"),
    ("p = __file__\n", 1, "__file__"),
    ("import sys\nif sys.implementation.name == 'micropython':\n    a = 'x'.title()\n", 3, "title"),
    ("import sys\nif sys.implementation.name != 'cpython':\n    a = 'x'.title()\n", 3, "title"),
    ("import sys\nif sys.implementation.name == 'cpython':\n  pass\nelse:\n  a = 'x'.zfill(3)\n", 5, "zfill"),
]


@pytest.mark.parametrize(("text", "line", "words"), BAD, ids=[words for _, _, words in BAD])
def test_rule_can_fail(text, line, words):
    """Each snippet gets a complaint at its line."""
    found = house.complaints(chips.lacking, [house.Source("firmware/app/bad.py", text)])
    assert any(f.startswith(f"firmware/app/bad.py:{line}: ") and words in f for f in found), found


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nif sys.implementation.name == 'cpython':\n    a = b'x'.translate(None)\n",
        "import sys\nif sys.implementation.name != 'micropython':\n    a = 'x'.title()\n",
        "def format(value):\n    return value\na = format(3)\n",
        "def decode(a, b):\n    return a\nc = decode(1, 'latin-1')\n",
        "def f(a, *, b):\n    return list(a) if (c := b) else c\n",
        "try:\n    pass\nexcept OSError:\n    raise ValueError from None\n",
        "a = f'{3:02d} {4!r}'\nb = '%02x' % 3\nc = 'x'.encode()\nd = 'x'.split(',', 1)\ne, *g = [1, 2]\n",
    ],
)
def test_rule_lets_pass(text):
    """What only CPython comes to, the file's own names, and what MicroPython has."""
    assert not house.complaints(chips.lacking, [house.Source("firmware/app/good.py", text)])


def test_epoch_files():
    """The two files that know the epoch may ask for the time, no other."""
    text = "import time\nt = time.time()\n"
    assert not house.complaints(chips.lacking, [house.Source("firmware/app/port.py", text)])
    assert house.complaints(chips.lacking, [house.Source("firmware/app/publisher.py", text)])
