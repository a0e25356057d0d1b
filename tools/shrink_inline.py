"""Functions that are called in one place go there, for shrink.py.

On MicroPython a function costs an object, a slot in its module or class and a name. A function whose only
mention is a call from its own module, or a method whose only mention is a call on `self` in its own class,
becomes statements of its caller: arguments that are names or literals stand where they are read, others are
given to locals first. It stays where that could change the order in which things are done.
"""

import ast
import copy

import shrink_names
from shrink_paths import Cannot, discard, ends, giving, has, paths
from shrink_trim import PROTOCOL, fill

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)
_NESTED = (*_FUNCTIONS, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS)
_OUTER = (ast.Global, ast.Nonlocal)
_ODD = (*_FUNCTIONS, *_OUTER, ast.ClassDef, ast.Lambda, ast.Yield, ast.YieldFrom, ast.NamedExpr)
_IN_ORDER = (ast.Call, ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Attribute, ast.Tuple, ast.keyword)
_EATERS = ("all", "any", "bytes", "join", "list", "max", "min", "sum", "tuple")  # they keep no generator


class _Swap(ast.NodeTransformer):
    """Other expressions for names that are read, or for one node."""

    def __init__(self, names, node=None, other=None):
        self.names = names
        self.node = node
        self.other = other

    def visit(self, node):
        """Swap or look inside."""
        if node is self.node:
            return self.other
        if isinstance(node, ast.Name) and node.id in self.names:
            return copy.deepcopy(self.names[node.id])
        return super().visit(node)


class Inliner:
    """One round: each function takes or gives at most once."""

    def __init__(self, program):
        self.program = program
        self.busy = set()
        self.done = False
        self.stored = {
            node.attr
            for m in program.live
            for node in m.nodes
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
        }
        self.reached = shrink_names.reached(program)
        for m in program.live:
            self.m = m
            self.parent = {child: node for node in m.nodes for child in ast.iter_child_nodes(node)}
            for function, home, node in self._candidates(m):
                try:
                    self._one(function, home, node)
                except Cannot:
                    continue
            fill(m.tree)

    def _candidates(self, m):
        """(function, block that holds it, the only expression that names it)"""
        for statement in list(m.tree.body):
            if isinstance(statement, _FUNCTIONS):
                binding = m.scopes.of[statement]
                alone = len(binding.binds) == 1 and not binding.fixed and not binding.outside
                if alone and len(binding.loads) == 1 and len(binding.places) == 2:
                    if not self.program.blocked(binding):
                        yield statement, m.tree, binding.loads[0]
        families, places, others = self.reached
        for family, mine in places.items():
            if family in families.foreign or families.modules.get(family) is not m:
                continue
            for name, found in mine.items():
                defined = [node for node, _, _ in found if isinstance(node, _FUNCTIONS)]
                read = [node for node, _, _ in found if isinstance(node, ast.Attribute)]
                if len(defined) != 1 or len(read) != 1 or len(found) != 2 or name in others:
                    continue
                if name[:2] != "__" and name not in PROTOCOL and not self.program.spelt_in_texts(name):
                    home = self.parent.get(defined[0])
                    if isinstance(home, ast.ClassDef) and isinstance(read[0].value, ast.Name):
                        yield defined[0], home, read[0]

    def _one(self, function, home, node):
        """Put a function where it is called. Raises Cannot."""
        call = self.parent.get(node)  # none in another module
        if not isinstance(call, ast.Call) or call.func is not node or function.decorator_list:
            raise Cannot("handed on")
        expression = call
        if isinstance(function, ast.AsyncFunctionDef):
            expression = self.parent[call]
            if not isinstance(expression, ast.Await):
                raise Cannot("not awaited at once")
        body = function.body
        if has(body, *_ODD) or _calls_super(body) or self._lazy(body):
            raise Cannot("of a kind that stays")
        caller, statement = self._place(expression)
        if getattr(caller, "still", False):
            raise Cannot("into what may take nothing from the heap")
        if getattr(function, "apart", None) not in (None, getattr(caller, "apart", None)):
            raise Cannot("it runs seldom, and its caller does not")
        if caller is function or caller in self.busy or function in self.busy:
            raise Cannot("in the next round")
        if isinstance(home, ast.ClassDef) and self.parent[caller] is not home:
            raise Cannot("of another class")
        scope = self.m.scopes.scope_of[caller]
        self._meet(function, scope)
        values = self._arguments(function, call, isinstance(home, ast.ClassDef))
        tail = isinstance(statement, ast.Return) and statement.value is expression
        block = self._block(statement)
        first, swaps = self._given(function, values, scope)
        if isinstance(caller, ast.AsyncFunctionDef) and not tail:
            own = len(self.m.scopes.scope_of[function].names) - len(swaps)
            if own or not isinstance(statement, (ast.Expr, ast.Assign, ast.If)):
                raise Cannot("its locals would live too long")
        made = self._made(function, statement, expression, tail, first, swaps)
        at = block.index(statement)
        block[at : at + 1] = made
        home.body.remove(function)
        if getattr(function, "quick", False):
            caller.quick = True
        self.busy |= {caller, function}
        self.done = True

    def _place(self, expression):
        """(function, statement) that an expression stands in."""
        node = expression
        while not isinstance(node, ast.stmt):
            node = self.parent[node]
            if isinstance(node, _NESTED) or isinstance(node, ast.JoinedStr):
                raise Cannot("in a function of its own")
        statement = node
        while not isinstance(node, _FUNCTIONS):
            node = self.parent.get(node)
            if node is None or isinstance(node, ast.ClassDef):
                raise Cannot("called as the module is loaded")
        return node, statement

    def _block(self, statement):
        above = self.parent[statement]
        for field in ("body", "orelse", "finalbody"):
            block = getattr(above, field, None)
            if isinstance(block, list) and statement in block:
                return block
        raise Cannot("in no block")

    def _lazy(self, body):
        """True when a generator may still be at work when the function has ended."""
        for node in (x for statement in body for x in ast.walk(statement)):
            if isinstance(node, ast.GeneratorExp):
                func = getattr(self.parent.get(node), "func", None)
                if getattr(func, "id", getattr(func, "attr", None)) not in _EATERS:
                    return True
        return False

    def _meet(self, function, scope):
        """No name of the module may mean a local of the caller."""
        of = self.m.scopes.of
        names = [of[x] for x in ast.walk(function) if isinstance(x, ast.Name)]
        used = {binding.name for binding in names if binding.scope.kind in ("module", "builtin")}
        inner = scope
        while inner.kind != "module":
            if inner.kind != "class" and used & {binding.name for binding in inner.names.values()}:
                raise Cannot("a local is in the way")
            inner = inner.parent

    def _arguments(self, function, call, method):
        """{argument: expression} in the order in which they are made."""
        a = function.args
        if a.vararg or a.kwarg or a.kwonlyargs or a.posonlyargs:
            raise Cannot("with arguments of another kind")
        names = [x.arg for x in a.args]
        if any(isinstance(x, ast.Starred) for x in call.args) or any(k.arg is None for k in call.keywords):
            raise Cannot("called with what it takes apart")
        given = [call.func.value, *call.args] if method else list(call.args)
        values = dict(zip(names, given, strict=False))
        if len(given) > len(names):
            raise Cannot("called wrongly")
        for keyword in call.keywords:
            if keyword.arg in values or keyword.arg not in names:
                raise Cannot("called wrongly")
            values[keyword.arg] = keyword.value
        for name, default in zip(reversed(names), reversed(a.defaults), strict=False):
            if name not in values:
                if not isinstance(default, ast.Constant):
                    raise Cannot("with a default that is made once")
                values[name] = default
        if len(values) != len(names):
            raise Cannot("called wrongly")
        return values

    def _given(self, function, values, scope):
        """(assignments, {name: expression}); all locals get names of their own."""
        inside = self.m.scopes.scope_of[function]
        first, swaps = [], {}
        bindings = [(name, b) for scope_ in inside.tree() for name, b in scope_.names.items()]
        if any(binding.fixed for _, binding in bindings):
            raise Cannot("with a name that stays")
        for name, binding in bindings:
            binding.rename(self.program.fresh())
            if binding.scope is not inside:
                continue
            if name not in values:
                continue
            value = values[name]
            if len(binding.binds) == 1 and self._stays(value, scope):
                swaps[binding.name] = value
            else:
                target = ast.Name(id=binding.name, ctx=ast.Store())
                first.append((list(values).index(name), ast.Assign(targets=[target], value=value)))
        return [statement for _, statement in sorted(first, key=lambda pair: pair[0])], swaps

    def _stays(self, value, scope):
        """True for what gives the same wherever it stands in the body: literals and the caller's locals."""
        if isinstance(value, ast.Constant):
            return True
        return isinstance(value, ast.Name) and self.m.scopes.of[value].scope is scope

    def _made(self, function, statement, expression, tail, first, swaps):
        """The statements instead of the one with the call."""
        body = [_Swap(swaps).visit(x) for x in copy.deepcopy(function.body)]
        if tail:
            return [*first, *body, *([] if ends(body) else [ast.Return(value=None)])]
        if len(body) == 1 and isinstance(body[0], ast.Return) and not first:
            return [_Swap({}, expression, body[0].value or ast.Constant(None)).visit(statement)]
        if isinstance(statement, ast.Expr) and statement.value is expression:
            return [*first, *paths(body, discard)]
        if not self._leads(statement, expression):
            raise Cannot("something is done before it")
        if len(body) == 1 and isinstance(body[0], ast.Return):
            return [*first, _Swap({}, expression, body[0].value or ast.Constant(None)).visit(statement)]
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(target, ast.Name) and len(statement.targets) == 1 and statement.value is expression:
            if self.m.scopes.of[target].scope.kind == "function" and not _reads(swaps, target.id):
                return [*first, *paths(body, giving(target.id))]
        name = self.program.fresh()
        before = [*first, *paths(body, giving(name))]  # may raise Cannot: nothing is changed until then
        return [*before, _Swap({}, expression, ast.Name(id=name, ctx=ast.Load())).visit(statement)]

    def _leads(self, statement, expression):
        """True when nothing of the statement that matters is done before the expression."""
        if isinstance(statement, (ast.Assign, ast.Return, ast.Expr)):
            return self._first(statement.value, expression)
        if isinstance(statement, ast.If):
            return self._first(statement.test, expression)
        if isinstance(statement, ast.For):
            return self._first(statement.iter, expression)
        return False

    def _first(self, node, expression):
        if node is expression:
            return True
        if isinstance(node, ast.BoolOp):
            parts = node.values[:1]
        elif isinstance(node, ast.IfExp):
            parts = [node.test]
        elif isinstance(node, ast.Compare):
            parts = [node.left, node.comparators[0]]
        elif isinstance(node, _IN_ORDER):
            parts = list(ast.iter_child_nodes(node))
        else:
            return False
        for part in parts:
            if any(x is expression for x in ast.walk(part)):
                return self._first(part, expression)
            if not self._calm(part):
                return False
        return False

    def _calm(self, node):
        """True when it makes no difference whether an expression is evaluated before or after the body."""
        if isinstance(node, (ast.Constant, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context)):
            return True
        if isinstance(node, ast.Name):
            binding = self.m.scopes.of[node]
            return binding.scope.kind in ("function", "builtin") or len(binding.binds) == 1
        return isinstance(node, ast.Attribute) and node.attr not in self.stored and self._calm(node.value)


def _calls_super(body):
    return any(getattr(x, "id", None) == "super" for s in body for x in ast.walk(s))


def _reads(swaps, name):
    return any(getattr(value, "id", None) == name for value in swaps.values())


def inline(program):
    """One round; True when something was put elsewhere."""
    return Inliner(program).done
