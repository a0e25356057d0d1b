"""Home Assistant over time: how soon values expire, what is told again, what is taken back; typed by hand."""

import gc
import json
import sys

from formats_meter import GAS, ONE_PHASE, PHASES
from ha_house import FIVE, GROUP, SINGLE, House, keys

from payload import haentities, homeassistant


def test_expiry():
    """By how often a list comes: seconds, a minute, a quarter of an hour, an hour."""
    for gap, seconds in ((1, 60), (2, 60), (10, 60), (15, 60), (60, 240), (900, 3000), (3600, 7500)):
        assert haentities.expiry(gap) == seconds
    assert haentities.expiry(86400) == 259200
    for every, power, energy in ((10, 60, 60), (60, 240, 240), (900, 3000, 3000)):
        house = House()
        house.hears(GAS, every, 30)
        assert json.loads(house.broker[SINGLE % "P"])["exp_aft"] == power, every
        assert json.loads(house.broker[SINGLE % "tPI"])["exp_aft"] == energy, every
    # Norwegian: power each 10 s, counters each hour; one long pause changes nothing.
    house = House()
    house.hears("kaifa/list1", 10, 6)
    house.hears(ONE_PHASE)
    house.hears("kaifa/list1", 10, 6)
    house.hears("kaifa/list1", 700)
    house.hears("kaifa/list1", 10, 6)
    assert json.loads(house.broker[SINGLE % "P"])["exp_aft"] == 60
    assert json.loads(house.broker[SINGLE % "tPI"])["exp_aft"] == 7500
    # One that turns out slower is announced again.
    house = House()
    house.hears(GAS, 10, 12)
    told = keys(house.hears(GAS, 60, 12))
    assert told.count("P") == 1 and told.count("tPI") == 1 and "rssi" not in told
    assert json.loads(house.broker[SINGLE % "P"])["exp_aft"] == 240


def test_home_assistant_starts():
    """Its "online" makes all be told again, and the counters; another message does nothing."""
    house = House()
    house.hears(ONE_PHASE, 10, 12)
    for topic, text, again in (
        (b"homeassistant/status", b"offline", 0),
        (b"b/command", b"online", 0),
        (b"homeassistant/status", b"online", 15),
    ):
        homeassistant.heard(topic, text, house.memory)
        told = house.idles(3, 12)
        assert len(keys(told)) == again, topic
        assert len([t for t, _ in told if t == "b/energy"]) == (1 if again else 0)


def test_what_goes():
    """A value that has not come for two days goes, and so does what an earlier life announced."""
    for size in (2048, 4096):
        house = House(size)
        house.hears(PHASES, 10, 60)
        if size == 2048:
            assert SINGLE % "I2" in house.broker
        else:
            assert "I2" in json.loads(house.broker[GROUP % 0])["cmps"]
        broker = dict(house.broker)
        told = keys(house.hears(ONE_PHASE, 3600, 60))
        if size == 2048:
            assert "-I2" in told and "-PF3" in told and "-tPI1" in told and "-P" not in told
            assert SINGLE % "I2" not in house.broker and SINGLE % "I1" in house.broker
        else:
            assert GROUP % 1 not in house.broker
            group = json.loads(house.broker[GROUP % 0])["cmps"]
            assert group["I2"] == {"p": "sensor"} and len(group["I1"]) > 5
        # The same meter behind a device that has restarted, after a day.
        house = House(size, broker=broker)
        house.hears(ONE_PHASE, 3600, 30)
        house.hears(ONE_PHASE, 10, 30)
        if size == 2048:
            assert SINGLE % "I2" not in broker and SINGLE % "I1" in broker and SINGLE % "rssi" in broker
        else:
            assert json.loads(broker[GROUP % 0])["cmps"]["I2"] == {"p": "sensor"}
            assert GROUP % 1 not in broker and GROUP % 12 in broker
        again = keys(house.hears(ONE_PHASE, 10, 30))
        assert again == [], again


def test_nothing_is_left_behind():
    """A device given away leaves no retained topic, whatever it announced in whichever life."""
    for size in (2048, 4096):
        house = House(size)
        house.hears(FIVE, 10, 60)
        assert len(house.broker) > 5
        other = House(size, broker=house.broker)  # knows nothing of what was announced
        other.leaves()
        assert house.broker == {}, house.broker
    # Another name is no other device: the same topics, told anew.
    house = House()
    house.hears(ONE_PHASE, 10, 12)
    topics = sorted(house.broker)
    other = House(broker=house.broker)
    other.device.name = b"cellar"
    other.hears(ONE_PHASE, 10, 12)
    assert sorted(house.broker) == topics
    assert json.loads(house.broker[SINGLE % "P"])["dev"]["name"] == "cellar meter"


def test_from_the_ancestor():
    """Topics and unique ids are those that amsreader used, so that its entities go on (4.5)."""
    old = ["homeassistant/update/ams-1A2B/config", "homeassistant/sensor/ams-1A2B_t/config"]
    house = House(4096, host=b"ams-1A2B", broker={topic: "{}" for topic in old})
    house.hears(PHASES, 10, 60)
    for uid in (
        "P PO Q QO I1 I2 I3 U1 U2 U3 P1 P2 P3 PO1 PO2 PO3 PF PF1 PF2 PF3 tPI tPO tQI tQO tPI1 tPI2 tPI3 "
        "tPO1 tPO2 tPO3 rtc rssi vcc up"
    ).split():
        told = json.loads(house.broker["homeassistant/sensor/ams-1A2B_%s/config" % uid])
        assert told["uniq_id"] == "ams-1A2B_" + uid
        assert told["def_ent_id"] == "sensor.ams_1a2b_" + uid.lower()
    units = {}
    for topic, text in house.broker.items():
        if topic.startswith("homeassistant/"):
            told = json.loads(text)
            units[told["uniq_id"][9:]] = told.get("unit_of_meas")
    for uid, unit in (("P", "W"), ("Q", "var"), ("I1", "A"), ("U1", "V"), ("PF", "%"), ("tPI", "kWh")):
        assert units[uid] == unit, uid  # statistics go on only in the same unit
    assert not [topic for topic in house.broker if topic.startswith("homeassistant/device")]
    assert not [topic for topic in old if topic in house.broker]
    house.leaves()
    assert house.broker == {}


def test_discovery_is_dropped():
    """Its module is in memory only while something is to be announced."""
    house = House()
    house.hears(ONE_PHASE, 10, 3)
    assert "payload.hadiscovery" in sys.modules
    house.hears(ONE_PHASE, 10, 10)
    assert "payload.hadiscovery" not in sys.modules


def test_little_is_allocated():
    """A message takes little heap for a moment, and nothing of it stays."""
    if not hasattr(gc, "mem_alloc"):
        return
    from payload import hadiscovery  # noqa: F401  its own cost is another measure

    house = House()
    house.hears(PHASES, 10, 2)
    house.device.seconds += 10
    gc.collect()
    begun = gc.mem_alloc()
    for k in range(7):
        house.w.clear()
        gc.collect()
        before = gc.mem_alloc()
        homeassistant.message(k, house.w, house.meter.latest, house.meter.state, house.device, house.memory)
        taken = gc.mem_alloc() - before
        assert taken <= (8192 if k < 2 else 16384), (k, taken)
    gc.collect()
    assert gc.mem_alloc() - begun <= 512, gc.mem_alloc() - begun
