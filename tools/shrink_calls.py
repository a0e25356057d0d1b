"""Functions of which every call is known, for shrink_merge.py.

These are functions of a module and methods that are only ever called, with plain arguments, from functions. A
method's calls are known when it is only ever reached through `self`, or when no other class, and nothing that
is not ours, has a method of its name.
"""

import ast

from shrink_attributes import world
from shrink_names import Families

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BY_NAME = ("getattr", "hasattr", "setattr", "delattr")
_MOST_ARGUMENTS = 8


class Candidate:
    """A function to be merged. calls: (module, node, arguments) of each; owner: the class of a method."""

    def __init__(self, m, node, owner):
        self.m = m
        self.node = node
        self.owner = owner
        self.calls = []
        self.aliases = []  # (module, alias) that import it
        self.late = self.makes = False  # see shrink_late.py
        self.inner = len(list(m.scopes.scope_of[node].tree())) > 1  # functions in it see its locals
        self.defaults = [None] * (len(node.args.args) - len(node.args.defaults)) + node.args.defaults

    def given(self, call):
        """What a call gives, an expression an argument without self; None when it does not fit."""
        own = [a.arg for a in self.node.args.args][bool(self.owner) :]
        found = dict(zip(own, call.args, strict=False))
        if len(call.args) > len(own):
            return None
        for k in call.keywords:
            if k.arg not in own or k.arg in found:
                return None
            found[k.arg] = k.value
        given = [found.get(name, d) for name, d in zip(own, self.defaults[bool(self.owner) :], strict=True)]
        # What is written in another order would run in another order.
        written = [*call.args, *(k.value for k in call.keywords)]
        return None if None in given or [g for g in given if g in written] != written else given

    def count(self):
        """How many arguments there are, with self."""
        return len(self.node.args.args)


class Plan:
    """candidates: those that can be merged. After it program's trees are as they were."""

    def __init__(self, program, resident=(), strange=()):
        """resident: modules that others may import from as soon as they run.

        strange: names of methods that the chip's objects have. What is marked as quick stays a function.
        """
        self.program = program
        self.resident = set(resident)
        self.parents = {}
        self.modules = {}
        for m in program.live:
            for node in m.nodes:
                for child in ast.iter_child_nodes(node):
                    self.parents[child] = node
                    self.modules[child] = m
        self.families = Families(program)
        self.candidates = []
        self.through = {}  # name -> (module, attribute) that spell it
        for m in program.live:
            for statement in m.tree.body:
                if isinstance(statement, FUNCTIONS):
                    self._function(m, statement)
        self.asked = self._asked_for()
        self._methods(world() | set(strange) | program.external)

    def _asked_for(self):
        """Names that are asked for by getattr and the like."""
        found = set()
        for m in self.program.live:
            for node in m.nodes:
                if isinstance(node, ast.Call) and getattr(node.func, "id", None) in _BY_NAME:
                    found.update(a.value for a in node.args[1:2] if isinstance(a, ast.Constant))
        return found

    # what may be merged at all

    def plain(self, m, node):
        """True for a function without decorators and with arguments of a known number."""
        a = node.args
        if node.decorator_list or a.vararg or a.kwarg or a.kwonlyargs or a.posonlyargs:
            return False
        if len(a.args) > _MOST_ARGUMENTS or not all(isinstance(d, ast.Constant) for d in a.defaults):
            return False
        scope = m.scopes.scope_of[node]
        quick = getattr(node, "quick", False) and getattr(node, "apart", None) is None
        if scope.outer or quick or getattr(node, "still", False):
            return False
        return not any(isinstance(n, ast.Name) and n.id == "super" for n in ast.walk(node))

    def _call(self, load):
        """The call whose function an expression is, when it has plain arguments and runs in a function."""
        call = self.parents[load]
        if not isinstance(call, ast.Call) or call.func is not load:
            return None
        if any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
            return None
        node = call
        while node in self.parents:
            inside, node = node, self.parents[node]
            if isinstance(node, (*FUNCTIONS, ast.Lambda)):
                body = node.body if isinstance(node.body, list) else [node.body]
                return call if inside in body else None  # else a default or a decorator, which runs at once
        return None

    def _take(self, candidate, loads):
        """Add a candidate when each of (module, expression that means it) is a call that fits."""
        if self.calls(candidate, loads):
            self.candidates.append(candidate)

    def calls(self, candidate, loads):
        """The candidate's calls; [] when one does not fit."""
        for m, load in loads:
            call = self._call(load) if m is candidate.m or self._may_import(m, candidate.m.name) else None
            given = candidate.given(call) if call else None
            if given is None:
                candidate.calls = []
                break
            candidate.calls.append((m, call, given))
        return candidate.calls

    def _may_import(self, m, home):
        """True when home is there whenever m is loaded."""
        if home not in self.resident:
            return False
        loaded = (s for s in m.tree.body if isinstance(s, ast.ImportFrom))
        return m.name not in self.resident or any(s.module == home for s in loaded)

    def _function(self, m, node):
        found = self.loads(m, node) if self.plain(m, node) else None
        if found:
            candidate = Candidate(m, node, None)
            candidate.aliases = found[1]
            self._take(candidate, found[0])

    def loads(self, m, node):
        """([(module, expression that means it)], [(module, alias)]); None when not all of them are known."""
        binding = m.scopes.of[node]
        if len(binding.binds) != 1 or binding.fixed or self.program.blocked(binding):
            return None
        loads, aliases = [(m, load) for load in binding.loads], []
        for kind, what, other in binding.outside:
            if kind == "load":
                loads.append((other, what))
                continue
            named = other.scopes.of.get(what) if kind == "alias" else None
            if named is None or len(named.binds) != 1 or named.outside:
                return None
            if named.scope.kind == "module" and self.program.blocked(named):
                return None
            aliases.append((other, what))
            loads += [(other, load) for load in named.loads]
        return loads, aliases

    # methods

    def _methods(self, barred):
        for m in self.program.live:
            for node in m.nodes:
                if isinstance(node, ast.Attribute):
                    self.through.setdefault(node.attr, []).append((m, node))
        defined = {}  # name -> classes that hold it, or functions that a class imports under it
        for scope in self.families.scopes.values():
            for name in scope.names:
                defined.setdefault(name, []).append(scope.node)
        for owner in self.families.scopes:
            m = self.families.modules[owner]
            for node in owner.body:
                if isinstance(node, FUNCTIONS) and self.plain(m, node) and node.args.args:
                    spelt = self.through.get(node.name, ())
                    self._method(m, owner, node, spelt, defined[node.name], barred)

    def _method(self, m, owner, node, spelt, holders, barred):
        name = node.name
        scope = self.families.scopes[owner]
        if name[:2] == "__" or scope.names[name].loads or len(scope.names[name].binds) > 1:
            return
        if name in self.asked or name in self.program.keep and name[0] != "_":
            return
        if any(name.startswith(h) and name.endswith(t) for h, t in self.program.patterns):
            return
        family = self.families.family(owner)
        if family in self.families.foreign:
            return
        own = []
        for where, attribute in spelt:
            found = self.families.of(where, attribute.value)
            if attribute in self.program.resolved or not isinstance(attribute.ctx, ast.Load):
                return
            if found is not None and not self.through_self(where, attribute.value):
                return  # through the name of a class
            if found is None:
                if len(holders) > 1 or name in barred:
                    return  # may mean any of them
                own.append((where, attribute))
            elif self.families.family(found) is family:
                own.append((where, attribute))
        if sum(self.families.family(h) is family for h in holders if h in self.families.up) > 1:
            return
        self._take(Candidate(m, node, owner), own)

    def through_self(self, m, value):
        """True for the first argument of a method."""
        return isinstance(value, ast.Name) and m.scopes.of[value] in self.families.selves
