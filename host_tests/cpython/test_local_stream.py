"""The live stream, the list of /api, the password and refusals of the local APIs of a running device."""

import base64
import http.client
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from local_api import ACCEPT, PATIENCE, TOP, Unit, judge, samples  # noqa: E402

import device  # noqa: E402

SECRETS = {
    "page_password": "side-salaisuus",
    "wifi_password": "wlan-geheim",
    "mqtt_password": "broker-hemlig",
    "ap_password": "portal-tajna",
    "key": "00112233445566778899AABBCCDDEEFF",
}


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A device with a password and a meter that sends two lists in turn, each half second one."""
    settings = {**SECRETS, "wifi_ssid": "home"}
    frames = ("kaifa/list1.hex", "kaifa/list3-1p.hex")
    unit = Unit(tmp_path_factory.mktemp("locked"), settings, *frames, meter=("--period", "5"))
    unit.key = "Basic " + base64.b64encode(f"x:{SECRETS['page_password']}".encode()).decode()
    try:
        unit.until(lambda: "energy_import_kwh" in unit.json("/api/reading", Authorization=unit.key))
        yield unit
    finally:
        unit.device.stop()


def test_list_is_true(locked):
    """Each path of /api is there, with the password only, HomeWizard's when wanted; no secret is in any."""
    paths = locked.json("/api/", Authorization=locked.key)["paths"]
    assert len(paths) == 14 and all(words.endswith(".") for words in paths.values())
    for path in paths:
        method, path = path.split()
        if path == "/is-alive":
            assert locked.ask(path)[0] == 200
            continue
        assert locked.ask(path, method)[0] == 401, path
        if path == "/api/stream":
            continue
        # What changes something is there for the page alone.
        wanted = 200 if method == "GET" else 403
        status, _, text = locked.ask(path, method, Authorization=locked.key, Origin="http://elsewhere")
        assert status == wanted and text, path
        assert not any(secret in text for secret in SECRETS.values()), path
    for path in ("/api/v1/data", "/api/v1/telegram"):
        assert "settings" in locked.json(path, 403, Authorization=locked.key)["error"]["description"]
    for path in ("/api/v1/system", "/api/v2/data", "/metrics/x", "/api/reading/x", "/apis"):
        assert locked.ask(path, Authorization=locked.key)[0] == 404, path
    assert locked.ask("/metrics", "POST", Authorization=locked.key)[0] == 404
    assert locked.ask("/metrics", "HEAD", Authorization=locked.key)[0] == 200


class Listener:
    """One who listens to the stream."""

    def __init__(self, unit):
        self.connection = http.client.HTTPConnection(unit.host, timeout=20)
        self.connection.request("GET", "/api/stream", headers={"Authorization": unit.key})
        self.answer = self.connection.getresponse()

    def event(self):
        """Data of the next event."""
        line = self.answer.readline()
        assert line.startswith(b"data: {") and self.answer.readline() == b"\n", line
        return json.loads(line[6:])

    def close(self):
        self.answer.close()
        self.connection.close()


def test_stream(locked):
    """First all that is known, then each reading in turn; two may listen, and one that goes makes room."""
    first = Listener(locked)
    assert first.answer.status == 200
    assert first.answer.getheader("Content-Type") == "text/event-stream"
    whole = first.event()
    assert whole["meter_id"] == "1234567890123456" and whole["energy_import_kwh"] == 12345.678
    powers = []
    while sum(a != b for a, b in zip(powers, powers[1:], strict=False)) < 3:
        event = first.event()
        powers.append(event["active_power_import_w"])
        assert powers[-1] in (1234, 2345) and len(powers) < 30
        assert ("energy_import_kwh" in event) == (powers[-1] == 2345)
    assert locked.ask("/api/stream", "HEAD", Authorization=locked.key)[0] == 404
    second = Listener(locked)
    assert second.event()["meter_id"] == whole["meter_id"]
    status, headers, text = locked.ask("/api/stream", Authorization=locked.key)
    assert status == 503 and headers["Retry-After"] == "60" and text.endswith(".")
    first.close()
    assert second.event()["active_power_import_w"] in (1234, 2345)

    def again():
        third = Listener(locked)
        told = third.answer.status == 200 and third.event()
        third.close()
        return told

    assert locked.until(again)["meter_id"] == whole["meter_id"]
    second.close()
    assert locked.json("/api/status", Authorization=locked.key)["sentence"] == "Readings come."


def test_before_the_first_reading(tmp_path):
    """No 0 where nothing is known: HomeWizard's clients are refused in words, Prometheus gets the device."""
    unit = Unit(tmp_path, {"homewizard": True, "wifi_ssid": "home"})
    try:
        unit.until(lambda: unit.ask("/is-alive")[0] == 200)
        words = unit.json("/api/v1/data", 503)["error"]["description"]
        assert words == unit.json("/api/status")["sentence"]
        assert unit.ask("/api/v1/telegram")[0] == 404
        found, _ = samples(unit.ask("/metrics", Accept=ACCEPT), False)
        assert not any(name.startswith("meter") for name, *_ in found)
        assert found["hanport_readings_total",] == 0
        (said,) = judge("homewizard", {"host": unit.host})
        assert said["cannot"].startswith("RequestError")
    finally:
        unit.device.stop()


STREAM = """
import asyncio, sys
from app.mailbox import Mailbox
from app.web import http, stream
from payload.writer import Writer


class House:
    box = Mailbox()
    writer = Writer(512)


class Peer:
    # Says nothing; takes `room` pieces, then no more.
    def __init__(self, room):
        self.room = room
        self.got = []

    def read(self, n):
        return None

    def write(self, octets, at, n):
        if len(self.got) == self.room:
            return None
        self.got.append(octets)
        return n

    def close(self):
        self.got.append(b"closed")


class Broken(Peer):
    def write(self, octets, at, n):
        raise OSError(104)


class Gone(Peer):
    def read(self, n):
        return b""


async def main():
    http.PATIENCE_MS = 300
    stream.ALIVE_S = 0
    for peer in (Peer(0), Peer(2), Broken(9), Gone(9)):
        await asyncio.wait_for(stream.listen(House(), http.Request(peer, None)), 20)
        assert not stream._open
        print(type(peer).__name__, [bytes(piece[:9]) for piece in peer.got])
    box = House.box
    box.latest.set_text(1, b"1234" * 200, 0, 800)
    box.put(box.latest, 1)
    peer = Peer(2)
    await stream.listen(House(), http.Request(peer, None))
    print(peer.got[1])


asyncio.run(main())
"""


def test_listeners_that_are_as_good_as_gone(tmp_path):
    """One that takes nothing, or whose line is cut, gives its place back; silence is broken by comments."""
    (tmp_path / "run.py").write_text(STREAM)
    (tmp_path / "board_config.py").write_text((TOP / "boards" / "host.py").read_text())
    path = [TOP / "host_tests" / "fakes", tmp_path, TOP / "firmware", TOP / "lib", device.VENDOR]
    environment = dict(os.environ, MICROPYPATH=":".join([*map(str, path), ".frozen"]))
    command = [device.micropython(), "run.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        "Peer [b'closed']",
        "Peer [b'HTTP/1.0 ', b': alive\\n\\n', b'closed']",
        "Broken [b'closed']",
        "Gone [b'HTTP/1.0 ', b'closed']",
        "b': this reading does not fit in memory\\n\\n'",
    ]
