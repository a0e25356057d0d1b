"""What constants alone decide is decided at the build, for shrink.py: a board has one chip and its pins."""

import ast

from shrink_trim import fill, literal, value_of

_COMPARE = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Is: lambda a, b: a is b,
    ast.IsNot: lambda a, b: a is not b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_METHODS = ("startswith", "endswith")


def _yields(statements):
    """True where a function that loses these statements might be no generator any more."""
    return any(isinstance(n, (ast.Yield, ast.YieldFrom)) for s in statements for n in ast.walk(s))


class _Fold(ast.NodeTransformer):
    """changed: something was decided."""

    def __init__(self):
        self.changed = False

    def _put(self, node):
        self.changed = True
        return node

    def visit_Compare(self, node):
        """Of two constants; `is` only of None, True and False, which there are once."""
        self.generic_visit(node)
        kind = type(node.ops[0])
        a, b = value_of(node.left), value_of(node.comparators[0])
        if len(node.ops) > 1 or not a or not b or kind not in _COMPARE:
            return node
        if kind in (ast.Is, ast.IsNot) and not any(x[0] is None or isinstance(x[0], bool) for x in (a, b)):
            return node
        try:
            return self._put(literal(_COMPARE[kind](a[0], b[0])))
        except TypeError:
            return node

    def visit_Call(self, node):
        """startswith and endswith of a text."""
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in _METHODS or len(node.args) != 1:
            return node
        text, part = value_of(node.func.value), value_of(node.args[0])
        if not text or not part or not isinstance(text[0], str) or not isinstance(part[0], str):
            return node
        return self._put(literal(getattr(text[0], node.func.attr)(part[0])))

    def visit_UnaryOp(self, node):
        """not."""
        self.generic_visit(node)
        value = value_of(node.operand)
        if isinstance(node.op, ast.Not) and value:
            return self._put(literal(not value[0]))
        return node

    def visit_BoolOp(self, node):
        """The first values, as far as they are known; a later one stays where it is."""
        self.generic_visit(node)
        wanted = isinstance(node.op, ast.And)  # what a value must be for the next one to be looked at
        while len(node.values) > 1:
            value = value_of(node.values[0])
            if not value:
                return node
            if bool(value[0]) is not wanted:
                return self._put(node.values[0])
            del node.values[0]
            self.changed = True
        return node.values[0]

    def visit_IfExp(self, node):
        """One of the two."""
        self.generic_visit(node)
        value = value_of(node.test)
        return self._put(node.body if value[0] else node.orelse) if value else node

    def visit_If(self, node):
        """One of the two blocks."""
        self.generic_visit(node)
        value = value_of(node.test)
        if not value:
            return node
        taken, gone = (node.body, node.orelse) if value[0] else (node.orelse, node.body)
        return node if _yields(gone) else self._put(taken or None)


def fold(program):
    """Decide what can be; True when something changed. program.analyse() after it."""
    changed = False
    for m in program.live:
        one = _Fold()
        one.visit(m.tree)
        if one.changed:
            fill(m.tree)
            changed = True
    return changed
