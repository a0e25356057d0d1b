"""Judges the discovery messages that a broker keeps, by a typed table and by Home Assistant's constants."""

import json
import re

# device class: units, state classes, decimals shown. None: must be absent.
RULES = {
    "energy": ({"kWh", "GJ"}, {"total", "total_increasing"}, 3),
    "reactive_energy": ({"kvarh"}, {"total", "total_increasing"}, 3),
    "power": ({"W"}, {"measurement"}, 0),
    "reactive_power": ({"var"}, {"measurement"}, 0),
    "apparent_power": ({"VA"}, {"measurement"}, 0),
    "voltage": ({"V"}, {"measurement"}, (1, 2)),
    "current": ({"A"}, {"measurement"}, 2),
    "frequency": ({"Hz"}, {"measurement"}, 2),
    "power_factor": ({"%", None}, {"measurement"}, 1),
    "signal_strength": ({"dBm"}, {"measurement"}, 0),
    "duration": ({"s"}, {"measurement"}, 0),
    "data_size": ({"B"}, {"measurement"}, 0),
    "timestamp": ({None}, {None}, None),
    "enum": ({None}, {None}, None),
    "gas": ({"m\u00b3"}, {"total", "total_increasing"}, 3),
    "water": ({"m\u00b3"}, {"total", "total_increasing"}, 3),
    "volume": ({"m\u00b3"}, {"total", "total_increasing"}, 3),
    None: ({None}, {None, "total_increasing"}, (0, None)),
}
ENTITY = ("name", "uniq_id", "def_ent_id", "stat_t", "val_tpl")
TOPIC = re.compile(r"homeassistant/(sensor|update|device)/[a-zA-Z0-9_-]+/config")
ENTITY_ID = re.compile(r"(sensor|update)\.[a-z0-9]+(_[a-z0-9]+)*")


def of_entity(told, platform):
    """Violations of one entity, by the typed table."""
    yield from (f"{key} is missing" for key in ENTITY if not told.get(key))
    if not ENTITY_ID.fullmatch(told["def_ent_id"]) or not told["def_ent_id"].startswith(platform + "."):
        yield f"default_entity_id {told['def_ent_id']}"
    if "obj_id" in told or "object_id" in told:
        yield "object_id is no more"
    if "unit" in told["name"].lower() or "hanport" in told["name"].lower():
        yield "the name holds the device's"
    if not re.fullmatch(r"[^#+\x00-\x1f]+", told["stat_t"]):
        yield f"state topic {told['stat_t']}"
    if platform == "update":
        yield from (f"{key} is missing" for key in ("l_ver_t", "l_ver_tpl") if not told.get(key))
        return
    kind = told.get("dev_cla")
    if kind not in RULES:
        yield f"device class {kind}"
        return
    units, state_classes, decimals = RULES[kind]
    if told.get("unit_of_meas") not in units:
        yield f"{kind} in {told.get('unit_of_meas')}"
    if told.get("stat_cla") not in state_classes:
        yield f"{kind} with state class {told.get('stat_cla')}"
    if told.get("sug_dsp_prc") not in (decimals if isinstance(decimals, tuple) else (decimals,)):
        yield f"{kind} with {told.get('sug_dsp_prc')} decimals"
    if (kind == "enum") != ("ops" in told):
        yield "options and enum go together"
    if not isinstance(told.get("exp_aft"), int) or told["exp_aft"] < 60:
        yield f"expire_after {told.get('exp_aft')}"
    if told["stat_t"].endswith("/state") and told.get("ent_cat") != "diagnostic":
        yield "what is of the device is for diagnosis"


def of_device(told):
    """Violations of what is of the device, by the typed table."""
    if not told.get("dev", {}).get("ids") or not told["dev"].get("name"):
        yield "dev without ids or name"
    if not told.get("o", {}).get("name"):
        yield "o without name"
    if told.get("avty_t") != "b/status":
        yield f"availability {told.get('avty_t')}"
    if told["dev"]["ids"].endswith("_meter") and told["dev"].get("via_device") != told["dev"]["ids"][:-6]:
        yield "the meter is reached via the reader"


def by_constants(told, platform, constants):
    """Violations of one entity, by Home Assistant's own constants."""
    long = {}
    for key, value in told.items():
        if key != "p" and key not in constants.short:
            yield f"{key} is no abbreviation"
        long[constants.short.get(key, key)] = value
    yield from (f"{key} is no option" for key in long if key not in constants.options[platform])
    if platform == "update":
        return
    kind, unit = long.get("device_class"), long.get("unit_of_measurement")
    if kind is None:
        return
    if kind not in constants.classes:
        yield f"device class {kind}"
    elif kind in constants.units and unit not in constants.units[kind]:
        yield f"{kind} in {unit}"
    state_class = long.get("state_class")
    if state_class is not None and state_class not in constants.state_classes.get(kind, {state_class}):
        yield f"{kind} with state class {state_class}"
    if kind in constants.texts and (unit or state_class or "suggested_display_precision" in long):
        yield f"{kind} is no number"


def judge(broker, constants):
    """(violations, entities): of all discovery messages retained by a broker."""
    found, entities, ids = [], [], {}
    for topic, text in broker.items():
        if not topic.startswith("homeassistant/"):
            continue
        told = json.loads(text)
        if not TOPIC.fullmatch(topic):
            found.append(f"{topic}: characters")
        platform = topic.split("/")[1]
        members = told.pop("cmps").values() if platform == "device" else [told]
        complaints = list(of_device(told))
        for kind, short in (("dev", constants.short_of_device), ("o", constants.short_of_origin)):
            complaints += [f"{kind} {k}" for k in told[kind] if k not in short and k != "via_device"]
        for member in members:
            if list(member) == ["p"]:
                continue
            mine = member.get("p", platform)
            if platform == "device" and "p" not in member:
                complaints.append("p is missing")
            entities.append(member)
            complaints += of_entity(member, mine)
            complaints += by_constants(member, mine, constants)
            for key in ("uniq_id", "def_ent_id"):
                if (key, member[key]) in ids:
                    complaints.append(f"{member[key]} comes twice")
                ids[key, member[key]] = topic
        found += [f"{topic}: {complaint}" for complaint in complaints]
    return found, entities
