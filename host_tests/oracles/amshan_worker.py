"""What amshan says of a frame: HDLC, the lists of Aidon, Kaifa and Kamstrup, and P1."""

import re

from common import Cannot, in_words, moment, serve
from han import dlde, hdlc
from han.autodecoder import AutoDecoder

NAMES = {"list_ver_id": "list_id", "meter_id": "meter_id", "meter_type": "meter_model",
         "meter_manufacturer": "meter_manufacturer", "meter_datetime": "timestamp"}  # fmt: skip
SUFFIXES = {"current": "_a", "voltage": "_v", "active": "_w", "reactive": "_var", "power": ""}


def key_of(name):
    """Our key of one of its names, or None."""
    if name in NAMES:
        return NAMES[name]
    total = re.fullmatch(r"(re)?active_power_(import|export)_total", name)
    if total:
        return f"reactive_energy_{total[2]}_kvarh" if total[1] else f"energy_{total[2]}_kwh"
    if re.fullmatch(r"(current|voltage|active|reactive|power)_\w+", name):
        return name.replace("reactive_power", "reactive") + SUFFIXES[name.split("_")[0]]
    return None


def parse(octets, ek, ak):
    """The library's own dict of one frame; it has no ciphers."""
    if octets[:1] == b"\x7e":
        messages = hdlc.HdlcFrameReader().read(octets)
    elif octets[:1] == b"/":
        messages = dlde.ModeDReader().read(octets)
    else:
        raise Cannot("it reads HDLC and P1 only")
    if len(messages) != 1 or not messages[0].is_valid:
        raise Cannot(f"it finds {len(messages)} messages, not one good one")
    found = AutoDecoder().decode_message(messages[0])
    if found is None:
        raise Cannot("none of its decoders fits")
    return found


def read(row):
    """Answer of one frame."""
    values = {}
    for name, value in parse(bytes.fromhex(row["hex"]), row["ek"], row["ak"]).items():
        key = key_of(name)
        if hasattr(value, "isoformat"):
            values["timestamp"] = moment(value)
        elif key and isinstance(value, (int, float)):
            values[key] = in_words(key, value)
        elif key and value is not None:
            values[key] = str(value).strip("\0 ")
    return {"values": values}


if __name__ == "__main__":
    serve(read, parse)
