"""HomeWizard's API v1: fields typed by hand from the frames' truth and its documented names; telegrams.

What its own client says of them: host_tests/cpython/test_local_apis.py.
"""

from formats_meter import GAS, ONE_PHASE, P1_EXPORT, PHASES, THREE_PHASE, Bare, Meter, Unit

from hanport import Decoder, reading, registers
from hanport.derive import derive
from localtime import CENTRAL
from payload import asked, homewizard, p1text
from payload.writer import Writer


class Device(Unit):
    version = b"1.2.3"


def told(write, *what):
    w = Writer(4096)
    write(w, *what)
    assert not w.full
    return bytes(w.octets()).decode()


def data(name, device=None):
    """What /api/v1/data says of a frame, without the fields that all have."""
    meter = Meter()
    meter.sends(name)
    text = told(homewizard.data, meter.state, device or Device(), b"home")
    begin = '{"wifi_ssid":"home","wifi_strength":84,'
    assert text[: len(begin)] == begin, text
    return text[len(begin) : -1]


def test_one_phase():
    """Import less export; a meter without tariffs counts in its first one; the id in hex."""
    assert data(ONE_PHASE) == (
        '"meter_model":"Kaifa MA105H2E","unique_id":"31323334353637383930313233343536",'
        '"total_power_import_kwh":12345.678,"total_power_import_t1_kwh":12345.678,'
        '"total_power_export_kwh":5,"total_power_export_t1_kwh":5,"active_voltage_l1_v":231.1,'
        '"active_current_l1_a":3.72,"active_power_w":2345,"active_reactive_power_var":-312'
    )


def test_three_phases_with_export():
    """Power sold is negative, and no counter is told of when none is known."""
    assert data(THREE_PHASE) == (
        '"meter_model":"Aidon 6534","unique_id":"37333539393931323334353637383930",'
        '"active_voltage_l1_v":231.1,"active_voltage_l2_v":229.8,"active_voltage_l3_v":230.5,'
        '"active_current_l1_a":-6.1,"active_current_l2_a":4,"active_current_l3_a":1.3,'
        '"active_power_w":-4321,"active_reactive_power_var":-312'
    )


def test_p1_with_export():
    assert data(P1_EXPORT) == (
        '"meter_model":"TEST","unique_id":"4142433132333435","total_power_import_kwh":2124.69,'
        '"total_power_import_t1_kwh":1234.567,"total_power_import_t2_kwh":890.123,'
        '"total_power_export_kwh":3.5,"total_power_export_t1_kwh":1,"total_power_export_t2_kwh":2.5,'
        '"active_voltage_l1_v":230.1,"active_voltage_l2_v":229.9,"active_voltage_l3_v":231,'
        '"active_current_l1_a":3,"active_current_l2_a":2,"active_current_l3_a":1,"active_tariff":2,'
        '"active_power_w":-2750,"active_power_l1_w":-2750,"active_power_l2_w":400,"active_power_l3_w":134'
    )


def test_p1_with_gas():
    text = data(GAS)
    assert text.endswith(
        ',"active_power_w":1234,"active_power_l1_w":1234,"total_gas_m3":456.789,'
        '"gas_timestamp":240715130500,"gas_unique_id":"4731323334","external":[{"unique_id":"4731323334",'
        '"type":"gas_meter","timestamp":240715130500,"value":456.789,"unit":"m3"}]'
    ), text


def test_media_behind_the_meter():
    """What the API has a word for; electricity is none of it."""
    text = data("p1/dsmr5-3p-four-submeters")
    assert text.endswith(
        '"value":456.789,"unit":"m3"},{"unique_id":"4835363738","type":"heat_meter",'
        '"timestamp":240715130000,"value":12.345,"unit":"GJ"},{"unique_id":"5739303132",'
        '"type":"warm_water_meter","timestamp":240715130000,"value":78.9,"unit":"m3"}]'
    ), text


def test_belgian_peak():
    """The demand's fields, spelt as the API spells them; DSMR tells of the peak with its time."""
    meter = Meter()
    meter.says(72, 2351)
    meter.says(73, 4507)
    assert telegram(meter.state) == "/HAN5Hanport\r\n\r\n1-3:0.2.8(50)\r\n1-0:1.4.0(02.351*kW)\r\n"
    meter.state.timed(reading.PEAK, b"\x07\xe8\x07\x0f\xff\x0d\x0f\x00\xff\x80\x00\xffS", 0)
    text = told(homewizard.data, meter.state, Device(), b"x")
    assert text.endswith(
        ',"active_power_average_w":2351,"montly_power_peak_w":4507,"montly_power_peak_timestamp":240715131500}'
    ), text
    assert telegram(meter.state).endswith("\r\n1-0:1.6.0(240715131500S)(04.507*kW)\r\n")


def test_counts_of_events():
    meter = Meter()
    for register in range(80, 88):
        meter.says(register, register)
    assert told(homewizard.data, meter.state, Device(), b"x").endswith(
        '"voltage_sag_l1_count":82,"voltage_sag_l2_count":83,"voltage_sag_l3_count":84,'
        '"voltage_swell_l1_count":85,"voltage_swell_l2_count":86,"voltage_swell_l3_count":87,'
        '"any_power_fail_count":80,"long_power_fail_count":81}'
    )


def test_what_is_not_known_is_absent():
    """But for wifi_ssid, without which a client takes the answer for another version's."""
    assert told(homewizard.data, Meter().state, Bare(), b"") == '{"wifi_ssid":""}'
    device = Device()
    device.seconds = 2 + asked.FRESH_S
    text = data(PHASES, device)
    assert "active_" not in text and '"total_power_import_kwh":12345.678,' in text


def test_signal_in_percent():
    """As the client turns dBm into percent: 2 * (dBm + 100), from 0 to 100."""
    for dbm, percent in ((-30, 100), (-50, 100), (-51, 98), (-99, 2), (-100, 0), (-120, 0)):
        device = Device()
        device.rssi = lambda dbm=dbm: dbm
        text = told(homewizard.data, Meter().state, device, b"x")
        assert text == '{"wifi_ssid":"x","wifi_strength":%d}' % percent, (dbm, text)


def product(w):
    w.open()
    homewizard.product(w, Device())
    w.close()


def test_product_and_refusal():
    assert told(product) == (
        '{"product_type":"HWE-P1","product_name":"P1 meter","serial":"240ac4000001",'
        '"firmware_version":"1.2.3","api_version":"v1"}'
    )
    assert told(homewizard.refusal, b"No.") == '{"error":{"description":"No."}}'


def crc(text):
    """CRC-16/ARC by its definition, bit by bit (DSMR P1 5.0.2, 6.2)."""
    rest = 0
    for c in text.encode():
        rest ^= c
        for _ in range(8):
            rest = rest >> 1 ^ (0xA001 if rest & 1 else 0)
    return rest


def telegram(state, utc=None):
    """A written telegram without its last line, whose checksum is right."""
    text = told(p1text.write, state, 1, utc, CENTRAL)
    body = text[: text.find("!") + 1]
    assert text == body + "%04X\r\n" % crc(body), text
    return body[:-1]


def test_telegram_of_one_phase():
    """The order is that of the registers; numbers have DSMR's digits before the point."""
    meter = Meter()
    meter.sends(ONE_PHASE)
    assert telegram(meter.state, 1721044800).split("\r\n") == [
        "/HAN5Hanport",
        "",
        "1-3:0.2.8(50)",
        "0-0:1.0.0(240715140000S)",
        "0-0:96.1.1(31323334353637383930313233343536)",
        "1-0:1.7.0(02.345*kW)",
        "1-0:2.7.0(00.000*kW)",
        "1-0:3.7.0(00.000*kvar)",
        "1-0:4.7.0(00.312*kvar)",
        "1-0:31.7.0(003.72*A)",
        "1-0:32.7.0(231.1*V)",
        "1-0:1.8.0(012345.678*kWh)",
        "1-0:2.8.0(000005.000*kWh)",
        "1-0:3.8.0(000002.500*kvarh)",
        "1-0:4.8.0(000456.789*kvarh)",
        "",
    ]


def test_telegram_in_winter_and_without_a_clock():
    meter = Meter()
    meter.says(registers.P_IMPORT, 123456)
    assert "\r\n0-0:1.0.0(241215233059W)\r\n1-0:1.7.0(123.456*kW)\r\n" in telegram(meter.state, 1734301859)
    assert telegram(meter.state) == "/HAN5Hanport\r\n\r\n1-3:0.2.8(50)\r\n1-0:1.7.0(123.456*kW)\r\n"


def test_telegram_of_everything_else():
    meter = Meter()
    meter.sends("p1/dsmr5-3p-four-submeters")
    for register, number, scaler in (
        (registers.POWER_FACTOR, 97, -2),
        (registers.POWER_FACTOR + 4, 50, 0),  # Hz
        (registers.TARIFF + 1, 1, 0),
        (registers.TARIFF + 2, 12, 0),
        (76, 17250, 0),  # power limit
        (77, 25, 0),  # current limit
        (registers.I_L1, -6100, -3),
    ):
        meter.says(register, number, scaler)
    text = telegram(meter.state)
    for line in (
        "1-0:13.7.0(0.970)",
        "1-0:14.7.0(50.0*Hz)",
        "0-0:96.14.0(0002)",
        "0-0:96.3.10(1)",
        "0-0:96.7.21(00012)",
        "0-0:17.0.0(17.250*kW)",
        "1-0:31.4.0(025*A)",
        "1-0:31.7.0(-006.1*A)",
        "1-0:1.8.1(001234.567*kWh)",
        "0-1:24.1.0(003)",
        "0-1:96.1.0(4731323334)",
        "0-1:24.2.1(240715130500S)(00456.789*m3)",
        "0-2:24.2.1(240715130000S)(00012.345*GJ)",
        "0-4:24.2.1(240715130000S)(00321.500*kWh)",
    ):
        assert "\r\n" + line + "\r\n" in text, line


def test_telegrams_are_read_as_they_were_written():
    """What is written of a P1 meter's telegram is what that telegram said: every value, every sub-meter."""
    for name in (GAS, P1_EXPORT, "p1/belgian", "p1/swedish", "p1/dsmr5-3p-four-submeters"):
        meter = Meter()
        meter.sends(name)
        text = told(p1text.write, meter.state, 1, meter.state.utc, CENTRAL).encode()
        again = Decoder(4096)
        again.feed(text, 0, len(text))
        assert again.ready, name
        derive(again.reading)
        for register in range(registers.COUNT):
            assert again.reading.get(register) == meter.state.get(register), (name, register)
        assert again.reading.utc == meter.state.utc, name
        mine, their = again.reading, meter.state
        for k in range(reading.CHANNELS):
            row = reading.METERS + 16 * k
            assert mine.get(reading.BEHIND + k) == their.get(reading.BEHIND + k), (name, k)
            assert mine.text(reading.TEXTS + k) == their.text(reading.TEXTS + k), (name, k)
            for at in list(range(row, row + 12)) + [row + reading.MEDIUM, row + reading.UNIT]:
                assert mine.facts[at] == their.facts[at], (name, k, at)


def test_what_does_not_fit_is_told():
    meter = Meter()
    meter.sends(PHASES)
    for write in (
        lambda w: p1text.write(w, meter.state, 1, 0, CENTRAL),
        lambda w: homewizard.data(w, meter.state, Device(), b"x"),
    ):
        for size in (0, 1, 90, 300):
            w = Writer(size)
            write(w)
            assert w.full and w.at <= size
