"""Modules that are always resident together become one, for shrink.py.

Each name of a module of the bundle gets a name of its own there; what one of them imports from another is
then simply a global. Importers outside import the bundle instead. A module that cannot be followed (handed on
as a value, one of several meanings of a name, named in a text) stays by itself.
"""

import ast

from shrink_program import Module
from shrink_trim import fill

_IMPORTS = (ast.Import, ast.ImportFrom)


class _Split(ast.NodeTransformer):
    """One name an import statement."""

    def visit_ImportFrom(self, node):
        """A statement a name."""
        return [ast.ImportFrom(module=node.module, names=[a], level=node.level) for a in node.names]

    def visit_Import(self, node):
        """The same."""
        return [ast.Import(names=[a]) for a in node.names]


def join(tree):
    """The other way round: import statements of the same module that follow each other become one."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if not isinstance(block, list):
                continue
            joined = []
            for statement in block:
                last = joined[-1] if joined else None
                if (
                    isinstance(statement, ast.ImportFrom)
                    and isinstance(last, ast.ImportFrom)
                    and statement.module == last.module
                ):
                    last.names += statement.names
                else:
                    joined.append(statement)
            setattr(node, field, joined)


def _straighten(program):
    """Import each name from where it is made, not from a module that imports it too."""
    for m in program.live:
        for node in m.nodes:
            if isinstance(node, ast.ImportFrom):
                found = program.imported(node, node.names[0])
                while found and found[0] == "member":
                    deeper = program.meaning(found[1])
                    if not deeper or deeper[0] != "member":
                        break
                    found = deeper
                if found and found[0] == "member":
                    node.module, node.names[0].name = program.owner(found[1]), found[1].name


class Bundle:
    """One bundle: target, the module it becomes; members in the order in which they run."""

    def __init__(self, program, target, names):
        self.program = program
        self.target = target
        texts = {n.value for m in program.live for n in m.nodes if isinstance(n, ast.Constant)} & set(
            program.modules
        )
        refused = {n for n in texts if "." in n} | (program.escaped - {target})
        wanted = [n for n in names if n in program.modules and n not in refused]
        self.names = {n for n in wanted if not program.modules[n].left}
        self.found = {}  # alias -> what it stands for: to be known before anything is renamed
        for m in program.live:
            for node in m.nodes:
                if isinstance(node, _IMPORTS):
                    self.found[node.names[0]] = program.imported(node, node.names[0])
        self._sound()
        self.order = []
        for name in wanted:
            self._visit(name)
        self.swaps = {}
        self.gone = set()

    def _sound(self):
        """Leave out members that one of several imports of a name may mean, or that are written to."""
        for m in self.program.live:
            for binding in dict.fromkeys(m.scopes.of.values()):
                if self._stored(binding):
                    self.names.discard(self.program.owner(binding))  # an assignment may stand in a function
                odd = len(binding.binds) > 1 or binding.fixed or self._stored(binding)
                for kind, what in binding.binds:
                    if kind == "import" and odd:
                        self.names.discard(self._from(what[1]))
        for binding in self.program.resolved.values():
            found = self.program.meaning(binding)
            if found and found[0] != "external":  # module.x, where x itself is imported there
                self.names.discard(self.program.owner(binding))

    def _stored(self, binding):
        return any(kind == "store" for kind, _, _ in binding.outside)

    def _from(self, alias):
        """The module that an import statement needs."""
        found = self.found[alias]
        if found and found[0] == "module":
            return found[1]
        return self.program.owner(found[1]) if found and found[0] == "member" else None

    def _visit(self, name):
        """Put a module after those that it imports when it is loaded."""
        if name not in self.names or name in self.order or name in getattr(self, "_open", set()):
            return
        self._open = getattr(self, "_open", set()) | {name}
        for statement in self.program.modules[name].tree.body:
            if isinstance(statement, _IMPORTS):
                self._visit(self._from(statement.names[0]))
        self.order.append(name)

    def build(self):
        """Make the bundle's tree and rewrite all importers. program.analyse() after it."""
        program = self.program
        members = [program.modules[n] for n in self.order]
        for m in members:
            for binding in list(m.scopes.module.names.values()):
                if not (m.name == self.target and program.blocked(binding)):
                    binding.rename(m.name.replace(".", "_") + "__" + binding.name)
        for m in program.live:
            self._importer(m, m.name in self.names)
        body = []
        for m in members:
            _Rewrite(self.swaps, self.gone).visit(m.tree)
            body += m.tree.body
        for m in program.live:
            if m.name not in self.names:
                _Rewrite(self.swaps, self.gone).visit(m.tree)
                fill(m.tree)
        self._replace(members, body)

    def _importer(self, m, inside):
        """What a module imports from members."""
        covered = set()  # what stands in attributes that become names
        if inside:
            for node, binding in self.program.resolved.items():
                if self.program.owner(binding) in self.names and m.scopes.scope_of.get(node):
                    self.swaps[node] = ast.Name(id=binding.name, ctx=node.ctx)
                    covered.update(ast.walk(node))
        for node in m.nodes:
            if not isinstance(node, _IMPORTS) or self._from(node.names[0]) not in self.names:
                continue
            alias = node.names[0]
            found = self.found[alias]
            if inside:
                loads = m.scopes.of[alias].loads
                if found[0] == "member" or all(load in covered for load in loads):
                    self.gone.add(node)  # else a package, for the sake of modules that are not in the bundle
                if found[0] == "member":
                    for load in m.scopes.of[alias].loads:
                        self.swaps[load] = ast.Name(id=found[1].name, ctx=ast.Load())
            elif found[0] == "member":
                node.module = self.target
            else:
                new = ast.Import(names=[ast.alias(name=self.target, asname=alias.asname)])
                self.swaps[node] = new

    def _replace(self, members, body):
        """The bundle takes the members' place; those that are imported from outside pass its names on."""
        program = self.program
        for m in members:
            m.tree.body = []
            if m.name in program.roots:
                for name, there in self._shown(m):
                    if m.name == self.target:
                        value = ast.Name(id=there, ctx=ast.Load())
                        body.append(ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value))
                    else:
                        alias = ast.alias(name=there, asname=name)
                        m.tree.body.append(ast.ImportFrom(module=self.target, names=[alias], level=0))
            elif m.name != self.target and not program.children(m.name):
                del program.modules[m.name]
                program.live.remove(m)
        if self.target not in program.modules:
            program.modules[self.target] = Module(self.target, "")
            program.live.append(program.modules[self.target])
        target = program.modules[self.target]
        # a package that is the target but no member runs before what is bundled into it
        target.tree.body += body

    def _shown(self, m):
        """(name, what it is called in the bundle) of what a root shows to the outside."""
        for name, binding in m.scopes.module.names.items():
            if name in self.program.keep:
                imported = [what[1] for kind, what in binding.binds if kind == "import"]
                if not imported and m.name != self.target:
                    yield name, binding.name
                found = self.found[imported[0]] if imported else None
                if found and found[0] == "member" and self.program.owner(found[1]) in self.names:
                    yield name, found[1].name


class _Rewrite(ast.NodeTransformer):
    """Puts other nodes for some, and drops others."""

    def __init__(self, swaps, gone):
        self.swaps = swaps
        self.gone = gone

    def visit(self, node):
        """Swap, drop or look inside."""
        if node in self.gone:
            return None
        if node in self.swaps:
            return self.swaps[node]
        return super().visit(node)


def once(program):
    """What a module imports twice at its top is imported once there."""
    program.analyse()
    gone = set()
    for m in program.live:
        first = {}
        for statement in m.tree.body:
            if not isinstance(statement, _IMPORTS):
                continue
            binding = m.scopes.of[statement.names[0]]
            stored = any(kind == "store" for kind, _, _ in binding.outside)
            if len(binding.binds) > 1 or binding.fixed or stored or program.blocked(binding):
                continue
            key = (getattr(statement, "module", None), statement.names[0].name)
            if key in first:
                binding.rename(first[key].name)
                gone.add(statement)
            else:
                first[key] = binding
    for m in program.live:
        _Rewrite({}, gone).visit(m.tree)


def bundle(program, bundles):
    """bundles: {module that it becomes: names of modules}."""
    for m in program.live:
        _Split().visit(m.tree)
    program.analyse()
    _straighten(program)
    for target in sorted(bundles):
        program.analyse()
        Bundle(program, target, bundles[target]).build()
        for m in program.live:
            fill(m.tree)
    once(program)
    for m in program.live:
        join(m.tree)
