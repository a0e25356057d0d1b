"""The modules of an image, shrunk: what build_tree.py calls between reading the sources and mpy-cross.

    files = shrink_image.shrunk(files, outside)     {path in the tree: octets}, before and after

outside: texts of programs that are not in the image and use what is in it, such as firmware/main.py; what
they import and every name that they spell stays for them, to be read: constants stand where they are used, so
writing to one from outside changes nothing. Shrinking takes seconds, so results are kept in build/shrunk/, by
what they were made from.
"""

import ast
import gc
import hashlib
import json
from pathlib import Path

import shrink
import shrink_program
import shrink_seldom
import shrink_trim

HERE = Path(__file__).resolve().parent
_FAKES = HERE.parent / "host_tests" / "fakes"
KEPT = HERE.parent / "build" / "shrunk"
_MOST = 30  # results that are kept
_ABSENT = {"inspect": None, "orjson": None}  # what only Python on a computer has
_BOARD = "board_config"  # stays a module: it is also handed on as a value
_ASKED = ("NAME", "CHIP")  # what anybody may ask of a board
# What decides which code a board needs. Boards that are alike in this are shrunk once; pins are not among it.
_DECIDE = ("CHIP", "RX_KIND", "LEAVE_OUT")
# Where the heap is so small that each constant counts, all are known, and each board is shrunk by itself.
_SMALL = "esp8266"

# Modules that are loaded as long as the device runs, by the package they go into. Each comes with all that it
# imports when it is loaded; but modules that are also dropped or asked for by name must not be among these.
# The page is loaded for each who looks at it; of what it tells, the functions are apart (shrink_seldom.py).
_TOLD = ("app.web.status", "payload.fulljson", "payload.ancestor")
# What a meter needs of these is apart as well.
_METERS = ("hanport.ciphering", "hanport.dsmr", "hanport.p1")
ENTRIES = ("hanport", "app", "app.house", "app.wifi", *_METERS, *_TOLD)
# Loaded by name, with what nothing else needs while it is not there: they become one too.
_PARTS = {"payload.homeassistant": ("payload.haentities", "payload.homeassistant")}
# Of the decoder only these use their constants now and then; what writes every value is as quick as that.
_SELDOM = tuple("hanport." + name for name in ("decoder", "doctor", "keys", "profiles"))
_QUICK = ("payload.writer",)
# Here is what interrupts call: it may take nothing from the heap, which a function with many locals does.
_STILL = ("app.edgeport", "app.watchdog", "hanport.edges")
_OUT = ("umqtt", "hanport_version", "hanport_key", _BOARD)


def module_of(path):
    """Name of the module at a path of the tree: lib/ is on the path itself."""
    return path.removeprefix("lib/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def bundles_of(sources):
    """{package: modules that become it}."""
    loaded = [name for name in shrink.resident(sources, ENTRIES) if name.split(".")[0] not in _OUT]
    bundles = {"app": loaded}
    for target, names in _PARTS.items():
        bundles[target] = [name for name in names if name in sources]
    return {package: names for package, names in bundles.items() if package in names}


def roots_of(sources, outside):
    """Modules that programs outside import."""
    found = set()
    for text in outside:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module)
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return sorted(found & set(sources))


def _names_in(text):
    """Names of a board's constants, sorted: all boards have the same."""
    assigned = [s for s in ast.parse(text).body if isinstance(s, ast.Assign)]
    return sorted(target.id for s in assigned for target in s.targets)


def kind_of(text):
    """{name: value} of what a board's file says and what is put in place where it is read."""
    found = {}
    for statement in ast.parse(text).body:
        value = shrink_trim.value_of(statement.value) if isinstance(statement, ast.Assign) else None
        for target in statement.targets if value else ():
            found[target.id] = value[0]
    small = found.get("CHIP") == _SMALL
    return {name: value for name, value in found.items() if small or name in _DECIDE}


def strange_names():
    """Names that the chip's own objects have, as their fakes do."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(_FAKES.glob("[!f]*.py"))]
    return shrink.names_of(*texts)


def _spelt(texts):
    """(names, ends) that programs spell, and (head, tail) of those that they put together."""
    ends = []
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if getattr(getattr(node, "func", None), "id", None) in ("getattr", "hasattr"):
                # Not of what a call gives, which is no board: so classes look for their late methods.
                if not isinstance(node.args[1], ast.Constant) and not isinstance(node.args[0], ast.Call):
                    ends.append(shrink_program.ends(node.args[1]))
    return shrink.names_of(*texts) | set(_ASKED), ends


def asked(board, texts):
    """The board's file with only those constants that programs still ask for."""
    names, ends = _spelt(texts)
    tree = ast.parse(board)
    shrink_trim.clean(tree, ())
    kept = []
    for statement in tree.body:
        name = getattr(statement.targets[0], "id", "") if isinstance(statement, ast.Assign) else ""
        together = any(name.startswith(head) and name.endswith(tail) for head, tail in ends)
        if not name or name in names or together:
            kept.append(statement)
    tree.body = kept
    return shrink.text_of(tree)


def _shrink(sources, outside, names, kind):
    """names: those of the board's constants; kind: kind_of() it."""
    decoder = {name for name in sources if name.startswith("hanport.")}
    gc.disable()  # millions of nodes that all stay in use: to look for garbage takes a third of the time
    try:
        return shrink.shrink(
            sources,
            roots_of(sources, outside),
            sorted(shrink.names_of(*outside) | set(names)),
            bundles_of(sources),
            known={"sys": {"implementation.name": "micropython"}, _BOARD: kind, **_ABSENT},
            quick=decoder - set(_SELDOM) | set(_QUICK),
            still=_STILL,
            strange=strange_names(),
            seldom=shrink_seldom.rows(),
        )
    finally:
        gc.enable()
        gc.collect()


def _kept(sources, outside, board, folder):
    """The same, from the folder of results when it was done before."""
    tools = [path.read_text(encoding="utf-8") for path in sorted(HERE.glob("shrink*.py"))]
    tools += [path.read_text(encoding="utf-8") for path in sorted(_FAKES.glob("[!f]*.py"))]
    names, kind = _names_in(board), kind_of(board)
    given = json.dumps([sources, outside, names, kind, tools], sort_keys=True)
    place = folder / (hashlib.sha256(given.encode()).hexdigest()[:32] + ".json")
    if place.is_file():
        return json.loads(place.read_text(encoding="utf-8"))
    made = _shrink(sources, outside, names, kind)
    folder.mkdir(parents=True, exist_ok=True)
    passing = place.with_suffix(f".{id(made)}")
    passing.write_text(json.dumps(made), encoding="utf-8")
    passing.replace(place)  # whole or not at all: builds may run side by side
    for old in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-_MOST]:
        old.unlink(missing_ok=True)
    return made


def shrunk(files, outside, folder=KEPT):
    """{path: octets} of all modules -> the same of fewer and smaller ones. ValueError: it cannot be done."""
    paths = {module_of(path): path for path in files}
    sources = {name: files[path].decode() for name, path in paths.items()}
    board = sources.pop(_BOARD, "")
    made = _kept(sources, list(outside), board, folder)
    if board:
        made[_BOARD] = asked(board, [*made.values(), *outside])
    apart = {name: f"lib/{name}.py" for name in made if name not in paths}
    paths.update(apart)
    found = {paths[name]: text.encode() for name, text in made.items()}
    return {path: found[path] for path in [*files, *apart.values()] if path in found}
