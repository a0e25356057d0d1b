"""Pinned packages in a folder of their own below build/, so that what they bring along never meets ours.

    side_packages.bring("types-esp32", folder)      from requirements/types-esp32.txt
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import setup_env

ROOT = Path(__file__).resolve().parent.parent


class SideError(Exception):
    """What is in the way, as one line."""


def bring(name, target):
    """Install requirements/<name>.txt in the folder target, once; all of it is pinned. Raises SideError."""
    pins = ROOT / "requirements" / f"{name}.txt"
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    made, log = (target.with_name(target.name + ending) for ending in (".made", ".log"))
    target.parent.mkdir(parents=True, exist_ok=True)
    import fcntl  # as in setup_env, which has the better word where it is missing

    with open(target.with_name(target.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once: the second waits
        if target.is_dir() and made.is_file() and made.read_text(encoding="utf-8") == wanted:
            return
        made.unlink(missing_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
        pip += ["--retries", "2", "--no-deps", "--only-binary", ":all:", "--no-compile"]
        pip += ["--target", str(target), "-r", str(pins)]
        quiet = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL}
        done = subprocess.run(pip, cwd=ROOT, env={**os.environ, "PIP_USER": "0"}, **quiet)
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        if done.returncode:
            if any(sign in done.stderr for sign in setup_env.NO_NETWORK):
                raise SideError("the package index cannot be reached: is there a network?")
            shown = log.relative_to(ROOT) if log.is_relative_to(ROOT) else log
            raise SideError(f"pip cannot install requirements/{name}.txt (see {shown})")
        made.write_text(wanted, encoding="utf-8")
