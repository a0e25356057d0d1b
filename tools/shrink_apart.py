"""Functions that run seldom go into modules apart, loaded when one of them is called, for shrink.py.

Code that waits in the heap for its one call an hour is heap that a page request cannot have. A module apart
is called _0, _1...; the bundle keeps the newest that was used, and no other. Its functions see the bundle's
names through the bundle, as they are at that moment. Only functions of which every call is known
(shrink_calls.py) can go; the change is made after renaming.
"""

import ast

from shrink_calls import FUNCTIONS
from shrink_merge import attributes, drop, spelt
from shrink_names import FREE
from shrink_program import Module
from shrink_scope import Scopes

# In the bundle: {load}(n) gives module n. The list holds its number and the module.
_LOADER = """
{held} = [-1, None]
def {load}(n):
    if {held}[0] != n:
        {held}[:] = [-1, None]
        name = "_" + str(n)
        module = __import__(name)
        __import__("sys").modules.pop(name)
        {held}[:] = [n, module]
    return {held}[1]
"""


def mark(program, seldom):
    """Mark the functions of `seldom`, rows of (module, names of its functions and Class.method)."""
    for number, row in enumerate(seldom):
        for module, names in row:
            for statement in program.modules[module].tree.body if module in program.modules else ():
                inside = statement.body if isinstance(statement, ast.ClassDef) else ()
                for node in (statement, *inside):
                    name = getattr(node, "name", "") if isinstance(node, FUNCTIONS) else ""
                    if (name if node is statement else f"{statement.name}.{name}") in names:
                        node.apart = number


def choose(plan):
    """Take the candidates that are marked out of the plan; returns a list of lists of them, one a module."""
    found = {}
    for c in plan.candidates:
        number = getattr(c.node, "apart", None)
        if number is not None and c.m.name in plan.resident:
            found.setdefault((number, c.m.name), []).append(c)
    plan.candidates = [c for c in plan.candidates if not any(c in row for row in found.values())]
    return [found[key] for key in sorted(found)]


class _Through(ast.NodeTransformer):
    """Names of the bundle become attributes of it."""

    def __init__(self, scopes, bundle):
        self.scopes = scopes
        self.bundle = bundle

    def visit_Name(self, node):
        """Read through the bundle what is its own."""
        binding = self.scopes.of.get(node)
        if binding is None or binding.scope is not self.scopes.module:
            return node
        return ast.Attribute(value=ast.Name(id=self.bundle, ctx=ast.Load()), attr=binding.name, ctx=node.ctx)


class _Loader:
    """The function of one bundle that gives the modules apart which were made of it."""

    def __init__(self, program, home, rows):
        self.home = home
        self.rows = rows  # {number: candidates}
        self.users = {m for row in rows.values() for c in row for m, *_ in c.calls} | {home}
        taken = set(FREE).union(*(spelt(m.tree) for m in self.users)) | program.children(home.name)
        free = (n for n in [*attributes(program), *(f"_l{k}" for k in range(9))] if n not in taken)
        self.load, held = next(free), next(free)
        self.text = _LOADER.format(load=self.load, held=held)

    def redirect(self):
        """All calls go to the modules apart."""
        for number, row in self.rows.items():
            for new, c in zip(FREE, row, strict=False):
                for _, call, given in c.calls:
                    first = [call.func.value] if c.owner else []
                    load = ast.Name(id=self.load, ctx=ast.Load())
                    module = ast.Call(func=load, args=[ast.Constant(value=number)], keywords=[])
                    call.func = ast.Attribute(value=module, attr=new, ctx=ast.Load())
                    call.args, call.keywords = [*first, *given], []
        for m in sorted(self.users - {self.home}, key=lambda m: m.name):
            aliases = [pair for row in self.rows.values() for c in row for pair in c.aliases]
            drop(m.tree, {alias for where, alias in aliases if where is m})
            alias = ast.alias(name=self.load, asname=None)
            m.tree.body.insert(0, ast.ImportFrom(module=self.home.name, names=[alias], level=0))
        self.home.tree.body[:0] = ast.parse(self.text).body

    def modules(self):
        """Take the functions out of the bundle; yields the modules that they become."""
        scopes = Scopes(self.home.tree)
        for number, row in self.rows.items():
            for new, c in zip(FREE, row, strict=False):
                _Through(scopes, "_m").visit(c.node)
                c.node.name = new
                c.node.args.defaults = []
            apart = Module(f"_{number}", "")
            bundle = ast.alias(name=self.home.name, asname="_m")
            apart.tree.body = [ast.Import(names=[bundle]), *(c.node for c in row)]
            yield apart
        drop(self.home.tree, {c.node for row in self.rows.values() for c in row})


def move(program, rows):
    """rows: what choose() gave. Makes the modules; names are final by now."""
    homes = {}
    for number, row in enumerate(rows):
        assert len(row) <= len(FREE) and len({c.m.name for c in row}) == 1
        homes.setdefault(row[0].m.name, {})[number] = row
    loaders = [_Loader(program, program.modules[name], homes[name]) for name in sorted(homes)]
    for loader in loaders:
        loader.redirect()
    for loader in loaders:
        for apart in loader.modules():
            program.modules[apart.name] = apart
