"""What a build weighs: octets of its files, and the heap that each import keeps. Used by build.py.

The heap is measured by importing the modules of the build in MicroPython on this machine, whose words have 64
bits. Objects take half of that on a chip, but code and texts, which a chip without ROMFS holds in its heap
too, take the same: a 32-bit build of MicroPython kept three quarters of what is told here for the tree. A
module's figure is its own, without those that it imports first.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FAKES = ROOT / "host_tests" / "fakes"
CHIP = ["esp", "esp32", "machine", "network"]  # they stand for what only a chip has, and are not counted
MICROPYTHON = Path(sys.executable).with_name("micropython")

# A chip without PSRAM starts with 64 KiB of heap that may double once: more starves its network. Twice here.
HEAP = 256 * 1024
CORE = 180 * 1024  # the most that the core may keep of it, for 90 KiB on a chip
ROOMY = 8 << 20
SHOWN = 12  # rows printed; all are in sizes.txt

NATIVE = "hanport._fast"  # another machine's code: those who import it go on without

CHILD = """
import builtins, gc, json, sys
with open("run.json") as f:
    run = json.load(f)
sys.path[:] = [run["fakes"], ".frozen"]
for name in run["chip"]:
    __import__(name)
home = run["home"]
if run["image"]:
    import vfs
    octets = bytearray(run["image"])
    with open(home, "rb") as f:
        f.readinto(octets)
    vfs.mount(vfs.VfsRom(octets), "/rom")
    home = "/rom"
sys.path[:] = [home, home + "/lib", run["fakes"], run["frozen"], ".frozen"]
rows = {name: -1 for name in run["modules"]}
inner = [0]
real = builtins.__import__


def used():
    gc.collect()
    return gc.mem_alloc()


# The table of names grows by leaps: where they are wanted apart, it is made to leap first.
n = leap = 0
while run["apart"] and leap < 40000:
    before = used()
    for n in range(n, n + 64):
        hasattr(run, "n%x" % n)
    leap = used() - before


def counting(name, *more):
    if rows.get(name) != -1:
        return real(name, *more)
    rows[name] = 0
    outer, inner[0] = inner[0], 0
    before = used()
    try:
        return real(name, *more)
    finally:
        kept = used() - before
        rows[name] = kept - inner[0]
        inner[0] = outer + kept


start = used()
builtins.__import__ = counting
for name in run["core"]:
    counting(name, None, None, ("x",))
core = used() - start
left = gc.mem_free()
for name in run["others"]:
    counting(name, None, None, ("x",))
all = used() - start
builtins.__import__ = real
print(json.dumps({"start": start, "core": core, "left": left, "all": all, "rows": rows}))
"""


class HeapError(Exception):
    """Why the heap could not be measured, as one line."""


def _module(name):
    """The module that a file of the tree is imported by."""
    return name.removesuffix(".mpy").removeprefix("lib/").removesuffix("/__init__").replace("/", ".")


def modules(stage):
    """Return the names of all modules under stage that this machine can load, in order."""
    names = []
    for path in sorted(stage.rglob("*.mpy")):
        names.append(_module(path.relative_to(stage).as_posix()))
    return [name for name in names if name != NATIVE]


def core_roots(board):
    """Return what the house loads to read a meter, to publish in the usual format and to show its page.

    The core is these and what they import. Set-up, update, backup, the settings form, the other formats, KMP
    and TLS are loaded when they are asked for.
    """
    lights = any(board[key] is not None for key in ("LED", "LED_RED", "BUTTON"))
    rows = (
        ("app.house", True),
        ("app.web.http", True),
        ("app.web.pages", True),
        ("app.ether", board["ETH_PHY"] is not None),
        ("app.led", lights),
        ("app.button", board["BUTTON"] is not None),
        ("app.power", board["VCC_INTERNAL"] or board["VCC_PIN"] is not None),
        ("app.edgeport", board["RX_KIND"] == "edges"),
        ("app.heap", board["CHIP"].startswith("esp32")),
        ("payload.amsjson", True),
    )
    return [name for name, wanted in rows if wanted]


def load(board, stage, image=None, size=ROOMY, apart=False):
    """Import a build on MicroPython, from the folder stage or from its image, in a heap of size octets.

    Returns {"start": octets in use before, "core": octets that the core keeps, "left": octets free then,
    "all": octets that all keeps, "rows": {module: octets, -1 when it was not loaded}}. In a heap that is not
    roomy only the core is loaded. apart: the rows go without the table of names, which the totals have.
    Raises HeapError.
    """
    every = modules(stage)
    run = {"home": str(image or stage), "image": image.stat().st_size if image else 0, "apart": apart}
    run.update(fakes=str(FAKES), chip=CHIP)
    run["frozen"] = str(ROOT / "build" / "vendor")  # umqtt, where the chip has it frozen
    run["core"] = [name for name in core_roots(board) if name in every]
    run["modules"], run["others"] = every, every if size == ROOMY else []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "run.json").write_text(json.dumps(run), encoding="utf-8")
        (Path(folder) / "child.py").write_text(CHILD, encoding="utf-8")
        # On a chip the image lies in flash; here it takes heap, so there is just so much more.
        command = [MICROPYTHON, "-X", f"heapsize={size + run['image']}", "child.py"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise HeapError(f"the heap cannot be measured: {error}") from None
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines() or ["no reason given"]
        raise HeapError(f"the modules cannot be loaded into {size:,} octets of heap: {said[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def small(board, stage):
    """Load the core from the folder stage into the heap of a chip without PSRAM; returns what load() does."""
    start = load(board, stage)["start"]  # the chip's fakes: not to be paid from that heap
    return load(board, stage, None, HEAP + start)


def _row(name, octets, kept):
    """One line of the table."""
    shown = "".join(f"{figure:>10,}" if figure is not None else f"{'-':>10}" for figure in kept)
    return f"{name:36}{octets if octets == '-' else format(octets, ','):>8}{shown}"


def _table(stage, rows, totals):
    """Lines for each file, the largest first, then the table of names and the sums."""
    for path in sorted(stage.rglob("*"), key=lambda path: (-path.stat().st_size, path)):
        if path.is_file():
            name = path.relative_to(stage).as_posix()
            yield _row(name, path.stat().st_size, [row.get(_module(name)) for row in rows])
    sums = [total["all"] for total in totals]
    names = [kept - sum(row.values()) for kept, row in zip(sums, rows, strict=True)]
    yield _row("table of names", "-", names)
    yield _row("all", sum(path.stat().st_size for path in stage.rglob("*") if path.is_file()), sums)
    yield _row("core", "-", [total["core"] for total in totals])


def report(board, stage, image):
    """Measure a build; return (lines for the terminal, lines of the whole table). Raises HeapError."""
    rows = [load(board, stage, where, ROOMY, True)["rows"] for where in (image, None)]
    totals = [load(board, stage, where) for where in (image, None)]
    head = f"{'file':36}{'octets':>8}{'image':>10}{'tree':>10}"
    table = [head, *_table(stage, rows, totals)]
    lines = ["heap      kept when loaded from the image, from the tree; words are twice as wide as on a chip"]
    lines += table[: SHOWN + 1] + table[-3:]
    if board["CHIP"] in ("esp32", "esp32s2"):
        lines += _small_words(board, stage)
    return lines, table


def _small_words(board, stage):
    """The lines about a chip without PSRAM that runs from the tree."""
    where = f"the core from the tree in 64 KiB that double once ({HEAP:,} here)"
    try:
        told = small(board, stage)
    except HeapError:
        return [f"no PSRAM  {where} does not fit"]
    core = told["core"]
    over = f", {core - CORE:,} too many" if core > CORE else ""
    chip = core * 3 // 4
    much = ": too much" if chip > HEAP // 2 else ""
    return [
        f"no PSRAM  {where} keeps {core:,} of at most {CORE:,}{over}; {told['left']:,} are left",
        f"          on a chip that is about {chip:,} of {HEAP // 2:,}{much}",
    ]
