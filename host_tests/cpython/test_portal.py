"""Set-up mode: its name server, the addresses that phones try, and its API."""

import hashlib
import json
import os
import socket
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from setup_unit import PASSWORD, Unit  # noqa: E402

import label  # noqa: E402

MAC = bytes.fromhex("240AC4000001")


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start(settings, networks): a Unit that ends with the test."""
    units = []

    def start(*args, **more):
        units.append(Unit(tmp_path, monkeypatch, *args, **more))
        return units[-1]

    yield start
    for unit in units:
        unit.device.stop()


def query(name, kind=1, number=7, flags=0x0100, count=1, tail=b""):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    return struct.pack("!6H", number, flags, count, 0, 0, 0) + labels + struct.pack("!2H", kind, 1) + tail


# The label


def test_label():
    """A label tool prints what the device opens; nothing in it can be mistaken for another letter."""
    digest = hashlib.sha256(b"Hanport set-up " + MAC).digest()
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    assert label.password(MAC) == "".join(letters[c % 31] for c in digest[:10])
    assert label.network(MAC) == "Hanport-0001"
    others = {label.password(MAC[:5] + bytes([n])) for n in range(256)}
    assert len(others) == 256 and all(len(word) == 10 for word in others)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("Hanport", "hanport"),
        ("Måler 3, kjeller", "m-ler-3-kjeller"),
        ("--", "hanport"),
        ("a" * 40, "a" * 32),
    ],
)
def test_host_names(name, host):
    assert label.host(name) == host


# The name server


def test_dns(start):
    unit = start().ready()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(10)

    def ask(packet):
        sock.sendto(packet, ("127.0.0.1", unit.dns))
        return sock.recv(600)

    for name in ("connectivitycheck.gstatic.com", "captive.apple.com", "a", "x" * 63 + ".example"):
        told = ask(query(name))
        assert told[:2] == b"\0\7" and told[2] & 0x80 and told[3] & 15 == 0
        assert struct.unpack("!4H", told[4:12]) == (1, 1, 0, 0)
        assert told[12 : 12 + len(name) + 2] == query(name)[12 : 12 + len(name) + 2]
        assert told[-4:] == bytes([127, 0, 0, 1])
    told = ask(query("captive.apple.com", 28))  # IPv6: there is none, and that is said
    assert told[3] & 15 == 0 and struct.unpack("!4H", told[4:12]) == (1, 0, 0, 0)
    # With EDNS, as phones ask: the additional record is left out.
    with_edns = bytearray(query("captive.apple.com", tail=b"\0\0\x29\x10\0\0\0\0\0\0\0"))
    with_edns[11] = 1
    assert struct.unpack("!4H", ask(with_edns)[4:12]) == (1, 1, 0, 0)
    for bad in (
        b"", b"\0" * 12, query("a")[:-1], query("a", flags=0x8180), query("a", flags=0x2800),
        query("a", count=2),
        query("a")[:12] + b"\xc0\x0c\0\1\0\1", query("a")[:12] + b"\x3fabc", os.urandom(300),
    ):  # fmt: skip
        sock.sendto(bad, ("127.0.0.1", unit.dns))
    assert ask(query("after.all", number=9))[:2] == b"\0\x09"


# What phones and computers ask for


@pytest.mark.parametrize("settings", [{}, {"name": "Måler"}])
def test_probes(start, settings):
    unit = start(settings).ready()
    home = f"http://127.0.0.1:{unit.port}/"
    for host, path in (
        ("connectivitycheck.gstatic.com", "/generate_204"),
        ("clients3.google.com", "/gen_204"),
        ("captive.apple.com", "/hotspot-detect.html"),
        ("www.apple.com", "/library/test/success.html"),
        ("www.msftconnecttest.com", "/connecttest.txt"),
        ("www.msftconnecttest.com", "/redirect"),
        ("www.msftncsi.com", "/ncsi.txt"),
        ("detectportal.firefox.com", "/canonical.html"),
        ("detectportal.firefox.com", "/success.txt?ipv4"),
        ("nmcheck.gnome.org", "/check_network_status.txt"),
        ("example.com", "/"),
        ("example.com", "/api/setup"),
        (f"127.0.0.1:{unit.port}", "/generate_204"),
    ):
        status, headers, _ = unit.ask("GET", path, host=host)
        assert (status, headers["Location"]) == (302, home), path
    for path in ("/", "/setup"):
        status, headers, text = unit.ask("GET", path)
        assert status == 200 and b"setup.js" in text and headers["Cache-Control"] == "no-store"
    assert unit.ask("GET", "/www/setup.js")[0] == 200
    assert unit.ask("GET", "/api/status")[0] == 200
    assert unit.ask("GET", "/api/nothing")[0] == 404


# The API


def test_network_list(start):
    """Sorted by strength, a name once with its strongest signal, no hidden ones, openness told."""
    unit = start().ready()
    heard = unit.json("GET", "/api/scan")[1]
    assert heard["networks"] == [
        {"ssid": "Granlia 14", "rssi": -52, "open": False},
        {"ssid": "Kafé åpen", "rssi": -67, "open": True},
        {"ssid": "Stille", "rssi": -80, "open": False},
    ]


def test_password_on_the_console_only(start):
    unit = start().ready()
    password = label.password(MAC)
    unit.until(
        lambda: any(password in line and "Hanport-0001" in line for line in unit.lines), "the password"
    )
    for path in ("/api/status", "/api/setup", "/api/scan", "/api/try", "/", "/www/setup.js"):
        assert password.encode() not in unit.ask("GET", path)[2], path


def test_password_of_ones_own(start):
    unit = start({"ap_password": "min egen kode"}).ready()
    unit.until(lambda: any("min egen kode" in line for line in unit.lines), "the password")
    assert b"min egen kode" not in unit.ask("GET", "/api/status")[2]


def test_trying(start):
    """Each outcome in words; nothing is saved by trying; the password comes back nowhere."""
    unit = start().ready()
    assert unit.json("GET", "/api/try")[1]["state"] == "idle"
    for ssid, password, state, words in (
        ("Granlia 14", "not this one", "wrong password", "not right"),
        ("Borte vekk", "not this one", "network not found", "not in reach"),
        ("Skjult", PASSWORD, "works", "works"),
        ("Granlia 14", PASSWORD, "works", "works"),
    ):
        now = unit.tried(ssid, password)
        assert now["state"] == state and ssid in now["words"] and words in now["words"]
        assert (now.get("address") == "127.0.0.1") == (state == "works")
    assert now["page"] == f"http://127.0.0.1:{unit.port}/" and now["local"] == "hanport.local"
    assert unit.saved() is None
    for path in ("/api/status", "/api/setup", "/api/try"):
        assert PASSWORD.encode() not in unit.ask("GET", path)[2], path


def test_refusals(start):
    """From elsewhere, not JSON, too long, nonsense: nothing is tried and nothing saved."""
    unit = start().ready()
    good = json.dumps({"ssid": "Granlia 14", "password": PASSWORD})
    ours = {"Origin": f"http://127.0.0.1:{unit.port}", "Content-Type": "application/json"}
    for headers, body, status in (
        ({**ours, "Origin": "http://evil.example"}, good, 403),
        ({"Content-Type": "application/json"}, good, 403),
        ({**ours, "Content-Type": "text/plain"}, good, 400),
        (ours, "{", 400),
        (ours, "[]", 400),
        (ours, json.dumps({"ssid": "x" * 3000}), 413),
        (ours, json.dumps({"ssid": ""}), 400),
        (ours, json.dumps({"ssid": "x" * 33}), 400),
        (ours, json.dumps({"ssid": "x", "password": "short"}), 400),
        (ours, json.dumps({"ssid": 5}), 400),
    ):
        told = unit.ask("POST", "/api/try", body, headers=headers)
        assert told[0] == status and json.loads(told[2])["problems"], (headers, body[:40])
    for body in ({"no_such": 1}, {"http_port": 81}, {"key": "12"}, {"country": "XX"}, {"mqtt_port": "x"}, {}):
        status, told = unit.json("POST", "/api/setup", body)
        assert status == 400 and told["problems"], body
    assert unit.json("GET", "/api/try")[1]["state"] == "idle" and unit.saved() is None


def test_country(start):
    unit = start().ready()
    assert "NO" in unit.json("GET", "/api/setup")[1]["countries"]
    for code in unit.json("GET", "/api/setup")[1]["countries"]:
        about = unit.json("GET", f"/api/country?c={code}")[1]
        assert about["lines"][0] == "{baud} {parity}".format(**about["values"]) and about["keys"]
    assert unit.json("GET", "/api/country?c=XX")[1]["lines"] == []


def test_saving(start):
    """The country's values under those that were chosen; the device lives by them at once."""
    unit = start({"mqtt_topic": "attic"}).ready()
    unit.tried("Granlia 14", PASSWORD)
    key = "00112233445566778899AABBCCDDEEFF"
    given = {
        "country": "DK",
        "parity": "8E1",
        "baud": 2400,
        "key": key,
        "name": "Kjeller 2",
        "mqtt_host": "127.0.0.1",
    }
    status, now = unit.json("POST", "/api/setup", given)
    assert status == 200 and now["saved"]
    saved = unit.saved()
    assert saved["wifi_ssid"] == "Granlia 14" and saved["wifi_password"] == PASSWORD
    assert saved["zone"] == "Europe/Copenhagen" and saved["parity"] == "8E1" and saved["key"] == key
    assert saved["mqtt_topic"] == "attic", "what was set before is lost"

    def lives():
        status = unit.json("GET", "/api/status")[1]
        return status["device"]["name"] == "Kjeller 2" and status["mqtt"]["state"] != "off" and status

    status = unit.until(lives, "the new settings")
    before = status["port"]["readings"]
    unit.until(lambda: unit.json("GET", "/api/status")[1]["port"]["readings"] > before, "a reading")
    assert unit.json("POST", "/api/done", {})[0] == 200
    unit.until(lambda: unit.ask("GET", "/api/setup")[0] == 404, "the end of set-up mode")
    assert b"page.js" in unit.ask("GET", "/")[2]
    assert unit.json("GET", "/api/status")[1]["network"]["state"] == "connected"


def test_not_open_when_there_is_a_network(start):
    """The set-up's answers are given in set-up mode only."""
    unit = start({"wifi_ssid": "Granlia 14", "wifi_password": PASSWORD})
    unit.until(lambda: unit.json("GET", "/api/status")[1]["network"]["state"] == "connected", "the network")
    assert unit.ask("GET", "/api/setup")[0] == 404 and unit.ask("POST", "/api/setup", {})[0] == 404
    assert b"page.js" in unit.ask("GET", "/")[2]
    assert not any("Set-up:" in line for line in unit.lines)
