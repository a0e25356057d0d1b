"""Commands over MQTT: the whole firmware on MicroPython, mosquitto, paho; certificates by the page."""

import json
import pathlib
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tools"), str(HERE)]

from certs_bench import Certificate  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from mqtt_bench import PATIENCE, ROOT, Watcher  # noqa: E402

import device as simulated  # noqa: E402
from brokers import Broker  # noqa: E402

FRAME = ROOT / "host_tests" / "frames" / "kaifa" / "list2-3p.hex"
KEY = "00112233445566778899AABBCCDDEEFF"


class Unit:
    """A device that reads one frame over and over, and who listens to its broker."""

    def __init__(self, folder, broker, **settings):
        file = folder / "given.json"
        file.write_text(json.dumps({"name": "attic", "mqtt_password": "made-up-secret", **settings}))
        options = ["--settings", str(file), "--broker", f"mqtt://127.0.0.1:{broker.port}", "--key", KEY]
        options += ["--speed", "10", "--frames", str(FRAME), "--meter", "--period", "5"]
        self.device = simulated.Device(simulated.parser().parse_args(options))
        self.topic = settings.get("mqtt_topic", "hanport")
        self.device.start()
        threading.Thread(target=lambda: list(self.device.lines()), daemon=True).start()
        self.watcher = Watcher(broker.port, "#")
        self.watcher.until("hanport/status", b"online")

    def ask(self, path, body=None, **headers):
        """(status, parsed JSON) of a page of the device; a body makes it a POST."""
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(self.device.url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())

    def settings(self):
        """What the page shows of the settings."""
        return {row["key"]: row["value"] for row in self.ask("api/settings")[1]}

    def send(self, payload, retain=False):
        """The answer to a command, which may be a dict or octets."""
        if isinstance(payload, dict):
            payload = json.dumps(payload)
        self.watcher.client.publish("hanport/command", payload, qos=1, retain=retain)
        topic, answer, kept = self.watcher.until("hanport/result")
        assert not kept and b"secret" not in answer.replace(b"is a secret", b"")
        return json.loads(answer)

    def until(self, wanted):
        """Wait until the page says so."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                found = wanted()
            except OSError:
                found = None
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError("it never came")

    def close(self):
        self.watcher.close()
        self.device.stop()


@pytest.fixture
def started(tmp_path):
    """Start a device at a broker of its own; ended with the test."""
    units = []
    broker = Broker()

    def start(**settings):
        units.append(Unit(tmp_path, broker, **settings))
        return units[-1]

    yield start
    for unit in units:
        unit.close()
    broker.close()


def test_what_is_no_command_changes_nothing(started):
    unit = started(mqtt_commands=True)
    before = unit.settings()
    refused = [
        (b"", "no JSON object"),
        (b"reboot", "no JSON object"),
        (b"\xff\x00", "no JSON object"),
        (b'["reboot"]', "no JSON object"),
        ({"command": "explode", "id": 3}, "no such command; there are: reboot, republish"),
        ({"command": "reboot", "now": True}, "takes no now"),
        (b'{"command":"reboot"}' + b" " * 493, "too long"),
        (bytes(100000), "too long"),
        ({"command": "set"}, "Say which"),
        ({"command": "set", "settings": {"led": "off", "baud": "fast"}}, "Speed of the meter port must be"),
        ({"command": "set", "settings": {"led": "off", "mqtt_password": "x"}}, "is a secret"),
        ({"command": "set", "settings": {"key": None}}, "is a secret"),
        ({"command": "set", "settings": {"mqtt_host": "evil.example"}}, "on the device's page"),
        ({"command": "set", "settings": {"no_such": 1}}, "no_such is no setting"),
        ({"command": "discovery"}, "No format is chosen"),
    ]
    for payload, words in refused:
        answer = unit.send(payload)
        assert answer["ok"] is False and words in answer["words"], (payload, answer)
        if isinstance(payload, dict):
            assert answer.get("id") == payload.get("id")
    mqtt = unit.ask("api/status")[1]["mqtt"]
    assert (mqtt["commands"], mqtt["commands_refused"], mqtt["connects"]) == (0, len(refused), 1)
    assert unit.settings() == before


def test_a_retained_command_is_refused_at_each_connection(started):
    unit = started(mqtt_commands=True)
    assert unit.send({"command": "update_check"}, retain=True)["ok"] is True  # as it is sent it is none
    unit.ask("api/settings", json.dumps({"led": "quiet"}))  # which makes a new connection
    answer = json.loads(unit.watcher.until("hanport/result")[1])
    assert answer["ok"] is False and "must not be retained" in answer["words"]


def test_set_and_republish(started):
    unit = started(mqtt_commands=True)
    answer = unit.send({"command": "set", "settings": {"led": "quiet", "mqtt_interval": 3600}, "id": "a"})
    assert answer == {"command": "set", "ok": True, "words": answer["words"], "id": "a"}
    assert "led" in answer["words"] and "mqtt_interval" in answer["words"]
    unit.until(lambda: unit.settings()["led"] == "quiet")
    assert unit.settings()["mqtt_interval"] == 3600 and unit.settings()["key"] is True
    unit.watcher.until("hanport/status", b"online")
    # It lasts: it is in the file.
    assert json.loads((unit.device.flash / "settings.json").read_text().split("\n", 1)[1])["led"] == "quiet"
    unit.watcher.until("hanport")  # the one reading of this hour
    for _ in range(2):
        assert unit.send({"command": "republish"})["ok"] is True
        # The reading came before the answer, whatever the interval.
        assert any(b'"data"' in payload for topic, payload, _ in unit.watcher.seen if topic == "hanport")
        unit.watcher.seen.clear()
    answer = unit.send({"command": "update_check"})
    assert answer["ok"] is True and answer["version"] == "source"
    log = " ".join(row["words"] for row in unit.ask("api/status")[1]["log"])
    assert "Command by MQTT: Set: " in log


def test_a_new_topic_is_lived_by(started):
    unit = started(mqtt_commands=True)
    assert unit.send({"command": "set", "settings": {"mqtt_topic": "elsewhere"}})["ok"] is True
    unit.watcher.until("elsewhere/status", b"online")
    unit.watcher.client.publish("hanport/command", '{"command":"republish"}', qos=1)
    unit.watcher.client.publish("elsewhere/command", '{"command":"update_check"}', qos=1)
    assert json.loads(unit.watcher.until("elsewhere/result")[1])["command"] == "update_check"


def test_reboot(started):
    unit = started(mqtt_commands=True)
    answer = unit.send({"command": "reboot", "id": 1})
    assert (answer["ok"], answer["command"], answer["id"]) == (True, "reboot", 1)
    unit.watcher.until("hanport/status", b"offline")
    assert unit.device.process.wait(PATIENCE) == 3  # what the fake of machine.reset() leaves


def test_without_the_setting_no_command_is_heard(started):
    unit = started(mqtt_format="homeassistant")
    unit.watcher.client.publish("hanport/command", '{"command":"reboot"}', qos=1).wait_for_publish(PATIENCE)
    first = unit.watcher.until(lambda topic: topic.startswith("homeassistant/device/"))
    assert unit.device.process.poll() is None
    # What a format waits for is heard: Home Assistant has started, and is told everything again.
    unit.watcher.client.publish("homeassistant/status", "online", qos=1)
    assert unit.watcher.until(first[0])[1] == first[1]
    assert not [topic for topic, _, _ in unit.watcher.seen if topic == "hanport/result"]


def test_discovery(started):
    unit = started(mqtt_commands=True, mqtt_format="homeassistant")
    first = unit.watcher.until(lambda topic: topic.startswith("homeassistant/device/"))
    assert unit.send({"command": "discovery"})["ok"] is True
    assert unit.watcher.until(first[0])[1] == first[1]


def test_certificates_by_the_page(started, tmp_path):
    ca = Certificate("CA", authority=True)
    server = Certificate("localhost", ca, names=["localhost"])
    client = Certificate("meter", ca)
    old = Certificate("meter", ca, days=(-9, -1))
    locked = client.private_text(serialization.PrivateFormat.PKCS8, b"pass")
    unit = started()
    with Broker("mosquitto", tls=server.files(tmp_path, "server")) as secure:
        wanted = {"mqtt_host": "localhost", "mqtt_port": secure.port, "mqtt_tls": "checked"}
        assert unit.ask("api/settings", json.dumps(wanted))[0] == 200
        unit.until(lambda: "no CA is known" in unit.ask("api/status")[1]["mqtt"].get("error", ""))
        for what, text, words in (
            ("ca", "hello", "no certificate"),
            ("ca", ca.pem[:-40], "no certificate"),
            ("ca", old.pem, "has expired"),
            ("ca", "x" * 9000, "too long"),
            ("certificate", client.pem + ca.pem, "without those of its CA"),
            ("certificate", client.key, "no certificate"),
            ("key", client.pem, "no private key"),
            ("key", client.key * 2, "more than one"),
            ("key", locked, "pass phrase"),
            ("password", client.key, "Say which"),
        ):
            status, answer = unit.ask(f"api/certificate?what={what}", text)
            assert status == 400 and words in answer["problems"][0], (what, answer)
        evil = {"Origin": "http://elsewhere.example"}
        assert unit.ask("api/certificate?what=ca", ca.pem, **evil)[0] == 403
        nothing = {"ca": False, "certificate": False, "key": False}
        assert unit.ask("api/certificate")[1] == nothing
        assert unit.ask("api/certificate?what=ca", ca.pem) == (200, {"saved": True})
        unit.until(lambda: unit.ask("api/status")[1]["mqtt"]["state"] == "connected")
        assert "warning" not in unit.ask("api/status")[1]["mqtt"]
        unit.ask("api/certificate?what=certificate", client.pem)
        unit.ask("api/certificate?what=key", client.key)
        told = unit.ask("api/certificate")[1]
        assert (told["ca"], told["certificate"], told["key"]) == (True, True, True)
        assert told["ca_until"] > time.time() + 20 * 86400
        unit.until(lambda: unit.ask("api/status")[1]["mqtt"]["state"] == "connected")
        unit.ask("api/settings", '{"mqtt_tls": "unchecked"}')
        unit.until(lambda: "not checked" in unit.ask("api/status")[1]["mqtt"].get("warning", ""))
        for what in ("ca", "certificate", "key"):
            assert unit.ask(f"api/certificate?what={what}", "") == (200, {"saved": True})
        assert unit.ask("api/certificate")[1] == nothing
        assert not list(unit.device.flash.glob("*.pem*"))
