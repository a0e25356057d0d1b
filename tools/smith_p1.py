"""P1 telegrams (DSMR and national relatives) from values in the truth vocabulary.

Sources: Dutch DSMR 2.2, 4.2.2 and 5.0.2 documents, e-MUCS (Belgium), the Swedish recommendation 2.0.
A telegram: `/` header, empty line, data lines, `!` and, from DSMR 4 on, CRC-16/ARC as four hex digits.
"""

from decimal import Decimal

from smith_axdr import SmithError
from smith_link import crc_arc
from smith_lists import parse_moment

MEDIA = {"electricity": 2, "gas": 3, "heat": 4, "warm_water": 6, "water": 7, "cooling": 10}
MAKERS = {"ADN": "Aidon", "ISK": "Iskraemeco", "KAM": "Kamstrup", "KFM": "Kaifa", "LGF": "Landis+Gyr",
          "SAG": "Sagemcom"}
SUBMETER_UNITS = {"value_m3": "m3", "value_gj": "GJ", "value_kwh": "kWh"}

# One line a row: code, then `=text` sent as it is, `timestamp`, `#key` sent as the hex of its text, or
# `key digits.decimals*unit` with the count of digits before and after the point.
# A row whose key is not among the values is left out (one-phase meters).
_POWER = """
1-0:{c}1.7.0 active_power_import_l{n}_w {d}.3*kW
1-0:{c}2.7.0 active_power_export_l{n}_w {d}.3*kW"""
_REACTIVE = """
1-0:{c}3.7.0 reactive_import_l{n}_var {d}.3*kVAr
1-0:{c}4.7.0 reactive_export_l{n}_var {d}.3*kVAr"""
_VOLT = "\n1-0:{v}.7.0 voltage_l{n}_v 3.1*V"
_AMPERE = "\n1-0:{i}.7.0 current_l{n}_a {a}*A"


def _phases(text, digits=2, ampere="3.0"):
    return "".join(text.format(n=n, c=2 * n, i=11 + 20 * n, v=12 + 20 * n, d=digits, a=ampere)
                   for n in (1, 2, 3))


_TARIFFS = """
1-0:1.8.1 energy_import_t1_kwh {f}*kWh
1-0:1.8.2 energy_import_t2_kwh {f}*kWh
1-0:2.8.1 energy_export_t1_kwh {f}*kWh
1-0:2.8.2 energy_export_t2_kwh {f}*kWh
0-0:96.14.0 active_tariff 4.0"""

TELEGRAMS = {
    "dsmr22": ("0-0:96.1.1 #meter_id" + _TARIFFS.format(f="5.2") + """
1-0:1.7.0 active_power_import_w 4.2*kW
1-0:2.7.0 active_power_export_w 4.2*kW
0-0:17.0.0 =(999*A)
0-0:96.3.10 =(1)
0-0:96.13.1 =()
0-0:96.13.0 =()"""),
    "dsmr4": """1-3:0.2.8 =(42)
0-0:1.0.0 timestamp
0-0:96.1.1 #meter_id""" + _TARIFFS.format(f="6.3") + """
1-0:1.7.0 active_power_import_w 2.3*kW
1-0:2.7.0 active_power_export_w 2.3*kW
0-0:17.0.0 =(999.9*kW)
0-0:96.3.10 =(1)
0-0:96.7.21 =(00004)
0-0:96.7.9 =(00002)
1-0:99.97.0 =(1)(0-0:96.7.19)(230105064210W)(0000000301*s)
1-0:32.32.0 =(00001)
1-0:32.36.0 =(00000)
0-0:96.13.1 =()
0-0:96.13.0 =()""" + _phases(_AMPERE) + _phases(_POWER),
    "dsmr5": """1-3:0.2.8 =(50)
0-0:1.0.0 timestamp
0-0:96.1.1 #meter_id""" + _TARIFFS.format(f="6.3") + """
1-0:1.7.0 active_power_import_w 2.3*kW
1-0:2.7.0 active_power_export_w 2.3*kW""" + _phases(_VOLT) + _phases(_AMPERE) + _phases(_POWER),
    "se": """0-0:1.0.0 timestamp
1-0:1.8.0 energy_import_kwh 8.3*kWh
1-0:2.8.0 energy_export_kwh 8.3*kWh
1-0:3.8.0 reactive_energy_import_kvarh 8.3*kVArh
1-0:4.8.0 reactive_energy_export_kvarh 8.3*kVArh
1-0:1.7.0 active_power_import_w 4.3*kW
1-0:2.7.0 active_power_export_w 4.3*kW
1-0:3.7.0 reactive_import_var 4.3*kVAr
1-0:4.7.0 reactive_export_var 4.3*kVAr""" + _phases(_POWER, 4) + _phases(_REACTIVE, 4)
    + _phases(_VOLT) + _phases(_AMPERE, ampere="3.1"),
    "be": """0-0:96.1.4 =(50217)
0-0:96.1.1 #meter_id
0-0:1.0.0 timestamp""" + _TARIFFS.format(f="6.3") + """
1-0:1.7.0 active_power_import_w 2.3*kW
1-0:2.7.0 active_power_export_w 2.3*kW""" + _phases(_POWER) + _phases(_VOLT) + _phases(
        _AMPERE, ampere="3.2") + """
0-0:96.3.10 =(1)
0-0:17.0.0 =(999.9*kW)
1-0:31.4.0 =(999*A)""",
    # Energie Steiermark: integers in Wh, W, varh, var.
    "steiermark": """0-0:1.0.0 timestamp
1-0:1.8.0 energy_import_kwh 9.0*Wh
1-0:1.7.0 active_power_import_w 6.0*W
1-0:2.8.0 energy_export_kwh 9.0*Wh
1-0:2.7.0 active_power_export_w 6.0*W
1-0:3.8.0 reactive_energy_import_kvarh 9.0*varh
1-0:3.7.0 reactive_import_var 6.0*var
1-0:4.8.0 reactive_energy_export_kvarh 9.0*varh
1-0:4.7.0 reactive_export_var 6.0*var""",
    "minimal": "1-0:1.7.0 active_power_import_w 2.3*kW",
}


def p1(header, lines, crc="arc"):
    """A P1 telegram as bytes, CR LF line ends. header: text after `/`; lines: data lines (no line ends).

    crc: "arc" puts CRC-16/ARC over `/` .. `!` behind the `!`; None leaves it out (DSMR 2.2, 3.0).
    """
    if crc not in ("arc", None):
        raise SmithError(f"P1 crc {crc!r} is neither \"arc\" nor null")
    text = ("/" + header + "\r\n\r\n" + "".join(line + "\r\n" for line in lines) + "!").encode("latin-1")
    return text + (b"%04X\r\n" % crc_arc(text) if crc else b"\r\n")


def tst(text, dst=None):
    """ISO local time -> YYMMDDhhmmss and the letter S or W when `dst` gives it."""
    return parse_moment(text)[0].strftime("%y%m%d%H%M%S") + (dst or "")


def fixed(value, digits, decimals):
    """`value` with exactly `digits` before and `decimals` after the point, or SmithError."""
    number = Decimal(str(value))
    cut = round(number, decimals) if decimals else number.to_integral_value()
    text = f"{cut:0{digits + decimals + bool(decimals)}.{decimals}f}"
    if cut != number or len(text) != digits + decimals + bool(decimals):
        raise SmithError(f"{value} does not fit F{digits + decimals}({decimals})")
    return text


def _scale(key, unit):
    """Power of ten from the key's unit to the unit on the line (_w to kW is -3, _kwh to Wh is 3)."""
    kilo_key = key.endswith(("_kwh", "_kvarh"))
    return (3 if kilo_key else 0) - (3 if unit.lower().startswith("k") else 0)


def _row(row, values):
    """One data line of a table row, or None when its value is not given."""
    code, what, *form = row.split()
    if what.startswith("="):
        return code + what[1:]
    key = what.lstrip("#")
    if key not in values:
        return None
    if key == "timestamp":
        return f"{code}({tst(values[key], values.get('timestamp_dst'))})"
    if what.startswith("#"):
        return f"{code}({values[key].encode('ascii').hex().upper()})"
    size, _, unit = form[0].partition("*")
    digits, decimals = (int(part) for part in size.split("."))
    value = Decimal(str(values[key])).scaleb(_scale(key, unit))
    return f"{code}({fixed(value, digits, decimals)}{'*' + unit if unit else ''})"


def submeter_lines(meter, style="nl"):
    """Data lines of one sub-meter. style: "nl", "be" (id 96.1.1, gas 24.2.3) or "dsmr2" (24.3.0)."""
    channel, medium = meter["channel"], meter["medium"]
    if medium not in MEDIA:
        raise SmithError(f"medium {medium!r} is none of {', '.join(MEDIA)}")
    key = next((key for key in SUBMETER_UNITS if key in meter), None)
    if key is None:
        raise SmithError(f"a sub-meter needs one of {', '.join(SUBMETER_UNITS)}")
    value, stamp = fixed(meter[key], 5, 3), tst(meter["timestamp"], meter.get("timestamp_dst"))
    identity = meter["id"].encode("ascii").hex().upper()
    head = f"0-{channel}:"
    if style == "dsmr2":
        return [f"{head}24.1.0({MEDIA[medium]})", f"{head}96.1.0({identity})",
                f"{head}24.3.0({stamp})(08)(60)(1)({head}24.2.1)({SUBMETER_UNITS[key]})", f"({value})",
                f"{head}24.4.0(1)"]
    lines = [f"{head}24.1.0({MEDIA[medium]:03d})"]
    reading = f"({stamp})({value}*{SUBMETER_UNITS[key]})"
    if style == "be":
        code = "24.2.3" if medium == "gas" else "24.2.1"
        return [*lines, f"{head}96.1.1({identity})", f"{head}24.4.0(1)", f"{head}{code}{reading}"]
    return [*lines, f"{head}96.1.0({identity})", f"{head}24.2.1{reading}"]


def telegram_keys(name):
    """The truth keys the telegram `name` can carry."""
    keys = {row.split()[1].lstrip("#") for row in TELEGRAMS[name].splitlines() if "=" not in row}
    return keys | ({"timestamp_dst"} if "timestamp" in keys else set())


def telegram_lines(name, values, submeters=(), extra=()):
    """Data lines of a telegram: table rows, extra lines as given, then the sub-meters."""
    lines = [line for line in (_row(row, values) for row in TELEGRAMS[name].splitlines()) if line]
    style = {"be": "be", "dsmr22": "dsmr2"}.get(name, "nl")
    for meter in submeters:
        extra = [*extra, *submeter_lines(meter, style)]
    return lines + list(extra)


def carried(header, values, submeters=()):
    """What a decoder must find: header text up to a backslash, maker, values, sub-meters."""
    found = {"list_id": header.split("\\")[0]}
    if header[:3].upper() in MAKERS:
        found["meter_manufacturer"] = MAKERS[header[:3].upper()]
    found.update(values)
    if submeters:
        found["submeters"] = [dict(meter) for meter in submeters]
    return found
