"""Methods of which not every call is known, and constructors, for shrink_apart.py: they go apart as well.

A late method is found by `__getattr__` of its class, which MicroPython asks when neither the object nor its
class has a name. A constructor goes apart when all that is done with the class is to call it; of a class of
which nothing is left then only its objects stay, and have a class in common.
Both only of classes that stand alone: without a base, and without a class that has them as its base.
"""

import ast

from shrink_calls import FUNCTIONS, Candidate


def _alone(plan, owner):
    families = plan.families
    family = families.family(owner)
    same = [other for other in families.scopes if families.family(other) is family]
    return len(same) == 1 and family not in families.foreign and not owner.decorator_list


def _method(plan, m, owner, node):
    """A candidate for a late method, with those of its calls that go through self."""
    binding = plan.families.scopes[owner].names[node.name]
    if binding.loads or len(binding.binds) > 1 or node.name[:2] == "__":
        return None
    found = Candidate(m, node, owner)
    found.late = True
    for where, attribute in plan.through.get(node.name, ()):
        value = attribute.value
        if plan.families.of(where, value) is owner and plan.through_self(where, value):
            call = plan.parents[attribute]
            plain = isinstance(call, ast.Call) and call.func is attribute
            starred = plain and any(isinstance(a, ast.Starred) for a in call.args)
            if plain and not starred and all(k.arg for k in call.keywords):
                given = found.given(call)
                if given is not None:
                    found.calls.append((where, call, given))
    return found


def _constructor(plan, m, owner, node):
    """A candidate for a constructor when all that is done with the class is to call it."""
    known = plan.loads(m, owner)
    found = Candidate(m, node, owner)
    found.makes = True
    if known is None or not plan.calls(found, known[0]):
        return None
    found.aliases = known[1]
    return found


def late(plan):
    """Candidates of these two kinds, of methods that are marked to go apart and are none yet."""
    known = {c.node for c in plan.candidates}
    made = []
    for owner in plan.families.scopes:
        m = plan.families.modules[owner]
        methods = [node for node in owner.body if isinstance(node, FUNCTIONS)]
        named = any(node.name == "__getattr__" for node in methods)
        if owner not in m.tree.body or named or not _alone(plan, owner):
            continue
        for node in methods:
            if getattr(node, "apart", None) is None or node in known or not node.args.args:
                continue
            if plan.plain(m, node):
                take = _constructor if node.name == "__init__" else _method
                found = take(plan, m, owner, node)
                made += [found] if found else []
    return made
