"""The local APIs of a running device as others read them: evcc's template, HomeWizard's client, Prometheus.

Three meters (one phase, three phases with export, P1 with gas); each reader must say what MQTT says.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import paho.mqtt.client as paho  # noqa: E402
from local_api import ACCEPT, FRAMES, Unit, judge, samples  # noqa: E402

from brokers import Broker  # noqa: E402

METERS = {"one": "kaifa/list3-1p.hex", "three": "p1/dsmr5-export.txt", "gas": "p1/dsmr5-1p.txt"}
# evcc's template amsleser (users-and-peers.md 3.2): what it reads of /data.json, and the words of ours.
EVCC = {
    "w": None,
    "e": "active_power_export_w",
    "ic": "energy_import_kwh",
    "ec": "energy_export_kwh",
    **{f"l{n}.i": f"current_l{n}_a" for n in (1, 2, 3)},
    **{f"l{n}.u": f"voltage_l{n}_v" for n in (1, 2, 3)},
    **{f"l{n}.p": f"active_power_import_l{n}_w" for n in (1, 2, 3)},
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """{meter: {reader: what it said}}: of each meter all readers and MQTT, asked while the device runs."""
    units, found = {}, {name: {} for name in METERS}
    with Broker() as broker:
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.on_connect = lambda c, *_: c.subscribe("+/reading")
        client.on_message = lambda c, u, m: found[m.topic.split("/")[0]].update(mqtt=m.payload)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        try:
            for name, frame in METERS.items():
                settings = {"mqtt_host": "127.0.0.1", "mqtt_port": broker.port, "mqtt_format": "own"}
                settings.update(mqtt_topic=name, name=name, homewizard=True, wifi_ssid="home")
                units[name] = Unit(tmp_path_factory.mktemp(name), settings, frame)
            for name, unit in units.items():
                unit.until(lambda name=name: "mqtt" in found[name])
                found[name]["data.json"] = unit.json("/data.json")
                found[name]["sysinfo.json"] = unit.json("/sysinfo.json")
                found[name]["open"] = unit.ask("/metrics", Accept=ACCEPT)
                found[name]["plain"] = unit.ask("/metrics")
                found[name]["api"] = unit.json("/api", Accept="text/html")
                found[name]["telegram"] = unit.ask("/api/v1/telegram")
            for name, answer in zip(
                units, judge("homewizard", *({"host": unit.host} for unit in units.values())), strict=True
            ):
                found[name]["homewizard"] = answer
        finally:
            client.loop_stop()
            for unit in units.values():
                unit.device.stop()
    for said in found.values():
        said["mqtt"] = json.loads(said["mqtt"], parse_float=Decimal)
    return found


def net(reading):
    """Import less export."""
    return reading["active_power_import_w"] - reading["active_power_export_w"]


@pytest.mark.parametrize("name", METERS)
def test_mqtt_says_the_truth(told, name):
    """What the others are compared with."""
    row = json.loads((FRAMES / METERS[name]).with_suffix(".json").read_text(), parse_float=Decimal)
    for key, value in {**row["expected"], **row.get("derived", {})}.items():
        if key != "submeters":
            assert told[name]["mqtt"][key] == value, key


@pytest.mark.parametrize("name", METERS)
def test_evcc(told, name):
    """Each field of its template is there where MQTT has the value, and only there."""
    mqtt = told[name]["mqtt"]
    for path, key in EVCC.items():
        value = told[name]["data.json"]
        for part in path.split("."):
            value = value.get(part, {})
        wanted = net(mqtt) if key is None else mqtt.get(key, {})
        assert value == wanted, path


@pytest.mark.parametrize("name", METERS)
def test_homewizard_client(told, name):
    """Its words of power and energy, of each phase, of gas, of the meter and of the device."""
    mqtt, said = told[name]["mqtt"], told[name]["homewizard"]
    assert "cannot" not in said, said
    measured = said["measurement"]
    assert measured["power_w"] == net(mqtt)
    for way in ("import", "export"):
        assert Decimal(str(measured[f"energy_{way}_kwh"])) == mqtt[f"energy_{way}_kwh"]
        parts = [Decimal(str(measured.get(f"energy_{way}_t{n}_kwh", 0))) for n in (1, 2, 3, 4)]
        assert sum(parts) == mqtt[f"energy_{way}_kwh"]
    for n in (1, 2, 3):
        for key in (f"voltage_l{n}_v", f"current_l{n}_a"):
            assert measured.get(key) == (float(mqtt[key]) if key in mqtt else None), key
    assert measured["unique_id"] == mqtt["meter_id"]
    assert measured.get("tariff") == mqtt.get("active_tariff")
    gas = [
        (one["type"], one["unique_id"], one["value"], one["unit"], one["timestamp"])
        for one in measured.get("external_devices", {}).values()
    ]
    expected = [("gas_meter", "G1234", 456.789, "m3", "2024-07-15T13:05:00")] if name == "gas" else []
    assert gas == expected
    who = {"name": "P1 Meter", "id": "appliance/p1dongle/240ac4000001", "version": "source"}
    assert said["device"] == who
    assert said["system"] == {"wifi_ssid": "home", "wifi_strength_pct": 84}


@pytest.mark.parametrize("name", METERS)
@pytest.mark.parametrize("form", ["open", "plain"])
def test_prometheus(told, name, form):
    """Power, energy, voltage, current and gas, in base units; a family each, with type and help."""
    mqtt = told[name]["mqtt"]
    found, families = samples(told[name][form], form == "plain")
    for way in ("import", "export"):
        direction = ("direction", way)
        assert found["meter_active_power_watts", direction] == mqtt[f"active_power_{way}_w"]
        joules = mqtt[f"energy_{way}_kwh"] * 3600000
        assert found["meter_energy_joules_total", direction] == joules
        for n in range(1, 9):
            key = ("meter_tariff_energy_joules_total", direction, ("tariff", str(n)))
            kwh = mqtt.get(f"energy_{way}_t{n}_kwh")
            assert found.get(key) == (None if kwh is None else kwh * 3600000)
    for n in (1, 2, 3):
        phase = ("phase", f"l{n}")
        for theirs, ours in (("voltage_volts", f"voltage_l{n}_v"), ("current_amperes", f"current_l{n}_a")):
            value = float(mqtt[ours]) if ours in mqtt else None
            assert found.get(("meter_" + theirs, phase)) == value, theirs
    gas = ("submeter_volume_cubic_meters_total", ("channel", "1"), ("medium", "gas"))
    assert found.get(gas) == (456.789 if name == "gas" else None)
    identity = [dict(key[1:]) for key in found if key[0] == "meter_info"]
    assert [one["id"] for one in identity] == [mqtt["meter_id"]]
    assert found["hanport_readings_total",] > 0 and found["hanport_lamp_good", ("lamp", "list")] == 1
    assert found["hanport_mqtt_connected",] == 1
    assert not any(text == "" for _, _, text in families.values())
    if form == "open":
        assert families["meter_energy_joules"][:2] == ["counter", "joules"]
        assert families["meter_active_power_watts"][:2] == ["gauge", "watts"]
        assert families["meter"][0] == families["hanport"][0] == "info"


def dsmr(text):
    """What dsmr-parser reads in a telegram, whose checksum it looks at."""
    (said,) = judge("dsmr_parser", {"hex": text.encode().hex(), "ek": None, "ak": None})
    assert "cannot" not in said, said
    units = ("_w", "_v", "_a", "wh")
    return {key: Decimal(value) for key, value in said["values"].items() if key.endswith(units)}


@pytest.mark.parametrize("name", METERS)
def test_telegram(told, name):
    """The meter's own, octet for octet, where it sends P1; else one that dsmr-parser reads like any."""
    status, headers, text = told[name]["telegram"]
    assert status == 200 and headers["Content-Type"] == "text/plain; charset=utf-8"
    sent = (FRAMES / METERS[name]).read_bytes().decode() if name != "one" else None
    assert headers["Hanport-Telegram"] == ("of the meter" if sent else "written from the readings")
    if sent:
        assert text == sent
    else:
        assert text.startswith("/HAN5Hanport\r\n")
    values = dsmr(text)
    assert {"active_power_import_w", "active_power_export_w", "voltage_l1_v", "current_l1_a"} <= set(values)
    assert "energy_import_kwh" in values or "energy_import_t1_kwh" in values
    assert all(value == told[name]["mqtt"][key] for key, value in values.items())
    # The client takes the answer as text, whose line ends it leaves alone.
    assert told[name]["homewizard"]["telegram"] == text


def test_sysinfo(told):
    """Names of ancestor-features.md 7.2, and none that is not there."""
    names = "version chip mac vndcfg usrcfg hostname booting upgrading net if meter security clock_offset"
    names = set(names.split())
    for name in METERS:
        said = told[name]["sysinfo.json"]
        assert set(said) == names | {"features"}
        assert said["hostname"] == name and said["net"]["ip"] == "127.0.0.1" and said["security"] == 0
        assert said["meter"]["id"] == told[name]["mqtt"]["meter_id"]
    assert told["one"]["sysinfo.json"]["meter"] == {"mfg": 2, "model": "MA105H2E", "id": "1234567890123456"}


def test_api_for_both(told):
    """One object for who reads the list and for HomeWizard's clients."""
    said = told["gas"]["api"]
    assert said["product_type"] == "HWE-P1" and said["api_version"] == "v1" and said["name"] == "gas"
    assert "GET /api/v1/data" in said["paths"] and "GET /metrics" in said["paths"]
