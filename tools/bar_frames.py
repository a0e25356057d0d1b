"""The frames that tools/bars.py measures with: five of host_tests/frames and a P1 telegram made here."""

import json
from pathlib import Path

import framesmith

FRAMES = Path(__file__).resolve().parent.parent / "host_tests" / "frames"

# Name in the table, file.
FILES = (
    ("kaifa_2", "kaifa/list2-3p"),
    ("aidon_2", "aidon/list2-3p4w"),
    ("kamstrup_25", "kamstrup/list1-3p"),
    ("kamstrup_65", "kamstrup/dk-65"),
    ("kamstrup_65_encrypted", "kamstrup/dk-65-encrypted"),
)
P1 = "dsmr5_800"
P1_LONG = "dsmr5_3200"

# What a meter with three phases and a gas meter sends by DSMR P1 5.0.2; the values are invented.
_LINES = """1-3:0.2.8(50)
0-0:1.0.0(240715130510S)
0-0:96.1.1(4530303031323334353637383930313234)
1-0:1.8.1(001234.567*kWh)
1-0:1.8.2(000890.123*kWh)
1-0:2.8.1(000001.000*kWh)
1-0:2.8.2(000002.500*kWh)
0-0:96.14.0(0002)
1-0:1.7.0(01.234*kW)
1-0:2.7.0(00.000*kW)
0-0:96.7.21(00004)
0-0:96.7.9(00002)
1-0:99.97.0(1)(0-0:96.7.19)(230105064210W)(0000000301*s)
1-0:32.32.0(00002)
1-0:52.32.0(00001)
1-0:72.32.0(00000)
0-0:96.13.0()
1-0:32.7.0(230.1*V)
1-0:52.7.0(229.9*V)
1-0:72.7.0(231.0*V)
1-0:31.7.0(003*A)
1-0:51.7.0(002*A)
1-0:71.7.0(001*A)
1-0:21.7.0(00.700*kW)
1-0:41.7.0(00.400*kW)
1-0:61.7.0(00.134*kW)
1-0:22.7.0(00.000*kW)
1-0:42.7.0(00.000*kW)
1-0:62.7.0(00.000*kW)
0-1:24.1.0(003)
0-1:96.1.0(4730303139333430323231313938)
0-1:24.2.1(240715130500S)(00456.789*m3)""".split("\n")


class Frame:
    """Octets to decode, and the keys they need."""

    def __init__(self, octets, key=None, auth_key=None):
        self.octets = octets
        self.key = key
        self.auth_key = auth_key


def _read(name):
    row = json.loads((FRAMES / f"{name}.json").read_text(encoding="utf-8"))
    listing = (FRAMES / f"{name}.hex").read_text(encoding="utf-8").split("\n")
    octets = bytes.fromhex("".join(line.split("#")[0] for line in listing))
    keys = row.get("key") or {}
    return Frame(octets, *(bytes.fromhex(keys[k]) if keys else None for k in ("ek", "ak")))


def telegram(times=1):
    """A P1 telegram whose data lines come so many times."""
    return framesmith.p1("ABC5BARS", _LINES * times)


def frames():
    """{name: Frame} of the six frames that have a bar."""
    found = {name: _read(file) for name, file in FILES}
    found[P1] = Frame(telegram())
    return found
