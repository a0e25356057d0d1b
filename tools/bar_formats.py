"""What each format of MQTT messages takes of the heap while it writes: the dearest message of three meters.

Measured on MicroPython with the frames of host_tests/frames; discovery of Home Assistant counts as a format.
"""

import json
import os
import subprocess

import bar_micropython as bar
import build

TESTS = build.ROOT / "host_tests" / "both"

# Runs on MicroPython: [libraries] on the path. Prints {format: octets}.
PROGRAM = """
import gc
import json
from formats_meter import ALL, GAS, PHASES, THREE_PHASE, Format, Meter, Unit
from ha_house import FIVE, House
from payload import hadiscovery, haentities, homeassistant


def dearest(module, memory, w, meter, device):
    worst = k = 0
    while True:
        w.clear()
        gc.collect()
        before = gc.mem_alloc()
        suffix = module.message(k, w, meter.latest, meter.state, device, memory)
        worst = max(worst, gc.mem_alloc() - before)
        if suffix is None:
            return worst
        k += 1


found = {}
for name in ALL:
    worst = 0
    for frame in (PHASES, THREE_PHASE, GAS):
        meter = Meter()
        made = Format(name, meter)
        meter.sends(frame)
        made()  # what is kept for ever is kept by now
        made.memory and hasattr(made.memory, "forget") and made.memory.forget()
        worst = max(worst, dearest(made.module, made.memory, made.w, meter, Unit()))
    found[name] = worst
house = House(4096)
house.hears(FIVE, 1, 4)
house.memory.forget()
house.memory.look_due = 1 << 20  # states only
found["homeassistant"] = dearest(homeassistant, house.memory, house.w, house.meter, house.device)
worst = 0
for whole in (False, True):
    for n in range(0, haentities.COUNT, 8 if whole else 1):
        house.w.clear()
        gc.collect()
        before = gc.mem_alloc()
        hadiscovery.write(house.w, n, house.meter.state, house.device, house.memory, whole)
        worst = max(worst, gc.mem_alloc() - before)
found["homeassistant discovery"] = worst
print(json.dumps(found))
"""


def bars(folder):
    """{name: octets}; folder: where bar.compile_lib put the libraries."""
    (folder / "formats.py").write_text(PROGRAM, encoding="utf-8")
    path = os.pathsep.join(map(str, (folder / bar.NATIVE, TESTS, ".frozen")))
    done = subprocess.run(
        [*bar.command("16M", False), str(folder / "formats.py")],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "MICROPYPATH": path},
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise bar.BarError(f"the formats could not be measured: {said[-1:]}")
    return {f"heap while writing {name}": octets for name, octets in json.loads(done.stdout).items()}
