"""For the tests of tools/shrink.py: a program before and after, on both interpreters."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

import device  # noqa: E402
import shrink  # noqa: E402


def write(folder, sources):
    """The modules as files; a name with others under it is a package."""
    for name, text in sources.items():
        place = folder / name.replace(".", "/")
        if any(other.startswith(name + ".") for other in sources):
            place = place / "__init__"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_suffix(".py").write_text(text)


def said(interpreter, folder, code="import main; main.run()"):
    """What a program prints."""
    env = dict(os.environ, PYTHONPATH=str(folder), MICROPYPATH=f"{folder}:.frozen")
    done = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, env=env, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def same(folder, main, bundles=None, keep=(), ways=None, **others):
    """Shrink a program, check that it prints the same; returns what it has become. x__y: module x.y.

    ways: other arguments of shrink().
    """
    sources = {"main": main, **{name.replace("__", "."): text for name, text in others.items()}}
    new = shrink.shrink(sources, ["main"], {"run", *keep}, bundles, **(ways or {}))
    for interpreter in (sys.executable, device.micropython()):
        outputs = []
        for texts in (sources, new):
            shutil.rmtree(folder / "p", ignore_errors=True)
            write(folder / "p", texts)
            outputs.append(said(interpreter, folder / "p"))
        assert outputs[0] == outputs[1]
        assert outputs[0].strip(), "the program says nothing"
    return new
