"""Random telegrams of every list that framesmith can build, for comparing libraries: seeded, extremes too."""

import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import framesmith  # noqa: E402
import smith_lists  # noqa: E402
import smith_p1  # noqa: E402
import smith_tables  # noqa: E402

RANGES = {"u8": (0, 255), "u16": (0, 65535), "u32": (0, 2**32 - 1), "u64": (0, 2**53), "i16": (-32768, 32767),
          "enum": (0, 2)}  # fmt: skip
IDS = {"aidon": "AIDON_V", "embriq": "EMBRIQ_V", "kaifa": "KFM_", "kamstrup": "Kamstrup_V",
       "iskraemeco": "1682"}  # fmt: skip
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
TITLES = {"aidon": "ADN", "embriq": "LGZ", "kaifa": "KFM", "kamstrup": "KAM", "iskraemeco": "ISK",
          "kaifa-at": "KFM", "noe": "SAG", "e450": "LGZ", "p1": "SAG"}  # fmt: skip
# What each library understands of our lists: maker -> lists (None for all).
_SELF_TOLD = dict.fromkeys(("aidon", "embriq", "kamstrup", "kaifa", "kaifa-at", "noe", "iskraemeco"))
UNDERSTOOD = {
    "dlms-cosem": _SELF_TOLD,
    "gurux-dlms": {**_SELF_TOLD, "e450": None},
    "amshan": {"aidon": None, "embriq": None, "kaifa": ("1", "2-1p", "2-3p", "3-1p", "3-3p", "se-pairs"),
               "kamstrup": ("1-3p", "2-3p", "1-1p", "2-1p", "1-1p-short", "2-1p-short"), "p1": None},
    "dsmr-parser": {"p1": None},
}  # fmt: skip


def number(dice, low, high):
    """Any number of the range, the ends and small ones more often."""
    most = 10 ** dice.randrange(1, 20)
    near = (dice.randint(max(low, -most), max(low, min(high, most))) for _ in range(2))
    return dice.choice((low, high, max(low, 0), max(low, 1), *near))


def text(dice, size):
    """Letters and digits."""
    return "".join(dice.choice(LETTERS) for _ in range(size))


def when(dice, offset=False):
    """Any second of 2018 to 2037, in any zone when one is told; 01:00 to 04:00 is left to other tests."""
    moment = datetime(2018, 1, 1) + timedelta(days=dice.randrange(7300), seconds=dice.randrange(14400, 86400))
    zone = dice.choice(("+02:00", "+01:00", "-05:30", "+00:00")) if offset else ""
    return moment.isoformat() + zone


def value(dice, maker, layout, item):
    """A value that the item can carry, in the unit of its key."""
    key = item.key
    if key == "list_id":
        return IDS.get(maker, "L") + text(dice, 4)
    if key == "meter_id" and maker == "iskraemeco":
        return "ISK" + text(dice, 13)
    if key == "logical_device_name":
        return "KFM" + text(dice, 13)
    if key == "meter_model" and maker == "kamstrup":
        return "684" + text(dice, 15)
    if item.kind[:2] in ("os", "vs"):
        return text(dice, int(item.kind[2:] or 0) or dice.randrange(4, 17))
    if item.kind == "tariff":
        return dice.randrange(65536)
    low, high = RANGES[item.kind]
    if key.startswith("voltage") and layout in ("pairs", "descriptors"):
        low, high = 180, 260  # sent without a scale: only a mains voltage tells it
    raw = Decimal(number(dice, low, high))
    return raw.scaleb(item.scaler - smith_lists.unit_of(key)[1])


def seal(dice, maker):
    """System title of the maker and an invocation counter."""
    return {"title": TITLES[maker].encode().hex() + dice.randbytes(5).hex(), "ic": dice.randrange(2**32)}


def dlms(dice, library, maker, name):
    """Description of a random telegram of one list, in a frame that the library can open."""
    spec = smith_tables.LISTS[maker][name]
    values = {i.key: value(dice, maker, spec.layout, i) for i in spec.items if i.key and i.kind != "clock"}
    values["timestamp"] = when(dice, maker not in ("kaifa", "kamstrup", "aidon") and dice.random() < 0.7)
    if dice.random() < 0.8:
        values["timestamp_status"] = dice.choice((0, 128))
    made = {"maker": maker, "list": name, "values": values, "transport": "hdlc", "address": "aidon"}
    if spec.form != "none" and dice.random() < 0.3:
        # Sent some time after the values were taken: the list's own clock, where it has one, tells when.
        own = any(item.kind == "clock" for item in spec.items)
        made["header_time"] = when(dice) if own else values["timestamp"]
    if library == "amshan":
        made["address"] = spec.address
    elif spec.form == "tagged":
        made["form"] = "plain"  # the tag is Kaifa's own: these libraries take it for a length
    if library == "gurux-dlms":
        made["transport"] = dice.choice(("hdlc", "hdlc", "gbt"))
        made["address"] = dice.choice(("aidon", "kamstrup-dk"))
    if library != "amshan" and dice.random() < 0.3:
        control = "30" if library == "dlms-cosem" else dice.choice(("20", "30"))
        made["cipher"] = {"sc": control, **seal(dice, maker)}
    return made


def _row(dice, row):
    """(key, value) of a row of a P1 table, or None."""
    code, what, *form = row.split()
    key = what.lstrip("#")
    if what[0] == "=" or key == "timestamp":
        return None
    if what[0] == "#":
        return key, text(dice, dice.randrange(6, 18))
    size, _, unit = form[0].partition("*")
    digits, decimals = (int(part) for part in size.split("."))
    raw = Decimal(number(dice, 0, 10 ** (digits + decimals) - 1)).scaleb(-decimals)
    return key, raw.scaleb(-smith_p1._scale(key, unit))


def p1(dice, library):
    """Description of a random P1 telegram."""
    names = [name for name in smith_p1.TELEGRAMS if (library, name) != ("amshan", "steiermark")]
    name = dice.choice(names)
    values = dict(pair for row in smith_p1.TELEGRAMS[name].splitlines() if (pair := _row(dice, row)))
    if "timestamp" in smith_p1.telegram_keys(name):
        moment = when(dice)
        if moment[5:7] in ("03", "10"):  # when summer time begins and ends
            moment = moment[:5] + "06-15" + moment[10:]
        summer = 3 < int(moment[5:7]) < 10
        values.update(timestamp=moment, timestamp_dst="S" if summer else "W")
    if "active_tariff" in values:
        values["active_tariff"] = dice.randrange(1, 5)
    made = {"maker": "p1", "list": name, "values": values,
            "header": dice.choice(("ISK5", "KFM5", "LGF5", "ABC5")) + text(dice, 6)}  # fmt: skip
    if name == "dsmr22":
        made["crc"] = None
    if name in ("dsmr5", "be") and library == "dsmr-parser":
        media = dice.sample(("gas", "water", "heat"), dice.randrange(3))
        made["submeters"] = [_submeter(dice, at + 1, medium) for at, medium in enumerate(media)]
    if library == "dsmr-parser" and (name == "steiermark" or (name == "se" and dice.random() < 0.2)):
        made["cipher"] = {"layout": "luxembourg", **seal(dice, "p1")}
    return made


def _submeter(dice, channel, medium):
    unit = "value_gj" if medium == "heat" else "value_m3"
    return {"channel": channel, "medium": medium, "id": text(dice, 10), "timestamp": "2024-07-15T13:05:00",
            "timestamp_dst": "S", unit: Decimal(number(dice, 0, 10**8 - 1)).scaleb(-3)}  # fmt: skip


def descriptions(dice, library, count):
    """So many random descriptions of what a library understands."""
    known = UNDERSTOOD[library]
    lists = [(maker, name) for maker, names in known.items() if maker != "p1"
             for name in names or smith_tables.LISTS[maker]]  # fmt: skip
    for _ in range(count):
        if "p1" in known and (not lists or dice.random() < 0.3):
            yield p1(dice, library)
        else:
            yield dlms(dice, library, *dice.choice(lists))


def keys(description):
    """(ek, ak) as hex of a ciphered description, else (None, None)."""
    if "cipher" not in description:
        return None, None
    ak = framesmith.LUXEMBOURG_AK if description["maker"] == "p1" else framesmith.DEMO_AK
    return framesmith.DEMO_EK.hex(), ak.hex()
