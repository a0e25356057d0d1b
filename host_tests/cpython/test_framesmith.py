"""framesmith rebuilds, octet for octet, worked frames that were made by another hand.

The frames in WORKED carry invented ids and values; the ciphered ones use the Green Book's public keys.
"""

from decimal import Decimal

import pytest

import framesmith as smith

TITLE, SAG = bytes.fromhex("4B414D0102030405"), bytes.fromhex("5341470102030405")

WORKED = {
    "kaifa_2_3p":
        "7E A0 79 01 02 01 10 80 93 E6 E7 00 0F 40 00 00 00 09 0C 07 E8 07 0F 01 0D 05 0A FF 80 00 00 02 0D "
        "09 07 4B 46 4D 5F 30 30 31 09 10 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36 09 08 4D 41 33 30 "
        "34 48 33 45 06 00 00 09 29 06 00 00 00 00 06 00 00 00 00 06 00 00 01 38 06 00 00 14 5A 06 00 00 0F "
        "8C 06 00 00 04 FB 06 00 00 09 07 06 00 00 08 FA 06 00 00 09 01 0B C3 7E",
    "kaifa_3_1p":
        "7E A0 87 01 02 01 10 9E 6D E6 E7 00 0F 40 00 00 00 09 0C 07 E8 07 0F 01 0E 00 0A FF 80 00 00 02 0E "
        "09 07 4B 46 4D 5F 30 30 31 09 10 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36 09 08 4D 41 31 30 "
        "35 48 32 45 06 00 00 03 4D 06 00 00 00 00 06 00 00 00 00 06 00 00 00 32 06 00 00 0E 88 06 00 00 09 "
        "07 09 0C 07 E8 07 0F 01 0E 00 00 FF 80 00 00 06 00 BC 61 4E 06 00 00 00 00 06 00 00 09 C4 06 00 06 "
        "F8 55 B4 4C 7E",
    "aidon_2_3p3w":
        "7E A1 0B 41 08 83 13 FA 7C E6 E7 00 0F 40 00 00 00 00 01 0C 02 02 09 06 01 01 00 02 81 FF 0A 0B 41 "
        "49 44 4F 4E 5F 56 30 30 30 31 02 02 09 06 00 00 60 01 00 FF 0A 10 37 33 35 39 39 39 31 32 33 34 35 "
        "36 37 38 39 30 02 02 09 06 00 00 60 01 07 FF 0A 04 36 35 32 35 02 03 09 06 01 00 01 07 00 FF 06 00 "
        "00 09 29 02 02 0F 00 16 1B 02 03 09 06 01 00 02 07 00 FF 06 00 00 00 00 02 02 0F 00 16 1B 02 03 09 "
        "06 01 00 03 07 00 FF 06 00 00 00 00 02 02 0F 00 16 1D 02 03 09 06 01 00 04 07 00 FF 06 00 00 01 38 "
        "02 02 0F 00 16 1D 02 03 09 06 01 00 1F 07 00 FF 10 00 34 02 02 0F FF 16 21 02 03 09 06 01 00 47 07 "
        "00 FF 10 00 0D 02 02 0F FF 16 21 02 03 09 06 01 00 20 07 00 FF 12 09 07 02 02 0F FF 16 23 02 03 09 "
        "06 01 00 34 07 00 FF 12 08 FA 02 02 0F FF 16 23 02 03 09 06 01 00 48 07 00 FF 12 09 01 02 02 0F FF "
        "16 23 8B F2 7E",
    "aidon_clock": "02 02 09 06 00 00 01 00 00 FF 09 0C 07 E8 07 0F 00 0E 00 00 FF 00 00 00",
    "aidon_energy": "02 03 09 06 01 00 01 08 00 FF 06 00 12 D6 87 02 02 0F 01 16 1E",
    "kamstrup_1":
        "7E A0 E2 2B 21 13 23 9A E6 E7 00 0F 00 00 00 00 0C 07 E8 07 0F 01 0D 05 0A FF 80 00 00 02 19 0A 0E "
        "4B 61 6D 73 74 72 75 70 5F 56 30 30 30 31 09 06 01 01 00 00 05 FF 0A 10 35 37 30 36 35 36 37 30 30 "
        "30 30 30 30 30 30 31 09 06 01 01 60 01 01 FF 0A 12 36 38 34 31 31 32 31 42 4E 32 34 33 31 30 31 30 "
        "34 30 09 06 01 01 01 07 00 FF 06 00 00 09 29 09 06 01 01 02 07 00 FF 06 00 00 00 00 09 06 01 01 03 "
        "07 00 FF 06 00 00 00 00 09 06 01 01 04 07 00 FF 06 00 00 01 38 09 06 01 01 1F 07 00 FF 06 00 00 02 "
        "09 09 06 01 01 33 07 00 FF 06 00 00 01 8E 09 06 01 01 47 07 00 FF 06 00 00 00 7F 09 06 01 01 20 07 "
        "00 FF 12 00 E7 09 06 01 01 34 07 00 FF 12 00 E6 09 06 01 01 48 07 00 FF 12 00 E5 38 8F 7E",
    "e450_short":
        "7E A0 AE CE FF 03 13 2B A7 E6 E7 00 0F 00 21 00 01 0C 07 E8 07 0F 01 0D 05 0A 00 FF 88 80 02 06 01 "
        "06 02 04 12 00 28 09 06 00 08 19 09 00 FF 0F 02 12 00 00 02 04 12 00 28 09 06 00 08 19 09 00 FF 0F "
        "01 12 00 00 02 04 12 00 01 09 06 00 00 60 01 00 FF 0F 02 12 00 00 02 04 12 00 03 09 06 01 00 01 07 "
        "00 FF 0F 02 12 00 00 02 04 12 00 03 09 06 01 01 01 08 00 FF 0F 02 12 00 00 02 04 12 00 03 09 06 01 "
        "00 1F 07 00 FF 0F 02 12 00 00 09 06 00 08 19 09 00 FF 09 08 31 32 33 34 35 36 37 38 06 00 00 09 29 "
        "06 00 BC 61 4E 12 02 09 C3 0E 7E",
    "burgenland_14":
        "0F 00 21 80 F6 0C 07 E8 07 0F 01 0D 05 0A 00 FF 88 80 02 0E 12 00 E7 12 00 E6 12 00 E5 12 02 09 12 "
        "01 8E 12 00 7F 06 00 00 09 29 06 00 00 00 00 06 00 BC 61 4E 06 00 00 13 88 12 01 90 12 00 35 12 01 "
        "27 09 08 31 32 33 34 35 36 37 38",
    "kaifa_at_16":
        "0F 00 00 00 01 0C 07 E8 07 0F 01 0D 05 0A FF FF 88 80 02 10 09 06 00 00 01 00 00 FF 09 0C 07 E8 07 "
        "0F 01 0D 05 0A FF FF 88 80 02 02 09 06 00 00 60 01 00 FF 09 0E 31 4B 46 4D 30 32 30 30 30 30 30 30 "
        "30 31 02 02 09 06 00 00 2A 00 00 FF 09 10 4B 46 4D 31 32 30 30 32 30 30 30 30 30 30 30 31 02 03 09 "
        "06 01 00 20 07 00 FF 12 09 29 02 02 0F FF 16 23 02 03 09 06 01 00 34 07 00 FF 12 09 1B 02 02 0F FF "
        "16 23 02 03 09 06 01 00 48 07 00 FF 12 09 2E 02 02 0F FF 16 23 02 03 09 06 01 00 1F 07 00 FF 12 00 "
        "2D 02 02 0F FE 16 21 02 03 09 06 01 00 33 07 00 FF 12 00 78 02 02 0F FE 16 21 02 03 09 06 01 00 47 "
        "07 00 FF 12 00 21 02 02 0F FE 16 21 02 03 09 06 01 00 01 07 00 FF 06 00 00 01 85 02 02 0F 00 16 1B "
        "02 03 09 06 01 00 02 07 00 FF 06 00 00 00 00 02 02 0F 00 16 1B 02 03 09 06 01 00 01 08 00 FF 06 00 "
        "12 D6 87 02 02 0F 00 16 1E 02 03 09 06 01 00 02 08 00 FF 06 00 00 00 00 02 02 0F 00 16 1E 02 03 09 "
        "06 01 00 03 08 00 FF 06 00 00 04 57 02 02 0F 00 16 20 02 03 09 06 01 00 04 08 00 FF 06 00 03 64 0E "
        "02 02 0F 00 16 20",
    "noe_35":
        "0F 80 06 87 0E 0C 07 E8 07 0F 01 09 2F 0F 00 FF 88 80 02 23 09 0C 07 E8 07 0F 01 09 2F 0F 00 FF 88 "
        "80 09 06 01 00 01 08 00 FF 06 00 00 32 89 02 02 0F 00 16 1E 09 06 01 00 02 08 00 FF 06 00 00 00 00 "
        "02 02 0F 00 16 1E 09 06 01 00 01 07 00 FF 06 00 00 00 00 02 02 0F 00 16 1B 09 06 01 00 02 07 00 FF "
        "06 00 00 00 00 02 02 0F 00 16 1B 09 06 01 00 20 07 00 FF 12 09 21 02 02 0F FF 16 23 09 06 01 00 34 "
        "07 00 FF 12 00 00 02 02 0F FF 16 23 09 06 01 00 48 07 00 FF 12 00 00 02 02 0F FF 16 23 09 06 01 00 "
        "1F 07 00 FF 12 00 00 02 02 0F FE 16 21 09 06 01 00 33 07 00 FF 12 00 00 02 02 0F FE 16 21 09 06 01 "
        "00 47 07 00 FF 12 00 00 02 02 0F FE 16 21 09 06 01 00 0D 07 00 FF 12 03 E8 02 02 0F FD 16 FF 09 0C "
        "31 32 33 34 35 36 37 38 39 30 31 32",
    "iskra_18":
        "7E A0 81 CF 02 23 13 85 E1 E6 E7 00 0F 00 00 0D 7E 0C 07 E8 07 0F 01 0D 05 0A 00 FF 88 80 02 12 09 "
        "10 49 53 4B 31 30 33 30 37 30 30 30 30 30 30 30 31 09 08 31 36 38 32 30 30 30 35 06 00 00 05 70 06 "
        "00 00 00 00 06 00 00 00 00 06 00 00 02 E2 12 09 4B 12 09 4C 12 08 F8 12 00 67 12 00 7D 12 02 55 06 "
        "00 00 00 10 06 00 00 00 33 06 00 00 05 2D 06 00 00 00 00 06 00 00 00 00 06 00 00 00 00 9B 77 7E",
    "iskra_12":
        "7E A0 6B CF 02 23 13 CB 86 E6 E7 00 0F 00 00 0D 7F 0C 07 E8 07 0F 01 0D 0F 00 00 FF 88 80 02 0C 09 "
        "10 49 53 4B 31 30 33 30 37 30 30 30 30 30 30 30 31 09 08 31 36 38 32 30 30 30 36 16 01 09 02 00 02 "
        "06 00 00 CE 65 06 00 00 35 19 06 00 00 99 4C 06 00 02 B7 07 06 00 01 33 17 06 00 01 83 F0 06 00 01 "
        "A5 6A 06 00 00 A8 F5 B2 C3 7E",
    "segmented":
        "7E A8 28 CF 02 23 13 7D 7B E6 E7 00 0F 00 00 00 00 0C 07 E8 07 0F 01 0D 05 0A FF 80 00 00 02 03 0A "
        "0E 4B 61 6D 73 74 6D 06 7E A0 20 CF 02 23 13 05 00 72 75 70 5F 56 30 30 30 31 09 06 01 01 01 07 00 "
        "FF 06 00 00 04 D2 EA B6 7E",
    "gbt_1": "E0 40 00 01 00 00 18 0F 00 00 00 00 0C 07 E8 07 0F 01 0D 05 0A FF 80 00 00 02 03 0A 0E 4B 61",
    "gbt_2":
        "E0 C0 00 02 00 00 19 6D 73 74 72 75 70 5F 56 30 30 30 31 09 06 01 01 01 07 00 FF 06 00 00 04 D2",
    "gbt_hdlc_1":
        "7E A0 2C CE FF 03 13 F6 3B E6 E7 00 E0 40 00 01 00 00 18 0F 00 00 00 00 0C 07 E8 07 0F 01 0D 05 0A "
        "FF 80 00 00 02 03 0A 0E 4B 61 FD E9 7E",
    "gbt_hdlc_2":
        "7E A0 2A CE FF 03 13 6E 00 E0 C0 00 02 00 00 19 6D 73 74 72 75 70 5F 56 30 30 30 31 09 06 01 01 01 "
        "07 00 FF 06 00 00 04 D2 BF 0A 7E",
    "kaifa_1":
        "7E A0 27 01 02 01 10 5A 87 E6 E7 00 0F 40 00 00 00 09 0C 07 E8 07 0F 01 0D 05 02 FF 80 00 00 02 01 "
        "06 00 00 04 D2 B7 4F 7E",
    "aidon_1":
        "7E A0 2A 41 08 83 13 04 13 E6 E7 00 0F 40 00 00 00 00 01 01 02 03 09 06 01 00 01 07 00 FF 06 00 00 "
        "04 D2 02 02 0F 00 16 1B 19 F2 7E",
    "miniature":
        "7E A0 3D 2B 21 13 A2 D0 E6 E7 00 0F 00 00 00 00 0C 07 E8 07 0F 01 0D 05 0A FF 80 00 00 02 03 0A 0E "
        "4B 61 6D 73 74 72 75 70 5F 56 30 30 30 31 09 06 01 01 01 07 00 FF 06 00 00 04 D2 04 88 7E",
    "flag_inside": "7E A0 1A 41 08 83 13 D5 C7 E6 E7 00 0F 40 00 00 00 00 02 01 06 00 00 7E 7E AF 6C 7E",
    "glo_30":
        "DB 08 4B 41 4D 01 02 03 04 05 1E 30 00 00 00 01 85 2A B8 54 46 AD 3F 9E 6E 54 24 C0 E9 93 8B 51 DF "
        "DD C7 2E 99 71 DD 66 54",
    "glo_20": "DB 08 4B 41 4D 01 02 03 04 05 12 20 00 00 00 01 85 2A B8 54 46 AD 3F 9E 6E 54 24 C0 E9",
    "glo_hdlc":
        "7E A0 35 41 03 13 CE 53 E6 E7 00 DB 08 4B 41 4D 01 02 03 04 05 1E 30 00 00 00 01 85 2A B8 54 46 AD "
        "3F 9E 6E 54 24 C0 E9 93 8B 51 DF DD C7 2E 99 71 DD 66 54 3E 22 7E",
    "mbus_one":
        "68 22 22 68 53 FF 10 01 67 DB 08 4B 41 4D 01 02 03 04 05 12 20 00 00 00 01 85 2A B8 54 46 AD 3F 9E "
        "6E 54 24 C0 E9 E2 16",
    "mbus_1of2":
        "68 19 19 68 53 FF 00 01 67 DB 08 4B 41 4D 01 02 03 04 05 12 20 00 00 00 01 85 2A B8 54 73 16",
    "mbus_2of2": "68 0E 0E 68 53 FF 11 01 67 46 AD 3F 9E 6E 54 24 C0 E9 2A 16",
    "p1_lu":
        "DB 08 53 41 47 01 02 03 04 05 82 00 3A 30 00 00 00 07 E8 32 BA B6 41 0A 50 0B 0B E5 09 A3 9D BE ED "
        "2B 1E EA BD F8 7E B4 B2 4E FE CF EA 5C 4C 6A 68 DC 41 34 8C 2A 2D 1A 26 A8 19 99 26 BF A7 AB FE DC "
        "EF 3B 6F 76 35",
    "p1_pl":
        "2F 45 47 4D 35 54 53 54 0D 0A 0D 0A 00 82 00 3A 30 00 00 00 09 3F 96 EA 6E 73 7D 10 BF DE 79 6A 03 "
        "78 1A AB 3A 0B 95 00 4E 8B 4F F6 F7 4F 1E 83 A9 50 C3 85 58 EF 57 54 3B 6E B2 BE BF 47 13 F5 06 58 "
        "CC D4 2F C0 B0 B5 53 73 21 30 32 31 42 0D 0A",
}

POWER = {"active_power_import_w": 2345, "active_power_export_w": 0, "reactive_import_var": 0,
         "reactive_export_var": 312}
VOLTS = {"voltage_l1_v": Decimal("231.1"), "voltage_l2_v": Decimal("229.8"), "voltage_l3_v": Decimal("230.5")}
KAIFA = {"list_id": "KFM_001", "meter_id": "1234567890123456", "timestamp_status": 0}
MOMENT, SUMMER = "2024-07-15T13:05:10", {"timestamp": "2024-07-15T13:05:10+02:00", "timestamp_status": 128}

# name of the worked frame -> description
DESCRIPTIONS = {
    "kaifa_1": {"maker": "kaifa", "list": "1", "values": {
        "timestamp": "2024-07-15T13:05:02", "timestamp_status": 0, "active_power_import_w": 1234}},
    "kaifa_2_3p": {"maker": "kaifa", "list": "2-3p", "values": {
        **KAIFA, **POWER, **VOLTS, "meter_model": "MA304H3E", "timestamp": MOMENT,
        "current_l1_a": Decimal("5.210"), "current_l2_a": Decimal("3.980"),
        "current_l3_a": Decimal("1.275")}},
    "kaifa_3_1p": {"maker": "kaifa", "list": "3-1p", "header_time": "2024-07-15T14:00:10", "values": {
        **KAIFA, "meter_model": "MA105H2E", "timestamp": "2024-07-15T14:00:00", "active_power_import_w": 845,
        "active_power_export_w": 0, "reactive_import_var": 0, "reactive_export_var": 50,
        "current_l1_a": Decimal("3.720"), "voltage_l1_v": Decimal("231.1"),
        "energy_import_kwh": Decimal("12345.678"), "energy_export_kwh": 0,
        "reactive_energy_import_kvarh": Decimal("2.500"),
        "reactive_energy_export_kvarh": Decimal("456.789")}},
    "aidon_1": {"maker": "aidon", "list": "1", "values": {"active_power_import_w": 1234}},
    "aidon_2_3p3w": {"maker": "aidon", "list": "2-3p3w", "values": {
        "list_id": "AIDON_V0001", "meter_id": "7359991234567890", "meter_model": "6525", **POWER, **VOLTS,
        "current_l1_a": Decimal("5.2"), "current_l3_a": Decimal("1.3")}},
    "kamstrup_1": {"maker": "kamstrup", "list": "1-3p", "values": {
        "list_id": "Kamstrup_V0001", "meter_id": "5706567000000001", "meter_model": "6841121BN243101040",
        **POWER, "current_l1_a": Decimal("5.21"), "current_l2_a": Decimal("3.98"),
        "current_l3_a": Decimal("1.27"), "voltage_l1_v": 231, "voltage_l2_v": 230, "voltage_l3_v": 229,
        "timestamp": MOMENT, "timestamp_status": 0}},
    "e450_short": {"maker": "e450", "list": "short", "values": {
        **SUMMER, "meter_id": "12345678", "active_power_import_w": 2345,
        "energy_import_kwh": Decimal("12345.678"), "current_l1_a": Decimal("5.21")}},
    "burgenland_14": {"maker": "e450", "list": "burgenland-14", "transport": "raw", "values": {
        **SUMMER, "meter_id": "12345678", "voltage_l1_v": 231, "voltage_l2_v": 230, "voltage_l3_v": 229,
        "current_l1_a": Decimal("5.21"), "current_l2_a": Decimal("3.98"), "current_l3_a": Decimal("1.27"),
        "active_power_import_w": 2345, "active_power_export_w": 0,
        "energy_import_kwh": Decimal("12345.678"), "energy_export_kwh": 5}},
    "kaifa_at_16": {"maker": "kaifa-at", "list": "16", "transport": "raw", "invoke": "00000001", "values": {
        **SUMMER, "meter_id": "1KFM0200000001", "logical_device_name": "KFM1200200000001",
        "voltage_l1_v": Decimal("234.5"), "voltage_l2_v": Decimal("233.1"), "voltage_l3_v": 235,
        "current_l1_a": Decimal("0.45"), "current_l2_a": Decimal("1.20"), "current_l3_a": Decimal("0.33"),
        "active_power_import_w": 389, "active_power_export_w": 0,
        "energy_import_kwh": Decimal("1234.567"), "energy_export_kwh": 0,
        "reactive_energy_import_kvarh": Decimal("1.111"),
        "reactive_energy_export_kvarh": Decimal("222.222")}},
    "noe_35": {"maker": "noe", "list": "35", "transport": "raw", "values": {
        "timestamp": "2024-07-15T09:47:15+02:00", "timestamp_status": 128, "meter_id": "123456789012",
        "energy_import_kwh": Decimal("12.937"), "energy_export_kwh": 0, "active_power_import_w": 0,
        "active_power_export_w": 0, "voltage_l1_v": Decimal("233.7"), "voltage_l2_v": 0, "voltage_l3_v": 0,
        "current_l1_a": 0, "current_l2_a": 0, "current_l3_a": 0, "power_factor": 1}},
    "iskra_18": {"maker": "iskraemeco", "list": "18", "values": {
        **SUMMER, "meter_id": "ISK1030700000001", "list_id": "16820005", "active_power_import_w": 1392,
        "active_power_export_w": 0, "reactive_import_var": 0, "reactive_export_var": 738,
        "voltage_l1_v": Decimal("237.9"), "voltage_l2_v": 238, "voltage_l3_v": Decimal("229.6"),
        "current_l1_a": Decimal("1.03"), "current_l2_a": Decimal("1.25"), "current_l3_a": Decimal("5.97"),
        "active_power_import_l1_w": 16, "active_power_import_l2_w": 51, "active_power_import_l3_w": 1325,
        "active_power_export_l1_w": 0, "active_power_export_l2_w": 0, "active_power_export_l3_w": 0}},
    "iskra_12": {"maker": "iskraemeco", "list": "12", "values": {
        "timestamp": "2024-07-15T13:15:00+02:00", "timestamp_status": 128, "meter_id": "ISK1030700000001",
        "list_id": "16820006", "disconnect_state": 1, "active_tariff": 2,
        "energy_import_kwh": Decimal("52.837"), "energy_import_t1_kwh": Decimal("13.593"),
        "energy_import_t2_kwh": Decimal("39.244"), "energy_export_kwh": Decimal("177.927"),
        "energy_export_t1_kwh": Decimal("78.615"), "energy_export_t2_kwh": Decimal("99.312"),
        "reactive_energy_import_kvarh": Decimal("107.882"),
        "reactive_energy_export_kvarh": Decimal("43.253")}},
}


def worked(*names):
    """The octets of one or more worked frames."""
    return b"".join(bytes.fromhex(WORKED[name]) for name in names)


def miniature():
    """The APDU of worked frame C: text, OBIS 1-1:1.7.0, 1234."""
    body = smith.structure([smith.visible_string("Kamstrup_V0001"), smith.obis("1-1:1.7.0"), smith.u32(1234)])
    moment = smith.smith_lists.parse_moment(MOMENT)[0]
    return smith.data_notification(body, smith.clock(moment), "plain", 0)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_rebuilds_worked_list(name):
    assert smith.build(DESCRIPTIONS[name]).hex(" ") == worked(name).hex(" ")


def test_check_values_of_the_crcs():
    assert smith.crc_x25(b"123456789") == 0x906E
    assert smith.crc_x25(b"\x03\x3f").to_bytes(2, "little").hex() == "5bec"
    assert smith.crc_arc(b"123456789") == 0xBB3D


def test_hdlc_frames():
    plain = {"dest": b"\x2b", "src": b"\x21", "control": 0x13}
    assert smith.hdlc(smith.llc(miniature()), **plain) == worked("miniature")
    number = smith.data_notification(smith.structure([smith.u32(0x7E7E)]))
    assert smith.hdlc(smith.llc(number), b"\x41", b"\x08\x83", 0x13) == worked("flag_inside")
    assert smith.hdlc(b"", b"\x03", b"\x21", 0x93).hex() == "7ea007032193" + "0f017e"
    segments = smith.hdlc_segments(smith.llc(miniature()), 30, b"\xcf", b"\x02\x23", 0x13)
    assert smith.join_frames(segments) == worked("segmented")
    assert smith.join_frames(segments, shared_flag=False).count(b"\x7e\x7e") == 1


def test_hdlc_addresses():
    assert smith.hdlc_address(0x20) == b"\x41"
    assert smith.hdlc_address(4, 65, 2) == b"\x08\x83"
    assert smith.hdlc_address(1, 17, 4) == b"\x00\x02\x00\x23"
    with pytest.raises(smith.SmithError):
        smith.hdlc_address(200)


def test_general_block_transfer():
    assert smith.gbt_blocks(miniature(), (24, 25)) == [worked("gbt_1"), worked("gbt_2")]
    assert smith.hdlc_gbt(miniature(), (24, 25)) == [worked("gbt_hdlc_1"), worked("gbt_hdlc_2")]


def test_aidon_elements():
    moment = smith.smith_lists.parse_moment("2024-07-15T14:00:00")[0]
    stamp = smith.octet_string(smith.clock(moment, 0, 0, 0))
    assert smith.structure([smith.obis("0-0:1.0.0"), stamp]) == worked("aidon_clock")
    energy = [smith.obis("1-0:1.8.0"), smith.u32(1234567), smith.scaler_unit(1, 30)]
    assert smith.structure(energy) == worked("aidon_energy")


def test_ciphering_and_mbus():
    plain = smith.data_notification(smith.structure([smith.u32(1234)]), invoke=0)
    sealed = smith.general_glo(plain, TITLE, 1)
    assert sealed == worked("glo_30")
    assert smith.hdlc(smith.llc(sealed), b"\x41", b"\x03", 0x13) == worked("glo_hdlc")
    encrypted = smith.general_glo(plain, TITLE, 1, sc=0x20)
    assert encrypted == worked("glo_20")
    assert smith.mbus_segments(encrypted) == [worked("mbus_one")]
    assert smith.mbus_segments(encrypted, 20) == [worked("mbus_1of2"), worked("mbus_2of2")]


def test_green_book_vector():
    plain = bytes.fromhex("C001000008000001 0000FF0200")
    title, cipher = bytes.fromhex("4D4D4D0000BC614E"), "411312ff935a4756" + "6827c467bc"
    keys = (title, 0x01234567, smith.DEMO_EK, smith.DEMO_AK)
    assert smith.gcm(plain, *keys, 0x30).hex() == cipher + "7d825c3be4a77c3fcc056b6b"
    assert smith.gcm(plain, *keys, 0x20).hex() == cipher
    assert smith.gcm(plain, *keys, 0x10) == plain + bytes.fromhex("06725D910F9221D263877516")


def test_sagemcom_length_is_modulo_256():
    first, second = smith.mbus_segments(bytes(260), 252)
    assert first[:4].hex() == "68010168" and len(first) == 263
    assert second[:4].hex() == "680d0d68" and second[6] == 0x11


def test_p1():
    telegram = smith.p1("TST5MIN", ["1-0:1.7.0(00.512*kW)"])
    assert telegram.endswith(b"!6B38\r\n")
    assert smith.p1_luxembourg(telegram[:41], SAG, 7) == worked("p1_lu")
    assert smith.p1_poland(telegram[:41], 9) == worked("p1_pl")
    assert smith.p1("TST5MIN", [], crc=None) == b"/TST5MIN\r\n\r\n!\r\n"
