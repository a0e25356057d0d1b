"""What the tests of WiFi, Ethernet and clock share: the real interpreter in scripted surroundings.

The device is a `micropython` process that runs DEVICE below; the networks around it are a JSON file that the
test rewrites (host_tests/fakes/wlan_script.py), and what it does comes as lines.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

import device  # noqa: E402

PATIENCE = 60  # seconds a step may take on a slow and busy machine; nothing is judged by it

DEVICE = r"""
import asyncio, json, sys, time
import machine, network
import settings as schema
from app import port

values = json.loads(sys.argv[1])
what = sys.argv[2]

def say(*words):
    print(*words, sep="|")

beats = 0
slowest = 0

async def beat():
    global beats, slowest
    while True:
        start = time.ticks_ms()
        await asyncio.sleep_ms(10)
        slowest = max(slowest, time.ticks_diff(time.ticks_ms(), start))
        beats += 1

async def watch(path):
    last = None
    at = 0
    while True:
        now = (path.state, path.ip, path.ip is not None)
        if now != last:
            say("now", *now, path.attempts, path.connects, path.signal(), slowest)
            last = now
        for entry in network.log:
            say("did", *entry)
        network.log.clear()
        await asyncio.sleep_ms(5)

class House:
    pass

async def main():
    house = House()
    house.settings = s = schema.Settings(values)
    house.log = lambda words: say("log", words)
    for problem in s.problems:
        say("problem", problem)
    asyncio.create_task(beat())
    if what == "clock":
        from app.clock import Clock
        house.net = House()
        house.net.is_up = lambda: True
        clock = Clock(house)
        asyncio.create_task(clock.run())
        last = None
        while True:
            now = (clock.age_words(), clock.error, port.now(), machine.RTC().datetime()[:3])
            if now[:2] != last:
                say("clock", *now, slowest)
                last = now[:2]
            await asyncio.sleep_ms(10)
    if what == "ether":
        import board_config
        board_config.ETH_PHY, board_config.ETH_ADDR, board_config.ETH_CLOCK_OUT = "LAN8720", 1, True
        board_config.ETH_MDC = board_config.ETH_MDIO = board_config.ETH_POWER = board_config.ETH_CLOCK = 5
        from app import ether
        ether.PATIENCE_S = 2
        network.LAN.cable = False
        path = ether.Ether(house)
        asyncio.create_task(path.run())
        asyncio.create_task(watch(path))
        await asyncio.sleep(2)
        address, network.LAN.address = network.LAN.address, None
        network.LAN.cable = True
        await asyncio.sleep(5)
        network.LAN.address = address
        await asyncio.sleep(3)
        return
    from app import wifi
    wifi.JOIN_MS = 1500
    wifi.RECOVER_S = 2
    path = wifi.Wifi(house)
    asyncio.create_task(watch(path))
    await path.run()
    await asyncio.sleep_ms(50)
    say("returned")

asyncio.run(main())
"""


class Run:
    """One process; its lines as lists of words."""

    def __init__(self, folder, what, networks=None, settings=None, **more):
        self.file = folder / "wlan.json"
        self.more = more
        if networks is not None:
            self.air(networks)
        (folder / "run.py").write_text(DEVICE)
        (folder / "board_config.py").write_text((TOP / "boards" / "host.py").read_text())
        path = [TOP / "host_tests" / "fakes", folder, TOP / "firmware", TOP / "lib", device.VENDOR]
        environment = dict(os.environ, MICROPYPATH=":".join([*map(str, path), ".frozen"]))
        command = [device.micropython(), "-X", "heapsize=4M", "run.py", json.dumps(settings or {}), what]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n").split("|"))
        self.lines.put(None)

    def air(self, networks):
        """Change the networks around, at once for the device."""
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps({"networks": networks, "address": "192.168.1.50", **self.more}))
        new.rename(self.file)

    def wait(self, *wanted):
        """The first line from now on that begins with these words."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                line = self.lines.get(timeout=0.5)
            except queue.Empty:
                continue
            if line is None:
                break
            self.seen.append(line)
            if line[: len(wanted)] == list(wanted):
                return line
        told = "\n".join("|".join(line) for line in self.seen)
        raise AssertionError(f"no line {'|'.join(wanted)} came; there were:\n{told}")
