"""framesmith's command line, its refusals and the project's own frames below host_tests/frames."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import framesmith as smith
import smith_corpus

ROOT = Path(__file__).resolve().parents[2]
TOOL, FRAMES = ROOT / "tools" / "framesmith.py", ROOT / "host_tests" / "frames"
ONE = {"maker": "aidon", "list": "1", "values": {"active_power_import_w": 1234}}
ONE_HEX = ("7E A0 2A 41 08 83 13 04 13 E6 E7 00 0F 40 00 00 00 00 01 01 02 03 09 06 01 00 01 07 00 FF 06 "
           "00 00 04 D2 02 02 0F 00 16 1B 19 F2 7E")


@pytest.mark.parametrize("change, words", [
    ({"maker": "acme"}, "maker 'acme'"), ({"list": "9"}, "list '9'"), ({"colour": "red"}, "key 'colour'"),
    ({"values": {"active_power_w": 1}}, "value 'active_power_w'"), ({"values": {}}, "active_power_import_w"),
    ({"values": {"active_power_import_w": Decimal("1.5")}}, "exactly"),
    ({"values": {"active_power_import_w": -1}}, "does not fit")])
def test_wrong_descriptions_are_named(tmp_path, change, words):
    path = tmp_path / "wrong.json"
    description = {**ONE, **change}
    path.write_text(json.dumps(description, default=float), encoding="utf-8")
    done = subprocess.run([sys.executable, TOOL, path], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and words in done.stderr


def test_command_line(tmp_path):
    path = tmp_path / "one.json"
    path.write_text(json.dumps(ONE), encoding="utf-8")
    done = subprocess.run([sys.executable, TOOL, path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ONE_HEX.split()
    listed = subprocess.run([sys.executable, TOOL, "--list"], capture_output=True, text=True, check=True)
    assert "kaifa 2-3p" in listed.stdout
    for wrong in (["--speed"], [], [str(tmp_path / "absent.json")]):
        done = subprocess.run([sys.executable, TOOL, *wrong], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


def test_out_file_and_exact_decimals(tmp_path):
    path, out = tmp_path / "one.json", tmp_path / "one.hex"
    values = {"list_id": "KFM_001", "meter_id": "1234567890123456", "meter_model": "MA105H2E",
              "timestamp": "2024-07-15T13:05:10", "timestamp_status": 0, "active_power_import_w": 845,
              "active_power_export_w": 0, "reactive_import_var": 0, "reactive_export_var": 50,
              "current_l1_a": 0.003, "voltage_l1_v": 231.1}
    path.write_text(json.dumps({"maker": "kaifa", "list": "2-1p", "values": values}), encoding="utf-8")
    subprocess.run([sys.executable, TOOL, path, "--out", out], check=True)
    assert bytes.fromhex("0600000003" "0600000907") in bytes.fromhex(out.read_text())


def test_the_frames_are_what_the_tool_writes(tmp_path):
    count = smith_corpus.write(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(made) == 2 * count
    for name, octets in made.items():
        assert (FRAMES / name).read_bytes() == octets, f"{name}: run framesmith.py --write-corpus again"


def test_every_frame_says_what_it_is():
    for path in FRAMES.rglob("*.json"):
        row = json.loads(path.read_text(encoding="utf-8"))
        if row.get("provenance") != smith_corpus.PROVENANCE:
            continue
        text = path.with_suffix(".txt")
        octets = (text.read_bytes() if text.exists()
                  else bytes.fromhex(path.with_suffix(".hex").read_text(encoding="ascii")))
        assert len(octets) == row["bytes"] and row["expected"] and row["verdict"] == "ok"
        assert octets == smith.build(row["description"]), path.name
        assert row["encrypted"] == ("key" in row)


def test_hdlc_frames_of_the_corpus_have_good_check_sums():
    for name, description, _ in smith_corpus.corpus():
        octets = smith.build(description)
        if octets[0] != 0x7E:
            continue
        while octets:
            length = int.from_bytes(octets[1:3], "big") & 0x7FF
            frame, octets = octets[1:1 + length], octets[1 + length:]
            assert smith.crc_x25(frame) ^ 0xFFFF == 0xF0B8 and octets[0] == 0x7E, name
            octets = octets[1:] if octets[1:2] in (b"", b"\x7e") else octets


def test_p1_examples_of_the_standards():
    dutch = ["1-3:0.2.8(50)", "0-0:1.0.0(240715130510S)", "0-0:96.1.1(4142433132333435)",
             "1-0:1.8.1(001234.567*kWh)", "1-0:1.8.2(000890.123*kWh)", "1-0:2.8.1(000001.000*kWh)",
             "1-0:2.8.2(000002.500*kWh)", "0-0:96.14.0(0002)", "1-0:1.7.0(01.234*kW)", "1-0:2.7.0(00.000*kW)",
             "1-0:32.7.0(230.1*V)", "1-0:31.7.0(005*A)", "1-0:21.7.0(01.234*kW)", "0-1:24.1.0(003)",
             "0-1:96.1.0(4731323334)", "0-1:24.2.1(240715130500S)(00456.789*m3)"]
    assert smith.p1("ABC5TEST", dutch).endswith(b"!3A8F\r\n")
    values = {"timestamp": "2024-07-15T13:05:10", "timestamp_dst": "S", "meter_id": "ABC12345",
              "active_tariff": 2,
              "energy_import_t1_kwh": Decimal("1234.567"), "energy_import_t2_kwh": Decimal("890.123"),
              "energy_export_t1_kwh": 1, "energy_export_t2_kwh": Decimal("2.5"),
              "active_power_import_w": 1234, "active_power_export_w": 0, "voltage_l1_v": Decimal("230.1"),
              "current_l1_a": 5, "active_power_import_l1_w": 1234}
    gas = {"channel": 1, "medium": "gas", "id": "G1234", "value_m3": Decimal("456.789"),
           "timestamp": "2024-07-15T13:05:00", "timestamp_dst": "S"}
    made = smith.build({"maker": "p1", "list": "dsmr5", "header": "ABC5TEST", "values": values,
                        "submeters": [gas]})
    assert made == smith.p1("ABC5TEST", dutch)
    belgian = ["0-0:96.1.4(50217)", "0-0:1.0.0(240115130510W)", "1-0:1.4.0(00.500*kW)",
               "1-0:1.6.0(240110181500W)(03.250*kW)",
               "0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(231201000000W)(231117184500W)(04.100*kW)"
               "(240101000000W)(231206190000W)(03.900*kW)",
               "0-1:24.1.0(003)", "0-1:24.2.3(240115130000W)(00123.456*m3)"]
    assert smith.p1("BEL5TEST", belgian).endswith(b"!8DBA\r\n")
