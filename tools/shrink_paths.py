"""The body of a function as statements for the place of its call, for shrink_inline.py.

`return` becomes what the place wants to be done with the result. That goes where all that would come after it
can be put into another branch; else Cannot is raised, and the function stays one.
"""

import ast
import copy

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


class Cannot(Exception):
    """Why a function has to stay."""


def has(node, *kinds):
    """True when a tree or list of statements has a node of these kinds."""
    nodes = node if isinstance(node, list) else [node]
    return any(isinstance(x, kinds) for n in nodes for x in ast.walk(n))


def ends(block):
    """True when nothing goes on behind a block."""
    last = block[-1] if block else None
    if isinstance(last, (ast.Return, ast.Raise)):
        return True
    if isinstance(last, ast.If):
        return ends(last.body) and ends(last.orelse)
    if isinstance(last, ast.Try):
        done = ends(last.orelse) if last.orelse else ends(last.body)
        return ends(last.finalbody) or done and all(ends(handler.body) for handler in last.handlers)
    if isinstance(last, ast.With):
        return ends(last.body) and _opens(last)
    if isinstance(last, ast.While):
        endless = isinstance(last.test, ast.Constant) and bool(last.test.value)
        return endless and not _leaves(last.body)
    return False


def _opens(node):
    """True for a `with open(...)`: it hides no exception."""
    return all(getattr(getattr(i.context_expr, "func", None), "id", None) == "open" for i in node.items)


def _leaves(block):
    """True when a loop's body has a `break` of its own."""
    for statement in block:
        if isinstance(statement, ast.Break):
            return True
        if isinstance(statement, _LOOPS):
            if _leaves(statement.orelse):
                return True
            continue
        for field in ("body", "orelse", "finalbody"):
            if _leaves(getattr(statement, field, [])):
                return True
        if any(_leaves(handler.body) for handler in getattr(statement, "handlers", ())):
            return True
    return False


class _Break(ast.NodeTransformer):
    """In a loop: what is to be done with the result, and out."""

    def __init__(self, finish):
        self.finish = finish

    def visit_Return(self, node):
        """return in this loop"""
        return [*self.finish(node.value), ast.Break()]

    def _deeper(self, node):
        if has(node, ast.Return):
            raise Cannot("a return in a loop in a loop")
        return node

    visit_For = visit_AsyncFor = visit_While = _deeper

    def visit_Try(self, node):
        """Behind the body of a try comes its else."""
        if node.finalbody:
            raise Cannot("a return over a finally")
        return self.generic_visit(node)


def _loop(node, rest, finish):
    if node.orelse or _leaves(node.body):
        raise Cannot("a loop that is left in two ways")
    endless = ends([node])
    breaking = _Break(finish)
    body = []
    for statement in node.body:
        done = breaking.visit(statement)
        body += done if isinstance(done, list) else [done]
    node.body = body
    node.orelse = [] if endless else paths(rest, finish)
    return node


def _try(node, rest, finish):
    if rest and not ends([node]) or has(node.finalbody, ast.Return):
        raise Cannot("a try that goes on")
    if node.orelse and has(node.body, ast.Return):
        raise Cannot("a return that skips the else of its try")
    if node.orelse:
        node.orelse = paths(node.orelse, finish)
    else:
        node.body = paths(node.body, finish)
    for handler in node.handlers:
        handler.body = paths(handler.body, finish)
    return node


def _short(value):
    return isinstance(value, (ast.Constant, ast.Name, type(None)))


def _if(node, rest, finish):
    if ends(node.body) or not rest:
        body, orelse = node.body, node.orelse + rest
    elif ends(node.orelse):
        body, orelse = node.body + rest, node.orelse
    elif len(rest) == 1 and isinstance(rest[0], ast.Return) and _short(rest[0].value):
        body, orelse = node.body + rest, node.orelse + copy.deepcopy(rest)
    else:
        raise Cannot("two ways that meet again")
    body, orelse, test = paths(body, finish), paths(orelse, finish), node.test
    if not body:
        body, orelse, test = orelse, [], ast.UnaryOp(op=ast.Not(), operand=test)
    return ast.If(test=test, body=body or [ast.Pass()], orelse=orelse)


def paths(block, finish):
    """A function's statements with finish(value or None) -> statements on each way out of it."""
    made = []
    for k, statement in enumerate(block):
        rest = block[k + 1 :]
        if isinstance(statement, ast.Return):
            return made + finish(statement.value)
        if not has(statement, ast.Return):
            made.append(statement)
            if ends([statement]):
                return made
        elif isinstance(statement, ast.If):
            return [*made, _if(statement, rest, finish)]
        elif isinstance(statement, _LOOPS):
            return [*made, _loop(statement, rest, finish)]
        elif isinstance(statement, ast.Try):
            return [*made, _try(statement, rest, finish)]
        elif isinstance(statement, ast.With) and _opens(statement) and (not rest or ends([statement])):
            statement.body = paths(statement.body, finish)
            return [*made, statement]
        else:
            raise Cannot("a return in a statement of another kind")
    return made + finish(None)


def discard(value):
    """For a place that does nothing with the result."""
    return [] if value is None or isinstance(value, (ast.Constant, ast.Name)) else [ast.Expr(value=value)]


def giving(name):
    """For one that gives it a name."""

    def finish(value):
        target = ast.Name(id=name, ctx=ast.Store())
        return [ast.Assign(targets=[target], value=ast.Constant(None) if value is None else value)]

    return finish
