"""Vectors from the tests of published packages (host_tests/frames/public/README.md)."""

import json

import corpus

from hanport import Decoder, fault, reading

P1_FILE = "/public/dsmr-parser/dsmr_parser_example_telegrams.json"
DLMS_FILE = "/public/dlms-cosem/dlms_cosem_vectors.json"
KEY = b"MYDUMMYGLOBALKEY"  # of the package's ciphered vector, for both keys


def _load(name):
    with open(corpus.OWN + name) as f:
        return json.load(f)


# Read by hand from the telegrams' lines; the package's own tests say the same of those that they name.
TELEGRAMS = {
    "TELEGRAM_V2_2": {
        "list_id": "ISk5",
        "meter_id": "00000000000000",
        "energy_import_t1_kwh": 1.001,
        "energy_import_t2_kwh": 1.001,
        "energy_export_t1_kwh": 1.001,
        "energy_export_t2_kwh": 1.001,
        "active_tariff": 1,
        "active_power_import_w": 1010,
        "active_power_export_w": 0,
        "disconnect_state": 1,
        "integrity": "no checksum was sent",
    },
    "TELEGRAM_V3": {
        "list_id": "ISk5",
        "meter_id": "K8EG004046395507",
        "energy_import_t1_kwh": 12345.678,
        "energy_import_t2_kwh": 12345.678,
        "energy_export_t1_kwh": 12345.678,
        "energy_export_t2_kwh": 12345.678,
        "active_tariff": 2,
        "active_power_import_w": 1190,
        "active_power_export_w": 0,
        "disconnect_state": 1,
        "text_message": "0123456789:;<=>?" * 5,
        "integrity": "no checksum was sent",
    },
    "TELEGRAM_V4_2": {
        "list_id": "KFM5KAIFA-METER",
        "meter_manufacturer": "Kaifa",
        "timestamp": "2016-11-13T20:57:57",
        "timestamp_dst": "W",
        "meter_id": "3960221976967177082151037881335713",
        "energy_import_t1_kwh": 1581.123,
        "energy_import_t2_kwh": 1435.706,
        "energy_export_t1_kwh": 0,
        "energy_export_t2_kwh": 0,
        "active_tariff": 2,
        "active_power_import_w": 2027,
        "active_power_export_w": 0,
        "power_failures": 15,
        "power_failures_long": 7,
        "voltage_sags_l1": 0,
        "voltage_swells_l3": 0,
        "current_l1_a": 0,
        "current_l2_a": 6,
        "current_l3_a": 2,
        "active_power_import_l1_w": 170,
        "active_power_import_l2_w": 1247,
        "active_power_import_l3_w": 209,
        "active_power_export_l1_w": 0,
    },
    "TELEGRAM_V5": {
        "list_id": "ISk5",
        "timestamp": "2017-01-02T19:20:02",
        "timestamp_dst": "W",
        "meter_id": "K8EG004046395507",
        "energy_import_t1_kwh": 4.426,
        "energy_import_t2_kwh": 2.399,
        "energy_export_t1_kwh": 2.444,
        "energy_export_t2_kwh": 0,
        "active_tariff": 2,
        "active_power_import_w": 244,
        "active_power_export_w": 0,
        "power_failures": 13,
        "power_failures_long": 0,
        "voltage_l1_v": 230,
        "voltage_l2_v": 230,
        "voltage_l3_v": 229,
        "current_l1_a": 0.48,
        "current_l2_a": 0.44,
        "current_l3_a": 0.86,
        "active_power_import_l1_w": 70,
        "active_power_import_l2_w": 32,
        "active_power_import_l3_w": 142,
        "active_power_export_l3_w": 0,
    },
}
# The first sub-meter of each: id, m3, when it was read.
GAS = {
    "TELEGRAM_V2_2": ("000000000000", 1.001, "2016-11-07T19:00:00"),
    "TELEGRAM_V3": ("2222ABCD123456789", 1.001, "2009-02-12T16:00:00"),
    "TELEGRAM_V4_2": ("4819243993373755377509728609491464", 981.443, "2016-11-29T20:00:00"),
    "TELEGRAM_V5": ("2222ABCD123456789", 0.107, "2017-01-02T16:10:05"),
}


def test_telegrams():
    """All four P1 telegrams, whole and octet by octet."""
    seen = 0
    for row in _load(P1_FILE)["telegrams"]:
        octets = row["text"].encode()
        assert len(octets) == row["bytes"], row["name"]
        readings, faults = corpus.run(Decoder(1024), octets)
        assert len(readings) == 1 and not faults, (row["name"], faults)
        got = readings[0]
        wrong = corpus.wrong(TELEGRAMS[row["name"]], got)
        assert not wrong, (row["name"], wrong)
        assert ("integrity" in got) == (row["crc_sent"] is None), row["name"]
        meter = got["submeters"][0]
        assert (meter["id"], meter["value_m3"], meter["timestamp"]) == GAS[row["name"]], row["name"]
        assert (meter["channel"], meter["medium"]) == (1, "gas")
        assert corpus.run(Decoder(1024), octets, 1) == (readings, faults), row["name"]
        seen += 1
    assert seen == 4


def test_second_submeter_without_value():
    """DSMR 5: the second gas meter has no id and no reading, and none is made up."""
    text = [row["text"] for row in _load(P1_FILE)["telegrams"] if row["name"] == "TELEGRAM_V5"][0]
    readings, _ = corpus.run(Decoder(1024), text.encode())
    assert readings[0]["submeters"][1:] == [{"channel": 2, "medium": "gas"}]


def test_one_flipped_digit():
    """With a checksum no other digit goes through; this is what the checksum is for."""
    for row in _load(P1_FILE)["telegrams"]:
        if row["crc_sent"]:
            octets = row["text"].encode()
            at = octets.find(b"1-0:1.7.0(") + 10
            bad = octets[:at] + b"9" + octets[at + 1 :]
            assert corpus.run(Decoder(1024), bad) == ([], [fault.P1_CRC]), row["name"]


def test_dlms_frames():
    """The three HDLC frames: every value that the package's tests or the frame itself say."""
    seen = 0
    for row in _load(DLMS_FILE)["vectors"]:
        if "expected" in row:
            octets = corpus.octets_of(row["hex"])
            assert len(octets) == row["bytes"]
            readings, faults = corpus.run(Decoder(1024), octets)
            assert len(readings) == 1 and not faults, (row["name"], faults)
            wrong = corpus.wrong(row["expected"], readings[0])
            assert not wrong, (row["name"], wrong)
            assert corpus.run(Decoder(1024), octets, 1) == (readings, faults)
            seen += 1
    assert seen == 3


def test_dlms_ciphered():
    """The ciphered notification: the tag holds, the clear text is right; it is no meter list: no reading."""
    row = [row for row in _load(DLMS_FILE)["vectors"] if "plaintext" in row and "hex" in row][0]
    octets = corpus.octets_of(row["hex"])
    decoder = Decoder(1024, KEY, KEY)
    decoder.dump(octets)
    assert not decoder.ready and decoder.fault == fault.LIST
    cipher = decoder._cipher
    assert cipher.integrity == reading.VERIFIED
    assert bytes(decoder.framing.arena[cipher.a : cipher.b]) == corpus.octets_of(row["plaintext"])
    decoder = Decoder(1024, KEY, KEY)
    decoder.dump(octets[:-1] + b"\x01")
    assert not decoder.ready and decoder.fault == fault.TAG


def test_dlms_green_book():
    """The Green Book's get-request as the package has it: the tag holds, but no meter pushes such a thing."""
    row = [row for row in _load(DLMS_FILE)["vectors"] if "ciphertext_and_tag" in row][0]
    content = corpus.octets_of("30 01 23 45 67" + row["ciphertext_and_tag"])
    octets = b"\xdb\x08MMM\x00\x00\xbc\x61\x4e" + bytes((len(content),)) + content
    decoder = Decoder(256, bytes(range(16)), bytes(range(0xD0, 0xE0)))
    decoder.dump(octets)
    cipher = decoder._cipher
    assert cipher.integrity == reading.VERIFIED
    assert bytes(decoder.framing.arena[cipher.a : cipher.b]) == corpus.octets_of(row["plaintext"])
    assert not decoder.ready and decoder.fault == fault.APDU
