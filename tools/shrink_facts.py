"""What is known at the build is decided there, for shrink.py: branches that are never taken go.

Known are: constants that shrink_trim.py has put where they are read; what the caller knows of modules outside
the program, such as the board's and sys.implementation.name; which names a module has; and that a module
which is not in the program cannot be imported from a package that is.
"""

import ast
import operator

from shrink_trim import fill, literal, value_of

_COMPARED = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_CAUGHT = ("ImportError", "Exception")


def _needed(nodes):
    """True when a block does something for its function just by standing in it: yield, global, nonlocal."""
    marks = (ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal)
    return any(isinstance(x, marks) for node in nodes for x in ast.walk(node))


def _truth(node):
    """True or False of a literal, None when it is not known."""
    value = value_of(node)
    return bool(value[0]) if value else None


class _Fold(ast.NodeTransformer):
    """Decides what literals decide. changed: something was."""

    def __init__(self, program, module, known):
        self.program = program
        self.module = module
        self.known = known
        self.changed = False

    def _became(self, node):
        self.changed = True
        return node

    def generic_visit(self, node):
        """After its parts: what stands behind a return goes."""
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if not isinstance(block, list):
                continue
            for k, statement in enumerate(block[:-1]):
                if isinstance(statement, _ENDS) and not _needed(block[k + 1 :]):
                    setattr(node, field, self._became(block[: k + 1]))
                    break
        return node

    def visit_If(self, node):
        """Only the branch that is taken."""
        self.generic_visit(node)
        truth = _truth(node.test)
        if truth is None or _needed(node.orelse if truth else node.body):
            return node
        return self._became(node.body if truth else node.orelse)

    def visit_IfExp(self, node):
        """The same."""
        self.generic_visit(node)
        truth = _truth(node.test)
        return node if truth is None else self._became(node.body if truth else node.orelse)

    def visit_While(self, node):
        """One that never runs."""
        self.generic_visit(node)
        if _truth(node.test) is False and not _needed(node.body):
            return self._became(node.orelse)
        return node

    def visit_BoolOp(self, node):
        """Without what does not matter."""
        self.generic_visit(node)
        going_on = isinstance(node.op, ast.And)
        values = []
        for k, value in enumerate(node.values):
            truth = _truth(value)
            if truth is going_on and k < len(node.values) - 1:
                continue
            values.append(value)
            if truth is (not going_on):
                break
        if len(values) == len(node.values):
            return node
        return self._became(values[0] if len(values) == 1 else ast.BoolOp(op=node.op, values=values))

    def visit_UnaryOp(self, node):
        """not x"""
        self.generic_visit(node)
        truth = _truth(node.operand) if isinstance(node.op, ast.Not) else None
        return node if truth is None else self._became(ast.Constant(not truth))

    def visit_Compare(self, node):
        """Of two literals of one kind, or with None."""
        self.generic_visit(node)
        a, b = value_of(node.left), value_of(node.comparators[0])
        if not (a and b) or len(node.ops) > 1:
            return node
        a, b, kind = a[0], b[0], type(node.ops[0])
        if kind in _COMPARED and type(a) is type(b) and isinstance(a, (int, str)):
            return self._became(ast.Constant(_COMPARED[kind](a, b)))
        if kind in (ast.Is, ast.IsNot) and (a is None or b is None):
            return self._became(ast.Constant((a is b) is (kind is ast.Is)))
        return node

    def visit_Expr(self, node):
        """A literal that is left alone."""
        self.generic_visit(node)
        return self._became(None) if isinstance(node.value, ast.Constant) else node

    def visit_Attribute(self, node):
        """What is known of modules that are not in the program."""
        value = self._known(node)
        if value and isinstance(node.ctx, ast.Load):
            return self._became(literal(value[0]))
        return self.generic_visit(node)

    def _known(self, node, path=""):
        """(value,) of a module's attribute, or None."""
        while isinstance(node, ast.Attribute) and node not in self.program.resolved:
            node, path = node.value, f"{node.attr}.{path}" if path else node.attr
        resolved = isinstance(node, ast.Attribute)
        binding = self.program.resolved[node] if resolved else self.module.scopes.of.get(node)
        if binding is None or len(binding.binds) != 1 or binding.binds[0][0] != "import":
            return None
        statement, alias = binding.binds[0][1]
        facts = (self.known.get(alias.name) or {}) if isinstance(statement, ast.Import) else {}
        return (facts[path],) if path in facts else None

    def visit_Call(self, node):
        """text.startswith(text), and getattr of a name that a module has."""
        self.generic_visit(node)
        if node.keywords or not node.args:
            return node
        if getattr(node.func, "attr", None) == "startswith" and len(node.args) == 1:
            a, b = value_of(node.func.value), value_of(node.args[0])
            if a and b and type(a[0]) is type(b[0]) is str:
                return self._became(ast.Constant(a[0].startswith(b[0])))
        if getattr(node.func, "id", None) == "getattr" and len(node.args) > 1:
            name = value_of(node.args[1])
            known = self._known(node.args[0], name[0]) if name and isinstance(name[0], str) else None
            if known:
                return self._became(literal(known[0]))
            if self._has(node.args[0], name and name[0]):
                return self._became(ast.Attribute(value=node.args[0], attr=name[0], ctx=ast.Load()))
        return node

    def _has(self, node, name):
        """True when an expression means a module that gives a name a value as it is loaded."""
        of = self.module.scopes.of
        if not isinstance(node, ast.Name) or node not in of or not isinstance(name, str):
            return False
        found = self.program.expression(self.module, node)
        known = self.program.modules.get(found[1]) if found and found[0] == "module" else None
        binding = known.scopes.module.names.get(name) if known and not known.left else None
        given = [what for kind, what in binding.binds if kind == "assign"] if binding else []
        return any(what in known.tree.body for what in given)

    def visit_Try(self, node):
        """One that begins with an import that fails for certain."""
        self.generic_visit(node)
        if node.finalbody or not node.body or not self._fails(node.body[0]):
            return node
        for handler in node.handlers:
            kinds = [handler.type] if not isinstance(handler.type, ast.Tuple) else handler.type.elts
            if any(kind is None or getattr(kind, "id", None) in _CAUGHT for kind in kinds):
                if handler.name or _needed([*node.body, *node.orelse, *node.handlers]):
                    return node
                return self._became(handler.body)
        return node

    def _fails(self, statement):
        """True when an import statement asks a package of the program for what is not there."""
        if not isinstance(statement, (ast.Import, ast.ImportFrom)):
            return False
        name = statement.names[0].name
        if isinstance(statement, ast.ImportFrom):
            if statement.module in self.known and self.known[statement.module] is None:
                return True
            home = self.program.modules.get(statement.module)
            if not home or home.left or name in home.scopes.module.names:
                return False
            package, whole = statement.module, f"{statement.module}.{name}"
        else:
            package, whole = name.rpartition(".")[0], name
            if name in self.known and self.known[name] is None:
                return True
            if package not in self.program.modules:
                return False
        return package not in self.program.escaped and not (
            whole in self.program.modules or self.program.children(whole)
        )


def _again(program):
    """Drop assignments that give a module's name the same literal once more; True when there were some."""
    gone = set()
    for m in program.live:
        for binding in m.scopes.module.names.values():
            places = [what for kind, what in binding.binds if kind == "assign"]
            if len(places) < 2 or len(places) < len(binding.binds) or binding.fixed:
                continue
            values = [value_of(what.value) for what in places]
            if any(kind == "store" for kind, _, _ in binding.outside):
                continue
            simple = all(what in m.tree.body and len(what.targets) == 1 for what in places)
            if simple and all(values) and len({repr(value) for value in values}) == 1:
                gone.update(places[1:])
        m.tree.body = [statement for statement in m.tree.body if statement not in gone]
    return bool(gone)


def decide(program, known=None):
    """Decide what can be; True when something changed.

    known: {module outside: {attributes: value}, or None where there is no such module}.
    """
    changed = False
    for m in program.live:
        fold = _Fold(program, m, known or {})
        fold.visit(m.tree)
        if fold.changed:
            fill(m.tree)
        changed |= fold.changed
    if changed:
        program.analyse()
    return changed | _again(program)
