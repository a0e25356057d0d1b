"""The same program with fewer names, functions and modules, for a chip whose heap is small.

    shrink(sources, roots, keep)    module name -> source text, before and after

What it does to a whole program, each step only where all that it touches is known for certain:

1. constants: values go where their names are read, and what they decide is decided (shrink_facts.py);
2. what nothing calls is dropped, with docstrings, annotations and unused imports;
3. names that nobody outside can spell are shared between functions, classes and modules;
4. modules that are always resident together become one (shrink_bundle.py);
5. constants that are not names become one a module (shrink_texts.py);
6. functions that are called in one place go there (shrink_inline.py);
7. functions that only we call become branches of a few large ones (shrink_merge.py), and those that run
   seldom go into modules apart (shrink_apart.py).

The same sources give the same octets. ValueError: something in them cannot be shrunk.
"""

import ast

import shrink_apart
import shrink_attributes
import shrink_bundle
import shrink_calls
import shrink_facts
import shrink_inline
import shrink_merge
import shrink_names
import shrink_shake
import shrink_texts
import shrink_trim
from shrink_program import Program, names_of

__all__ = ("names_of", "resident", "shrink")


def _trim(program, constants, shake, known):
    """Steps 1 and 2, until nothing changes."""
    if constants and shake and not program.made_plain:
        program.made_plain = True
        program.analyse()
        while shrink_trim.constants(program):
            program.analyse()
        shrink_trim.plain(program)
    changed = True
    while changed:
        program.analyse()
        changed = constants and shrink_trim.constants(program)
        if changed:
            program.analyse()
        if constants and shrink_facts.decide(program, known):
            changed = True
            program.analyse()
        if shake:
            # together: what is imported only for dead code goes in the next round
            changed |= shrink_shake.shake(program) | shrink_trim.imports(program)


def _rename(program):
    """Step 3: attributes, then names of modules, then locals, as each must know what the one before gave."""
    program.analyse()
    shrink_attributes.share(program)
    program.analyse()
    shrink_names.attributes(program)
    program.analyse()
    keywords = shrink_names.keywords_of(program)
    shrink_names.modules(program, keywords)
    # not analysed anew: a local that still has the new name of a global would be taken for it
    shrink_names.arguments(program, keywords)


def resident(sources, entries):
    """The modules that are loaded with the entries, in the order of loading: for bundles."""
    found = []

    def load(name):
        if name in found or name not in sources:
            return
        found.append(name)
        for node in ast.parse(sources[name]).body:
            if isinstance(node, ast.Import):
                loaded = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                loaded = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            for module in loaded:
                enter(module)

    def enter(name):
        parts = name.split(".")
        for k in range(len(parts)):
            load(".".join(parts[: k + 1]))

    for name in entries:
        enter(name)
    return found


def text_of(tree):
    """Source text of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and node.asname == node.name:
            node.asname = None
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def shrink(sources, roots=(), keep=(), bundles=None, steps="1234567", known=None, **ways):
    """sources: {module name: text}; a package has the name of its folder.

    roots: modules that are imported from outside by name. keep: names that are used from outside or that the
    interpreter is to find as they are (see names_of). bundles: {module that they become: [modules]}.
    known: {module outside: {name or dotted names: value}, None for one that there is not}, facts that need
    not be asked when it runs. ways: quick, modules whose functions use their constants often, and still,
    modules with functions that may take no more from the heap than they do; strange, names of methods that
    the chip's objects have; seldom, rows of (module, names of functions) for modules apart. Returns the same
    dict with other texts, without the modules that went into a bundle, with those that were put apart.
    """
    bundles = bundles or {}
    # what becomes part of another is never asked for by name
    inside = [name for target, names in bundles.items() for name in names if name != target]
    program = Program(sources, roots, keep, inside)
    for m in program.live:
        shrink_trim.clean(m.tree, program.keep)
        still = m.name in ways.get("still", ())
        if still or m.name in ways.get("quick", ()):
            shrink_texts.mark(m.tree, still)
    if "7" in steps:
        shrink_apart.mark(program, ways.get("seldom", ()))
    _trim(program, "1" in steps, "2" in steps, known)
    if "4" in steps and bundles:
        shrink_bundle.bundle(program, bundles)
        _trim(program, "1" in steps, "2" in steps, known)
    if "6" in steps:
        program.analyse()
        while shrink_inline.inline(program):
            program.analyse()
        _trim(program, "1" in steps, "2" in steps, known)
    plan = None
    if "7" in steps:
        program.analyse()
        plan = shrink_calls.Plan(program, bundles, ways.get("strange", ()))
        apart = shrink_apart.choose(plan)
    if "3" in steps:
        _rename(program)
    if plan:
        shrink_merge.merge(program, plan)
        shrink_apart.move(program, apart, plan.asked)
    if "5" in steps:
        rare = shrink_texts.rare([m.tree for m in program.modules.values() if not m.left])
        for m in program.modules.values():
            if not m.left:
                shrink_texts.gather(m.tree, shrink_names.FREE, rare)
    return {name: m.source if m.left else text_of(m.tree) for name, m in program.modules.items()}
