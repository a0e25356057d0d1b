"""firmware/app/wifi.py and ether.py as they are, in scripted surroundings."""

import json
import sys
import time
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from path_run import PATIENCE, TOP, Run, device  # noqa: E402

HOME = {"ssid": "home", "password": "let me in", "rssi": -60, "bssid": "020000000001"}
KNOWN = {"wifi_ssid": "home", "wifi_password": "let me in"}


@pytest.fixture
def start(tmp_path):
    """start(what, networks, settings, ...): a Run that ends with the test."""
    runs = []

    def start(*args, **more):
        runs.append(Run(tmp_path, *args, **more))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.wait()


def test_connects(start):
    run = start("wifi", [HOME], {**KNOWN, "name": "Målar 3"})
    line = run.wait("now", "connected")
    assert line[2:6] == ["192.168.1.50", "True", "1", "1"] and line[6] == "-60"
    did = [line[1:] for line in run.seen if line[0] == "did"]
    assert ["active", "1", "False"] in did, "the access point of the first start stays on"
    assert not any("let me in" in "|".join(line) for line in run.seen)


def test_no_network_set(start):
    run = start("wifi", [HOME])
    run.wait("now", "no network is set", "None", "False")
    run.wait("returned")


def test_wrong_password_then_right(start):
    """Each attempt tells why; the pauses grow; once the password fits it connects by itself."""
    run = start("wifi", [{**HOME, "password": "changed it"}], KNOWN)
    for _ in range(2):
        run.wait("now", "wrong password")
    assert run.wait("log")[1] == "WiFi: wrong password"
    run.air([HOME])
    assert int(run.wait("now", "connected")[4]) >= 3


def test_not_there_then_there(start):
    run = start("wifi", [{**HOME, "ssid": "other"}], KNOWN)
    run.wait("now", "network not found")
    run.air([HOME])
    run.wait("now", "connected")


def test_vanishing_access_point(start):
    run = start("wifi", [HOME], KNOWN)
    run.wait("now", "connected")
    run.air([])
    assert run.wait("now", "lost")[3] == "False"
    run.wait("now", "network not found")
    run.air([HOME])
    line = run.wait("now", "connected")
    assert line[5] == "2"


def test_comes_back_by_itself(start):
    """After a short gap the driver is connected again: no new attempt is made."""
    run = start("wifi", [HOME], KNOWN)
    run.wait("now", "connected")
    run.air([])
    run.wait("now", "lost")
    run.air([HOME])
    assert run.wait("now", "connected")[4] == "1"


def test_no_dhcp(start):
    run = start("wifi", [{**HOME, "behaviour": "no dhcp"}], KNOWN)
    run.wait("now", "no address (DHCP)")
    run.air([HOME])
    run.wait("now", "connected")


def test_mute_access_point(start):
    start("wifi", [{**HOME, "behaviour": "mute"}], KNOWN).wait("now", "no answer")


def test_strongest_access_point(start):
    """The first in the air is not the best one; one alone is joined by its name."""
    weak = {**HOME, "rssi": -84}
    run = start(
        "wifi",
        [weak, {**HOME, "rssi": -51, "bssid": "0200000000aa"}, {**HOME, "bssid": "0200000000bb"}],
        KNOWN,
    )
    line = run.wait("did", "connect", "home")
    assert "aa" in line[3]
    assert run.wait("now", "connected")[6] == "-51"
    run.air([weak])
    run.wait("now", "lost")
    assert run.wait("did", "connect", "home")[3] == "None"
    assert run.wait("now", "connected")[6] == "-84"


def test_fixed_address(start):
    """It is set before connecting; gateway and name server follow from it when they are not given."""
    run = start("wifi", [HOME], {**KNOWN, "address": "192.168.1.77"})
    line = run.wait("did", "ifconfig")
    assert line[3] == "('192.168.1.77', '255.255.255.0', '192.168.1.1', '192.168.1.1')"
    run.wait("did", "connect")
    assert run.wait("now", "connected")[2] == "192.168.1.77"


def test_sleep_and_power(start):
    run = start("wifi", [HOME], {**KNOWN, "wifi_power": 11, "wifi_sleep": "powersave"})
    assert run.wait("did", "config")[3] == "{'pm': 2}"
    assert run.wait("did", "config")[3] == "{'txpower': 11}"


def test_nothing_waits(start):
    """All but the scan lets the others run: the longest gap is that of the scan."""
    run = start("wifi", [{**HOME, "behaviour": "no dhcp"}], KNOWN, scan_s=0)
    run.wait("now", "no address (DHCP)")
    assert int(run.wait("now", "no address (DHCP)")[7]) < 1000  # a busy machine may be slow, 1500 is the wait


def test_ethernet(start):
    run = start("ether")
    run.wait("now", "no cable")
    assert run.wait("did", "lan")[2:] == ["0", "1", "1"]
    run.wait("now", "no address (DHCP)")
    line = run.wait("now", "connected")
    assert line[2] == "127.0.0.1" and line[6] == "None"


def test_reading_goes_on(tmp_path, monkeypatch):
    """The whole firmware: the network is out of reach, the meter is read all the same."""
    air = tmp_path / "wlan.json"
    air.write_text(json.dumps({"networks": [{**HOME, "password": "another"}]}))
    monkeypatch.setenv("HANPORT_WLAN", str(air))
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({**KNOWN, "http_port": device.free_port()}))
    frame = TOP / "host_tests" / "frames" / "aidon" / "list2-3p4w.hex"
    options = ["--settings", str(file), "--frames", str(frame), "--speed", "10", "--meter", "--period", "0.2"]
    unit = device.Device(device.parser().parse_args(options))
    unit.start()

    def status():
        with urllib.request.urlopen(unit.url + "api/status", timeout=10) as answer:
            return json.loads(answer.read())

    try:
        end = time.monotonic() + PATIENCE
        counts = []
        while len(counts) < 3:
            assert time.monotonic() < end, counts
            time.sleep(1)
            try:
                now = status()
            except OSError:
                continue
            if now["network"]["state"] == "wrong password" and now["port"]["readings"] not in counts:
                counts.append(now["port"]["readings"])
        assert now["network"]["attempts"] >= 1 and "another" not in json.dumps(now)
    finally:
        unit.stop()
