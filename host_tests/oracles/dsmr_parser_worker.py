"""What dsmr-parser says of a P1 telegram, clear or ciphered."""

import re
from zoneinfo import ZoneInfo

from common import Cannot, moment, serve
from dsmr_parser import telegram_specifications as specifications
from dsmr_parser.parsers import TelegramParser

ZONE = ZoneInfo("Europe/Amsterdam")
MEDIA = {2: "electricity", 3: "gas", 4: "heat", 6: "warm_water", 7: "water", 10: "cooling"}
NAMES = {
    "EQUIPMENT_IDENTIFIER": "meter_id",
    "BELGIUM_EQUIPMENT_IDENTIFIER": "meter_id",
    "ELECTRICITY_ACTIVE_TARIFF": "active_tariff",
    "CURRENT_ELECTRICITY_USAGE": "active_power_import_w",
    "CURRENT_ELECTRICITY_DELIVERY": "active_power_export_w",
    "CURRENT_REACTIVE_IMPORTED": "reactive_import_var",
    "CURRENT_REACTIVE_EXPORTED": "reactive_export_var",
    "ELECTRICITY_IMPORTED_TOTAL": "energy_import_kwh",
    "ELECTRICITY_EXPORTED_TOTAL": "energy_export_kwh",
    "ELECTRICITY_REACTIVE_IMPORTED_TOTAL": "reactive_energy_import_kvarh",
    "ELECTRICITY_REACTIVE_EXPORTED_TOTAL": "reactive_energy_export_kvarh",
    "SHORT_POWER_FAILURE_COUNT": "power_failures",
    "LONG_POWER_FAILURE_COUNT": "power_failures_long",
    "ACTUAL_SWITCH_POSITION": "disconnect_state",
    "BELGIUM_CURRENT_AVERAGE_DEMAND": "demand_import_w",
    "BELGIUM_MAXIMUM_DEMAND_MONTH": "demand_import_peak_w",
}
for _n in (1, 2, 3):
    _phase = f"INSTANTANEOUS_{{}}_L{_n}{{}}".format
    NAMES[_phase("VOLTAGE", "")] = f"voltage_l{_n}_v"
    NAMES[_phase("CURRENT", "")] = f"current_l{_n}_a"
    for _sign, _way in (("_POSITIVE", "import"), ("_NEGATIVE", "export")):
        NAMES[_phase("ACTIVE_POWER", _sign)] = f"active_power_{_way}_l{_n}_w"
        NAMES[_phase("REACTIVE_POWER", _sign)] = f"reactive_{_way}_l{_n}_var"
    NAMES[f"VOLTAGE_SAG_L{_n}_COUNT"] = f"voltage_sags_l{_n}"
    NAMES[f"VOLTAGE_SWELL_L{_n}_COUNT"] = f"voltage_swells_l{_n}"
    NAMES[f"ELECTRICITY_USED_TARIFF_{_n}"] = f"energy_import_t{_n}_kwh"
    NAMES[f"ELECTRICITY_DELIVERED_TARIFF_{_n}"] = f"energy_export_t{_n}_kwh"
PARSERS = {
    name: TelegramParser(getattr(specifications, name))
    for name in ("V2_2", "V4", "V5", "BELGIUM_FLUVIUS", "SWEDEN", "SAGEMCOM_T210_D_R", "MSN")
}


def specification(octets):
    """The specification that a person would choose for this meter."""
    if octets[:1] == b"\xdb":
        return "SAGEMCOM_T210_D_R"
    marks = {b"0.2.8(50)": "V5", b"0.2.8(42)": "V4", b"96.1.4(": "BELGIUM_FLUVIUS", b"1-0:1.8.0": "SWEDEN"}
    for mark, name in marks.items():
        if mark in octets:
            return name
    return "V2_2"


def plain(key, item):
    """Text of an item's value in the unit of the key."""
    value = item.value
    if key == "meter_id":
        return bytes.fromhex(value).decode() if re.fullmatch("([2-7][0-9A-F])+", value) else value
    unit = (item.unit or "").lower()
    if key.endswith(("_w", "_var")) and unit.startswith("k"):
        value = value * 1000
    elif key.endswith(("_kwh", "_kvarh")) and not unit.startswith("k"):
        value = value / 1000
    return str(value)


def clock(when):
    """Words of the library's UTC time: the local time that the meter sent, and its letter."""
    local = when.astimezone(ZONE)
    return {"timestamp": moment(local.replace(tzinfo=None)), "timestamp_dst": "S" if local.dst() else "W"}


def submeter(device):
    """Words of one M-Bus device."""
    found = {"channel": device.channel_id}
    for name, item in device:
        if "DEVICE_TYPE" in name:
            found["medium"] = MEDIA.get(int(item.value), "other")
        elif "IDENTIFIER" in name and item.value:
            found["id"] = plain("meter_id", item)
        elif "READING" in name and item.value is not None:
            found.update({"value_" + item.unit.lower(): str(item.value), **clock(item.datetime)})
    return found


def parse(octets, ek, ak):
    """The library's Telegram."""
    if octets[:1] not in (b"/", b"\xdb"):
        raise Cannot("it reads P1 only")
    if octets[:1] == b"\xdb":
        return PARSERS[specification(octets)].parse(octets.hex(), ek or "", ak or "")
    return PARSERS[specification(octets)].parse(octets.decode("latin-1"))


def read(row):
    """Answer of one telegram."""
    found = parse(bytes.fromhex(row["hex"]), row["ek"], row["ak"])
    values = {}
    for name, item in found:
        if name == "P1_MESSAGE_TIMESTAMP":
            values.update(clock(item.value))
        elif name in NAMES and item.value is not None:
            values[NAMES[name]] = plain(NAMES[name], item)
        elif name == "MBUS_DEVICES":
            values["submeters"] = [submeter(device) for device in item]
    return {"values": values}


if __name__ == "__main__":
    serve(read, parse)
