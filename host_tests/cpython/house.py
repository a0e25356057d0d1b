"""What the tests of the house rules share: the sources, their trees, and who imports whom."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = Path(sys.executable).with_name("micropython")

# Room: the folder that is its import root.
IMPORT_ROOTS = {"lib": "lib", "firmware": "firmware", "tools": "tools", "boards": "boards"}


class Source:
    """One Python file: path from the top with "/", text, tree and the name it is imported by."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.tree = ast.parse(text, path)
        self.room = path.split("/")[0]
        parts = path[: -len(".py")].split("/")[1:]
        self.package = parts[-1] == "__init__"
        self.module = ".".join(parts[:-1] if self.package else parts)


def sources(*rooms):
    """Yield the Source of every Python file of these rooms, in order of path."""
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


MODULES = {room: {source.module for source in sources(room)} for room in IMPORT_ROOTS}


def tracked():
    """Paths of all files that are, or are about to be, in the repository."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True)
    if done.returncode == 0:
        names = [name for name in done.stdout.decode().split("\0") if name]
    else:  # a copy without its history
        made = ("build", ".venv", ".git", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis")
        every = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        names = [path.as_posix() for path in every if not set(path.parts) & set(made)]
    return [ROOT / name for name in sorted(set(names)) if (ROOT / name).is_file()]


def _interpreter(test):
    """(is, name) of a test `sys.implementation.name == "name"` (or !=), else (None, None)."""
    if not isinstance(test, ast.Compare) or ast.unparse(test.left) != "sys.implementation.name":
        return None, None
    name = test.comparators[0]
    return isinstance(test.ops[0], ast.Eq), name.value if isinstance(name, ast.Constant) else None


def walk(node, cpython=False, lazy=False):
    """Yield (node, on CPython only, inside a function) of the whole tree."""
    yield node, cpython, lazy
    lazy = lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    if not isinstance(node, ast.If):
        for child in ast.iter_child_nodes(node):
            yield from walk(child, cpython, lazy)
        return
    same, name = _interpreter(node.test)
    yield from walk(node.test, cpython, lazy)
    for child in node.body:
        yield from walk(child, cpython or (same, name) in ((True, "cpython"), (False, "micropython")), lazy)
    for child in node.orelse:
        yield from walk(child, cpython or (same, name) in ((True, "micropython"), (False, "cpython")), lazy)


def imports(source):
    """Yield (line, module, on CPython only, inside a function); a relative import has a leading dot."""
    known = set().union(*MODULES.values())
    for node, cpython, lazy in walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, cpython, lazy
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                whole = base + "." + alias.name
                yield node.lineno, whole if whole in known else base, cpython, lazy


def complaints(rule, given):
    """Run a rule over sources; return its complaints as "file:line: words"."""
    return [f"{source.path}:{line}: {words}" for source in given for line, words in rule(source)]


def tell(found):
    """Fail with the complaints, one a line, when there are any."""
    assert not found, "\n" + "\n".join(found)
