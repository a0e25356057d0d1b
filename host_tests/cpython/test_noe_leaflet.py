"""The telegram that Netz NOE prints in its leaflet, with the key printed beside it.

Put together here from what the leaflet tells: its values, its key and its frame's fields. That it is the
very telegram is shown by what we did not choose: the first octets of the ciphertext and both checksums.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "both"))

import corpus  # noqa: E402

import framesmith  # noqa: E402
from hanport import Decoder, fault  # noqa: E402

KEY = bytes.fromhex("36C66639E48A8CA4D6BC8B282A793BBB")
TITLE = bytes.fromhex("4B464D6750000009")

OBIS = (
    # code, type and value, scaler, unit: 12937 Wh, 233.7 V, power factor 1.000, all others 0
    ("1-0:1.8.0", framesmith.u32(12937), 0, 30),
    ("1-0:2.8.0", framesmith.u32(0), 0, 30),
    ("1-0:1.7.0", framesmith.u32(0), 0, 27),
    ("1-0:2.7.0", framesmith.u32(0), 0, 27),
    ("1-0:32.7.0", framesmith.u16(2337), -1, 35),
    ("1-0:52.7.0", framesmith.u16(0), -1, 35),
    ("1-0:72.7.0", framesmith.u16(0), -1, 35),
    ("1-0:31.7.0", framesmith.u16(0), -2, 33),
    ("1-0:51.7.0", framesmith.u16(0), -2, 33),
    ("1-0:71.7.0", framesmith.u16(0), -2, 33),
    ("1-0:13.7.0", framesmith.u16(1000), -3, 255),
)
CLOCK = bytes.fromhex("07E5091B01092F0F00FF8880")


def telegram():
    """(APDU in clear, its M-Bus frames)."""
    elements = [framesmith.octet_string(CLOCK)]
    for code, value, scaler, unit in OBIS:
        elements += [framesmith.obis(code), value, framesmith.scaler_unit(scaler, unit)]
    elements.append(framesmith.octet_string(b"181220000009"))
    clear = b"\x0f\x80\x06\x87\x0e\x0c" + CLOCK + framesmith.structure(elements)
    ciphered = framesmith.general_glo(clear, TITLE, 0x23, KEY, None, sc=0x20)
    return clear, ciphered, framesmith.mbus_segments(ciphered)


def test_it_is_the_leaflets_telegram():
    clear, ciphered, frames = telegram()
    assert len(clear) == 243
    at = ciphered.index(b"\x20\x00\x00\x00\x23") + 5
    assert ciphered[:12] == b"\xdb\x08" + TITLE + b"\x81\xf8"
    assert ciphered[at : at + 8] == bytes.fromhex("88D5AB4F97515AAF")
    assert [frame[1] for frame in frames] == [0xFA, 0x14]
    assert [frame[-2] for frame in frames] == [0x17, 0x83]


def test_it_reads_as_printed():
    octets = b"".join(telegram()[2])
    readings, faults = corpus.run(Decoder(1024, KEY), octets)
    assert not faults and len(readings) == 1
    got = json.loads(json.dumps(readings[0]))
    assert got["timestamp"] == "2021-09-27T09:47:15+02:00" and got["timestamp_status"] == 128
    assert got["meter_id"] == "181220000009" and got["meter_manufacturer"] == "Kaifa"
    assert got["energy_import_kwh"] == 12.937 and got["energy_export_kwh"] == 0
    assert got["voltage_l1_v"] == 233.7 and got["voltage_l2_v"] == 0 and got["current_l3_a"] == 0
    assert got["power_factor"] == 1
    assert corpus.run(Decoder(1024), octets)[1] == [fault.NO_KEY]
