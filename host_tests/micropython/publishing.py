"""Scenarios of the publisher, the kept totals and the radio's rest:  micropython publishing.py SCENARIO

Asserts by itself and prints "ok"; the current folder is the flash.
"""

import asyncio
import os
import sys

import board_config

from app import port
from app.mailbox import Mailbox
from hanport import registers
from hanport.doctor import Findings
from hanport.reading import METER_ID, SENT, Reading
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

    topic = b"b"

    def __init__(self):
        self.up = False
        self.connects = 0
        self.sent = []
        self.kept = {}
        self.reader = self.room = self.came = None
        self.there(True)

    def there(self, yes):
        self.connects += yes
        self.up = yes

    def is_connected(self):
        return self.up

    def listen(self, reader, room):
        self.reader = reader
        self.room = room

    def message(self):
        return self.came

    def done(self):
        self.came = None

    def publish(self, topic, payload, retain=False, sure=False, room=None):
        if not self.up:
            return False
        assert room is None or bytes(payload) == bytes(room[: len(payload)])
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


class Box(Mailbox):
    """A mailbox whose one reading is written by hand."""

    def says(self, *values):
        """A reading of (register, value) pairs."""
        r = self.latest
        r.clear()
        for register, value in values:
            r.keep(register, value)
            r.have[register] = SENT
        self.put(r, port.up())


def made(names, **values):
    """Formats by their names, with the settings they ask for."""
    values["mqtt_topic"] = "b"
    values["ha_host"] = ""
    return [formats.start(name, values, None) for name in names]


class Rooms:
    """What the publisher sees of the house."""

    def __init__(self, box, size):
        from app.diag import Device

        self.box = box
        self.device = Device("unit")
        self.writer = Writer(size)
        self.findings = Findings()
        self.settings = {"mqtt_commands": False}
        self.seconds = 0

    def every(self):
        return self.seconds


def publisher(box, broker, names, size=4096):
    """(a publisher over a device that is called unit, its rooms)."""
    from app.publisher import Publisher

    rooms = Rooms(box, size)
    return Publisher(rooms, broker, made(names)), rooms


async def pause(broker=None):
    """Give the publisher its turns."""
    for _ in range(20):
        if broker:
            broker.reader.stir()
        await asyncio.sleep_ms(1)


async def scenario_interval():
    """Readings between are left out, the newest wins, and counters are never left out."""
    Clock()
    box = Box()
    broker = Broker()
    p, rooms = publisher(box, broker, ["own"])
    task = asyncio.create_task(p.run())
    power = (registers.P_IMPORT, 100)
    total = (registers.E_IMPORT, 5000)
    for _ in range(3):
        box.says(power)
        await pause()
    assert broker.topics().count(b"b/reading") == 3, "all of them while there is no interval"
    rooms.seconds = 60
    box.says(power)
    await pause()
    assert not broker.topics(), "it came too soon"
    box.says(power, total)
    await pause()
    assert len(broker.topics()) == 1, "an hourly list with counters"
    Clock.up += 59
    box.says(power)
    box.says(power, total)
    await pause()
    assert not broker.topics()
    Clock.up += 1
    box.says((registers.P_IMPORT, 7), total)
    await pause()
    assert b'"active_power_import_w":7,' in broker.sent[-1][1] and len(broker.topics()) == 1
    task.cancel()


async def scenario_again():
    """The newest reading is published when the broker is back, and whenever it is asked for."""
    from app import publisher as module

    module._LOOK = 0
    Clock()
    box = Box()
    broker = Broker()
    p, _ = publisher(box, broker, ["own"])
    assert p.again() is False, "there is none yet"
    task = asyncio.create_task(p.run())
    await pause(broker)
    broker.topics()
    broker.there(False)
    for value in (1, 2, 3):
        box.says((registers.P_IMPORT, value))
        await pause(broker)
    assert not broker.sent
    broker.there(True)
    await pause(broker)
    assert sum([text.count(b'"active_power_import_w":3}') for _, text in broker.sent]) == 1
    assert p.again() is True and sorted(broker.topics()) == [b"b/finding", b"b/reading", b"b/reading"]
    # What the connection before was given may be lost with it, when that was not known yet.
    broker.connects += 1
    await pause(broker)
    told = sorted(broker.topics())
    assert told == [b"b/finding", b"b/reading"], told
    # One that breaks at once leaves the newest for the one after.
    broker.there(False)
    box.says((registers.P_IMPORT, 4))
    await pause(broker)
    publish, broker.publish = broker.publish, lambda *_: broker.there(False)
    broker.there(True)
    await pause(broker)
    broker.publish = publish
    broker.there(True)
    await pause(broker)
    told = [text for topic, text in broker.sent if topic == b"b/reading"]
    assert len(told) == 1 and b'"active_power_import_w":4}' in told[0], told
    task.cancel()


async def scenario_homeassistant():
    """Announced though no reading comes meanwhile, again when Home Assistant starts, and taken back."""
    Clock()
    box = Box()
    broker = Broker()
    p, _ = publisher(box, broker, ["homeassistant", "own"])
    from app import publisher as module

    module._LOOK = 0
    assert p.topics() == [b"homeassistant/status"] and broker.reader is p and broker.room < 100
    task = asyncio.create_task(p.run())
    for _ in range(3):
        Clock.up += 10
        box.says((registers.P_IMPORT, 100), (registers.E_IMPORT, 5000))
        await pause(broker)
    for _ in range(3):
        Clock.up += 60
        await pause(broker)
    announced = [topic for topic in broker.kept if topic.startswith(b"homeassistant/device/hanport_")]
    assert len(announced) >= 3 and b'"tPI":{' in b"".join(broker.kept.values())
    assert b"b/state" in [topic for topic, _ in broker.sent] and b"b/energy" in broker.kept
    broker.topics()
    broker.came = b"homeassistant/status", b"online", False
    Clock.up += 10
    await pause(broker)
    again = broker.topics()
    assert all(topic in again for topic in announced)
    task.cancel()
    await pause(broker)
    # Another base topic: the entities stay; what lies below the old one goes.
    await p.take_back(False, True)
    assert sorted(broker.kept) == sorted(announced) and broker.last_word == b""
    await p.take_back(True, False)
    assert not broker.kept, broker.kept


async def scenario_kept():
    """Totals that fall are held back; those of the flash are shown again once the meter is known."""
    Clock()
    from app import kept

    said = []

    def life(value, meter=b"735999"):
        totals = kept.load(said.append)
        state = Reading(merged=True)
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
            kept.watch(totals, r, state, port.up(), said.append)
            state.merge(r, port.up())
        return totals, state

    totals, state = life(5000)
    assert state.get(registers.E_IMPORT) == 5000 and not said
    kept.save(totals, said.append)
    kept.save(totals, said.append)
    assert "totals.bin" in os.listdir() and "totals.bin.old" not in os.listdir(), "nothing changed between"
    totals, state = life(None)
    assert state.get(registers.E_IMPORT) == 5000, "the meter has told none yet"
    totals, state = life(4000)
    assert state.get(registers.E_IMPORT) == 5000 and said == ["A total that fell was held back once."]
    totals, state = life(None, b"123456")
    assert state.get(registers.E_IMPORT) is None, "another meter"
    said.clear()
    with open("totals.bin", "r+b") as f:
        f.seek(60)
        f.write(b"xx")
    totals, state = life(None)
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
    house = Box()
    house.settings, house.log = values, said.append
    way = wifi.Wifi(house)
    task = asyncio.create_task(way.run())
    await pause()
    assert way.state == wifi.CONNECTED
    way.ease(1)
    assert way.wlan.config("pm") == network.WLAN.PM_POWERSAVE and way.state == wifi.CONNECTED
    way.ease(0)
    assert way.wlan.config("pm") == network.WLAN.PM_NONE
    way.ease(2)
    assert not way.wlan.active() and way.state == wifi.RESTING and way.ip is None
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
