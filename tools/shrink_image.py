"""The modules of an image, shrunk: what build_tree.py calls between reading the sources and mpy-cross.

    files = shrink_image.shrunk(files, outside)     {path in the tree: octets}, before and after

outside: texts of programs that are not in the image and use what is in it, such as firmware/main.py; what
they import and every name that they spell stays for them, to be read: constants stand where they are used, so
writing to one from outside changes nothing. Shrinking takes seconds, so results are kept in build/shrunk/, by
what they were made from.
"""

import ast
import hashlib
import json
from pathlib import Path

import shrink
import shrink_seldom

HERE = Path(__file__).resolve().parent
KEPT = HERE.parent / "build" / "shrunk"
_MOST = 30  # results that are kept

# Modules that are loaded as long as the device runs, by the package they go into. Each comes with all that it
# imports when it is loaded; but modules that are also dropped or asked for by name must not be among these.
ENTRIES = ("hanport", "app", "app.house", "app.web", "app.wifi", "microdot")
_OUT = ("umqtt", "hanport_version", "hanport_key")

# Modules whose functions stay functions: they run for every octet or value, or in an interrupt.
HOT = tuple(
    "hanport.octets hanport.framing hanport.hdlc hanport.mbus hanport.axdr hanport.aes hanport.gcm "
    "hanport.ghash hanport.p1 hanport.hextext hanport.edges hanport.decoder app.watchdog app.edgeport "
    "payload.writer".split()
)
_FAKES = HERE.parent / "host_tests" / "fakes"


_DECIDE = ("CHIP", "RX_KIND", "LEAVE_OUT")  # constants of a board that decide what code it needs,
_WHETHER = ("BUTTON", "ETH_PHY", "TX")  # those that do so by being None
_STANDS = "str('the board says {}')"  # in the place of a value


def module_of(path):
    """Name of the module at a path of the tree: lib/ is on the path itself."""
    return path.removeprefix("lib/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def bundles_of(sources):
    """{package: modules that become it}."""
    loaded = [name for name in shrink.resident(sources, ENTRIES) if name.split(".")[0] not in _OUT]
    bundles = {"hanport": [], "app": [], "microdot": []}
    decoder = set(shrink.resident(sources, ["hanport"]))
    for name in loaded:
        room = name.split(".")[0]
        if room not in bundles:
            room = "hanport" if name in decoder else "app"
        bundles[room].append(name)
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


def strange_names():
    """Names that the chip's own objects have, as their fakes do."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(_FAKES.glob("[!f]*.py"))]
    return shrink.names_of(*texts)


def _shrink(sources, outside):
    keep = sorted(shrink.names_of(*outside))
    return shrink.shrink(
        sources,
        roots_of(sources, outside),
        keep,
        bundles_of(sources),
        hot=HOT,
        strange=strange_names(),
        seldom=shrink_seldom.rows(),
    )


def _kept(sources, outside, folder):
    """The same, from the folder of results when it was done before."""
    tools = [
        path.read_text(encoding="utf-8") for path in sorted([*HERE.glob("shrink*.py"), *_FAKES.glob("*.py")])
    ]
    given = json.dumps([sources, outside, tools], sort_keys=True)
    place = folder / (hashlib.sha256(given.encode()).hexdigest()[:32] + ".json")
    if place.is_file():
        return json.loads(place.read_text(encoding="utf-8"))
    made = _shrink(sources, outside)
    folder.mkdir(parents=True, exist_ok=True)
    passing = place.with_suffix(f".{id(made)}")
    passing.write_text(json.dumps(made), encoding="utf-8")
    passing.replace(place)  # whole or not at all: builds may run side by side
    for old in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-_MOST]:
        old.unlink(missing_ok=True)
    return made


def _constants(board):
    """(name, expression) of each."""
    return [(s.targets[0].id, s.value) for s in ast.parse(board).body if isinstance(s, ast.Assign)]


def _kind(board):
    """A board's constants without those that decide nothing: boards of a kind are shrunk once."""
    lines = []
    for name, value in _constants(board):
        given = ast.literal_eval(value)
        if name not in _DECIDE and not (name in _WHETHER and given is None):
            value = ast.parse(_STANDS.format(name), mode="eval").body
        lines.append(f"{name} = {ast.unparse(value)}\n")
    return "".join(lines)


def _with_values(text, board):
    """The text of a kind, with the values of one board."""
    for name, value in _constants(board):
        text = text.replace(_STANDS.format(name), ast.unparse(value))
    return text


def shrunk(files, outside, folder=KEPT):
    """{path: octets} of all modules -> the same of fewer and smaller ones. ValueError: it cannot be done."""
    paths = {module_of(path): path for path in files}
    sources = {name: files[path].decode() for name, path in paths.items()}
    board = sources.get("board_config", "")
    sources["board_config"] = _kind(board)
    made = _kept(sources, list(outside), folder)
    made["board_config"] = _with_values(made["board_config"], board)
    found = {}
    apart = {name: f"lib/{name}.py" for name in made if name not in paths}
    paths.update(apart)
    found.update({paths[name]: text.encode() for name, text in made.items()})
    return {path: found[path] for path in [*files, *apart.values()] if path in found}
