"""What changes the device from its page: settings, backup, restore, update, password."""

import base64
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

import device  # noqa: E402

KEY = "000102030405060708090A0B0C0D0E0F"


@pytest.fixture(scope="module")
def unit():
    """A device that reads one frame over and over."""
    frame = str(TOP / "host_tests" / "frames" / "kaifa" / "list2-3p.hex")
    options = device.parser().parse_args(["--speed", "10", "--key", KEY, "--frames", frame])
    unit = device.Device(options)
    unit.start()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            ask(unit, "is-alive")
            break
        except OSError:
            time.sleep(0.2)
    yield unit
    unit.stop()


def ask(unit, path, body=None, **headers):
    """(status, octets) of a request; a body makes it a POST."""
    if isinstance(body, dict):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(unit.url + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def values(unit):
    """The settings as the form has them."""
    return {row["key"]: row["value"] for row in json.loads(ask(unit, "api/settings")[1])}


def test_form_tells_no_secret(unit):
    status, body = ask(unit, "api/settings")
    rows = json.loads(body)
    assert status == 200 and len(rows) > 30
    assert KEY.encode() not in body
    assert {row["key"]: row["value"] for row in rows}["key"] is True
    assert all(row["label"] and row["group"] for row in rows)


def test_change_takes_all_or_nothing(unit):
    status, body = ask(unit, "api/settings", {"name": "attic", "mqtt_port": 99999})
    assert status == 400 and "Port of the broker" in json.loads(body)["problems"][0]
    assert values(unit)["name"] == "hanport"
    for wrong in ("no json", "[1]", '{"no_such": 1}'):
        status, body = ask(unit, "api/settings", wrong)
        assert status == 400 and json.loads(body)["problems"]
    status, body = ask(unit, "api/settings", {"name": "attic å"})
    assert status == 200 and json.loads(body)["saved"]
    assert values(unit)["name"] == "attic å"
    assert json.loads(ask(unit, "api/status")[1])["device"]["name"] == "attic å"
    # The file survives a restart: it is on the device's flash, with its line of check.
    assert "attic" in (unit.flash / "settings.json").read_text()


def test_reading_goes_on_after_a_change(unit):
    ask(unit, "api/settings", {"baud": 2400})
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if json.loads(ask(unit, "api/status")[1])["sentence"] == "Readings come.":
            return
        time.sleep(0.3)
    raise AssertionError("no reading after the settings changed")


def test_pages_of_others_change_nothing(unit):
    status, body = ask(unit, "api/settings", {"name": "evil"}, Origin="http://elsewhere.example")
    assert status == 403 and "own page" in json.loads(body)["problems"][0]
    assert values(unit)["name"] != "evil"
    host = unit.url[7:-1]
    assert ask(unit, "api/settings", {"led": "quiet"}, Origin=f"http://{host}")[0] == 200


def test_backup_and_restore(unit):
    ask(unit, "api/settings", {"mqtt_topic": "before"})
    text = ask(unit, "api/backup")[1].decode()
    assert "mqtt_topic = before" in text and KEY not in text.upper().replace(" ", "")
    assert KEY in ask(unit, "api/backup?secrets=1")[1].decode().upper()
    ask(unit, "api/settings", {"mqtt_topic": "after"})
    status, body = ask(unit, "api/restore", text)
    assert status == 200, body
    assert values(unit)["mqtt_topic"] == "before"
    assert values(unit)["key"] is True  # a secret that the backup leaves out stays


def test_a_part_of_a_backup_changes_nothing(unit):
    text = ask(unit, "api/backup")[1].decode()
    before = values(unit)
    cut = text.replace("# led = on", "led = off")[:-5]
    for part in (text[: len(text) // 2], cut, "amsconfig", "nothing"):
        status, body = ask(unit, "api/restore", part)
        assert status == 400 and len(json.loads(body)["problems"]) == 1, body
    assert values(unit) == before


def test_a_country_brings_what_is_usual_there(unit):
    assert ask(unit, "api/settings", {"country": "NL", "grid": "IT"})[0] == 200
    now = values(unit)
    # users-and-peers.md: the P1 port of the Netherlands; what was given with it goes before what is usual.
    assert (now["zone"], now["baud"], now["parity"], now["grid"]) == ("Europe/Amsterdam", 115200, "8N1", "IT")
    assert ask(unit, "api/settings", {"country": "", "baud": 2400, "zone": None})[0] == 200


def test_settings_of_the_network_restart_the_device(tmp_path):
    unit = device.Device(device.parser().parse_args([]))
    unit.start()
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                status, body = ask(unit, "api/settings", {"ntp_host": "time.example"})
                break
            except OSError:
                time.sleep(0.2)
        assert status == 200 and json.loads(body)["restarting"] is True
        assert unit.process.wait(20) is not None
        assert "time.example" in (unit.flash / "settings.json").read_text()
    finally:
        unit.stop()


def test_update_that_is_none_is_refused(unit):
    status, body = ask(unit, "api/update", b"\0" * 3000)
    assert status == 400 and json.loads(body)["problems"][0].endswith(".")


def test_page_password(unit):
    assert ask(unit, "api/settings", {"page_password": "s3cret"})[0] == 200
    try:
        assert ask(unit, "")[0] == 401 and ask(unit, "api/reading")[0] == 401
        assert ask(unit, "is-alive")[0] == 200
        wrong = base64.b64encode(b"me:other").decode()
        assert ask(unit, "api/reading", Authorization=f"Basic {wrong}")[0] == 401
        assert ask(unit, "api/reading", Authorization="Basic !")[0] == 401
    finally:
        right = base64.b64encode(b"me:s3cret").decode()
        status, body = ask(unit, "api/settings", {"page_password": None}, Authorization=f"Basic {right}")
    assert status == 200, body
    assert ask(unit, "")[0] == 200


def test_unknown_things(unit):
    assert ask(unit, "api/nothing")[0] == 404
    assert ask(unit, "api/nothing", {})[0] == 404
    assert ask(unit, "settings")[0] == 200
