"""All modules of a program and what their names mean across them, for shrink.py.

What cannot be followed (an attribute of an object, a module handed on as a value, getattr) is foreign: names
spelt there keep their spelling and their definitions.
"""

import ast
import re

from shrink_scope import Scopes

_MACHINE_CODE = ("viper", "native", "asm_thumb", "asm_xtensa", "asm_rv32")
_NAME = re.compile(r"[A-Za-z_]\w*")


def names_of(*sources):
    """Every name that these source texts spell: what programs outside may use of ours."""
    found = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            for field in ("id", "attr", "arg", "name", "asname"):
                text = getattr(node, field, None)
                if isinstance(text, str):
                    found.update(text.split("."))
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(_NAME.findall(node.value) if len(node.value) < 40 else ())
    return found


def machine_code(tree):
    """True when a decorator makes machine code: such a module is left as it is."""
    return any(
        isinstance(d, ast.Attribute) and d.attr in _MACHINE_CODE
        for node in ast.walk(tree)
        for d in getattr(node, "decorator_list", ())
    )


class Module:
    """One module: name, tree, scopes; left: it stays octet for octet as it is."""

    def __init__(self, name, source):
        self.name = name
        self.source = source
        self.tree = ast.parse(source)
        self.left = machine_code(self.tree)
        self.scopes = None
        self.nodes = []  # all of the tree


class Program:
    """modules: name -> Module. analyse() after each change of the trees."""

    def __init__(self, sources, roots=(), keep=(), static=()):
        self.modules = {name: Module(name, sources[name]) for name in sorted(sources)}
        self.roots = set(roots)
        self.keep = set(keep)
        self.static = set(static)  # never imported by a name that is put together
        left = [m.source for m in self.modules.values() if m.left]
        self.keep |= names_of(*left)
        self.live = [m for m in self.modules.values() if not m.left]
        self.made = 0  # names for locals
        self.made_plain = False  # const() is gone

    def children(self, name):
        """Last names of the modules right under a package."""
        head = name + "."
        return {n[len(head) :].split(".")[0] for n in self.modules if n.startswith(head)}

    def analyse(self):
        """Find out anew what each name means."""
        self.foreign = set()  # attributes of what cannot be followed
        self.external = set()  # attributes of modules that are not ours
        self.written = set()  # attributes that are set on what cannot be followed
        self.escaped = set()  # modules that are handed on as a value
        self.strings = set()  # constants that getattr and the like are given
        self.patterns = []  # (head, tail) of names that getattr puts together
        for m in self.live:
            m.nodes = list(ast.walk(m.tree))
            m.scopes = Scopes(m.tree)
            m.scopes.module.owner = m.name
        self.known = {}  # what member() found already
        for m in self.live:
            for binding in {id(b): b for b in m.scopes.of.values()}.values():
                self._imports(m, binding)
        self.resolved = {}  # Attribute node -> Binding of a module that it means
        for m in self.live:
            self._stores(m)
        for m in self.live:
            self._attributes(m)

    # meanings: ("module", name), ("member", Binding), ("external", None) or None

    def meaning(self, binding):
        """What an imported name stands for; None when that cannot be said."""
        if len(binding.binds) != 1 or binding.binds[0][0] != "import":
            return None
        if any(kind == "store" for kind, _, _ in binding.outside):
            return None
        return self.imported(*binding.binds[0][1])

    def imported(self, statement, alias):
        """What one name of an import statement stands for."""
        if isinstance(statement, ast.Import):
            name = alias.name if alias.asname else alias.name.split(".")[0]
            known = name in self.modules or self.children(name)
            return ("module", name) if known else ("external", None)
        if statement.level:
            raise ValueError("relative imports cannot be shrunk")
        return self.member(statement.module, alias.name)

    def member(self, module, name):
        """What module.name means."""
        key = module, name
        if key not in self.known:
            self.known[key] = self._member(module, name)
        return self.known[key]

    def _member(self, module, name):
        whole = f"{module}.{name}"
        known = self.modules.get(module)
        if known and known.left:
            return "external", None
        if known and name in known.scopes.module.names:
            binding = known.scopes.module.names[name]
            if whole not in self.modules:
                return "member", binding
            if not all(kind == "import" and _itself(*what, module, name) for kind, what in binding.binds):
                raise ValueError(f"{whole} is a module and a name of its package")
        if whole in self.modules or self.children(whole):
            return "module", whole
        return None if known or self.children(module) else ("external", None)

    def expression(self, m, node):
        """What a Name or an Attribute means."""
        if isinstance(node, ast.Name):
            found = self.meaning(m.scopes.of[node])
        elif isinstance(node, ast.Attribute):
            base = self.expression(m, node.value)
            if base is None or base[0] == "member":
                return None
            found = base if base[0] == "external" else self.member(base[1], node.attr)
        else:
            return None
        while found and found[0] == "member":
            deeper = self.meaning(found[1])
            if deeper is None or deeper[0] == "external" and isinstance(node, ast.Name):
                break
            if deeper[0] == "member":
                found = deeper
                continue
            return deeper if deeper[0] == "module" else found
        return found

    # what the names of one module say of others

    def _imports(self, m, binding):
        """Tell the members that are imported so; a module that is one of several meanings escapes."""
        for kind, what in binding.binds:
            if kind != "import":
                continue
            statement, alias = what
            found = self.imported(statement, alias)
            if found is None:
                continue
            if found[0] == "member":
                found[1].places.append((alias, "name", None))
                found[1].outside.append(("alias", alias, m))
            elif found[0] == "module" and len(binding.binds) > 1:
                self.escaped.add(found[1])

    def _stores(self, m):
        """Attributes of modules that are written to."""
        for node in m.nodes:
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                base = self.expression(m, node.value)
                if base and base[0] == "module" and base[1] in self.modules:
                    known = self.modules[base[1]]
                    if not known.left and node.attr in known.scopes.module.names:
                        known.scopes.module.names[node.attr].outside.append(("store", node, m))

    def _attributes(self, m):
        bases = {node.value for node in m.nodes if isinstance(node, ast.Attribute)}
        for node in m.nodes:
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Subscript):
                self._by_name(node.value, node.slice)
            elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                found = self.expression(m, node)
                if found and found[0] == "module" and node not in bases:
                    self.escaped.add(found[1])
            if isinstance(node, ast.Attribute):
                self._attribute(m, node)

    def _attribute(self, m, node):
        base = self.expression(m, node.value)
        if base is None or base[0] == "member":
            self.foreign.add(node.attr)
            if not (isinstance(node.ctx, ast.Load) or getattr(node.value, "id", None) == "self"):
                self.written.add(node.attr)
            return
        if base[0] == "external":
            self.external.add(node.attr)
            return
        found = self.member(base[1], node.attr)
        if found and found[0] == "member":
            binding = found[1]
            binding.places.append((node, "attr", None))
            if isinstance(node.ctx, ast.Load):
                binding.outside.append(("load", node, m))
            self.resolved[node] = binding
        elif found is None:
            self.keep.add(node.attr)  # a name that somebody gives the module from outside

    def _call(self, node):
        name = getattr(node.func, "id", None)
        if name in ("getattr", "hasattr", "setattr", "delattr") and len(node.args) > 1:
            if isinstance(node.args[1], ast.Constant):
                self.strings.add(node.args[1].value)
            elif name != "delattr":  # with names put together lib/unload.py takes modules off their packages
                self.patterns.append(ends(node.args[1]))
        elif name == "__import__":
            self._dynamic(node.args[0])
        elif name in ("globals", "locals", "vars", "exec", "eval"):
            raise ValueError(f"a program with {name}() cannot be shrunk")
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
            self._by_name(node.func.value, node.args[0])

    def _by_name(self, value, name):
        """sys.modules[name]"""
        if isinstance(value, ast.Attribute) and value.attr == "modules":
            self._dynamic(name)

    def _dynamic(self, name):
        head, tail = (name.value, None) if isinstance(name, ast.Constant) else ends(name)
        for known in self.modules:
            if known == head if tail is None else self._fits(known, head, tail):
                self.escaped.add(known)

    def _fits(self, known, head, tail):
        return known.startswith(head) and known.endswith(tail) and known not in self.static

    def spelt(self, name):
        """True when something that cannot be followed may mean `name`."""
        return name in self.foreign or name[:2] == "__" or self.spelt_in_texts(name)

    def spelt_in_texts(self, name):
        """True when a text, a name that is put together or a program outside may mean `name`."""
        if name in self.keep or name in self.strings:
            return True
        return any(name.startswith(head) and name.endswith(tail) for head, tail in self.patterns)

    def fresh(self):
        """A name for a local that nothing else has."""
        self.made += 1
        return f"_local{self.made}"

    def blocked(self, binding):
        """True when a name of a module must stay as it is spelt."""
        name = binding.name
        if binding.fixed or name in self.keep or name[:2] == "__":
            return True
        module = self.owner(binding)
        return module in self.escaped and self.spelt(name)

    def owner(self, binding):
        """Name of the module that a module's name belongs to."""
        return binding.scope.owner


def _itself(statement, alias, module, name):
    """True for `from module import name` and `import module.name as name`."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == module and alias.name == name
    return alias.name == f"{module}.{name}"


def ends(node):
    """(head, tail) that a text put together has for certain."""
    head = tail = ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = node.left, node.right
        while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
            left = left.left
        head = left.value if isinstance(left, ast.Constant) else ""
        tail = right.value if isinstance(right, ast.Constant) else ""
    return head, tail
