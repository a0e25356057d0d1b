"""The project's own frames: descriptions with invented ids and values, and the writer of host_tests/frames.

Each entry of corpus() is (folder/name, description, more): `more` overrides keys of the written truth. For
every entry a frame file and a .json with the same name are written; truth keys are those of a decoder.
"""

import json
from decimal import Decimal
from pathlib import Path

import framesmith
import smith_tables
from smith_cipher import DEMO_AK, DEMO_EK, LUXEMBOURG_AK
from smith_corpus_p1 import p1_entries

PROVENANCE = "made by tools/framesmith.py, invented values"
MOMENT, HOUR, AFTER = "2024-07-15T13:05:10", "2024-07-15T14:00:00", "2024-07-15T14:00:10"

# One household's invented readings; a list takes from here the keys it carries.
READINGS = {
    "active_power_import_w": 2345, "active_power_export_w": 0, "reactive_import_var": 0,
    "reactive_export_var": 312,
    "current_l1_a": 5.2, "current_l2_a": 4.0, "current_l3_a": 1.3,
    "voltage_l1_v": 231.1, "voltage_l2_v": 229.8, "voltage_l3_v": 230.5,
    "energy_import_kwh": 12345.67, "energy_export_kwh": 5, "reactive_energy_import_kvarh": 2.5,
    "reactive_energy_export_kvarh": 456.78,
    "active_power_import_l1_w": 1190, "active_power_import_l2_w": 860, "active_power_import_l3_w": 295,
    "active_power_export_l1_w": 0, "active_power_export_l2_w": 0, "active_power_export_l3_w": 0,
    "reactive_import_l1_var": 0, "reactive_import_l2_var": 0, "reactive_import_l3_var": 0,
    "reactive_export_l1_var": 150, "reactive_export_l2_var": 102, "reactive_export_l3_var": 60,
    "energy_import_t1_kwh": 5000.67, "energy_import_t2_kwh": 7345, "energy_export_t1_kwh": 2,
    "energy_export_t2_kwh": 3, "reactive_energy_q1_kvarh": 2, "reactive_energy_q2_kvarh": 0.5,
    "reactive_energy_q3_kvarh": 100.789, "reactive_energy_q4_kvarh": 356,
    "power_factor": 0.97, "power_factor_l1": 0.98, "power_factor_l2": 0.96, "power_factor_l3": 0.91,
    "energy_import_l1_kwh": 6000.123, "energy_import_l2_kwh": 4000, "energy_import_l3_kwh": 2345.547,
    "energy_export_l1_kwh": 5, "energy_export_l2_kwh": 0, "energy_export_l3_kwh": 0,
    "active_tariff": 2, "disconnect_state": 1, "timestamp_status": 0,
}
WHOLE_VOLTS = {"voltage_l1_v": 231, "voltage_l2_v": 230, "voltage_l3_v": 229}
FINE_ENERGY = {"energy_import_kwh": 12345.678, "reactive_energy_export_kvarh": 456.789}
SUMMER = {"timestamp": MOMENT + "+02:00", "timestamp_status": 128}
WINTER = {"timestamp": "2024-01-15T13:05:10+01:00", "timestamp_status": 0}


def make(maker, name, values, **more):
    """A description with the readings the list carries and, on top, those of `values` that it carries."""
    spec = smith_tables.LISTS[maker][name]
    wanted = {item.key for item in spec.items} | {"timestamp", "timestamp_status"}
    values = {key: value for key, value in values.items() if key in wanted}
    chosen = {key: READINGS[key] for key in READINGS if key in wanted and key != "timestamp_status"}
    if "timestamp" in values and "timestamp_status" not in values:
        chosen["timestamp_status"] = 0
    return {"maker": maker, "list": name, "values": {**chosen, **values}, **more}


def aidon():
    """Aidon Norway (UTC+0 deviation in its clock), Sweden, and EMBRIQ of Landis+Gyr."""
    names = {"list_id": "AIDON_V0001", "meter_id": "7359991234567890"}
    hour = {"timestamp": HOUR + "+00:00"}
    yield "aidon/list1", make("aidon", "1", {}), {}
    for kind, model in (("1p", "6515"), ("3p3w", "6525"), ("3p4w", "6534")):
        named = {**names, "meter_model": model}
        yield f"aidon/list2-{kind}", make("aidon", f"2-{kind}", named), {}
        yield f"aidon/list3-{kind}", make("aidon", f"3-{kind}", {**named, **hour}), {}
    reverse = {"active_power_import_w": 0, "active_power_export_w": 4321, "current_l1_a": -6.1}
    yield "aidon/list2-export", make("aidon", "2-3p4w", {**names, "meter_model": "6534", **reverse}), {}
    swedish = make("aidon", "se-27", {**FINE_ENERGY, "timestamp": MOMENT})
    swedish["values"].pop("timestamp_status")
    yield "aidon/swedish27", swedish, {"uncertain": ["meter_manufacturer"]}
    embriq = {"list_id": "EMBRIQ_V1_1", "meter_id": "70660012345", "meter_model": "ZFF1",
              "current_l1_a": 5.21}
    yield "landis-gyr/embriq-list2", make("embriq", "2", embriq), {}
    yield "landis-gyr/embriq-list3", make("embriq", "3", {**embriq, "timestamp": HOUR}), {}


def kaifa():
    """Kaifa Norway and Sweden."""
    names = {"list_id": "KFM_001", "meter_id": "1234567890123456"}
    fine = {"current_l1_a": 5.21, "current_l2_a": 3.98, "current_l3_a": 1.275, **FINE_ENERGY}
    one = {**names, "meter_model": "MA105H2E", "current_l1_a": 3.72}
    star = {**names, **fine, "meter_model": "MA304H4"}
    net_it = {**star, "meter_model": "MA304H3E", "voltage_l1_v": 239.2, "voltage_l2_v": 0,
              "voltage_l3_v": 239.7}
    hour = {"timestamp": HOUR, **FINE_ENERGY}
    sure = {"uncertain": ["meter_manufacturer"]}
    for name, watt in (("list1", 1234), ("list1-flag-inside", 0x7E7E)):
        values = {"timestamp": MOMENT, "active_power_import_w": watt}
        yield f"kaifa/{name}", make("kaifa", "1", values), sure
    yield "kaifa/list2-1p", make("kaifa", "2-1p", {**one, "timestamp": MOMENT}), {}
    yield "kaifa/list2-3p", make("kaifa", "2-3p", {**star, "timestamp": MOMENT}), {}
    yield "kaifa/list2-3p-it", make("kaifa", "2-3p", {**net_it, "timestamp": MOMENT}), {}
    yield "kaifa/list3-1p", make("kaifa", "3-1p", {**one, **hour}, header_time=AFTER), {}
    yield "kaifa/list3-3p", make("kaifa", "3-3p", {**star, **hour}, header_time=AFTER), {}
    large = {**star, **hour, "meter_model": "MA304T4", "energy_import_kwh": 12345678.901}
    yield "kaifa/list3-3p-ct-u64", make("kaifa", "3-3p-ct", large, header_time=AFTER), {}
    yield "kaifa/swedish-pairs", make("kaifa", "se-pairs", {**star, "timestamp": HOUR + "+01:00"}), {}
    for form in ("none", "plain", "tagged", "tagged-empty", "datetime"):
        values = {"active_power_import_w": 1234}
        if form not in ("none", "tagged-empty"):
            values.update(SUMMER)
        yield f"kaifa/list1-time-{form}", make("kaifa", "1", values, form=form), sure
    two = [make("kaifa", "1", {"timestamp": f"2024-07-15T13:05:{second}", "active_power_import_w": watt})
           for second, watt in (("02", 1234), ("04", 1240))]
    yield "kaifa/list1-two-shared-flag", {"maker": "join", "frames": two}, sure
    yield "kaifa/list1-two-flags", {"maker": "join", "frames": two, "shared_flag": False}, sure
    four = ["00020023", "00000003", "13"]
    yield "kaifa/list2-3p-addresses4", make("kaifa", "2-3p", {**star, "timestamp": MOMENT}, address=four), {}


def kamstrup():
    """Kamstrup HAN-NVE lists and the Danish push list."""
    names = {"list_id": "Kamstrup_V0001", "meter_id": "5706567000000001", "meter_model": "6841121BN243101040",
             **WHOLE_VOLTS, "current_l1_a": 5.21}
    now, hour = {**names, "timestamp": MOMENT}, {**names, "timestamp": "2024-07-15T14:00:05"}
    for name in ("1-3p", "1-1p", "1-1p-short", "1-1q"):
        yield f"kamstrup/list{name}", make("kamstrup", name, now), {}
    for name in ("2-3p", "2-1p", "2-1p-short"):
        yield f"kamstrup/list{name}", make("kamstrup", name, hour), {}
    tagged = make("kamstrup", "1-3p", now, form="tagged")
    yield "kamstrup/list1-3p-tagged-time", tagged, {}
    danish = {**WHOLE_VOLTS, **FINE_ENERGY, "list_id": "Kamstrup_V0001", "meter_id": "12345678",
              "current_l1_a": 5.21, "timestamp": MOMENT}
    # No scaler is sent: a decoder may take these energies for 10 Wh until it is told otherwise.
    unsure = {"uncertain": [key for key in (*READINGS, *FINE_ENERGY) if key.endswith("h")]}
    yield "kamstrup/dk-65", make("kamstrup", "dk-65", danish), unsure
    yield "kamstrup/dk-37", make("kamstrup", "dk-37", danish), unsure
    seal = {"sc": "30", "title": "4B414D0102030405", "ic": 4660}
    yield "kamstrup/dk-65-encrypted", make("kamstrup", "dk-65", danish, cipher=seal), unsure
    yield "kamstrup/list1-3p-encrypted", make("kamstrup", "1-3p", now, cipher=seal, address="kamstrup-dk"), {}
    yield "kamstrup/list1-3p-segmented", make("kamstrup", "1-3p", now, segment=100), {}


def austria():
    """M-Bus lists of Austria in one and two segments, plain and with every security control in use."""
    names = {**SUMMER, "meter_id": "1KFM0200000001", "logical_device_name": "KFM1200200000001", **FINE_ENERGY}
    kfm = {"title": "4B464D1020000001", "ic": 2795366}
    yield "kaifa/at16-plain", make("kaifa-at", "16", names, transport="raw"), {}
    for sc in ("20", "21", "30", "31", "10"):
        yield f"kaifa/at16-sc{sc}", make("kaifa-at", "16", names, cipher={"sc": sc, **kfm}), {}
    yield "kaifa/at16-plain-mbus", make("kaifa-at", "16", names), {}
    noe = {**WINTER, **FINE_ENERGY, "meter_id": "123456789012"}
    yield "kaifa/noe35-plain", make("noe", "35", noe, transport="raw"), {}
    seal = {"sc": "20", "title": "4B464D6750000001", "ic": 35}
    yield "kaifa/noe35", make("noe", "35", noe, cipher=seal), {"also": {"meter_manufacturer": "Kaifa"}}
    yield "kaifa/noe23-1p", make("noe", "23", noe, cipher=seal), {"also": {"meter_manufacturer": "Kaifa"}}
    yield ("sagemcom/noe35-length-01", make("noe", "35", noe, segment=252,
                                            cipher={**seal, "title": "5341470102030405"}),
           {"also": {"meter_manufacturer": "Sagemcom"}})
    short = make("kaifa", "1", {"active_power_import_w": 1234}, transport="mbus", form="none",
                 cipher={"sc": "20", **kfm})
    yield "kaifa/mbus-one-segment", short, {"uncertain": ["meter_manufacturer"]}


def landis_and_iskra():
    """Landis+Gyr E450 and Iskraemeco."""
    names = {**SUMMER, "meter_id": "12345678", **WHOLE_VOLTS, **FINE_ENERGY, "current_l1_a": 5.21}
    sure = {"also": {"meter_manufacturer": "Landis+Gyr"}, "uncertain": ["meter_manufacturer"]}
    for name in ("short", "phases", "burgenland-14", "burgenland-11"):
        yield f"landis-gyr/e450-{name}", make("e450", name, names), sure
    yield "landis-gyr/e450-baden-gbt", make("e450", "baden", names, transport="gbt", block=112), sure
    seal = {"sc": "30", "title": "4C475A0102030405", "ic": 7}
    told = {"also": {"meter_manufacturer": "Landis+Gyr"}}
    yield "landis-gyr/e450-burgenland-14-encrypted", make("e450", "burgenland-14", names, cipher=seal), told
    yield ("landis-gyr/e450-phases-gbt-encrypted",
           make("e450", "phases", names, transport="gbt", block=112, cipher=seal), told)
    iskra = {**SUMMER, "meter_id": "ISK1030700000001", "list_id": "16820005"}
    yield "iskraemeco/list18", make("iskraemeco", "18", iskra), {}
    yield "iskraemeco/list12", make("iskraemeco", "12", {**iskra, "list_id": "16820006"}), {}
    yield "iskraemeco/list18-segmented", make("iskraemeco", "18", iskra, segment=40), {}


def corpus():
    """All entries (name, description, more); names are unique."""
    for part in (aidon, kaifa, kamstrup, austria, landis_and_iskra, p1_entries):
        yield from part()


def _format(description):
    if description["maker"] == "join":
        return _format(description["frames"][0])
    if description["maker"] == "p1":
        return "gcm" if description.get("cipher", {}).get("layout") == "luxembourg" else "dsmr"
    return framesmith.TRANSPORTS[framesmith.transport_of(description)]


def truth(description, more):
    """The .json of an entry as a dict: provenance, description, format, verdict, key, expected."""
    row = {"provenance": PROVENANCE, "description": description, "format": _format(description),
           "encrypted": bool(description.get("cipher")), "verdict": "ok"}
    if row["encrypted"]:
        ak = LUXEMBOURG_AK if row["format"] == "gcm" else DEMO_AK
        row["key"] = {"ek": DEMO_EK.hex().upper(), "ak": ak.hex().upper()}
    if description["maker"] == "join":
        row["telegrams"] = len(description["frames"])
        row["expected_each"] = [framesmith.expected(each) for each in description["frames"]]
        row["expected"] = row["expected_each"][-1]
    else:
        row["expected"] = {**more.pop("also", {}), **framesmith.expected(description)}
    return {**row, **more}


def _plain_number(value):
    """Decimal as the JSON number that reads back the same."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{value!r} has no place in JSON")


def write(folder):
    """Write every frame and its truth below `folder`; returns how many. Same input, same octets."""
    count = 0
    for name, description, more in corpus():
        octets = framesmith.build(description)
        row = truth(description, dict(more))
        text = row["format"] == "dsmr" and not row["encrypted"]
        path = Path(folder) / (name + (".txt" if text else ".hex"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets if text else framesmith.hex_text(octets).encode("ascii"))
        row = {"provenance": row.pop("provenance"), "bytes": len(octets), **row}
        body = json.dumps(row, indent=1, default=_plain_number) + "\n"
        path.with_suffix(".json").write_text(body, encoding="utf-8")
        count += 1
    return count
