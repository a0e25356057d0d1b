"""Functions that run seldom go into modules apart, loaded when one of them is called, for shrink.py.

Code that waits in the heap for its one call an hour is heap that a page request cannot have. A module apart
is called _0, _1...; the newest that was used is kept, and no other. Its functions see the names of the bundle
that they come from through that bundle, as they are at that moment. Functions and methods of which every call
is known (shrink_calls.py) go, other methods of classes that stand alone, and constructors (shrink_late.py).
The change is made after renaming.
"""

import ast

import shrink_late
from shrink_calls import FUNCTIONS
from shrink_merge import attributes, drop, spelt
from shrink_names import FREE
from shrink_program import Module
from shrink_scope import Scopes

# In one bundle: {load}(n) gives module n. The list holds its number and the module.
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
# In a class: what it has not is a late method, or nothing.
_LATE = """
def __getattr__(self, name):
    found = getattr({load}({number}), name)
    return lambda *a, **k: found(self, *a, **k)
"""
# Beside the loader: the class of objects whose own class has nothing left; {number} is their attribute.
_SHELL = """
class {shell}:
    def __getattr__(self, name):
        found = getattr({load}(self.{number}), name)
        return lambda *a, **k: found(self, *a, **k)
"""
_NUMBER = "_k"


# The function that programs call to let modules go: it lets go of the newest module apart, too.
_UNLOAD = "unload"


def mark(program, seldom):
    """Mark the functions of `seldom`, rows of (module, names of its functions and Class.method).

    A name may be * for all functions of the module, Class.* for all methods; -name takes one out again.
    """
    if _UNLOAD in program.modules:
        for name, node in _functions(program.modules[_UNLOAD].tree):
            node.frees = name == _UNLOAD
    for number, row in enumerate(seldom):
        for module, names in row:
            for name, node in _functions(program.modules[module].tree if module in program.modules else None):
                owner = name.rpartition(".")[0]
                if not {name, owner + ".*" if owner else "*"}.isdisjoint(names) and "-" + name not in names:
                    node.apart = number


def _functions(tree):
    """(name, node) of a module's functions and its classes' methods."""
    for statement in tree.body if tree else ():
        for node in statement.body if isinstance(statement, ast.ClassDef) else (statement,):
            if isinstance(node, FUNCTIONS):
                yield (node.name if node is statement else f"{statement.name}.{node.name}"), node


def choose(plan):
    """Take the candidates that are marked out of the plan; returns a list of lists of them, one a row."""
    found = {}
    for c in [*plan.candidates, *shrink_late.late(plan)]:
        number = getattr(c.node, "apart", None)
        if number is not None and c.m.name in plan.resident:
            c.inside = [_around(plan.parents, call) for _, call, _ in c.calls]
            found.setdefault((number, c.m.name), []).append(c)
    plan.candidates = [c for c in plan.candidates if not any(c in row for row in found.values())]
    return [found[key] for key in sorted(found)]


def _around(parents, node):
    """The functions that a node is in."""
    found = set()
    while node in parents:
        node = parents[node]
        if isinstance(node, FUNCTIONS):
            found.add(node)
    return found


class _Through(ast.NodeTransformer):
    """Names of the bundle become attributes of it."""

    def __init__(self, scopes, bundle):
        self.scopes = scopes
        self.bundle = bundle

    def visit_Name(self, node):
        """Read through the bundle what is its own."""
        binding = self.scopes.of.get(node)
        if getattr(node, "beside", False) or binding is None or binding.scope is not self.scopes.module:
            return node
        return ast.Attribute(value=ast.Name(id=self.bundle, ctx=ast.Load()), attr=binding.name, ctx=node.ctx)


class _Apart:
    """One module apart: number, and the candidates in it by the name that they have there."""

    def __init__(self, home, number):
        self.home = home
        self.number = number
        self.known = []
        self.late = {}  # name -> candidate
        self.names = {}  # candidate -> name

    def takes(self, methods):
        """True when late methods of one class can go in: their names are theirs alone here."""
        return self.late.keys().isdisjoint(c.node.name for c in methods)

    def name(self, pool, barred):
        """Give each candidate its name, out of the pool; barred: those that somebody may look for in vain."""
        taken = set(barred).union(self.late, *(spelt(c.node) for c in [*self.known, *self.late.values()]))
        free = [name for name in [*pool, *(f"_f{k}" for k in range(99))] if name not in taken]
        self.names = dict(zip(self.known, free, strict=False))
        self.names.update({c: name for name, c in self.late.items()})

    def owners(self):
        """Classes with late methods here."""
        return list(dict.fromkeys(c.owner for c in self.late.values()))

    def redirect(self, load):
        """All calls that are known go here."""
        nodes = {c.node for c in self.names}
        for c, new in self.names.items():
            for (_, call, given), around in zip(c.calls, c.inside, strict=True):
                direct = not nodes.isdisjoint(around)
                if c.late and not direct:
                    continue
                first = [call.func.value] if c.owner and not c.makes else []
                call.func = ast.Name(id=new, ctx=ast.Load())
                call.func.beside = True  # whatever the bundle means by this name
                if not direct:
                    number = ast.Constant(value=self.number)
                    module = ast.Call(func=ast.Name(id=load, ctx=ast.Load()), args=[number], keywords=[])
                    call.func = ast.Attribute(value=module, attr=new, ctx=ast.Load())
                call.args, call.keywords = [*first, *given], []

    def module(self, scopes, shells, shell):
        """The module; its functions are still in the bundle. shells: {class: number for its objects}."""
        for c, new in self.names.items():
            _Through(scopes, "_m").visit(c.node)
            c.node.name = new
            if not c.late:
                c.node.args.defaults = []
            if c.makes:
                kind = shell if c.owner in shells else c.owner.name
                _making(c.node, f"_m.{kind}()", shells.get(c.owner))
        apart = Module(f"_{self.number}", "")
        bundle = ast.alias(name=self.home.name, asname="_m")
        apart.tree.body = [ast.Import(names=[bundle]), *(c.node for c in self.names)]
        return apart


def _homes(modules):
    """{class: modules with late methods of it}"""
    homes = {}
    for apart in modules:
        for owner in apart.owners():
            homes.setdefault(owner, []).append(apart)
    return homes


def _shells(modules):
    """{class of which nothing stays: number of the module with its late methods}"""
    gone = {c.node for apart in modules for c in apart.names}
    homes = _homes(modules)
    found = {}
    for apart in modules:
        for c in apart.known:
            if c.makes and all(s in gone or isinstance(s, ast.Pass) for s in c.owner.body):
                mine = homes.get(c.owner, [apart])
                if len(mine) == 1:
                    found[c.owner] = mine[0].number
    return found


def _find(modules, shells, load):
    """The classes look for their late methods in the modules apart."""
    first = {}  # module apart -> a class that looks only there
    for owner, found in _homes(modules).items():
        if owner in shells:
            continue
        if len(found) == 1 and found[0] in first:
            target = ast.Name(id="__getattr__", ctx=ast.Store())
            other = ast.Name(id=first[found[0]].name, ctx=ast.Load())
            same = ast.Attribute(value=other, attr="__getattr__", ctx=ast.Load())
            owner.body[:0] = [ast.Assign(targets=[target], value=same)]
            continue
        number = str(found[-1].number)
        for apart in found[:-1]:
            names = tuple(sorted(name for name, c in apart.late.items() if c.owner is owner))
            number = f"{apart.number} if name in {names} else {number}"
        owner.body[:0] = ast.parse(_LATE.format(load=load, number=number)).body
        if len(found) == 1:
            first[found[0]] = owner


def _making(node, made, number):
    """A constructor makes its object, by an expression, and gives it; number: of a shell, else None."""
    me = node.args.args.pop(0).arg
    for inside in ast.walk(node):
        if isinstance(inside, ast.Return):
            inside.value = ast.Name(id=me, ctx=ast.Load())
    head = f"{me} = {made}\n" + (f"{me}.{_NUMBER} = {number}" if number is not None else "")
    node.body[:0] = ast.parse(head).body
    node.body.append(ast.Return(value=ast.Name(id=me, ctx=ast.Load())))


def _modules(rows):
    """_Aparts of what choose() gave: late methods of two classes may have one name, and go to two modules."""
    made = []
    for row in rows:
        home = row[0].m
        mine = [_Apart(home, len(made))]
        mine[0].known = [c for c in row if not c.late]
        for owner in dict.fromkeys(c.owner for c in row if c.late):
            methods = [c for c in row if c.late and c.owner is owner]
            apart = next((a for a in mine if a.takes(methods)), None)
            if apart is None:
                apart = _Apart(home, len(made) + len(mine))
                mine.append(apart)
            apart.late.update({c.node.name: c for c in methods})
        made += mine
    return made


def _lowest(homes):
    """That of the bundles which imports none of the others: there is the loader."""
    names = {m.name for m in homes}
    for m in sorted(homes, key=lambda m: m.name):
        imports = [node for node in ast.walk(m.tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
        found = {alias.name for node in imports for alias in node.names if isinstance(node, ast.Import)}
        found |= {node.module for node in imports if isinstance(node, ast.ImportFrom)}
        if found.isdisjoint(names - {m.name}):
            return m
    raise ValueError("the bundles import each other")


def move(program, rows, barred=()):
    """Make the modules. rows: what choose() gave; barred: names asked for. Names are final by now."""
    if not rows:
        return
    modules = _modules(rows)
    home = _lowest({apart.home for apart in modules})
    users = {m for row in rows for c in row if not c.late for m, *_ in c.calls} | {row[0].m for row in rows}
    taken = set(FREE).union(*(spelt(m.tree) for m in users)) | program.children(home.name)
    known = attributes(program)
    free = (n for n in [*known, *(f"_l{k}" for k in range(9))] if n not in taken)
    load, held, shell = next(free), next(free), next(free)
    for apart in modules:
        apart.name([*FREE, *known], barred)
        apart.redirect(load)
    shells = _shells(modules)
    pairs = [pair for row in rows for c in row for pair in c.aliases]
    for m in sorted(users, key=lambda m: m.name):
        drop(m.tree, {alias for where, alias in pairs if where is m})
        if m is not home:
            names = [load, shell] if shells and any(apart.home is m for apart in modules) else [load]
            aliases = [ast.alias(name=name, asname=None) for name in names]
            m.tree.body.insert(0, ast.ImportFrom(module=home.name, names=aliases, level=0))
    text = _LOADER + (_SHELL if shells else "")
    named = text.format(load=load, held=held, shell=shell, number=_NUMBER)
    home.tree.body[:0] = ast.parse(named).body
    for node in home.tree.body:
        if getattr(node, "frees", False):
            node.body[:0] = ast.parse(f"{held}[:] = [-1, None]").body
    scopes = {apart.home: Scopes(apart.home.tree) for apart in modules}
    for apart in modules:
        module = apart.module(scopes[apart.home], shells, shell)
        program.modules[module.name] = module
    for apart in modules:
        drop(apart.home.tree, {c.node for c in apart.names} | shells.keys())
    _find(modules, shells, load)
