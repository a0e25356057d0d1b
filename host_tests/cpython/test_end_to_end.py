"""Octets in at a UART, readings out over MQTT: the firmware on MicroPython, a real broker, paho."""

import json
import queue
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

import paho.mqtt.client as paho  # noqa: E402

import device  # noqa: E402
from brokers import Broker  # noqa: E402

FRAMES = TOP / "host_tests" / "frames"


class Run:
    """A broker, a subscriber and a device; messages are (topic, payload, retained)."""

    def __init__(self, frames, *meter, options=()):
        self.broker = Broker()
        self.inbox = queue.Queue()
        self.client = None
        self.subscribe()
        options = ["--broker", f"mqtt://127.0.0.1:{self.broker.port}", "--speed", "10", *options]
        if frames:
            options += ["--frames", *(str(FRAMES / name) for name in frames)]
            meter = ("--period", "0.1", *meter)
        options += ["--meter", *meter]
        self.device = device.Device(device.parser().parse_args(options))
        self.device.start()

    def subscribe(self):
        """A new subscriber, which gets what is retained."""
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda c, *_: c.subscribe("#")
        self.client.on_message = lambda c, u, m: self.inbox.put((m.topic, m.payload, m.retain))
        self.client.connect("127.0.0.1", self.broker.port)
        self.client.loop_start()

    def wait(self, topic, wanted, seconds=40):
        """The payload of the first message to `topic` for which wanted(payload) holds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                got, payload, _ = self.inbox.get(timeout=0.5)
            except queue.Empty:
                continue
            if topic == "hanport" and got == topic and b'"data"' not in payload:
                continue  # what the ancestor's format says of the device itself
            if got == topic and wanted(payload):
                return payload
        raise AssertionError(f"nothing fitting came to {topic}")

    def get(self, path):
        """JSON of a page of the device."""
        with urllib.request.urlopen(self.device.url + path, timeout=10) as answer:
            return json.loads(answer.read())

    def close(self):
        self.client.loop_stop()
        self.device.stop()
        self.broker.close()


@pytest.fixture
def started():
    runs = []

    def start(*args, **more):
        runs.append(Run(*args, **more))
        return runs[-1]

    yield start
    for run in runs:
        run.close()


def test_three_makers_to_mqtt_and_page(started):
    run = started(["aidon/list3-3p4w.hex", "kaifa/list3-3p.hex", "kamstrup/list2-3p.hex"])
    run.wait("hanport/status", lambda p: p == b"online")
    truth = {}
    for name in ("aidon/list3-3p4w", "kaifa/list3-3p", "kamstrup/list2-3p"):
        row = json.loads((FRAMES / f"{name}.json").read_text())["expected"]
        truth[row["list_id"]] = row
    for list_id, row in truth.items():
        payload = run.wait("hanport", lambda p, list_id=list_id: json.loads(p)["data"].get("lv") == list_id)
        data = json.loads(payload)["data"]
        assert data["P"] == row["active_power_import_w"]
        assert data["meterId"] == row["meter_id"]
        assert data["U1"] == row["voltage_l1_v"]
        assert data["I3"] == row["current_l3_a"]
        assert data["tPI"] == row["energy_import_kwh"]
        assert data["tQO"] == row["reactive_energy_export_kvarh"]
    status = run.get("api/status")
    assert status["sentence"] == "Readings come."
    assert set(status["lamps"].values()) == {"good"}
    assert status["mqtt"]["state"] == "connected"
    reading = run.get("api/reading")
    assert (
        reading["list_id"] in truth
        and reading["energy_import_kwh"] == truth[reading["list_id"]]["energy_import_kwh"]
    )
    assert run.get("data.json")["i"] == reading["active_power_import_w"]
    with urllib.request.urlopen(run.device.url, timeout=10) as page:
        assert b"Hanport" in page.read()


def test_broker_away_and_back(started):
    run = started(["kaifa/list1.hex", "aidon/list2-3p4w.hex"])
    run.wait("hanport", lambda p: b'"P"' in p)
    run.client.loop_stop()
    run.broker.stop()
    end = time.monotonic() + 20
    while run.get("api/status")["mqtt"]["state"] == "connected":
        assert time.monotonic() < end, "the device does not see that the broker is gone"
        time.sleep(0.2)
    before = run.get("api/status")["port"]["readings"]
    time.sleep(3)
    assert run.get("api/status")["port"]["readings"] > before, "reading stopped while the broker was away"
    run.broker.start()
    run.inbox = queue.Queue()
    run.subscribe()
    run.wait("hanport/status", lambda p: p == b"online", 90)
    run.wait("hanport", lambda p: b'"P"' in p)


def test_will_when_the_device_dies(started):
    run = started(["kaifa/list1.hex"])
    run.wait("hanport/status", lambda p: p == b"online")
    run.device.process.kill()
    run.wait("hanport/status", lambda p: p == b"offline")
    run.client.loop_stop()
    run.inbox = queue.Queue()
    run.subscribe()
    assert run.wait("hanport/status", lambda p: True) == b"offline"  # retained


def test_damaged_line_gives_no_wrong_value(started):
    """Half of the frames with a flipped bit, noise between: fewer readings, never a wrong one."""
    run = started(["kaifa/list2-3p.hex"], "--flip", "0.5", "--noise", "40", "--seed", "3")
    for _ in range(8):
        data = json.loads(run.wait("hanport", lambda p: True))["data"]
        assert (data["P"], data["U1"], data["I3"]) == (2345, 231.1, 1.275)
    assert run.get("api/status")["port"]["faults"]


@pytest.mark.parametrize("locked", [False, True])
def test_a_meter_that_must_be_asked(started, tmp_path, locked):
    """KMP: readings of a meter that answers; of one that is locked, the finding tells what to ask for."""
    file = tmp_path / "settings.json"
    file.write_text('{"protocol": "kmp"}')
    meter = ["--kmp", "electricity", *(["--locked"] if locked else [])]
    run = started([], *meter, options=["--settings", str(file)])
    if locked:
        finding = run.wait("hanport/finding", lambda p: b"locked" in p).decode()
        assert "15085488" in finding and "Ask your grid company" in finding
        assert run.get("api/status")["sentence"] == finding
    else:
        data = json.loads(run.wait("hanport", lambda p: b"meterId" in p))["data"]
        assert data["meterId"] == "15085488" and data["tPO"] == 123.457


@pytest.mark.parametrize("board", ["pow_u", "host"])
def test_runs_from_the_image(started, tmp_path, board):
    """The firmware of .mpy files only, mounted read-only from a ROMFS image."""
    image = tmp_path / "app.romfs"
    command = [sys.executable, str(TOP / "tools" / "build.py"), "--board", board, "--host"]
    subprocess.run([*command, "--out", str(image)], check=True, capture_output=True)
    run = started(["aidon/list3-3p4w.hex"], options=["--image", str(image), "--heap", "256k"])
    assert json.loads(run.wait("hanport", lambda p: b"tPI" in p))["data"]["tPI"] == 12345.67
    assert run.get("api/status")["device"]["version"] != "source"
    with urllib.request.urlopen(run.device.url, timeout=10) as page:
        assert page.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "options",
    [
        ["--frames", "no/such.hex"],
        ["--broker", "http://x"],
        ["--broker", "mqtt://x:notaport"],
        ["--key", "12"],
        ["--heap", "lots"],
        ["--board", "no_such"],
        ["--settings", "no/such.json"],
    ],
)
def test_bad_options_of_device(options):
    done = subprocess.run(
        [sys.executable, str(TOP / "tools" / "device.py"), *options],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1 and not done.stdout


def test_demo():
    done = subprocess.run(
        [sys.executable, str(TOP / "tools" / "demo.py"), "--seconds", "12"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for maker in ("AIDON_V0001", "KFM_001", "Kamstrup_V0001"):
        assert maker in done.stdout
