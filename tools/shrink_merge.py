"""Functions that only we call become branches of a few large ones, for shrink.py.

On MicroPython a function costs heap (an object and its slot in a dict: 50 octets where words have 64 bits),
however small it is; a branch costs none. Which ones: shrink_calls.py says so while names are still as they
were written. The change is made after renaming: the nodes of the trees are the same.
"""

import ast

from shrink_names import FREE
from shrink_scope import Scopes

_LARGE = 2500  # nodes in one merged function: its jumps must not get too long


def _kind(node):
    if isinstance(node, ast.AsyncFunctionDef):
        return "async"
    yields = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(node))
    return "generator" if yields else "plain"


def _groups(candidates):
    """Lists of candidates that become one function: alike in kind, arguments and the room for locals."""
    rooms = {}
    for c in candidates:
        if c.inner:
            continue
        scope = c.m.scopes.scope_of[c.node]
        n = len(scope.names) - c.count()
        size = 0 if n <= 2 else 1 if n <= 6 else 2
        tries = any(isinstance(x, (ast.Try, ast.With, ast.AsyncWith)) for x in ast.walk(c.node))
        rooms.setdefault((c.m.name, _kind(c.node), c.count(), size, tries), []).append(c)
    for key in sorted(rooms):
        group, large = [], 0
        for c in rooms[key]:
            nodes = sum(1 for _ in ast.walk(c.node))
            if large + nodes > _LARGE:
                yield group
                group, large = [], 0
            group.append(c)
            large += nodes
        yield group


# the change


class _Merge:
    """One group into one function."""

    def __init__(self, group, name):
        self.group = group
        self.name = name
        self.users = {m for c in group for m, *_ in c.calls} | {group[0].m}

    def _rename(self, scopes, barred):
        """The first arguments of all get one name, and so on; locals alike. Returns the arguments."""
        inside = [scopes[c.m].scope_of[c.node] for c in self.group]
        outer = barred | {name for scope in inside for name, *_ in scope.events if name not in scope.names}
        pool = [name for name in ["self", *FREE] if name not in outer]
        arguments, pool = pool[: self.group[0].count() + 1], pool[self.group[0].count() + 1 :]
        for scope, c in zip(inside, self.group, strict=True):
            of = scopes[c.m].of
            mine = [of[a] for a in c.node.args.args]
            rest = [b for b in scope.names.values() if b not in mine]
            while len(pool) < len(rest):
                pool.append(next(n for n in (f"_{k}" for k in range(99)) if n not in outer and n not in pool))
            for binding, new in zip([*mine, *rest], [*arguments[1:], *pool], strict=False):
                binding.rename(new)
        return arguments

    def _choose(self, arguments, first, end):
        """The statements that run branch `first` to before `end` of the group."""
        if end - first == 1:
            return self.group[first].node.body
        middle = (first + end) // 2
        test = ast.Compare(
            left=ast.Name(id=arguments[0], ctx=ast.Load()),
            ops=[ast.Lt()],
            comparators=[ast.Constant(value=middle)],
        )
        return [
            ast.If(
                test=test,
                body=self._choose(arguments, first, middle),
                orelse=self._choose(arguments, middle, end),
            )
        ]

    def build(self, scopes, barred):
        """The definition; the calls are changed to be its. barred: names that locals must not have."""
        arguments = self._rename(scopes, barred)
        for k, c in enumerate(self.group):
            for _, call, given in c.calls:
                first = [call.func.value] if c.owner else []
                call.args = [ast.Constant(value=k), *first, *given]
                call.keywords = []
                call.func = ast.Name(id=self.name, ctx=ast.Load())
        make = type(self.group[0].node)
        return make(
            name=self.name,
            args=ast.arguments(
                posonlyargs=[],
                args=[ast.arg(arg=name) for name in arguments],
                kwonlyargs=[],
                kw_defaults=[],
                defaults=[],
            ),
            body=self._choose(arguments, 0, len(self.group)),
            decorator_list=[],
        )


def attributes(program):
    """Names of attributes, which cost nothing more as names of functions; not those that modules have.

    Nor what is spelt outside: of a board's constants those that nobody spells are left out.
    """
    found = {n.attr for m in program.live for n in ast.walk(m.tree) if isinstance(n, ast.Attribute)}
    return sorted(name for name in found - program.keep if name[:2] != "__")


def spelt(tree):
    """Every name that a module's tree spells as a name."""
    found = set()
    for node in ast.walk(tree):
        for field in ("id", "arg", "name", "asname"):
            text = getattr(node, field, None)
            if isinstance(text, str):
                found.add(text)
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            found.update(node.names)
    return found


def drop(tree, gone):
    """Take definitions and imported names out of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            node.names = [a for a in node.names if a not in gone]
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                block[:] = [
                    s for s in block if s not in gone and not (type(s) is ast.ImportFrom and not s.names)
                ]
                if not block and field == "body" and not isinstance(node, ast.Module):
                    block.append(ast.Pass())


def _named(program, groups, scopes):
    """A _Merge a group, under a name that means nothing else where it is called."""
    known = attributes(program)
    taken = {m: spelt(m.tree) | set(scopes[m].builtins.names) for m in program.live}
    merges = []
    for group in groups:
        merge = _Merge(group, None)
        barred = set(FREE) | program.children(group[0].m.name)
        barred.update(*(taken[m] for m in merge.users))
        merge.name = next(n for n in [*known, *(f"_f{k}" for k in range(99))] if n not in barred)
        for m in merge.users:
            taken[m].add(merge.name)
        merges.append(merge)
    return merges


def merge(program, plan):
    """Make the change that was planned; names are final by now."""
    groups = [g for g in _groups(plan.candidates) if len(g) > 1]
    scopes = {m: Scopes(m.tree) for m in program.live}
    merges = _named(program, groups, scopes)
    barred = {one.name for one in merges}
    made, gone = {}, {}
    for one in merges:
        home = one.group[0].m
        made.setdefault(home, []).append(one.build(scopes, barred))
        for c in one.group:
            gone.setdefault(home, set()).add(c.node)
            for m, alias in c.aliases:
                gone.setdefault(m, set()).add(alias)
        for m in sorted(one.users - {home}, key=lambda m: m.name):
            alias = ast.alias(name=one.name, asname=None)
            m.tree.body.insert(0, ast.ImportFrom(module=home.name, names=[alias], level=0))
    for m, nodes in gone.items():
        drop(m.tree, nodes)
    for m, functions in made.items():
        m.tree.body[:0] = functions
