"""Scenarios of the publisher, the kept totals and the radio's rest:  micropython publishing.py SCENARIO

Asserts by itself and prints "ok"; the current folder is the flash.
"""

import asyncio
import os
import sys

import board_config

from app import port
from hanport import registers
from hanport.doctor import Findings
from hanport.reading import METER_ID, SENT, Reading, State
from payload import formats
from payload.writer import Writer


class Clock:
    """Uptime that stands until it is set; takes port's place."""

    up = 1000

    def __init__(self):
        port.up = lambda: Clock.up
        port.now = lambda: 1721041510 + Clock.up


class Broker:
    """What the publisher sees of MQTT, and what a broker would keep."""

    def __init__(self):
        self.up = asyncio.Event()
        self.connects = 0
        self.sent = []
        self.kept = {}
        self.there(True)

    def there(self, yes):
        if yes:
            self.connects += 1
            self.up.set()
        else:
            self.up.clear()

    def publish(self, topic, payload, retain=False):
        if not self.up.is_set():
            return False
        self.sent.append((bytes(topic), bytes(payload)))
        if retain:
            self.kept.pop(bytes(topic), None)
            if payload:
                self.kept[bytes(topic)] = bytes(payload)
        return True

    def topics(self):
        """Topics of all that was sent since the last call."""
        told = [topic for topic, _ in self.sent]
        self.sent.clear()
        return told


class Box:
    """A mailbox with one reading."""

    def __init__(self):
        self.latest = Reading()
        self.state = State()
        self.count = 0

    def put(self, *values):
        """A reading of (register, value) pairs."""
        r = self.latest
        r.clear()
        for register, value in values:
            r.keep(register, value)
            r.have[register] = SENT
        self.state.merge(r, port.up())
        self.count += 1

    async def newer(self, seen):
        while self.count == seen:
            await asyncio.sleep_ms(1)
        return self.count


def made(names, **values):
    """Formats by their names, with the settings they ask for."""
    values["mqtt_topic"] = "b"
    values["ha_host"] = ""
    return [formats.start(name, values, None) for name in names]


def publisher(box, broker, names, every=None, size=4096):
    """A publisher over a device that is called unit."""
    from app.diag import Device
    from app.publisher import Publisher

    return Publisher(box, broker, Device("unit"), Writer(size), b"b", made(names), every)


async def pause():
    """Give the publisher its turns."""
    await asyncio.sleep_ms(20)


async def scenario_interval():
    """Readings between are left out, the newest wins, and counters are never left out."""
    Clock()
    box = Box()
    broker = Broker()
    every = [0]
    p = publisher(box, broker, ["own"], lambda: every[0])
    task = asyncio.create_task(p.run())
    power = (registers.P_IMPORT, 100)
    total = (registers.E_IMPORT, 5000)
    for _ in range(3):
        box.put(power)
        await pause()
    assert len(broker.topics()) == 3, "all of them while there is no interval"
    every[0] = 60
    box.put(power)
    await pause()
    assert not broker.topics(), "it came too soon"
    box.put(power, total)
    await pause()
    assert len(broker.topics()) == 1, "an hourly list with counters"
    Clock.up += 59
    box.put(power)
    box.put(power, total)
    await pause()
    assert not broker.topics()
    Clock.up += 1
    box.put((registers.P_IMPORT, 7), total)
    await pause()
    assert b'"active_power_import_w":7,' in broker.sent[-1][1] and len(broker.topics()) == 1
    task.cancel()


async def scenario_again():
    """The newest reading is published when the broker is back, and whenever it is asked for."""
    from app import publisher as module

    module._LOOK = 0.001
    Clock()
    box = Box()
    broker = Broker()
    p = publisher(box, broker, ["own"])
    assert p.again() is False, "there is none yet"
    task = asyncio.create_task(p.run())
    teller = asyncio.create_task(p.tell(Findings()))
    await pause()
    broker.topics()
    broker.there(False)
    for value in (1, 2, 3):
        box.put((registers.P_IMPORT, value))
        await pause()
    assert not broker.sent
    broker.there(True)
    await pause()
    assert sum([text.count(b'"active_power_import_w":3}') for _, text in broker.sent]) == 1
    assert p.again() is True and sorted(broker.topics()) == [b"b/finding", b"b/reading", b"b/reading"]
    # What the connection before was given may be lost with it, when that was not known yet.
    broker.connects += 1
    await pause()
    told = sorted(broker.topics())
    assert told == [b"b/finding", b"b/reading"], told
    # One that breaks at once leaves the newest for the one after.
    broker.there(False)
    box.put((registers.P_IMPORT, 4))
    await pause()
    publish, broker.publish = broker.publish, lambda *_: broker.up.clear()
    broker.there(True)
    await pause()
    broker.publish = publish
    broker.there(True)
    await pause()
    told = [text for topic, text in broker.sent if topic == b"b/reading"]
    assert len(told) == 1 and b'"active_power_import_w":4}' in told[0], told
    teller.cancel()
    task.cancel()


async def scenario_homeassistant():
    """Announced though no reading comes meanwhile, again when Home Assistant starts, and taken back."""
    Clock()
    box = Box()
    broker = Broker()
    findings = Findings()
    p = publisher(box, broker, ["homeassistant", "own"])
    from app import publisher as module

    module._LOOK = 0.001
    assert p.subscriptions() == [b"homeassistant/status"]
    task = asyncio.create_task(p.run())
    teller = asyncio.create_task(p.tell(findings))
    for _ in range(3):
        Clock.up += 10
        box.put((registers.P_IMPORT, 100), (registers.E_IMPORT, 5000))
        await pause()
    for _ in range(3):
        Clock.up += 60
        await pause()
    announced = [topic for topic in broker.kept if topic.startswith(b"homeassistant/device/hanport_")]
    assert len(announced) >= 3 and b'"tPI":{' in b"".join(broker.kept.values())
    assert b"b/state" in [topic for topic, _ in broker.sent] and b"b/energy" in broker.kept
    broker.topics()
    p.heard(b"homeassistant/status", b"online")
    Clock.up += 10
    await pause()
    again = broker.topics()
    assert all(topic in again for topic in announced)
    teller.cancel()
    task.cancel()
    await pause()
    # Another base topic: the entities stay; what lies below the old one goes.
    await p.leave(False, True)
    assert sorted(broker.kept) == sorted(announced) and broker.last_word == b""
    await p.leave(True, False)
    assert not broker.kept, broker.kept


async def scenario_kept():
    """Totals that fall are held back; those of the flash are shown again once the meter is known."""
    Clock()
    from app.kept import Kept

    said = []

    def life(value, meter=b"735999"):
        kept = Kept(said.append)
        state = State()
        r = Reading()
        for k in range(2):
            r.clear()
            r.keep(registers.P_IMPORT, 100)
            r.have[registers.P_IMPORT] = SENT
            if k and value is not None:
                r.keep(registers.E_IMPORT, value)
                r.have[registers.E_IMPORT] = SENT
            r.set_text(METER_ID, meter, 0, len(meter))
            Clock.up += 10
            kept.take(r, state, port.up())
            state.merge(r, port.up())
        return kept, state

    kept, state = life(5000)
    assert state.get(registers.E_IMPORT) == 5000 and not said
    kept.save()
    kept.save()
    assert "totals.bin" in os.listdir() and "totals.bin.old" not in os.listdir(), "nothing changed between"
    kept, state = life(None)
    assert state.get(registers.E_IMPORT) == 5000, "the meter has told none yet"
    kept, state = life(4000)
    assert state.get(registers.E_IMPORT) == 5000 and said == ["A total that fell was held back once."]
    kept, state = life(None, b"123456")
    assert state.get(registers.E_IMPORT) is None, "another meter"
    said.clear()
    with open("totals.bin", "r+b") as f:
        f.seek(60)
        f.write(b"xx")
    kept, state = life(None)
    assert said and said[0].startswith("The file totals.bin is damaged") and len(said) == 1
    assert state.get(registers.E_IMPORT) is None


async def scenario_rest():
    """The radio dozes, rests and comes back with the supply, and set-up mode is not opened for it."""
    import network

    from app import wifi

    Clock()
    said = []
    values = {"wifi_ssid": "", "wifi_password": "", "wifi_power": 0, "wifi_sleep": "none", "country": ""}
    values["hostname"] = "unit"
    values["address"] = ""
    way = wifi.Wifi(values, said.append)
    task = asyncio.create_task(way.run())
    await pause()
    assert way.state == wifi.CONNECTED
    way.ease(1)
    assert way.wlan.config("pm") == network.WLAN.PM_POWERSAVE and way.state == wifi.CONNECTED
    way.ease(0)
    assert way.wlan.config("pm") == network.WLAN.PM_NONE
    way.ease(2)
    assert not way.wlan.active() and way.state == wifi.RESTING and not way.up.is_set()
    Clock.up += 2000
    await asyncio.sleep_ms(1200)
    assert way.state == wifi.RESTING and said[-1] == "WiFi: off until the supply has recovered"
    way.ease(1)
    assert way.wlan.active() and way.down() == 0
    task.cancel()


name = sys.argv[1]
assert board_config.CHIP
asyncio.run(globals()["scenario_" + name]())
print("ok")
