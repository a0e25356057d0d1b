"""What a program does not need: docstrings, annotations, constants' names, code that nothing calls.

Functions, classes, methods and plain assignments are dropped when nothing live spells their name; see
shrink_program.py for what counts as spelling it.
"""

import ast
import copy

_DUNDERS = ("__all__", "__version__", "__author__", "__license__")
_SMALL = 1 << 30  # a chip's small int
INTERNED = 10  # str constants up to this length are names to MicroPython
_PURE = set(
    "array bytes bytearray const frozenset set tuple dict list len memoryview range min max sum int "
    "str".split()
)
_PURE_METHODS = ("split", "encode", "join", "format")
# What the interpreter, its libraries and C code look for on objects that they are handed.
PROTOCOL = set(
    "read readinto readline readexactly write close ioctl flush fileno poll send recv sendto recvfrom "
    "setblocking settimeout socket getaddrinfo connect makefile wait_closed drain get_extra_info awrite "
    "aclose".split()
)


class _Cleaner(ast.NodeTransformer):
    """Docstrings, other lone constants and annotations go."""

    def generic_visit(self, node):
        """Annotations of arguments and results go."""
        super().generic_visit(node)
        if hasattr(node, "annotation") and isinstance(node, ast.arg):
            node.annotation = None
        if hasattr(node, "returns"):
            node.returns = None
        if hasattr(node, "type_comment"):
            node.type_comment = None
        return node

    def visit_Expr(self, node):
        """A constant alone does nothing."""
        self.generic_visit(node)
        return None if isinstance(node.value, ast.Constant) else node

    def visit_AnnAssign(self, node):
        """An assignment."""
        self.generic_visit(node)
        if node.value is None:
            raise ValueError("an annotation without a value cannot be shrunk")
        return ast.Assign(targets=[node.target], value=node.value)


def fill(tree):
    """A `pass` where a block has lost all it had; empty `else` parts are fine as they are."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.Lambda, ast.IfExp)) and getattr(node, "body", None) == []:
            node.body = [ast.Pass()]


def _one_by_one(statement):
    """A, B = 1, 2 at the top of a module as two assignments: only those are known for constants."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    values = getattr(getattr(statement, "value", None), "elts", ())
    if not isinstance(target, ast.Tuple) or len(statement.targets) > 1 or len(target.elts) != len(values):
        return [statement]
    if not all(isinstance(x, ast.Name) for x in target.elts) or not all(map(value_of, values)):
        return [statement]
    return [ast.Assign([name], value) for name, value in zip(target.elts, values, strict=True)]


def clean(tree, keep):
    """Drop what never runs."""
    _Cleaner().visit(tree)
    tree.body = [part for statement in tree.body for part in _one_by_one(statement)]
    tree.body = [s for s in tree.body if _target(s) not in _DUNDERS or _target(s) in keep]
    fill(tree)


def _target(statement):
    """The name that a plain assignment gives, else None."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return getattr(statement.targets[0], "id", None)
    return None


# constants

_FOLD = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b,
}


def value_of(node):
    """(value,) of an expression of literals, or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, str, bytes, type(None))):
        return (node.value,)
    if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "const" and len(node.args) == 1:
        return value_of(node.args[0])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Invert)):
        inner = value_of(node.operand)
        if inner and type(inner[0]) is int:
            return (-inner[0] if isinstance(node.op, ast.USub) else ~inner[0],)
    if isinstance(node, ast.BinOp) and type(node.op) in _FOLD:
        a, b = value_of(node.left), value_of(node.right)
        if a and b and type(a[0]) is int and type(b[0]) is int and 0 <= b[0] < 64:
            return (_FOLD[type(node.op)](a[0], b[0]),) if b[0] or type(node.op) is not ast.FloorDiv else None
    if isinstance(node, ast.Tuple):
        parts = [value_of(x) for x in node.elts]
        return (tuple(p[0] for p in parts),) if all(parts) else None
    return None


def literal(value):
    """The expression that gives a value."""
    if isinstance(value, tuple):
        return ast.Tuple(elts=[literal(x) for x in value], ctx=ast.Load())
    if type(value) is int and value < 0:
        return ast.UnaryOp(op=ast.USub(), operand=ast.Constant(-value))
    return ast.Constant(value)


def cheap(value):
    """True when a value costs no more than its name wherever it stands."""
    if isinstance(value, int) or value is None:
        return value is None or abs(value) < _SMALL
    return value == b"" or (isinstance(value, str) and len(value) <= INTERNED)


class _Swap(ast.NodeTransformer):
    """Puts other expressions for some nodes."""

    def __init__(self, swaps):
        self.swaps = swaps

    def visit(self, node):
        """Swap, drop or look inside."""
        if node in self.swaps:
            return copy.deepcopy(self.swaps[node])
        return super().visit(node)


def _reads(program, binding, seen=()):
    """All nodes that read a module's name, through imports of other modules too; None: not all are known."""
    found = list(binding.loads)
    for kind, node, module in binding.outside:
        if kind == "load":
            found.append(node)
        elif kind == "alias":
            local = module.scopes.of[node]
            if len(local.binds) != 1 or local.fixed or id(local) in seen:
                return None
            deeper = _reads(program, local, (*seen, id(local)))
            if deeper is None or (local.scope.kind == "module" and program.blocked(local)):
                return None
            found += deeper
        else:
            return None
    return found


def constants(program):
    """Put the values of constants where their names are read; True when something changed."""
    swaps = {}
    for m in program.live:
        for statement in m.tree.body:
            binding = m.scopes.module.names.get(_target(statement))
            if not binding or binding.binds != [("assign", statement)]:
                continue
            value = value_of(statement.value)
            if not value or binding.fixed:
                continue
            reads = _reads(program, binding)
            if not reads or not (cheap(value[0]) or (len(reads) == 1 and not program.blocked(binding))):
                continue
            for node in reads:
                swaps[node] = literal(value[0])
    for m in program.live:
        if any(node in swaps for node in m.nodes):
            _Swap(swaps).visit(m.tree)
    return bool(swaps)


class _Plain(ast.NodeTransformer):
    """const(x) becomes x: what was worth it has been put in place already."""

    def __init__(self, of):
        self.of = of

    def visit_Call(self, node):
        """const(x)"""
        self.generic_visit(node)
        if getattr(node.func, "id", None) != "const" or len(node.args) != 1:
            return node
        binding = self.of[node.func]
        known = binding.scope.kind == "builtin" or [kind for kind, _ in binding.binds] == ["import"]
        return node.args[0] if known else node


def plain(program):
    """Drop the word const."""
    program.analyse()
    for m in program.live:
        _Plain(m.scopes.of).visit(m.tree)


# unused imports


def imports(program):
    """Drop the names that are imported for nothing; True when something changed."""
    dropped = set()
    for m in program.live:
        tried = {x for n in m.nodes if isinstance(n, ast.Try) for s in n.body for x in ast.walk(s)}
        for node in m.nodes:
            if not isinstance(node, (ast.Import, ast.ImportFrom)) or node in tried:
                continue
            for alias in node.names:
                binding = m.scopes.of[alias]
                used = binding.loads or binding.outside or any(k != "import" for k, _ in binding.binds)
                if not used and not binding.fixed and not _shown(program, binding):
                    dropped.add(alias)
    drop(program, dropped)
    return bool(dropped)


def _shown(program, binding):
    return binding.scope.kind == "class" or (binding.scope.kind == "module" and program.blocked(binding))


class _Drop(ast.NodeTransformer):
    """Drops statements and names of import statements."""

    def __init__(self, dropped):
        self.dropped = dropped

    def visit(self, node):
        """Swap, drop or look inside."""
        if node in self.dropped:
            return None
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            node.names = [a for a in node.names if a not in self.dropped]
            return node if node.names else None
        return super().visit(node)


def pure(node):
    """True when an expression may be left out: it does nothing but give a value."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            known = isinstance(node.func.value, ast.Constant) and node.func.attr in _PURE_METHODS
        else:
            known = getattr(node.func, "id", None) in _PURE
        return known and all(map(pure, node.args)) and all(pure(k.value) for k in node.keywords)
    if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
        return False
    if isinstance(node, ast.Lambda):
        return True
    return all(pure(x) for x in ast.iter_child_nodes(node))


def drop(program, dead):
    """Take dead statements and names of imports out of all modules."""
    for m in program.live:
        if any(node in dead for node in m.nodes):
            _Drop(dead).visit(m.tree)
            fill(m.tree)
