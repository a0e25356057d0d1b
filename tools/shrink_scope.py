"""Which name is which: exact scopes of Python modules, for shrink.py.

A Binding is one name in one scope, with every place that spells it; renaming it is writing to those places.
Class bodies are not seen from functions inside them; the first iterable of a comprehension belongs to the
scope around it; `global`, `nonlocal`, `except ... as`, imports and := are where Python has them.
"""

import ast


class Binding:
    """One name in one scope. places: (node, field, index or None) that spell it; binds: (kind, node)."""

    def __init__(self, name, scope):
        self.name = name
        self.scope = scope
        self.places = []
        self.binds = []  # kinds: arg, import, def, class, assign, other
        self.loads = []  # Name nodes that read it
        self.users = []  # scopes that spell it
        self.fixed = False  # import a.b: the name is the module's
        self.outside = []  # (kind, node, module) of other modules: alias, load or store

    def rename(self, name):
        """Spell it so at all places."""
        self.name = name
        for node, field, index in self.places:
            if index is None:
                setattr(node, field, name)
            else:
                getattr(node, field)[index] = name


class Scope:
    """kind: module, function, class, comp or builtin."""

    def __init__(self, kind, node, parent):
        self.kind = kind
        self.node = node
        self.parent = parent
        self.children = []
        self.names = {}  # name as first spelt -> Binding
        self.events = []  # (name, place, bind or None, Name node or None)
        self.outer = {}  # name -> "global" or "nonlocal"
        if parent:
            parent.children.append(self)

    def tree(self):
        """This scope and all inside it, outermost first."""
        yield self
        for child in self.children:
            yield from child.tree()

    def module(self):
        """The module's scope."""
        scope = self
        while scope.kind != "module":
            scope = scope.parent
        return scope


class Scopes(ast.NodeVisitor):
    """Scopes of one module. module: its outermost scope; of[node]: Binding of a Name, def, alias or arg."""

    def __init__(self, tree):
        self.builtins = Scope("builtin", None, None)
        self.module = self.scope = Scope("module", tree, None)
        self.of = {}
        self.scope_of = {}  # def, class, lambda or comprehension node -> its scope; Attribute -> where it is
        for statement in tree.body:
            self.visit(statement)
        self._resolve()

    # where names are spelt

    def _event(self, name, place, bind=None, load=None, scope=None):
        (scope or self.scope).events.append((name, place, bind, load))

    def _all(self, nodes):
        for node in nodes:
            if node is not None:
                self.visit(node)

    def _inside(self, kind, node):
        self.scope = Scope(kind, node, self.scope)
        self.scope_of[node] = self.scope

    def _function(self, node, body):
        a = node.args
        self._all(getattr(node, "decorator_list", ()))
        self._all([*a.defaults, *a.kw_defaults, getattr(node, "returns", None)])
        every = [*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg]
        self._all(x.annotation for x in every if x)
        if not isinstance(node, ast.Lambda):
            self._event(node.name, (node, "name", None), ("def", node))
        self._inside("function", node)
        for x in every:
            if x:
                self._event(x.arg, (x, "arg", None), ("arg", x))
        self._all(body)
        self.scope = self.scope.parent

    def visit_FunctionDef(self, node):
        """Its name outside, its arguments and body inside."""
        self._function(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        """The same without a name."""
        self._function(node, [node.body])

    def visit_ClassDef(self, node):
        """Bases and decorators outside, the body inside."""
        self._all([*node.decorator_list, *node.bases, *node.keywords])
        self._event(node.name, (node, "name", None), ("class", node))
        self._inside("class", node)
        self._all(node.body)
        self.scope = self.scope.parent

    def _comp(self, node):
        self.visit(node.generators[0].iter)
        self._inside("comp", node)
        for k, part in enumerate(node.generators):
            if k:
                self.visit(part.iter)
            self._all([part.target, *part.ifs])
        self._all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self.scope = self.scope.parent

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comp

    def visit_NamedExpr(self, node):
        """Binds outside comprehensions."""
        self.visit(node.value)
        scope = self.scope
        while scope.kind == "comp":
            scope = scope.parent
        self._event(node.target.id, (node.target, "id", None), ("other", node), scope=scope)

    def visit_Assign(self, node):
        """Remembered as a whole: it may be a constant."""
        self.visit(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._event(target.id, (target, "id", None), ("assign", node))
            else:
                self.visit(target)

    def visit_Name(self, node):
        """Bind or read."""
        load = isinstance(node.ctx, ast.Load)
        self._event(node.id, (node, "id", None), None if load else ("other", node), node if load else None)

    def visit_Attribute(self, node):
        """Only its object has a name here."""
        self.scope_of[node] = self.scope
        self.visit(node.value)

    def _imported(self, node):
        for alias in node.names:
            if alias.name == "*":
                raise ValueError("from ... import * cannot be shrunk")
            if alias.asname or isinstance(node, ast.ImportFrom) or "." not in alias.name:
                alias.asname = alias.asname or alias.name  # so that both can be renamed
                place = (alias, "asname", None)
                name = alias.asname
            else:
                name, place = alias.name.split(".")[0], None
            self._event(name, place, ("import", (node, alias)))

    visit_Import = visit_ImportFrom = _imported

    def visit_ExceptHandler(self, node):
        """Its name is bound by no Name node."""
        self._all([node.type])
        if node.name:
            self._event(node.name, (node, "name", None), ("other", node))
        self._all(node.body)

    def _outer(self, node):
        for k, name in enumerate(node.names):
            self.scope.outer[name] = type(node).__name__.lower()
            self._event(name, (node, "names", k))

    visit_Global = visit_Nonlocal = _outer

    def visit_Match(self, node):
        """Not on MicroPython."""
        raise ValueError("match statements cannot be shrunk")

    # which name is which

    def _resolve(self):
        everything = list(self.module.tree())
        for scope in everything:
            for name, _, bind, _ in scope.events:
                if bind and name not in scope.outer and name not in scope.names:
                    scope.names[name] = Binding(name, scope)
        for scope in everything:
            for name, place, bind, load in scope.events:
                found = self._find(name, scope)
                if place:
                    found.places.append(place)
                    self.of[place[0]] = found  # a Global node has several: ask its places instead
                else:
                    found.fixed = True
                if bind:
                    found.binds.append(bind)
                    if bind[0] == "import":
                        self.of[bind[1][1]] = found
                if load is not None:
                    found.loads.append(load)
                found.users.append(scope)

    def _find(self, name, scope):
        """The Binding that `name` means in `scope`."""
        kind = scope.outer.get(name)
        if kind == "global":
            return self._made(name, self.module)
        if kind is None and name in scope.names:
            return scope.names[name]
        scope = scope.parent
        while scope:
            if name in scope.names and scope.kind != "class":
                return scope.names[name]
            if scope.outer.get(name) == "global":
                break  # a function inside one that says `global` means the same
            scope = scope.parent
        if name in self.module.names:
            return self.module.names[name]
        return self._made(name, self.builtins)

    def _made(self, name, scope):
        if name not in scope.names:
            scope.names[name] = Binding(name, scope)
        return scope.names[name]
