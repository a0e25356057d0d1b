"""Which definitions of a program nothing needs, for shrink.py: reached from what runs when modules load."""

import ast

from shrink_trim import PROTOCOL, drop, pure

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_BASES = set(
    "object Exception OSError ValueError RuntimeError TypeError KeyError IndexError ArithmeticError".split()
)
_METHOD_KINDS = ("property", "staticmethod", "classmethod")


def _name(statement):
    """The name of a definition that may be left out, else None."""
    if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
        return None if statement.decorator_list else statement.name
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and pure(statement.value):
        return getattr(statement.targets[0], "id", None)
    return None


def _member_name(statement):
    """The same for what a class holds."""
    if isinstance(statement, _FUNCTIONS):
        plain = all(getattr(d, "id", None) in _METHOD_KINDS for d in statement.decorator_list)
        return statement.name if plain else None
    return _name(statement)


class Shaker:
    """Marks what lives; dead: the statements that do not."""

    def __init__(self, program):
        self.program = program
        self.units = {}  # Binding -> (module, statement) that may be left out
        self.members = {}  # name -> [(module, statement)] of live classes
        self.shown = {}  # name -> [Binding] of modules that are handed on as values
        self.live = set()  # Bindings
        self.attributes = set()
        self.alive = set()  # statements
        self.every = set()  # all that could be dead
        self.work = []
        for m in program.live:
            self._module(m)
        for m in program.live:
            self._roots(m)
        for name in program.keep:
            self._attribute(name)
        while self.work:
            self._scan(*self.work.pop())
        self.dead = self.every - self.alive

    def _module(self, m):
        for statement in m.tree.body:
            name = _name(statement)
            binding = m.scopes.module.names.get(name)
            if binding and len(binding.binds) == 1 and not binding.fixed:
                self.units[binding] = (m, statement)
                self.every.add(statement)
            elif not isinstance(statement, _IMPORTS):
                self.work.append((m, statement))

    def _roots(self, m):
        for name, binding in m.scopes.module.names.items():
            if self.program.blocked(binding) and m.name not in self.program.escaped:
                self._mark(binding)
            elif m.name in self.program.escaped:
                self.shown.setdefault(name, []).append(binding)
                if name in self.program.keep or name[:2] == "__" or self._patterned(name):
                    self._mark(binding)

    def _patterned(self, name):
        return any(name.startswith(head) and name.endswith(tail) for head, tail in self.program.patterns)

    def _mark(self, binding):
        """A module's name is needed."""
        if binding in self.live:
            return
        self.live.add(binding)
        if binding in self.units:
            self._wake(*self.units[binding])
        for kind, what in binding.binds:
            if kind == "import":
                self._imported(*what)

    def _imported(self, statement, alias):
        found = self.program.imported(statement, alias)
        if found and found[0] == "member":
            self._mark(found[1])

    def _wake(self, m, statement):
        if statement in self.alive:
            return
        self.alive.add(statement)
        if isinstance(statement, ast.ClassDef):
            self._class(m, statement)
        else:
            self.work.append((m, statement))

    def _class(self, m, node):
        """A class lives: its bases, what its body does, and those members that somebody may call."""
        for part in [*node.bases, *node.keywords]:
            self.work.append((m, part))
        ours = all(self._our_base(m, base) for base in node.bases) and not node.keywords
        for statement in node.body:
            name = _member_name(statement)
            if name is None:
                self.work.append((m, statement))
                continue
            self.every.add(statement)
            self.members.setdefault(name, []).append((m, statement))
            if (
                not ours
                or name[:2] == "__"
                or name in PROTOCOL
                or name in self.attributes
                or self._patterned(name)
            ):
                self._wake(m, statement)

    def _our_base(self, m, base):
        if isinstance(base, ast.Name):
            binding = m.scopes.of[base]
            if binding.scope.kind == "builtin":
                return base.id in _BASES
            if len(binding.binds) == 1 and binding.binds[0][0] == "class":
                return True
        found = self.program.expression(m, base)
        return bool(found and found[0] == "member" and [k for k, _ in found[1].binds] == ["class"])

    def _attribute(self, name):
        """Something reads .name of something."""
        if name in self.attributes:
            return
        self.attributes.add(name)
        for m, statement in self.members.get(name, ()):
            self._wake(m, statement)
        for binding in self.shown.get(name, ()):
            self._mark(binding)

    def _scan(self, m, tree):
        """What code that runs spells."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                binding = m.scopes.of[node]
                if binding.scope.kind == "module":
                    self._mark(binding)
                elif binding.scope.kind == "class":
                    self._attribute(node.id)
            elif isinstance(node, ast.Attribute):
                if node in self.program.resolved:
                    self._mark(self.program.resolved[node])
                elif not isinstance(node.ctx, ast.Store):
                    self._attribute(node.attr)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
                self._attribute(node.target.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._attribute(node.value)
            elif isinstance(node, _IMPORTS):
                for alias in node.names:
                    binding = m.scopes.of[alias]
                    if binding.loads or len(binding.binds) > 1:
                        self._imported(node, alias)
                    if binding.scope.kind == "module":
                        self._mark(binding)


def shake(program):
    """Drop what nothing needs; True when something changed."""
    dead = Shaker(program).dead
    drop(program, dead)
    return bool(dead)
