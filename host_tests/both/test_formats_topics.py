"""The formats with a topic for each value: expected lines typed by hand from the frames' truth.

The ancestor's: ancestor-features.md 4.3 and 4.4; DSMR-reader's: users-and-peers.md 3.2.
"""

from formats_meter import GAS, ONE_PHASE, P1_EXPORT, PHASES, THREE_PHASE, Format, Meter, Unit, messages, same

from hanport import reading, registers
from payload import formats

RAW_DEVICE = ["* b/id 24:0A:C4:00:00:01", "b/uptime 12", "b/vcc 3.300", "b/mem 9000", "b/rssi -58"]
RAW_ROWS = (
    (
        ONE_PHASE,
        "b/meter/dlms/timestamp 1721041510|* b/meter/id 1234567890123456|* b/meter/type MA105H2E|"
        "b/meter/clock 1721044800|b/meter/import/active 2345|b/meter/export/active 0|"
        "b/meter/import/reactive 0|b/meter/export/reactive 312|b/meter/l1/current 3.72|"
        "b/meter/l1/voltage 231.10|* b/meter/import/active/accumulated 12345.678|"
        "* b/meter/export/active/accumulated 5.000|* b/meter/import/reactive/accumulated 2.500|"
        "* b/meter/export/reactive/accumulated 456.789",
    ),
    (
        THREE_PHASE,
        "b/meter/dlms/timestamp 1721041510|b/meter/id 7359991234567890|b/meter/type 6534|"
        "b/meter/import/active 0|b/meter/export/active 4321|b/meter/import/reactive 0|"
        "b/meter/export/reactive 312|b/meter/l1/current -6.10|b/meter/l2/current 4.00|"
        "b/meter/l3/current 1.30|b/meter/l1/voltage 231.10|b/meter/l2/voltage 229.80|"
        "b/meter/l3/voltage 230.50",
    ),
    (
        P1_EXPORT,
        "b/meter/dlms/timestamp 1721041510|* b/meter/id ABC12345|* b/meter/type TEST|"
        "b/meter/clock 1721041510|b/meter/import/active 0|b/meter/export/active 2750|"
        "b/meter/l1/current 3.00|b/meter/l2/current 2.00|b/meter/l3/current 1.00|"
        "b/meter/l1/voltage 230.10|b/meter/l2/voltage 229.90|b/meter/l3/voltage 231.00|"
        "* b/meter/import/active/accumulated 2124.690|* b/meter/export/active/accumulated 3.500|"
        "* b/meter/import/active/accumulated/tariff1 1234.567|"
        "* b/meter/import/active/accumulated/tariff2 890.123|"
        "* b/meter/export/active/accumulated/tariff1 1.000|"
        "* b/meter/export/active/accumulated/tariff2 2.500|"
        "b/meter/import/l1 0|b/meter/import/l2 400|b/meter/import/l3 134|b/meter/export/l1 2750|"
        "b/meter/export/l2 0|b/meter/export/l3 0",
    ),
    (
        PHASES,
        "b/meter/dlms/timestamp 1721041510|* b/meter/id 12345678|b/meter/clock 1721045110|"
        "b/meter/import/active 2345|b/meter/export/active 0|b/meter/import/reactive 0|"
        "b/meter/export/reactive 312|b/meter/l1/current 5.21|b/meter/l2/current 4.00|"
        "b/meter/l3/current 1.30|b/meter/l1/voltage 231.00|b/meter/l2/voltage 230.00|"
        "b/meter/l3/voltage 229.00|* b/meter/import/active/accumulated 12345.678|"
        "* b/meter/export/active/accumulated 5.000|* b/meter/import/reactive/accumulated 2.500|"
        "* b/meter/export/reactive/accumulated 456.789|b/meter/import/l1 1190|b/meter/import/l2 860|"
        "b/meter/import/l3 295|b/meter/export/l1 0|b/meter/export/l2 0|b/meter/export/l3 0|"
        "b/meter/import/l1/accumulated 6000.12|b/meter/import/l2/accumulated 4000.00|"
        "b/meter/import/l3/accumulated 2345.55|b/meter/export/l1/accumulated 5.00|"
        "b/meter/export/l2/accumulated 0.00|b/meter/export/l3/accumulated 0.00|"
        "b/meter/powerfactor 0.97|b/meter/l1/powerfactor 0.98|b/meter/l2/powerfactor 0.96|"
        "b/meter/l3/powerfactor 0.91",
    ),
)


def test_raw_topics():
    """Formats 1 and 2 tell the same of a first telegram (4.3), counters and ids retained."""
    for name, lines in RAW_ROWS:
        for made in ("raw_minimal", "raw_full"):
            same(messages(made, name), lines.split("|") + RAW_DEVICE)


def test_raw_minimal_tells_changes():
    """Only what differs as written; the telegram's time always; all again on a new connection."""
    meter = Meter()
    made = Format("raw_minimal", meter)
    meter.sends(ONE_PHASE)
    first = made()
    time = "b/meter/dlms/timestamp 1721041510"
    meter.sends(ONE_PHASE)
    same(made(), [time, "b/meter/clock 1721044800"])
    # 3.720 A was sent: 3.724 reads the same, 3.726 is 3.73.
    meter.says(registers.I_L1, 3724, -3)
    same(made(), [time])
    meter.says(registers.I_L1, 3726, -3)
    same(made(), [time, "b/meter/l1/current 3.73"])
    meter.says(registers.I_L1, -3726, -3)
    same(made(), [time, "b/meter/l1/current -3.73"])
    # A list without a value does not make it new; 0 differs from never sent.
    meter.says(registers.P_IMPORT, 2345)
    same(made(), [time])
    meter.says(registers.POWER_FACTOR, 0)
    same(made(), [time, "b/meter/powerfactor 0.00"])
    same(made(), [time])
    meter.says(registers.E_IMPORT, 12345679)
    same(made(), [time, "* b/meter/import/active/accumulated 12345.679"])
    made.memory.forget()
    meter.sends(ONE_PHASE)
    assert made() == first
    # The same id in a list without counters is no news, another one is.
    meter.sends("kaifa/list2-1p")
    same(made()[:2], [time, "b/meter/clock 1721041510"])
    meter.sends(THREE_PHASE)
    same(made()[:3], [time, "b/meter/id 7359991234567890", "b/meter/type 6534"])
    meter.sends(ONE_PHASE)
    back = made()[:3]
    same(back, [time, "* b/meter/id 1234567890123456", "* b/meter/type MA105H2E"])
    meter.sends(ONE_PHASE)
    same(made(), [time, "b/meter/clock 1721044800"])


def test_raw_full_tells_all():
    """Again with each telegram; ids retained with each that has counters, the device once a minute."""
    meter = Meter()
    made = Format("raw_full", meter)
    meter.sends(ONE_PHASE)
    first = made()
    meter.sends(ONE_PHASE)
    assert made() == first[:-5]
    meter.sends("kaifa/list2-1p")
    # The ids of a list without counters only when they changed.
    same(
        made()[:3],
        ["b/meter/dlms/timestamp 1721041510", "b/meter/clock 1721041510"] + ["b/meter/import/active 2345"],
    )
    later = Unit()
    later.seconds = 72
    assert [topic for topic, _, _ in made(later)][-5:] == ["b/id", "b/uptime", "b/vcc", "b/mem", "b/rssi"]


def _udevice(idx, value):
    return 'domoticz/in {"command":"udevice","idx":%s,"nvalue":0,"svalue":"%s"}' % (idx, value)


def test_domoticz():
    """4.4: power and counter in Wh once a real counter is known, voltages, three currents in one."""
    meter = Meter()
    made = Format("domoticz", meter)
    meter.sends("kaifa/list2-1p")
    # One phase: the currents of those that are not there are 0.
    volts = [_udevice(21, "231.1"), _udevice(30, "3.72;0;0")]
    same(made(), volts)
    meter.sends(ONE_PHASE)
    same(made(), [_udevice(12, "2345;12345678")] + volts)
    meter.sends("kaifa/list1")
    same(made(), [_udevice(12, "1234;12345678")])
    same(
        messages("domoticz", THREE_PHASE),
        [_udevice(21, "231.1"), _udevice(22, "229.8"), _udevice(30, "-6.1;4;1.3")],
    )
    # The IT grid: the current of L2 is not told, and it is not 0.
    same(messages("domoticz", "aidon/list2-3p3w")[-1:], [_udevice(22, "229.8")])
    same(
        messages("domoticz", GAS),
        [_udevice(12, "1234;2124690"), _udevice(21, "230.1"), _udevice(30, "5;0;0")],
    )


def test_domoticz_numbers():
    """What is no number of a device is as good as empty."""
    module = formats.load("domoticz")
    assert module.Memory("12", " 3", "x", "", "4").idx == [b"12", None, None, None, b"4"]


DSMR_ROWS = (
    (
        GAS,
        "reading/electricity_delivered_1 1234.567|reading/electricity_delivered_2 890.123|"
        "reading/electricity_returned_1 1.000|reading/electricity_returned_2 2.500|"
        "reading/electricity_currently_delivered 1.234|reading/electricity_currently_returned 0.000|"
        "reading/phase_currently_delivered_l1 1.234|reading/phase_voltage_l1 230.1|"
        "reading/phase_power_current_l1 5|meter-stats/electricity_tariff 2|"
        "reading/timestamp 2024-07-15T11:05:10Z|reading/extra_device_delivered 456.789|"
        "reading/extra_device_timestamp 2024-07-15T11:05:00Z|consumption/gas/delivered 456.789|"
        "consumption/gas/read_at 2024-07-15T11:05:00Z",
    ),
    (
        P1_EXPORT,
        "reading/electricity_delivered_1 1234.567|reading/electricity_delivered_2 890.123|"
        "reading/electricity_returned_1 1.000|reading/electricity_returned_2 2.500|"
        "reading/electricity_currently_delivered 0.000|reading/electricity_currently_returned 2.750|"
        "reading/phase_currently_delivered_l1 0.000|reading/phase_currently_delivered_l2 0.400|"
        "reading/phase_currently_delivered_l3 0.134|reading/phase_currently_returned_l1 2.750|"
        "reading/phase_currently_returned_l2 0.000|reading/phase_currently_returned_l3 0.000|"
        "reading/phase_voltage_l1 230.1|reading/phase_voltage_l2 229.9|reading/phase_voltage_l3 231|"
        "reading/phase_power_current_l1 3|reading/phase_power_current_l2 2|"
        "reading/phase_power_current_l3 1|meter-stats/electricity_tariff 2|"
        "reading/timestamp 2024-07-15T11:05:10Z",
    ),
    (
        # No tariffs: all in the first counter.
        ONE_PHASE,
        "reading/electricity_delivered_1 12345.678|reading/electricity_returned_1 5.000|"
        "reading/electricity_currently_delivered 2.345|reading/electricity_currently_returned 0.000|"
        "reading/phase_voltage_l1 231.1|reading/phase_power_current_l1 3.72|"
        "reading/timestamp 2024-07-15T12:00:00Z",
    ),
)


def test_dsmr_reader_topics():
    """Whole topics, kWh and kW with three decimals, times in UTC."""
    for name, lines in DSMR_ROWS:
        same(messages("dsmrreader", name), ["dsmr/" + line for line in lines.split("|")])
    # Winter: 13:00 CET is 12:00 UTC.
    times = [
        text for topic, text, _ in messages("dsmrreader", "p1/dsmr4") if "_at" in topic or "stamp" in topic
    ]
    assert times == ["2024-01-15T12:05:10Z", "2024-01-15T12:00:00Z", "2024-01-15T12:00:00Z"], times


def test_dsmr_reader_counts():
    """Failures, sags and swells by phase."""
    meter = Meter()
    made = Format("dsmrreader", meter)
    for name, topic in (
        ("power_failures", "power_failure_count"),
        ("power_failures_long", "long_power_failure_count"),
        ("voltage_sags_l1", "voltage_sag_count_l1"),
        ("voltage_sags_l3", "voltage_sag_count_l3"),
        ("voltage_swells_l2", "voltage_swell_count_l2"),
    ):
        meter.says(registers.by_name(name), 7)
        same(made(), ["dsmr/meter-stats/" + topic + " 7"])


def test_own_values():
    """The words of truth.json, a topic for each number, in the unit of its name."""
    same(
        messages("own_values", GAS),
        [
            "b/value/" + line
            for line in (
                "active_power_import_w 1234|active_power_export_w 0|current_l1_a 5|voltage_l1_v 230.1|"
                "active_power_import_l1_w 1234|energy_import_kwh 2124.69|energy_export_kwh 3.5|"
                "energy_import_t1_kwh 1234.567|energy_import_t2_kwh 890.123|energy_export_t1_kwh 1|"
                "energy_export_t2_kwh 2.5|active_tariff 2|submeter1_gas_m3 456.789"
            ).split("|")
        ],
    )


def test_lists_that_are_seldom_met():
    """Phases without counters retain the ids; half a step is rounded away from zero."""
    meter = Meter()
    made = Format("raw_minimal", meter)
    meter.says(registers.P_IMPORT_L1, 5)
    meter.latest.set_text(reading.METER_ID, b"77", 0, 2)
    same(made()[1:3], ["* b/meter/id 77", "b/meter/import/l1 5"])
    meter.says(registers.I_L1, -3725, -3)
    same(made()[1:], ["b/meter/l1/current -3.73"])


def test_what_an_earlier_list_told():
    """A phase or a tariff that the meter has, but not in this list, is not taken for one it has not."""
    for register in (registers.I_L1 + 1, registers.U_L3):
        meter = Meter()
        made = Format("domoticz", meter)
        meter.says(register, 1)
        meter.says(registers.I_L1, 1)
        same(made(), [])
    made = Format("dsmrreader", meter)
    meter.says(registers.E_IMPORT, 3000)
    same(made(), ["dsmr/reading/electricity_delivered_1 3.000"])
    meter.says(registers.E_IMPORT_T1, 1000)
    meter.says(registers.E_IMPORT, 3000)
    same(made(), [])


def test_only_gas_is_gas():
    """Cubic metres of water are not, and a time whose summer time is not told is left out."""
    meter = Meter()
    made = Format("dsmrreader", meter)
    meter.says(registers.P_IMPORT, 1000)
    r = meter.latest
    for channel, medium, litres in ((1, 7, 1), (3, 3, 456789)):
        row = reading.METERS + 16 * (channel - 1)
        r.facts[row + reading.MEDIUM], r.facts[row + reading.UNIT] = medium, 13
        r.facts[row + reading.FORM] = 1
        r.keep(reading.BEHIND + channel - 1, litres)
        r.have[reading.BEHIND + channel - 1] = reading.SENT
    power = "dsmr/reading/electricity_currently_delivered 1.000"
    gas = ["dsmr/reading/extra_device_delivered 456.789", "dsmr/consumption/gas/delivered 456.789"]
    same(made(), [power] + gas)
