"""What a subscriber gets of each format from a real device over a real broker: topics, payloads, retain.

The payloads are those of the format modules, which test_formats.py holds to lines typed by hand; here they
have gone through meter port, decoder, publisher and broker. Numbers that grow by themselves are levelled.
"""

import json
import re
import sys
import threading
import time
import urllib.request
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

TOP = Path(__file__).resolve().parent.parent.parent
for folder in ("tools", "host_tests/both", "lib"):
    sys.path.insert(0, str(TOP / folder))

import formats_meter  # noqa: E402

import device  # noqa: E402
from brokers import Broker  # noqa: E402
from hanport import registers  # noqa: E402
from payload import haentities  # noqa: E402

METERS = [formats_meter.ONE_PHASE, formats_meter.THREE_PHASE, formats_meter.GAS]
PATIENCE = 60  # seconds a step may take on a slow and busy machine; nothing is judged by it
# Uptime, clock and heap: "up":12, "t":1721041510, and whole payloads of their topics.
GROWING = re.compile(r'"(up|t)":\d+')
NUMBERS = ("b/uptime", "b/mem", "b/meter/dlms/timestamp")


class Host(formats_meter.Unit):
    """The facts of the simulated board: no supply is measured."""

    version = b"source"

    def vcc(self):
        """Not measured."""
        return None


def level(topic, text):
    """The payload without what differs from run to run."""
    return "0" if topic in NUMBERS else GROWING.sub(r'"\1":0', text)


class Session:
    """A device in front of a meter, and a subscriber of everything."""

    def __init__(self, broker, meter):
        frame = TOP / "host_tests" / "frames" / meter
        path = frame.with_suffix(".hex" if frame.with_suffix(".hex").exists() else ".txt")
        options = ["--speed", "8", "--broker", f"mqtt://127.0.0.1:{broker.port}", "--frames", str(path)]
        self.device = device.Device(device.parser().parse_args(options))
        self.seen = {}
        self.newest = {}
        self.lock = threading.Lock()
        self.connects = 0  # of the device: with each change of the settings it connects anew
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", broker.port, properties=Properties(1))
        # As published: a live message keeps the flag that the device gave it.
        self.client.subscribe("#", options=SubscribeOptions(retainAsPublished=True, retainHandling=2))
        self.client.loop_start()
        self.device.start()

    def _take(self, client, data, message):
        topic, text = message.topic, message.payload.decode()
        with self.lock:
            if text == "online" and topic.endswith("/status"):
                self.seen.clear()  # what was published before these settings came earlier
                self.connects += 1
            self.newest[topic] = (text, bool(message.retain))
            self.seen[(topic, level(topic, text), bool(message.retain))] = text

    def use(self, **values):
        """Change settings, and forget what came before them."""
        body = json.dumps(values).encode()
        self.until(lambda: self.connects)
        before = self.connects
        end = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(self.device.url + "api/settings", body, timeout=20).read()
                break
            except OSError:
                assert time.monotonic() < end, "the device does not answer"
                time.sleep(0.1)
        self.until(lambda: self.connects > before)
        assert self.connects > before

    def told(self):
        """What came of the chosen format: not of the device's own topics."""
        with self.lock:
            return {message for message in self.seen if message[0] not in ("b/status", "b/finding")}

    def until(self, done):
        """Wait for a state of what came."""
        end = time.monotonic() + PATIENCE
        while not done() and time.monotonic() < end:
            time.sleep(0.05)

    def close(self):
        """End both."""
        self.client.loop_stop()
        self.device.stop()


@pytest.fixture(scope="module")
def broker():
    with Broker() as broker:
        yield broker


def _check_format(session, name, meter):
    session.use(mqtt_format=name)
    expected = {
        (topic, level(topic, text), kept) for topic, text, kept in formats_meter.messages(name, meter, Host())
    }
    session.until(lambda: session.told() >= expected)
    time.sleep(0.3)  # nothing else may come
    told = session.told()
    assert told == expected, (name, meter, sorted(told ^ expected))


def _numbers(session):
    """The newest number under each key of Home Assistant's state messages."""
    with session.lock:
        texts = {topic: text for (topic, _, _), text in session.seen.items() if topic.startswith("b/")}
    numbers = {}
    for topic in ("b/power", "b/energy"):
        numbers.update(json.loads(texts.get(topic) or "{}"))
    return numbers


def _check_home_assistant(session, meter):
    session.use(mqtt_format="homeassistant")
    truth = formats_meter.frame(meter)[1]
    truth = {**truth["expected"], **truth.get("derived", {})}
    expected = {
        haentities.key(n).decode(): truth[registers.name(n)]
        for n in range(registers.COUNT)
        if registers.name(n) in truth
    }

    def announced():
        found = {}
        for topic, text, kept in session.told():
            if topic.startswith("homeassistant/device/") and text:
                assert kept, topic
                found.update(json.loads(text)["cmps"])
        return found

    session.until(lambda: announced().keys() >= expected.keys() and "fw" in announced())
    entities = announced()
    numbers = _numbers(session)
    assert expected.keys() <= numbers.keys(), (meter, expected.keys() - numbers.keys())
    for key, value in expected.items():
        assert numbers[key] == pytest.approx(value, abs=1e-9), (meter, key)
        # Phases that a meter of one phase sends as 0 are no entities; these meters send none.
        assert entities[key]["val_tpl"] == "{{value_json." + key + "|d}}"
        assert entities[key]["stat_t"] in ("b/power", "b/energy")
    kept = {topic: flag for topic, _, flag in session.told() if topic.startswith("b/")}
    energy = {"b/energy": True} if any(n in truth for n in ("energy_import_kwh",)) else {}
    assert kept == {"b/power": False, "b/state": False, **energy}, kept


def _orphans(session, start):
    """Topics under `start` that a broker keeps."""
    with session.lock:
        kept = {topic: text for topic, (text, retained) in session.newest.items() if retained}
    return [topic for topic, text in kept.items() if topic.startswith(start) and text]


def _check_nothing_is_left(session):
    """Another name keeps the ids, another base topic moves the entities, another format takes them back."""
    named = _orphans(session, "homeassistant/")
    assert len(named) >= 4
    session.use(name="other", mqtt_topic="c")

    def moved():
        texts = [session.newest[topic][0] for topic in named]
        return all('"b/' not in text and ('"name":"other' in text) for text in texts)

    session.until(moved)
    assert moved() and sorted(_orphans(session, "homeassistant/")) == sorted(named)

    def left():
        # What the raw formats retain by the ancestor's rules is none of Home Assistant's.
        return [topic for topic in _orphans(session, "b/") if not topic.startswith(("b/meter/", "b/id"))]

    session.until(lambda: not left())
    assert not left()
    session.use(mqtt_format="own")
    session.until(lambda: not _orphans(session, "homeassistant/"))
    assert not _orphans(session, "homeassistant/") and not _orphans(session, "c/energy")


@pytest.mark.parametrize("meter", METERS)
def test_session(broker, meter):
    session = Session(broker, meter)
    try:
        session.use(mqtt_topic="b", name="unit", zone="Europe/Oslo", **_idx())
        for name in formats_meter.ALL:
            _check_format(session, name, meter)
        own = {"b/status": ("online", True), "b/finding": ("Readings come.", True)}
        session.until(lambda: own.items() <= session.newest.items())
        assert own.items() <= session.newest.items(), session.newest
        _check_home_assistant(session, meter)
        _check_nothing_is_left(session)
    finally:
        session.close()


def _idx():
    return {key: value for key, value in formats_meter.IDX.items()}
