"""P1 part of the project's own frames: Dutch, Swedish, Belgian, Austrian, encrypted; all values invented."""

SUMMER = {"timestamp": "2024-07-15T13:05:10", "timestamp_dst": "S"}
WINTER = {"timestamp": "2024-01-15T13:05:10", "timestamp_dst": "W"}
TARIFFS = {"energy_import_t1_kwh": 1234.567, "energy_import_t2_kwh": 890.123, "energy_export_t1_kwh": 1,
           "energy_export_t2_kwh": 2.5, "active_tariff": 2, "active_power_import_w": 1234,
           "active_power_export_w": 0}
PHASES = {"voltage_l1_v": 230.1, "voltage_l2_v": 229.9, "voltage_l3_v": 231.0,
          "current_l1_a": 3, "current_l2_a": 2, "current_l3_a": 1,
          "active_power_import_l1_w": 700, "active_power_import_l2_w": 400, "active_power_import_l3_w": 134,
          "active_power_export_l1_w": 0, "active_power_export_l2_w": 0, "active_power_export_l3_w": 0}
TOTALS = {"energy_import_kwh": 12345.678, "energy_export_kwh": 5.001, "reactive_energy_import_kvarh": 2.5,
          "reactive_energy_export_kvarh": 456.789, "active_power_import_w": 2345, "active_power_export_w": 0,
          "reactive_import_var": 0, "reactive_export_var": 312}
GAS = {"channel": 1, "medium": "gas", "id": "G1234", "value_m3": 456.789, "timestamp": "2024-07-15T13:05:00",
       "timestamp_dst": "S"}


def _sums(values):
    """Totals a decoder may add up where the telegram sends tariffs only (exact to the Wh)."""
    sums = {}
    for way in ("import", "export"):
        sums[f"energy_{way}_kwh"] = round(values[f"energy_{way}_t1_kwh"] + values[f"energy_{way}_t2_kwh"], 3)
    return {"derived": sums}


def _p1(name, header, values, **more):
    return {"maker": "p1", "list": name, "header": header, "values": values, **more}


def dutch():
    """DSMR 2.2 without CRC and with the two-line gas reading, 4 and 5, and a heat meter."""
    old = {**TARIFFS, "meter_id": "ABC00022", "energy_import_t1_kwh": 1234.56, "energy_import_t2_kwh": 890.12,
           "active_power_import_w": 980}
    gas = {key: value for key, value in GAS.items() if key != "timestamp_dst"}
    gas["timestamp"] = "2024-07-15T13:00:00"
    yield "p1/dsmr22", _p1("dsmr22", "ABC5DSMR22", old, crc=None, submeters=[gas]), _sums(old)
    amperes = {key: value for key, value in PHASES.items() if "voltage" not in key}
    four = {**WINTER, **TARIFFS, **amperes, "meter_id": "ABC00042"}
    winter_gas = {**GAS, "timestamp": "2024-01-15T13:00:00", "timestamp_dst": "W"}
    yield "p1/dsmr4", _p1("dsmr4", "ABC5DSMR42", four, submeters=[winter_gas]), _sums(four)
    single = {**SUMMER, **TARIFFS, "meter_id": "ABC12345", "voltage_l1_v": 230.1, "current_l1_a": 5,
              "active_power_import_l1_w": 1234}
    yield "p1/dsmr5-1p", _p1("dsmr5", "ABC5TEST", single, submeters=[GAS]), _sums(single)
    five = {**SUMMER, **TARIFFS, **PHASES, "meter_id": "ABC12345"}
    more = [GAS, {"channel": 2, "medium": "heat", "id": "H5678", "value_gj": 12.345,
                  "timestamp": "2024-07-15T13:00:00", "timestamp_dst": "S"},
            {"channel": 3, "medium": "warm_water", "id": "W9012", "value_m3": 78.9,
             "timestamp": "2024-07-15T13:00:00", "timestamp_dst": "S"},
            {"channel": 4, "medium": "electricity", "id": "E3456", "value_kwh": 321.5,
             "timestamp": "2024-07-15T13:00:00", "timestamp_dst": "S"}]
    yield "p1/dsmr5-3p-four-submeters", _p1("dsmr5", "ABC5TEST", five, submeters=more), _sums(five)
    exporting = {**five, "active_power_import_w": 0, "active_power_export_w": 2750,
                 "active_power_import_l1_w": 0, "active_power_export_l1_w": 2750}
    yield "p1/dsmr5-export", _p1("dsmr5", "ABC5TEST", exporting), _sums(exporting)
    yield "p1/minimal", _p1("minimal", "TST5MIN", {"active_power_import_w": 512}), {}


def nordic():
    """Sweden: no tariffs, reactive values, currents with one decimal."""
    reactive = {f"reactive_{way}_l{n}_var": value for way, triple in (("import", (0, 0, 0)),
                                                                      ("export", (150, 102, 60)))
                for n, value in enumerate(triple, 1)}
    power = {"active_power_import_l1_w": 1190, "active_power_import_l2_w": 860,
             "active_power_import_l3_w": 295}
    values = {**WINTER, **TOTALS, **PHASES, **power, **reactive, "current_l1_a": 5.2, "current_l2_a": 4.0,
              "current_l3_a": 1.3}
    yield "p1/swedish", _p1("se", "KAM5", values), {}
    yield "p1/swedish-no-crc", _p1("se", "ABC5SE", values, crc=None), {}


def belgian():
    """Belgium: quarter-hour demand, month peak, 13-month history, gas not temperature corrected, water."""
    values = {**WINTER, **TARIFFS, **PHASES, "meter_id": "1BEL0000000001", "current_l1_a": 3.04,
              "current_l2_a": 1.75, "current_l3_a": 0.58}
    peaks = ["1-0:1.4.0(00.500*kW)", "1-0:1.6.0(240110181500W)(03.250*kW)",
             "0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(231201000000W)(231117184500W)(04.100*kW)"
             "(240101000000W)(231206190000W)(03.900*kW)"]
    stamp = {"timestamp": "2024-01-15T13:00:00", "timestamp_dst": "W"}
    meters = [{"channel": 1, "medium": "gas", "id": "G1234", "value_m3": 123.456, **stamp},
              {"channel": 2, "medium": "water", "id": "W5678", "value_m3": 87.654, **stamp}]
    sent = {"average_demand_w": 500,
            "month_peak": {"value_w": 3250, "timestamp": "2024-01-10T18:15:00", "timestamp_dst": "W"},
            "month_peak_history": [
                {"value_w": 4100, "timestamp": "2023-11-17T18:45:00", "timestamp_dst": "W"},
                {"value_w": 3900, "timestamp": "2023-12-06T19:00:00", "timestamp_dst": "W"}]}
    more = {**_sums(values), "also_sent": sent}
    yield "p1/belgian", _p1("be", "FLU5\\123456789_A", values, extra=peaks, submeters=meters), more


def encrypted():
    """Luxembourg and Steiermark (DB layout) and Poland (text header, binary body)."""
    values = {**WINTER, **TOTALS}
    seal = {"layout": "luxembourg", "title": "5341470102030405", "ic": 7}
    yield "p1/luxembourg-minimal", _p1("minimal", "TST5MIN", {"active_power_import_w": 512}, cipher=seal), {}
    yield "p1/luxembourg", _p1("se", "SAG5LUX", values, cipher=seal), {}
    demo = {**seal, "ak": "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"}
    yield ("p1/steiermark", _p1("steiermark", "EST5TEST", values, cipher=demo),
           {"key": {"ek": "000102030405060708090A0B0C0D0E0F", "ak": demo["ak"]}})
    poland = {"layout": "poland", "ic": 9}
    yield "p1/poland-minimal", _p1("minimal", "TST5MIN", {"active_power_import_w": 512}, cipher=poland), {}
    yield "p1/poland", _p1("se", "EGM5G15", values, cipher={**poland, "outer": "/EGM5G15"}), {}


def p1_entries():
    """All P1 entries (name, description, more)."""
    for part in (dutch, nordic, belgian, encrypted):
        yield from part()
