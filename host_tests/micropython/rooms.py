"""The house's rooms in virtual time, on the network of fast_net:  micropython rooms.py SCENARIO

Asserts by itself and prints "ok"; a restart of the device ends it otherwise. The current folder is the flash.
"""

import json
import sys

import fast_clock as clock

clock.install()

import fast_net as net  # noqa: E402

net.install()

import asyncio  # noqa: E402

import fast_air as air  # noqa: E402
import fast_meter  # noqa: E402, F401
import machine  # noqa: E402
import network  # noqa: E402
from fast_broker import Broker  # noqa: E402

from app import going, store  # noqa: E402
from app.house import House  # noqa: E402

BROKER = {"mqtt_host": "192.168.1.3"}
WIFI = {"wifi_ssid": "home", "wifi_password": "let me in"}


def timer():
    """The watchdog's, of the chip."""
    clock.at(5000, timer)
    for one in machine.Timer.timers:
        one.fire()


def house(**settings):
    """A house with these settings, and how often each of its tasks runs."""
    store.save(store.SETTINGS, json.dumps(settings))
    h = House()
    names = going.NAMES.decode().split("|")
    running = {}

    def coroutine(k):
        return run(names[k], House.coroutine(h, k))

    async def run(name, coroutine):
        running[name] = running.get(name, 0) + 1
        try:
            await coroutine
        finally:
            running[name] -= 1

    h.coroutine = coroutine
    timer()
    asyncio.create_task(h.main())
    return h, running


async def scenario_no_network():
    """The network is away for an hour from the start: a broker in the settings is no reason to restart."""
    air.change(access_point=False)
    h, running = house(**BROKER, **WIFI)
    await asyncio.sleep(3600)
    assert h.mqtt.failures == 0 and running["mqtt"] == 1
    air.change(access_point=True)
    await asyncio.sleep(20)
    assert h.mqtt.failures > 0, "now it is tried"


async def scenario_saved():
    """Settings saved twice at once, and the broker taken out: each room is there once or not at all."""
    h, running = house(**BROKER, **WIFI)
    await asyncio.sleep(10)
    asyncio.create_task(h.apply(h.settings.changed({"mqtt_topic": "cellar"})))
    await asyncio.sleep_ms(40)
    asyncio.create_task(h.apply(h.settings.changed({"led": "quiet"})))
    await asyncio.sleep(5)
    assert set(running.values()) == {1}, running
    assert h.mqtt.topic == b"cellar" and h.settings["led"] == "quiet"
    await h.apply(h.settings.changed({"mqtt_host": ""}))
    await asyncio.sleep(1800)
    assert not running["mqtt"] and not running["publisher"] and h.keeper.kept[going.METER] is not None


async def scenario_other_way():
    """A board with a cable that is not in is given a WiFi: who waits for the network goes on there."""
    network.LAN.cable = False
    h, _ = house(**BROKER)
    await asyncio.sleep(250)
    assert h.net.portal and not air.air.joins, "there is no WiFi to try meanwhile"
    await h.apply(h.settings.changed(WIFI))
    h.net.setup()
    await asyncio.sleep(30)
    assert h.net.path.kind == "WiFi" and h.net.is_up()
    assert h.mqtt.failures and h.clock.error, "broker and time server are asked, though neither is there"
    air.change(access_point=False)
    await asyncio.sleep(30)
    assert not h.net.is_up()


async def scenario_guest():
    """In set-up mode the network is looked for every few seconds, but seldom once somebody has joined."""
    guest = []
    real = network.WLAN.isconnected
    network.WLAN.isconnected = lambda self: bool(guest) if self.interface == network.AP_IF else real(self)
    air.change(access_point=False)
    h, _ = house(**WIFI)
    await asyncio.sleep(200)
    before = air.air.joins
    await asyncio.sleep(120)
    assert h.net.portal and air.air.joins - before > 8, air.air.joins - before
    guest.append(1)
    before = air.air.joins
    await asyncio.sleep(120)
    assert h.net.portal and air.air.joins - before < 4, air.air.joins - before


async def scenario_patience():
    """A broker that is away is asked again every few seconds, one that refuses us seldom."""
    asked = []

    def refuse(far):
        asked.append(1)
        far.heard = lambda octets: octets and far.send(b"\x20\2\0\5")

    h, _ = house(**BROKER, **WIFI)
    await asyncio.sleep(600)
    assert h.mqtt.failures > 600 // 8 - 5, h.mqtt.failures
    net.serve(1883, refuse)
    await asyncio.sleep(600)
    assert 8 < len(asked) < 20, len(asked)


async def scenario_names():
    """While the name server is silent the broker's address serves on; a broker that has moved is found."""
    looks = []
    look_up = net.Module.getaddrinfo

    def counted(host, *rest):
        if host == "broker.home":
            looks.append(h.mqtt.failures)
        return look_up(host, *rest)

    net.Module.getaddrinfo = staticmethod(counted)
    net.names["broker.home"] = "192.168.1.3"
    broker = Broker(1883, lambda *_: None)
    broker.start()
    h, _ = house(mqtt_host="broker.home", **WIFI)
    await asyncio.sleep(30)
    assert h.mqtt.is_connected() and looks == [0], looks
    del net.names["broker.home"]
    broker.stop(True)
    await asyncio.sleep(600)
    assert 10 < len(looks) < h.mqtt.failures // 3, (len(looks), h.mqtt.failures)
    assert h.mqtt.error == "broker refuses connections on this port"
    net.names["broker.home"] = "192.168.1.4"
    await asyncio.sleep(60)
    assert h.mqtt._address[-1][0] == "192.168.1.4"


async def main():
    await globals()["scenario_" + sys.argv[1]]()
    print("ok")


asyncio.run(main())
