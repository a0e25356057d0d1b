"""host_tests/both on MicroPython, with the native code and with its plain twins; and the runner itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

RUNNER = house.ROOT / "host_tests" / "both_runner.py"
BOTH = sorted((RUNNER.parent / "both").glob("test_*.py"))
# The heap that MicroPython has by itself here is too small for the long streams.
INTERPRETERS = {"micropython": [house.MICROPYTHON, "-X", "heapsize=32M"], "cpython": [sys.executable]}


def run(interpreter, *files, plain=False, timeout=600):
    """Run the runner; return the finished process."""
    environment = {**os.environ, "HANPORT_PLAIN": "1" if plain else "", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*INTERPRETERS[interpreter], RUNNER, *files]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment)


def count_of_tests(file):
    """How many test functions a file has."""
    tree = house.Source(file.relative_to(house.ROOT).as_posix(), file.read_text(encoding="utf-8")).tree
    return sum(getattr(node, "name", "").startswith("test_") for node in tree.body)


@pytest.mark.parametrize("plain", [False, True], ids=["native", "plain"])
@pytest.mark.parametrize("file", BOTH, ids=[file.stem for file in BOTH])
def test_on_micropython(file, plain):
    """Each file passes, and no test function of it is left out."""
    done = run("micropython", file, plain=plain)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"ok {count_of_tests(file)}", done.stdout


GOOD = """
def test_one():
    assert 1 + 1 == 2

def helper():
    assert False

def test_two():
    pass
"""
BAD = """
def test_good():
    pass

def test_bad():
    three = 3
    assert three == 4, "three is four"
"""


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_runner_tells(interpreter, tmp_path):
    """Good files give the count; a failure gives its name, its words and exit code 1, and the rest is run."""
    good, bad, broken = (tmp_path / f"test_{name}.py" for name in ("aa", "bb", "cc"))
    good.write_text(GOOD)
    bad.write_text(BAD)
    broken.write_text("import no_such_module\n")
    done = run(interpreter, good)
    assert (done.returncode, done.stdout) == (0, "ok 2\n"), done.stdout + done.stderr
    done = run(interpreter, bad, good)
    assert done.returncode == 1
    assert "test_bad" in done.stdout and "three is four" in done.stdout and "line 7" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 of 4 failed"
    done = run(interpreter, broken)
    assert done.returncode == 1
    assert "no_such_module" in done.stdout


@pytest.mark.parametrize("plain", [False, True], ids=["native", "plain"])
def test_plain_is_plain(plain, tmp_path):
    """HANPORT_PLAIN does refuse the native code, and nothing else does."""
    file = tmp_path / "test_make.py"
    file.write_text(
        "import sys\nfrom hanport import octets\n\n\ndef test_make():\n"
        f"    assert ('hanport._fast' in sys.modules) is {not plain}\n"
    )
    done = run("micropython", file, plain=plain)
    assert done.returncode == 0, done.stdout + done.stderr


def test_runs_all_by_default():
    """Without files the runner takes all of host_tests/both."""
    script = "import both_runner as r\nr.run = lambda f: (print(*f), (len(f), 0))[1]\nr.main([])\n"
    command = [house.MICROPYTHON, "-c", script]
    done = subprocess.run(command, cwd=RUNNER.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    names = done.stdout.splitlines()[0].split()
    assert [Path(name).name for name in names] == [file.name for file in BOTH]
