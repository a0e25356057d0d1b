"""What depends on settings and network begins, waits and ends as it should: MicroPython, virtual time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

import build_tree  # noqa: E402

HOST = house.ROOT / "host_tests"
SCRIPT = HOST / "micropython" / "rooms.py"
SCENARIOS = re.findall(r"def scenario_(\w+)", SCRIPT.read_text())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario, tmp_path):
    """Each judges by itself; the other way than WiFi is a cable."""
    board = "wt32_eth01" if scenario == "other_way" else "generic_esp32s2"
    (tmp_path / "board_config.py").write_text((house.ROOT / "boards" / f"{board}.py").read_text())
    vendor = build_tree.fetch_umqtt.VENDOR
    path = [HOST / "fakes", tmp_path, house.ROOT / "firmware", house.ROOT / "lib", vendor, ".frozen"]
    environment = {**os.environ, "MICROPYPATH": ":".join(map(str, path)), "HANPORT_CHIP": "esp32"}
    command = [house.MICROPYTHON, "-X", "heapsize=2M", SCRIPT, scenario]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "ok", done.stdout + done.stderr
