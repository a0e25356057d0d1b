"""Do two decoders agree on a value? And if not: who is wrong, by the standard, and is it known?

KNOWN is the one table of differences that were looked into. In each of them the library is wrong, or knows
less than the telegram says; the words of the row tell why. A difference without a row fails the test.
"""

from decimal import Decimal, InvalidOperation


def number(item):
    """A Decimal of what may be one, else None."""
    try:
        return Decimal(str(item))
    except InvalidOperation:
        return None


def same(key, ours, theirs):
    """True when both say the same: numbers by value, texts by letter."""
    if key == "submeters":
        return len(ours) == len(theirs) and all(
            all(same(k, mine[k], their[k]) for k in their if k in mine)
            for mine, their in zip(ours, theirs, strict=True)
        )
    if key in ("meter_id", "meter_model", "list_id", "timestamp", "timestamp_dst"):
        return str(ours) == str(theirs)
    mine, their = number(ours), number(theirs)
    return str(ours) == str(theirs) if None in (mine, their) else mine == their


def _ratio(ours, theirs):
    """Power of ten between two numbers, or None."""
    mine, their = number(ours), number(theirs)
    if None in (mine, their) or not mine or not their:
        return None
    for power in range(-4, 5):
        if mine.scaleb(power) == their:
            return power
    return None


def _close(ours, theirs):
    mine, their = number(ours), number(theirs)
    return None not in (mine, their) and abs(mine - their) <= abs(mine) * Decimal("1e-12")


def unscaled(about, key, ours, theirs):
    """The list sends no scaler_unit, and the library has no table of scales: the digits are right."""
    return about["unscaled"] and _ratio(ours, theirs) in {
        "a": (2, 3), "v": (1,), "f": (2, 3), "h": (-1,),
    }.get("f" if key.startswith("power_factor") else key[-1], ())  # fmt: skip


def utc_offset_lost(about, key, ours, theirs):
    """A deviation of 0 minutes is UTC (Blue Book 4.1.6.1); the library takes it for "not specified"."""
    return key == "timestamp" and ours == theirs + "+00:00"


def binary_fraction(about, key, ours, theirs):
    """The library multiplies with a binary fraction: 0.1 has none that is exact."""
    return _close(ours, theirs) and "." in str(theirs)


def truncated(about, key, ours, theirs):
    """The library multiplies a binary fraction by 1000 and cuts it off: the last digit may be one short."""
    mine, their = number(ours), number(theirs)
    unit = Decimal("0.001") if key.endswith("h") else 1
    return about["p1"] and None not in (mine, their) and mine - their == unit


def named_aidon(about, key, ours, theirs):
    """The library calls every array of OBIS, value, scaler Aidon's; the list id says who it is."""
    return key == "meter_manufacturer" and theirs == "Aidon" and ours == "Landis+Gyr"


def header_time(about, key, ours, theirs):
    """The library tells when the telegram was sent; the list's own clock says when the values were taken."""
    return key.startswith("timestamp") and about["own_clock"]


def stranger(about, key, ours, theirs):
    """The library takes any structure of the right length for Kaifa's or Kamstrup's, whoever sent it."""
    return about["theirs"] in ("Kaifa", "Kamstrup") and about["ours"] not in (None, about["theirs"])


def submeter_number(about, key, ours, theirs):
    """The library does not look at the channel: 0-1:96.1.0 is the gas meter's number, not the meter's."""
    return key == "meter_id" and about["p1"] and theirs in about["hex_ids"]


def meter_type(about, key, ours, theirs):
    """In P1 0-0:96.1.1 is the meter's number; the library has the DLMS lists' meaning, the type."""
    return key == "meter_model" and about["p1"]


# Library -> the differences that are known of it.
KNOWN = {
    "dlms-cosem": (unscaled, utc_offset_lost),
    "gurux-dlms": (unscaled,),
    "amshan": (binary_fraction, truncated, named_aidon, header_time, meter_type, stranger,
               submeter_number),
    "dsmr-parser": (),
}  # fmt: skip


def reason(library, about, key, ours, theirs):
    """The known difference that explains two values, or None."""
    for row in KNOWN[library]:
        if row(about, key, ours, theirs):
            return row
    return None
