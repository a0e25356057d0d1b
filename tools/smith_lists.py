"""From values in the truth vocabulary to the body of a push list: items, units, scaling, layouts.

A value is given in the unit its key names (W, var, V, A, kWh, kvarh) as int or Decimal and is turned exactly
into the integer the meter would send; a value that the list cannot carry exactly is an error, never rounded.
"""

from collections import namedtuple
from datetime import datetime, timedelta
from decimal import Decimal

import smith_axdr as axdr
from smith_axdr import SmithError

# One element of a list. key: truth key, None for an element without a value. kind: how it is encoded.
# scaler: power of ten of the sent integer in the base unit (Wh, W ...). obis: full code where the maker
# deviates from CODES. const: what is sent when key is None.
Item = namedtuple("Item", "key kind scaler obis const", defaults=(None, "null", 0, None, None))

# One list of a maker. layout: see body(). prefix: A-B of its OBIS codes. form: date-time form of the header.
# maker: what a decoder can know from the octets, None when the list does not tell.
# address: a name in smith_link.ADDRESSES.
ListSpec = namedtuple("ListSpec", "layout items prefix form address invoke maker weekday hundredths",
                      defaults=("1-0", "plain", "kaifa", 0x40000000, None, None, 0xFF))

# C.D.E of the truth keys; IEC 62056-6-1, table of electricity codes.
CODES = {
    "list_id": "0.2.129", "meter_id": "96.1.0", "meter_model": "96.1.7", "logical_device_name": "42.0.0",
    "active_power_import_w": "1.7.0", "active_power_export_w": "2.7.0",
    "reactive_import_var": "3.7.0", "reactive_export_var": "4.7.0",
    "energy_import_kwh": "1.8.0", "energy_export_kwh": "2.8.0",
    "reactive_energy_import_kvarh": "3.8.0", "reactive_energy_export_kvarh": "4.8.0",
    "reactive_energy_q1_kvarh": "5.8.0", "reactive_energy_q2_kvarh": "6.8.0",
    "reactive_energy_q3_kvarh": "7.8.0", "reactive_energy_q4_kvarh": "8.8.0",
    "power_factor": "13.7.0", "timestamp": "1.0.0",
}
for _phase, _base in ((1, 20), (2, 40), (3, 60)):
    CODES.update({
        f"active_power_import_l{_phase}_w": f"{_base + 1}.7.0",
        f"active_power_export_l{_phase}_w": f"{_base + 2}.7.0",
        f"reactive_import_l{_phase}_var": f"{_base + 3}.7.0",
        f"reactive_export_l{_phase}_var": f"{_base + 4}.7.0",
        f"current_l{_phase}_a": f"{_base + 11}.7.0",
        f"voltage_l{_phase}_v": f"{_base + 12}.7.0",
        f"power_factor_l{_phase}": f"{_base + 13}.7.0",
        f"energy_import_l{_phase}_kwh": f"{_base + 1}.8.0",
        f"energy_export_l{_phase}_kwh": f"{_base + 2}.8.0",
    })
ABSTRACT = ("meter_id", "meter_model", "logical_device_name", "timestamp")

# Suffix of a key -> COSEM unit (IEC 62056-6-2, table 4) and the power of ten between the key's unit and it.
UNITS = (("_kwh", 30, 3), ("_kvarh", 32, 3), ("_var", 29, 0), ("_w", 27, 0), ("_v", 35, 0), ("_a", 33, 0),
         ("power_factor", 255, 0), ("power_factor_l1", 255, 0), ("power_factor_l2", 255, 0),
         ("power_factor_l3", 255, 0))

NUMBERS = {"u8": axdr.u8, "u16": axdr.u16, "u32": axdr.u32, "u64": axdr.u64, "i16": axdr.i16, "i32": axdr.i32,
           "enum": axdr.enum}


def rows(kind, scaler, keys, **more):
    """Items of one kind and scaler for the blank-separated keys."""
    return [Item(key, kind, scaler, **more) for key in keys.split()]


def unit_of(key):
    """(COSEM unit, power of ten from the base unit to the key's unit), e.g. _kwh -> (30, 3)."""
    for suffix, unit, kilo in UNITS:
        if key.endswith(suffix):
            return unit, kilo
    return 255, 0


def code_of(item, prefix):
    """Full OBIS code of an item in a list whose codes start with `prefix` (A-B)."""
    if item.obis:
        return item.obis
    return f"{'0-0' if item.key in ABSTRACT else prefix}:{CODES[item.key]}"


def raw_number(item, value):
    """The integer a meter sends for `value` in the key's unit; SmithError when it is not exact."""
    kilo = unit_of(item.key)[1]
    try:
        raw = Decimal(str(value)).scaleb(kilo - item.scaler)
    except ArithmeticError as error:
        raise SmithError(f"{item.key}: {value!r} is not a number") from error
    if not raw.is_finite() or raw != raw.to_integral_value():
        raise SmithError(f"{item.key}: {value} cannot be sent exactly with scaler {item.scaler}")
    return int(raw)


def parse_moment(text):
    """ISO text -> (naive local datetime, deviation in minutes or None). "+02:00" is deviation -120."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise SmithError(f"timestamp {text!r} is not ISO 8601") from error
    offset = moment.utcoffset()
    deviation = None if offset is None else -int(offset / timedelta(minutes=1))
    return moment.replace(tzinfo=None), deviation


def clock_octets(values, spec, time_key="timestamp"):
    """12 octets of values[time_key]; values without timestamp_status send FF, "not specified"."""
    moment, deviation = parse_moment(need(values, time_key))
    return axdr.clock(moment, deviation, values.get("timestamp_status"), spec.weekday, spec.hundredths)


def need(values, key):
    """values[key], or one clear line naming the missing key."""
    if key not in values:
        raise SmithError(f"the list needs the value {key!r}")
    return values[key]


def element(item, values, spec):
    """The encoded data element of one item."""
    if item.kind == "null":
        return axdr.null()
    if item.kind == "clock":
        return axdr.octet_string(clock_octets(values, spec))
    value = item.const if item.key is None else need(values, item.key)
    if item.kind in NUMBERS:
        return NUMBERS[item.kind](value if item.key is None else raw_number(item, value))
    if item.kind == "tariff":
        return axdr.octet_string(int(value).to_bytes(2, "big"))
    if item.kind.startswith("os"):
        # "os16" pads with NUL to a fixed width, as Landis+Gyr does; "os" sends the text as it is.
        width = int(item.kind[2:] or 0)
        return axdr.octet_string(str(value).encode("ascii").ljust(width, b"\0"))
    if item.kind.startswith("vs"):
        return axdr.visible_string(str(value).encode("ascii").ljust(int(item.kind[2:] or 0), b"\0"))
    raise SmithError(f"item kind {item.kind!r} is unknown")


def is_number(item):
    """True for items that carry a scaler-unit where the layout sends one."""
    return item.kind in NUMBERS and item.key is not None


def _positional(spec, values):
    """Values only, order is everything (Kaifa, Netz Burgenland, Iskraemeco)."""
    return axdr.structure(element(item, values, spec) for item in spec.items)


def _pairs(spec, values):
    """OBIS, value, OBIS, value ... ; an item without code is bare, a null item fills a pair (Kamstrup)."""
    parts = []
    for item in spec.items:
        if item.kind == "null":
            parts += [axdr.null(), axdr.null()]
        elif item.obis == "":
            parts.append(element(item, values, spec))
        else:
            parts += [axdr.obis(code_of(item, spec.prefix)), element(item, values, spec)]
    return axdr.structure(parts)


def _item_structure(item, values, spec):
    parts = [axdr.obis(code_of(item, spec.prefix)), element(item, values, spec)]
    if is_number(item):
        parts.append(axdr.scaler_unit(item.scaler, unit_of(item.key)[0]))
    return axdr.structure(parts)


def _objects(spec, values):
    """Array of structures: OBIS, value and, for numbers, scaler-unit (Aidon, EMBRIQ)."""
    return axdr.array(_item_structure(item, values, spec) for item in spec.items)


def _mixed(spec, values):
    """Structure of a bare OBIS and clock, then item structures (Kaifa Austria)."""
    parts = []
    for item in spec.items:
        if item.kind == "clock":
            parts += [axdr.obis(code_of(item, spec.prefix)), element(item, values, spec)]
        else:
            parts.append(_item_structure(item, values, spec))
    return axdr.structure(parts)


def _triples(spec, values):
    """Structure with OBIS, value, scaler-unit side by side; clock and texts bare (Netz NOE)."""
    parts = []
    for item in spec.items:
        if is_number(item):
            parts += [axdr.obis(code_of(item, spec.prefix)), element(item, values, spec),
                      axdr.scaler_unit(item.scaler, unit_of(item.key)[0])]
        else:
            parts.append(element(item, values, spec))
    return axdr.structure(parts)


def _descriptors(spec, values):
    """Push object list of structure(class, OBIS, attribute, index), then the values in its order (E450).

    The first two descriptors are the push object itself: its list (this array) and its logical name.
    """
    push = "0-8:25.9.0"

    def descriptor(cosem_class, code, attribute):
        return axdr.structure([axdr.u16(cosem_class), axdr.obis(code), axdr.i8(attribute), axdr.u16(0)])

    entries = [descriptor(40, push, 2), descriptor(40, push, 1)]
    entries += [descriptor(3 if is_number(item) else 1, code_of(item, spec.prefix), 2) for item in spec.items]
    return axdr.structure([axdr.array(entries), axdr.obis(push)]
                          + [element(item, values, spec) for item in spec.items])


LAYOUTS = {"positional": _positional, "pairs": _pairs, "objects": _objects, "mixed": _mixed,
           "triples": _triples, "descriptors": _descriptors}


def body(spec, values):
    """The encoded body of a list. `values` uses the truth vocabulary; a missing key raises SmithError."""
    return LAYOUTS[spec.layout](spec, values)


def carried(spec, values, header_time=True):
    """The values a decoder must find in the list: the truth, key for key, in list order."""
    found = {"meter_manufacturer": spec.maker} if spec.maker else {}
    for item in spec.items:
        if item.key and item.kind != "clock":
            found[item.key] = values[item.key]
    if header_time or any(item.kind == "clock" for item in spec.items):
        for key in ("timestamp", "timestamp_status"):
            if values.get(key) is not None:
                found[key] = values[key]
    return found
