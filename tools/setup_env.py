"""Make .venv from the pinned files, quietly and once:  python3 tools/setup_env.py run|flash|test|lint

Standard library only, and syntax that a very old Python 3 still reads: an old one must come as far as the
line that says it is too old. Exit 0: ready; 1: one line on stderr says what to do; 2: wrong option.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
LOG = os.path.join(ROOT, "build", "pip.log")
MADE = os.path.join(VENV, "hanport.made")  # which Python and folder it was made for
UNFINISHED = os.path.join(VENV, "hanport.unfinished")  # there while something may be half installed

OLDEST, NEWEST = (3, 10), (3, 14)  # those that the MicroPython wheel is made for
# A group, and those that bring all of it along.
COVERED_BY = {"run": ("run", "flash", "test"), "flash": ("flash", "test")}
COVERED_BY.update(test=("test",), lint=("lint",))

# What pip writes when it reaches nobody; after that it also says, misleadingly, that no version exists.
NO_NETWORK = ("connection broken by", "Failed to establish", "name resolution", "Could not fetch URL")


class SetupError(Exception):
    """What is in the way, as one line with the remedy."""


def check_python():
    """Raise SetupError unless this Python can make the environment."""
    here = sys.version_info[:2]
    if not OLDEST <= here <= NEWEST:
        raise SetupError(
            "Python %d.%d does not fit: Hanport's tools need 3.10 to 3.14; "
            "name another one, for instance: make test PYTHON=python3.12" % here
        )
    try:
        import ensurepip  # noqa: F401  (Debian packs it apart from Python; without it venv fails late and long)
        import venv  # noqa: F401
    except ImportError:
        # without "from": Python 2 would not read the file, and must get to say that it is too old
        hint = "this Python has no venv module; on Debian and Ubuntu: apt install python3-venv"
        raise SetupError(hint)  # noqa: B904


def check_platform():
    """Raise SetupError where the `micropython` wheel does not exist."""
    system, machine = platform.system(), platform.machine()
    if system == "Linux" and machine == "x86_64" and platform.libc_ver()[0] == "glibc":
        return
    if system == "Darwin" and machine == "arm64":
        return
    raise SetupError(
        "no ready-made MicroPython for this machine (%s %s): "
        "use Linux x86-64 with glibc, or macOS on Apple silicon" % (system, machine)
    )


def read(path):
    """Return the text of a file, or None where there is none."""
    if not os.path.isfile(path):
        return None
    with open(path) as file:
        return file.read()


def write(path, text):
    """Write a small text file."""
    with open(path, "w") as file:
        file.write(text)


def pins_digest():
    """Return a digest of all pinned files: when one changes, pip runs again."""
    digest = hashlib.sha256()
    folder = os.path.join(ROOT, "requirements")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".txt"):
            digest.update(name.encode() + read(os.path.join(folder, name)).encode())
    return digest.hexdigest()


def run(command):
    """Run a command with all its output in the log. Return (exit code, text)."""
    with open(LOG, "w") as log:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
        code = subprocess.call(command, cwd=ROOT, **quiet)
    return code, read(LOG)


def make_venv():
    """Create .venv, or make it anew where it is half made or made for another Python or folder."""
    identity = "%s %d.%d" % ((VENV,) + sys.version_info[:2])
    python = os.path.join(VENV, "bin", "python")
    if os.path.lexists(VENV):
        if os.path.isfile(UNFINISHED) or (read(MADE) not in (None, identity)):
            shutil.rmtree(VENV)
        elif read(MADE) is None:
            raise SetupError("the folder .venv here was not made by this Makefile: move it away first")
        elif not os.path.exists(python):
            shutil.rmtree(VENV)
    if not os.path.isdir(VENV):
        os.makedirs(VENV)
        write(UNFINISHED, "")
        code, _ = run([sys.executable, "-m", "venv", VENV])
        if code != 0:
            raise SetupError("python -m venv failed; on Debian: apt install python3-venv (see build/pip.log)")
        write(MADE, identity)
        os.remove(UNFINISHED)


def install(group):
    """Install requirements/<group>.txt with pip."""
    write(UNFINISHED, "")
    pip = [os.path.join(VENV, "bin", "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    # Wheels only: building from source would need compilers, and fail with a wall of text.
    wanted = ["--only-binary", ":all:", "-r", os.path.join("requirements", group + ".txt")]
    code, text = run(pip + ["install", "--retries", "2"] + wanted)
    os.remove(UNFINISHED)  # also after a failure: pip then leaves what was there; only a kill half-installs
    if code != 0:
        if any(sign in text for sign in NO_NETWORK):
            raise SetupError("the package index cannot be reached: is there a network? (see build/pip.log)")
        if "No matching distribution found" in text:
            missing = text.split("No matching distribution found for ")[-1].split()[0]
            raise SetupError("no ready-made %s for this machine and Python (see build/pip.log)" % missing)
        raise SetupError("pip could not install requirements/%s.txt (see build/pip.log)" % group)
    write(os.path.join(VENV, group + ".stamp"), pins_digest())


def setup(group):
    """Make .venv ready for a group of requirements; at once where it already is."""
    check_python()
    if group != "lint":
        check_platform()
    if not os.path.isdir(os.path.dirname(LOG)):
        os.makedirs(os.path.dirname(LOG))
    import fcntl  # here, not above: it is missing on Windows, where check_platform has the better word

    with open(os.path.join(os.path.dirname(LOG), "setup.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second waits
        make_venv()
        digest = pins_digest()
        if not any(read(os.path.join(VENV, g + ".stamp")) == digest for g in COVERED_BY[group]):
            install(group)


def main(args):
    """Command line; returns the exit code."""
    if len(args) != 1 or args[0] not in COVERED_BY:
        sys.stderr.write("setup: say one of: run, flash, test, lint\n")
        return 2
    try:
        setup(args[0])
    except SetupError as error:
        sys.stderr.write("setup: %s\n" % error)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("setup: interrupted; the next make begins it anew\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
