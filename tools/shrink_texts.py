"""Texts and octets that functions use now and then stand in one constant of their module, for shrink.py.

MicroPython keeps an object in the heap for each constant of a module for as long as the module is loaded,
also where the octets themselves stay in flash. One constant with all of them, each behind its length, costs
one object; a function makes those that are used, when they are used. Texts that are short enough to be names
move when a program spells them in few places. Tuples of literals that are only gone through or looked into
become lists, which are made likewise.

What is quick stays as it was: functions that are marked so (quick = True on the node), octets in loops, and
whatever stands in an `except MemoryError`.
"""

import ast
import copy

from shrink_names import KNOWN
from shrink_trim import INTERNED, value_of

_MOST = 255  # octets of a piece: its length is one octet
_WORTH = 6  # fewer pieces cost more than they save
_NAMING = ("getattr", "hasattr", "setattr")  # what they name stays to be seen
_OFTEN = 5  # uses that make a name of a short text worth its heap
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

_SOURCE = """
{blob} = {octets}
def {make}(self):
    append = {blob}[self + 1:self + 1 + {blob}[self]]
    return append if self < {texts} else str(append, 'utf-8')
"""


def mark(tree, still):
    """All functions of a tree are quick; still: nothing is put into them either."""
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS):
            node.quick = True
            node.still = still


def _short_of_memory(handler):
    return any(getattr(node, "id", None) == "MemoryError" for node in ast.walk(handler.type or ast.Pass()))


class _Finder(ast.NodeVisitor):
    """found: constants that may move; tuples: those that may become lists, with their places."""

    def __init__(self, rare):
        self.rare = rare
        self.found = []
        self.tuples = []
        self.inside = False  # a function that is not quick
        self.loop = False

    def visit(self, node):
        """Keep to functions, and out of what is not evaluated there."""
        if isinstance(node, _FUNCTIONS):
            outer = self.inside, self.loop
            self.inside, self.loop = not getattr(node, "quick", False), False
            for part in node.body if isinstance(node.body, list) else [node.body]:
                self.visit(part)
            self.inside, self.loop = outer  # decorators and defaults: not looked into
        elif isinstance(node, ast.ClassDef):
            outer, self.inside = self.inside, False
            self.generic_visit(node)
            self.inside = outer
        elif isinstance(node, ast.ExceptHandler) and _short_of_memory(node):
            outer, self.inside = self.inside, False
            self.generic_visit(node)
            self.inside = outer
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._loop(node)
        elif isinstance(node, _LOOPS):
            outer, self.loop = self.loop, True
            self.generic_visit(node)
            self.loop = outer
        elif isinstance(node, (ast.JoinedStr, ast.Global, ast.Nonlocal)):
            return
        elif isinstance(node, ast.Compare):
            self._compare(node)
        elif getattr(getattr(node, "func", None), "id", None) in _NAMING:
            self.visit(node.args[0])
        elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and value_of(node):
            return  # a constant itself
        elif isinstance(node, ast.Constant):
            self._constant(node)
        else:
            self.generic_visit(node)

    def _loop(self, node):
        """A tuple that is gone through is needed once."""
        if self.inside and isinstance(node, ast.For):
            self._tuple(node, "iter", None, isinstance(node.target, (ast.Tuple, ast.List)))
        else:
            self.visit(node.iter)
        outer, self.loop = self.loop, True
        for part in [*node.body, *node.orelse]:
            self.visit(part)
        self.loop = outer

    def _compare(self, node):
        if any(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops):
            return
        self.visit(node.left)
        for k, (op, part) in enumerate(zip(node.ops, node.comparators, strict=True)):
            if isinstance(op, (ast.In, ast.NotIn)) and self.inside and not self.loop:
                self._tuple(node, "comparators", k, False)
            else:
                self.visit(part)

    def _tuple(self, node, field, index, unpacked):
        """A tuple of literals that nobody keeps; unpacked: nor what it holds."""
        part = getattr(node, field) if index is None else getattr(node, field)[index]
        if not isinstance(part, ast.Tuple) or not value_of(part):
            self.visit(part)
            return
        made = copy.copy(part)
        made.elts = list(part.elts)
        for k, element in enumerate(part.elts):
            if isinstance(element, ast.Tuple):
                if unpacked:
                    made.elts[k] = ast.List(elts=element.elts, ctx=ast.Load())
                    for inner in element.elts:
                        self.visit(inner)
            else:
                self.visit(element)
        self.tuples.append((node, field, index, ast.List(elts=made.elts, ctx=ast.Load())))

    def _constant(self, node):
        value = node.value
        if not self.inside or not isinstance(value, (str, bytes)):
            return
        if isinstance(value, str):
            good = len(value.encode()) > INTERNED or value in self.rare
        else:
            good = value and not self.loop
        if good and len(_octets(value)) <= _MOST:
            self.found.append(node)


def _octets(value):
    return value.encode() if isinstance(value, str) else value


def _spelt(tree):
    """All names in a tree that could hide one of the module's."""
    found = set()
    for node in ast.walk(tree):
        for field in ("id", "arg", "name", "asname"):
            found.add(getattr(node, field, None))
        found.update(getattr(node, "names", ()) if isinstance(node, (ast.Global, ast.Nonlocal)) else ())
    return found


class _Put(ast.NodeTransformer):
    """Puts calls where the constants were."""

    def __init__(self, make, at):
        self.make = make
        self.at = at

    def visit_Constant(self, node):
        """A call with the place of the piece."""
        if node not in self.at:
            return node
        place = ast.Constant(self.at[node])
        return ast.Call(func=ast.Name(id=self.make, ctx=ast.Load()), args=[place], keywords=[])


def rare(trees):
    """Short texts that a program spells in few places: a name each, which would be made for these alone."""
    count = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            count[node.value] = count.get(node.value, 0) + 1
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                count[name] = _OFTEN
    return {text for text, uses in count.items() if uses < _OFTEN} - set(KNOWN)


def gather(tree, names, rare):
    """Move what is worth it in a module's tree; names: of which free ones are taken, the first of them.

    rare: short texts that move too.
    """
    finder = _Finder(rare)
    finder.visit(tree)
    for node, field, index, made in finder.tuples:
        if index is None:
            setattr(node, field, made)
        else:
            getattr(node, field)[index] = made
    pieces = list(dict.fromkeys((isinstance(node.value, str), node.value) for node in finder.found))
    if len(pieces) < _WORTH:
        return
    spelt = _spelt(tree)
    free = [name for name in names if name not in spelt and name != "append"]  # as _SOURCE calls its piece
    if len(free) < 2:
        return
    pieces.sort(key=lambda piece: piece[0])  # octets first; else as they come
    blob, start = bytearray(), {}
    for text, value in pieces:
        start[text, value] = len(blob)
        octets = _octets(value)
        blob += bytes([len(octets)]) + octets
    texts = next((start[piece] for piece in pieces if piece[0]), len(blob))
    at = {node: start[isinstance(node.value, str), node.value] for node in finder.found}
    _Put(free[1], at).visit(tree)
    source = _SOURCE.format(blob=free[0], make=free[1], octets=repr(bytes(blob)), texts=texts)
    tree.body[:0] = ast.parse(source).body
