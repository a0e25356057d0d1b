"""The whole firmware starts on both interpreters, on the same fakes, and no task falls."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

sys.path.insert(0, str(house.ROOT / "tools"))

from brokers import Broker, free_port  # noqa: E402

HOST = house.ROOT / "host_tests"


@pytest.mark.parametrize(
    "interpreter", [sys.executable, str(house.MICROPYTHON)], ids=["cpython", "micropython"]
)
def test_start_up(interpreter, tmp_path):
    (tmp_path / "board_config.py").write_text((house.ROOT / "boards" / "host.py").read_text())
    path = [HOST / "fakes", tmp_path, *(house.ROOT / name for name in ("firmware", "lib", "build/vendor"))]
    environment = dict(os.environ)
    name = "PYTHONPATH" if interpreter == sys.executable else "MICROPYPATH"
    environment[name] = ":".join(map(str, [*path, ".frozen"]))
    meter = subprocess.Popen(
        [
            sys.executable,
            house.ROOT / "tools" / "metersim.py",
            HOST / "frames" / "kaifa" / "list2-3p.hex",
            *("--speed", "10", "--loop"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    environment["HANPORT_UART"] = meter.stdout.readline().split()[1]
    try:
        with Broker() as broker:
            settings = {"mqtt_host": "127.0.0.1", "mqtt_port": broker.port, "http_port": free_port()}
            (tmp_path / "settings.json").write_text(json.dumps(settings))
            done = subprocess.run(
                [interpreter, HOST / "micropython" / "start_up.py", "40"],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
            )
    finally:
        meter.kill()
        meter.wait()
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[-1] == "ok", done.stdout + done.stderr
    kept = [line for line in lines if line.startswith("kept ")]
    assert len(kept) >= 12 and not [line for line in lines if line.startswith("fell ")], lines
