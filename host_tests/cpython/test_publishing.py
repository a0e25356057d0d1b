"""The publisher, the kept totals and the radio's rest: on MicroPython, with the fakes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

HOST = house.ROOT / "host_tests"


@pytest.mark.parametrize("scenario", ["interval", "again", "homeassistant", "kept", "rest"])
def test_scenario(scenario, tmp_path):
    (tmp_path / "board_config.py").write_text((house.ROOT / "boards" / "pow_u.py").read_text())
    path = [HOST / "fakes", tmp_path, house.ROOT / "firmware", house.ROOT / "lib", ".frozen"]
    environment = {**os.environ, "MICROPYPATH": ":".join(map(str, path)), "HANPORT_CHIP": "unix"}
    command = [house.MICROPYTHON, "-X", "heapsize=2M", HOST / "micropython" / "publishing.py", scenario]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "ok", done.stdout + done.stderr
