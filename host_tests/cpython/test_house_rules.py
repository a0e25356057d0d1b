"""Integers only in lib/, short files, docstrings, boards of constants, and the register table.

Every rule is a generator over one Source that yields (line, words); SNIPPETS shows each one failing.
"""

import ast
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

from hanport import registers  # noqa: E402

LINES = 400
FLOAT_FORMAT = re.compile(r"%[-+ #0-9.]*[eEfFgG](?![a-zA-Z])|\{[^{}]*:[^{}]*[eEfFgG]\}")


def integers_only(source):
    """Rule: no float comes into being in lib/."""
    for node, cpython, _ in house.walk(source.tree):
        words = None
        if isinstance(node, ast.Constant):
            if isinstance(node.value, (float, complex)):
                words = f"the literal {node.value}"
            elif isinstance(node.value, str) and FLOAT_FORMAT.search(node.value):
                words = "a format for floats"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)):
            if isinstance(node.op, ast.Div):
                words = "true division, use //"
            elif isinstance(node.op, ast.Pow):
                power = node.right if isinstance(node, ast.BinOp) else node.value
                if isinstance(power, ast.UnaryOp) and isinstance(power.operand, ast.Constant):
                    words = "a negative power"
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("float", "complex", "round"):
                words = f"{name}()"
            elif name in ("array", "array.array") and ast.unparse(node)[len(name) :][:4] in ("('f'", "('d'"):
                words = "an array of floats"
        if words and not cpython:
            yield node.lineno, f"no float in lib/: {words}"


def short(source):
    """Rule: a file stays short enough to be read in one go."""
    count = len(source.text.splitlines())
    if count > LINES:
        yield count, f"{count} lines, at most {LINES}: part it"


def _public(body, owner=""):
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if not node.name.startswith("_"):
                yield node, owner + node.name
                if isinstance(node, ast.ClassDef):
                    yield from _public(node.body, owner + node.name + ".")
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            parts = [node.body, getattr(node, "orelse", []), getattr(node, "finalbody", [])]
            parts += [handler.body for handler in getattr(node, "handlers", [])]
            for part in parts:
                yield from _public(part, owner)


def _overrides(node):
    """True for the second half of a property."""
    return any(isinstance(d, ast.Attribute) and d.attr in ("setter", "deleter") for d in node.decorator_list)


def told(source):
    """Rule: every public module, class and function says in a docstring what it is."""
    if not ast.get_docstring(source.tree):
        yield 1, "the module has no docstring"
    for node, name in _public(source.tree.body):
        if not ast.get_docstring(node) and not _overrides(node):
            yield node.lineno, f"{name} has no docstring"


def constants_only(source):
    """Rule: a board file holds a docstring and assignments of literals, nothing else."""
    for at, node in enumerate(source.tree.body):
        if at == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        literal = isinstance(node, ast.Assign) and all(isinstance(to, ast.Name) for to in node.targets)
        try:
            ast.literal_eval(node.value if literal else node)
        except (ValueError, TypeError):
            literal = False
        if not literal:
            yield node.lineno, "a board file holds only constants"


def test_integers_only():
    """Energies do not fit the chips' floats of 30 and 32 bits."""
    house.tell(house.complaints(integers_only, house.sources("lib")))


def test_short_files():
    """At most 400 lines."""
    house.tell(house.complaints(short, house.sources("lib", "firmware", "tools")))


def test_docstrings():
    """A newcomer is told what everything public is."""
    house.tell(house.complaints(told, house.sources("lib", "firmware", "tools")))


def test_boards():
    """All but the manifest, which is for a build of MicroPython."""
    boards = [source for source in house.sources("boards") if source.path != "boards/manifest.py"]
    assert boards
    house.tell(house.complaints(constants_only, boards))


def bad_registers(table):
    """Complaints about the register table, a module or its double."""
    names = [table.name(register) for register in range(table.COUNT)]
    rows = table.table.count(b"\n")
    if rows != table.COUNT:
        yield f"{rows} rows, but COUNT is {table.COUNT}"
    yield from (f"the name {name} comes twice" for name in sorted({n for n in names if names.count(n) > 1}))
    for register, name in enumerate(names):
        found = table.find(*map(int, table.obis(register).split(".")))
        if found != register:
            yield f"find gives {found} for the OBIS code of row {register} ({name})"
    codes, units = table.looked_up()
    if table.codes != codes:
        yield f"codes must be {codes}"
    if table.units != units:
        yield f"units must be {units}"
    expected = {key: value for key, value in vars(table).items() if key.isupper() and key[0] != "_"}
    for key in ("COUNT", "NONE"):
        expected.pop(key)
    for key, value in expected.items():
        if key not in NAMED:
            yield f"{key} has no row in NAMED of this test"
        elif NAMED[key] not in names or names.index(NAMED[key]) != value:
            yield f"{key} is {value}, but that is not the row of {NAMED[key]}"


# What the named indexes of registers.py must mean.
NAMED = dict(
    row.split()
    for row in """
P_IMPORT active_power_import_w
P_EXPORT active_power_export_w
Q_IMPORT reactive_import_var
Q_EXPORT reactive_export_var
I_L1 current_l1_a
U_L1 voltage_l1_v
U_L2 voltage_l2_v
U_L3 voltage_l3_v
P_IMPORT_L1 active_power_import_l1_w
P_EXPORT_L1 active_power_export_l1_w
POWER_FACTOR power_factor
E_IMPORT energy_import_kwh
E_EXPORT energy_export_kwh
R_IMPORT reactive_energy_import_kvarh
R_EXPORT reactive_energy_export_kvarh
R_Q1 reactive_energy_q1_kvarh
E_IMPORT_L1 energy_import_l1_kwh
E_EXPORT_L1 energy_export_l1_kwh
E_IMPORT_T1 energy_import_t1_kwh
E_EXPORT_T1 energy_export_t1_kwh
DEMAND_PEAK demand_import_peak_w
TARIFF active_tariff
""".strip().splitlines()
)


def test_registers():
    """The table and the numbers that code knows of it."""
    house.tell(list(bad_registers(registers)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (f"COUNT = {registers.COUNT}", f"COUNT = {registers.COUNT - 1}", "but COUNT is"),
        (f"P_EXPORT = {registers.P_EXPORT}\n", "P_EXPORT = 2\n", "P_EXPORT is 2"),
        ("|reactive_import_var", "|active_power_import_w", "comes twice"),
        ('"3.7.0|', '"1.7.0|', "find gives"),
        ("\nR_Q1 =", "\nR_Q9 = 41\nR_Q1 =", "R_Q9 has no row"),
        ('"3.7.0|29|', '"3.7.0|27|', "units must be"),
        ('"3.7.0|29|', '"3.7.4|29|', "codes must be"),
    ],
)
def test_registers_can_fail(old, new, words):
    """A slip in the table is told."""
    text = Path(registers.__file__).read_text(encoding="utf-8")
    assert old in text
    double = type(sys)("double")
    exec(compile(text.replace(old, new, 1), "registers", "exec"), double.__dict__)
    assert any(words in complaint for complaint in bad_registers(double))


SNIPPETS = [
    (integers_only, "lib/bad.py", "a = 1\nb = 0.5\n", 2, "literal"),
    (integers_only, "lib/bad.py", "a = 1 / 2\n", 1, "true division"),
    (integers_only, "lib/bad.py", "a = 1\na /= 2\n", 2, "true division"),
    (integers_only, "lib/bad.py", "a = float('1')\n", 1, "float()"),
    (integers_only, "lib/bad.py", "a = 10 ** -1\n", 1, "negative power"),
    (integers_only, "lib/bad.py", "a = '%.1f' % 3\n", 1, "format"),
    (integers_only, "lib/bad.py", "from array import array\na = array('d', [])\n", 2, "array of floats"),
    (short, "tools/bad.py", "a = 1\n" * 401, 401, "401 lines"),
    (told, "tools/bad.py", "a = 1\n", 1, "module has no docstring"),
    (told, "tools/bad.py", '"""M."""\n\n\nclass A:\n    def b(self):\n        pass\n', 4, "A has no"),
    (told, "tools/bad.py", '"""M."""\nclass A:\n    """A."""\n    def b(self): pass\n', 4, "A.b has"),
    (told, "tools/bad.py", '"""M."""\nif True:\n    async def f():\n        pass\n', 3, "f has no docstring"),
    (constants_only, "boards/bad.py", '"""B."""\nA = 1\nB = A + 1\n', 3, "only constants"),
    (constants_only, "boards/bad.py", "def f():\n    pass\n", 1, "only constants"),
    (constants_only, "boards/bad.py", "A = open('x')\n", 1, "only constants"),
]


@pytest.mark.parametrize(("rule", "path", "text", "line", "words"), SNIPPETS)
def test_rules_can_fail(rule, path, text, line, words):
    """Each snippet gets a complaint at its line."""
    found = house.complaints(rule, [house.Source(path, text)])
    assert any(f.startswith(f"{path}:{line}: ") and words in f for f in found), found


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (integers_only, "lib/good.py", "a = 7 // 2\na //= 2\nb = 10 ** a\nc = '%d of %s' % (a, b)\n"),
        (constants_only, "boards/good.py", '"""B."""\nA = None\nB = -1\nC = "x"\nD = (1, 2)\n'),
    ],
)
def test_rules_let_pass(rule, path, text):
    """What design.md allows."""
    assert not house.complaints(rule, [house.Source(path, text)])
