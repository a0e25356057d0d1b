"""The ways back to set-up mode: the button, and a network that stays away; no setting is lost by it."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from setup_unit import NETWORKS, PASSWORD, PATIENCE, TOP, device, free_udp_port  # noqa: E402

WAY_BACK = """
import asyncio, sys, time
from app import net, portal, wifi
from app.house import House

wifi.JOIN_MS, wifi.RECOVER_S = 1500, 2
net._STRANGER_S = net._KNOWN_S = 3
portal._RETRY_S, portal._AWAY_S = 1, 2
house = House()

async def press(*moments):
    for moment in moments:
        await asyncio.sleep(moment)
        house.net.setup()

async def watch():
    last = None
    while True:
        now = (house.net.portal.why if house.net.portal else "none", house.net.path.state)
        if now != last:
            print("|".join(now))
            last = now
        await asyncio.sleep_ms(10)

async def main():
    asyncio.create_task(watch())
    asyncio.create_task(press(*map(int, sys.argv[1:])))
    await house.main()

asyncio.run(main())
"""


@pytest.fixture
def way_back(tmp_path):
    """way_back(networks, *seconds after which the button is pressed): a process; what changes the air."""
    running = []

    def air(networks):
        new = tmp_path / "wlan.new"
        new.write_text(json.dumps({"networks": networks, "ap_address": "127.0.0.1"}))
        new.rename(tmp_path / "wlan.json")

    def start(networks, *moments):
        air(networks)
        settings = {"http_port": device.free_port(), "wifi_ssid": "Granlia 14", "wifi_password": PASSWORD}
        (tmp_path / "settings.json").write_text(json.dumps(settings))
        (tmp_path / "board_config.py").write_text((TOP / "boards" / "host.py").read_text())
        (tmp_path / "run.py").write_text(WAY_BACK)
        path = [
            TOP / "host_tests" / "fakes",
            tmp_path,
            TOP / "firmware",
            TOP / "lib",
            device.VENDOR,
            ".frozen",
        ]
        environment = dict(os.environ, MICROPYPATH=":".join(map(str, path)), HANPORT_DNS=str(free_udp_port()))
        command = [device.micropython(), "-X", "heapsize=4M", "run.py", *map(str, moments)]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append((process, settings))
        return process, air

    yield start
    for process, settings in running:
        process.kill()
        process.wait()
        assert json.loads((tmp_path / "settings.json").read_text()) == settings, "settings were lost"


def told(process, *wanted):
    """Read on until each of these lines has come, in this order."""
    wanted = list(wanted)
    lines = []
    stop = threading.Timer(PATIENCE, process.kill)
    stop.start()
    for line in process.stdout:
        lines.append(line)
        if line.strip() == wanted[0]:
            wanted.pop(0)
            if not wanted:
                break
    stop.cancel()
    assert not wanted, f"{wanted[0]} did not come after:\n" + "".join(lines[-15:])


def test_failures_open_set_up_and_the_network_closes_it(way_back):
    """Nobody has to come: when the network is back, so is the device, with its settings."""
    process, air = way_back([])
    why = "The network could not be reached for some time."
    told(process, "none|network not found", f"{why}|network not found")
    air(NETWORKS)
    told(process, f"{why}|connected", "none|connected")


def test_button(way_back):
    """It opens set-up mode beside a network that works, and closes it again."""
    process, _ = way_back(NETWORKS, 3, 3)
    told(process, "none|connected", "Set-up was asked for by the button.|connected", "none|connected")
