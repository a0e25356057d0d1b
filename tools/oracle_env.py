"""Make the environment of an independent library that our results are compared with, quietly and once.

    python3 tools/oracle_env.py NAME|all        dlms-cosem, gurux-dlms, amshan, dsmr-parser, cryptography

Each library lives alone in build/oracles/NAME, from requirements/oracle-NAME.txt, so that what it brings
along never meets ours. Exit 0: ready; 1: one line on stderr says what to do; 2: wrong option.
"""

import hashlib
import os
import shutil
import subprocess
import sys

import setup_env

NAMES = ("dlms-cosem", "gurux-dlms", "amshan", "dsmr-parser", "cryptography")
FOLDER = os.path.join(setup_env.ROOT, "build", "oracles")


def pins(name):
    """The file with the versions of a library and all that comes along."""
    return os.path.join(setup_env.ROOT, "requirements", f"oracle-{name}.txt")


def python(name):
    """Path of the Python that has the library."""
    return os.path.join(FOLDER, name, "bin", "python")


def _identity(name):
    """What the environment was made for: another pin, Python or folder makes it anew."""
    text = f"{FOLDER} {sys.version_info[:2]}\n{setup_env.read(pins(name))}"
    return hashlib.sha256(text.encode()).hexdigest()


def _make(name):
    venv = os.path.join(FOLDER, name)
    shutil.rmtree(venv, ignore_errors=True)
    log = os.path.join(FOLDER, name + ".log")
    # Our own pip does it, since a new one costs seconds. All versions are pinned: no need to look for more.
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    where = ["--prefix", venv, "--ignore-installed", "--no-warn-script-location", "--retries", "2"]
    wanted = ["--no-deps", "--only-binary", ":all:", "-r", pins(name)]
    for command in ([sys.executable, "-m", "venv", "--without-pip", venv], pip + where + wanted):
        with open(log, "w") as file:
            quiet = {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": subprocess.STDOUT}
            code = subprocess.call(command, cwd=setup_env.ROOT, **quiet)
        if code:
            text = setup_env.read(log)
            if any(sign in text for sign in setup_env.NO_NETWORK):
                raise setup_env.SetupError("the package index cannot be reached: is there a network?")
            raise setup_env.SetupError(f"cannot make build/oracles/{name} (see build/oracles/{name}.log)")
    setup_env.write(os.path.join(venv, "hanport.made"), _identity(name))


def setup(name):
    """Make the environment ready, at once where it already is; returns its Python."""
    setup_env.check_python()
    os.makedirs(FOLDER, exist_ok=True)
    import fcntl  # as in setup_env: check_python has the better word where it is missing

    with open(os.path.join(FOLDER, name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once: the second waits
        if setup_env.read(os.path.join(FOLDER, name, "hanport.made")) != _identity(name):
            _make(name)
    return python(name)


def main(args):
    """Command line; returns the exit code."""
    if len(args) != 1 or args[0] not in (*NAMES, "all"):
        sys.stderr.write(f"oracle_env: say all or one of: {', '.join(NAMES)}\n")
        return 2
    try:
        for name in NAMES if args[0] == "all" else args:
            setup(name)
    except setup_env.SetupError as error:
        sys.stderr.write(f"oracle_env: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("oracle_env: interrupted; the next one begins it anew\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
