"""Fewer names for a program: those that nobody outside can spell are shared, for shrink.py.

On MicroPython a name costs heap once, however often it is used, and those that every interpreter has cost
nothing: arguments, names of modules and attributes that are only reached through `self` take these.
"""

import ast

from shrink_trim import PROTOCOL

# Names that a .mpy file of version 6 can use without holding them (MicroPython's py/makeqstrdata.py).
FREE = (
    "append count end endswith extend find format from_bytes get index insert isalpha isdigit islower "
    "isspace isupper items join key keys little lower lstrip main pop popitem remove replace reverse rfind "
    "rindex rsplit rstrip sep setdefault sort split start startswith step stop strip to_bytes update upper "
    "values copy clear throw args value send builtins bytecode read readinto readline write close"
).split()
# The same that are names of the language; not those that other steps know by name.
BUILTINS = (
    "ArithmeticError AssertionError AttributeError BaseException EOFError GeneratorExit IndentationError "
    "KeyboardInterrupt LookupError NameError NoneType NotImplementedError OverflowError RuntimeError "
    "StopIteration SyntaxError SystemExit ZeroDivisionError abs bool callable classmethod dir divmod hash id "
    "iter map next object ord pow print repr round set sorted staticmethod sum type zip"
).split()
KNOWN = ["", "\n", " ", "*", "/", "_", "utf-8", "self", *FREE, *BUILTINS]  # texts that are names already
_ARGUMENTS = ["self", *FREE]
NOT_ATTRIBUTES = PROTOCOL | {"args", "value", "send", "throw", "close", "self"}
_KEPT = ("const", "micropython")  # mpy-cross knows them by name


def _made():
    """Names that are made when there are no others."""
    n = 0
    while True:
        yield "_" + (chr(97 + n % 26) + str(n // 26) if n >= 26 else chr(97 + n))
        n += 1


def _pick(pool, taken):
    """The first name of a pool that is not taken."""
    for name in pool:
        if name not in taken:
            return name
    return next(name for name in _made() if name not in taken)


# attributes reached through self only


class Families:
    """Classes that share names, because one is the base of another."""

    def __init__(self, program):
        self.program = program
        self.up = {}  # class node -> the node that stands for its family
        self.foreign = set()  # families with a base that is not ours
        self.scopes = {}  # class node -> its scope
        self.selves = {}  # Binding of a first argument -> class node
        self.modules = {}
        for m in program.live:
            for node, scope in m.scopes.scope_of.items():
                if isinstance(node, ast.ClassDef):
                    self.scopes[node] = scope
                    self.up[node] = node
                    self.modules[node] = m
        for node in self.scopes:
            self._class(node)

    def family(self, node):
        """The node that stands for a class's family."""
        while self.up[node] is not node:
            node = self.up[node]
        return node

    def _class(self, node):
        m = self.modules[node]
        bad = bool(node.keywords)
        for base in node.bases:
            found = self.class_of(m, base)
            if found is not None:
                one, other = self.family(node), self.family(found)
                self.up[one] = other
                if one in self.foreign:
                    self.foreign.add(other)
            elif getattr(base, "id", None) != "object":
                bad = True
        if bad:
            self.foreign.add(self.family(node))
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                plain = all(getattr(d, "id", None) != "staticmethod" for d in statement.decorator_list)
                first = [*statement.args.posonlyargs, *statement.args.args][:1]
                if plain and first:
                    binding = m.scopes.of[first[0]]
                    if len(binding.binds) == 1:
                        self.selves[binding] = node

    def class_of(self, m, node):
        """The class that an expression names for certain, or None."""
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return None
        binding = m.scopes.of.get(node) if isinstance(node, ast.Name) else None
        if binding is None or binding.binds and binding.binds[0][0] == "import":
            found = self.program.expression(m, node)
            binding = found[1] if found and found[0] == "member" else None
        if binding and len(binding.binds) == 1 and binding.binds[0][0] == "class":
            return binding.binds[0][1]
        return None

    def of(self, m, node):
        """The class node that owns what an expression has as attributes, or None."""
        if isinstance(node, ast.Name) and m.scopes.of[node] in self.selves:
            return self.selves[m.scopes.of[node]]
        return self.class_of(m, node)


def reached(program):
    """(families, {family: {name: [places]}} of attributes, names that are also reached in other ways)."""
    families = Families(program)
    places = {}
    others = set()
    for m in program.live:
        for node in m.nodes:
            if isinstance(node, ast.Attribute) and node not in program.resolved:
                owner = families.of(m, node.value)
                if owner is None:
                    others.add(node.attr)
                else:
                    mine = places.setdefault(families.family(owner), {})
                    mine.setdefault(node.attr, []).append((node, "attr", None))
    for node, scope in families.scopes.items():
        mine = places.setdefault(families.family(node), {})
        for name, binding in scope.names.items():
            mine.setdefault(name, []).extend(binding.places)
            if binding.fixed or any(kind == "import" for kind, _ in binding.binds):
                others.add(name)
    return families, places, others


def attributes(program):
    """Rename attributes that are only ever reached through self or the name of their class."""
    families, places, others = reached(program)
    barred = {}
    for node, scope in families.scopes.items():
        barred.setdefault(families.family(node), set()).update(read_in(scope))
    for family, mine in places.items():
        if family in families.foreign or family not in families.scopes:
            others.update(mine)
    for family in places:
        _family(program, places[family], others, barred.get(family, set()))


def read_in(scope):
    """Names that a class body reads from around it."""
    return {name for name, _, bind, _ in scope.events if not bind and name not in scope.names}


def _family(program, mine, others, barred):
    free = [name for name in mine if not (name in others or name[:2] == "__" or name in PROTOCOL)]
    free = [name for name in free if name not in program.strings and name not in program.keep]
    free = [n for n in free if not any(n.startswith(h) and n.endswith(t) for h, t in program.patterns)]
    taken = {name for name in mine if name not in free} | barred | program.strings | program.keep
    taken |= NOT_ATTRIBUTES | program.written
    pool = [*FREE, *sorted(others), *BUILTINS]
    for name in free:
        new = _pick(pool, taken)
        taken.add(new)
        for node, field, index in mine[name]:
            if index is None:
                setattr(node, field, new)
            else:
                getattr(node, field)[index] = new


# names of modules


def _fixed(scope, keywords):
    """Names in a function that stay."""
    return {
        b.name
        for b in scope.names.values()
        if b.fixed or b.name in keywords and any(kind == "arg" for kind, _ in b.binds)
    }


def _barred(binding, keywords):
    """Names that would mean something else at one of the places that spell this one."""
    found = set()
    for user in set(binding.users):
        scope = user
        while scope is not None and scope is not binding.scope:
            if scope.kind == "class":
                if scope is user:
                    found.update(b.name for b in scope.names.values())
            else:
                found |= _fixed(scope, keywords)
            scope = scope.parent
    return found


def _words(node):
    """True for a class whose name may go into the log: an exception."""
    return any(getattr(base, "id", "").endswith(("Error", "Exception")) for base in node.bases)


def _stays(program, binding):
    if program.blocked(binding) or binding.name in _KEPT:
        return True
    if any(kind == "class" and _words(node) for kind, node in binding.binds):
        return True
    return not binding.binds


def modules(program, keywords):
    """Rename what modules hold, as far as all who read it are known."""
    everywhere = sorted(program.foreign | program.external)
    for m in program.live:
        bindings = list(m.scopes.module.names.values())
        attributes_here = [n for n in m.nodes if isinstance(n, ast.Attribute)]
        here = sorted({n.attr for n in attributes_here if n not in program.resolved})
        staying = [b for b in bindings if _stays(program, b)]
        taken = {b.name for b in staying} | set(m.scopes.builtins.names) | program.children(m.name)
        taken |= program.keep
        for binding in bindings:
            if binding not in staying:
                new = _pick([*FREE, *BUILTINS, *here, *everywhere], taken | _barred(binding, keywords))
                taken.add(new)
                binding.rename(new)


# arguments


def _keyword(text):
    """True for a text that may be the key of what is handed on as **keywords, or <name> it in a path."""
    return text.isidentifier() or "<" in text and " " not in text


def keywords_of(program):
    """Names that some call may give as keywords."""
    found = set(program.keep)
    for m in program.live:
        for node in m.nodes:
            if isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _keyword(node.value):
                text = "".join(c if c.isalnum() or c == "_" else " " for c in node.value)
                found.update(text.split())
    return found


def arguments(program, keywords):
    """Rename arguments and inner functions; other locals only where they are in the way."""
    for m in program.live:
        used = {}
        for binding in dict.fromkeys(m.scopes.of.values()):
            for user in binding.users:
                used.setdefault(user, {})[binding] = None
        for scope in m.scopes.module.tree():
            if scope.kind in ("function", "comp"):
                _scope(scope, used, keywords)


def _scope(scope, used, keywords):
    inside = list(scope.tree())
    within = set(inside)
    taken = {b.name for s in inside for b in used.get(s, ()) if b.scope not in within}
    taken |= _fixed(scope, keywords)
    args = getattr(scope.node, "args", None)
    shared = {x.arg for x in [*args.posonlyargs, *args.args, *args.kwonlyargs]} if args else set()
    later = []
    for binding in scope.names.values():
        kinds = {kind for kind, _ in binding.binds}
        if binding.fixed or "arg" in kinds and binding.name in keywords:
            continue
        if "arg" in kinds and binding.name in shared or kinds & {"def", "class"}:
            binding.rename(_pick(_ARGUMENTS, taken | _barred(binding, keywords)))
            taken.add(binding.name)
        else:
            later.append(binding)
    for binding in later:
        if binding.name in taken or binding.name in _barred(binding, keywords):
            binding.rename(_pick((), taken | {b.name for b in later} | _barred(binding, keywords)))
        taken.add(binding.name)
