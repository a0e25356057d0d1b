"""P1 as meters really send it: each deviation of dsmr-p1.md section 1, and what is refused.

CRCs are computed here bit by bit, apart from the decoder: reflected 0xA001 from 0 (ARC).
"""

import corpus

from hanport import Decoder, fault

HEAD = b"/TST5MIN\r\n\r\n"


def crc(data, polynomial=0xA001, start=0):
    """Reflected CRC-16, bit by bit."""
    c = start
    for octet in data:
        c ^= octet
        for _ in range(8):
            c = (c >> 1) ^ polynomial if c & 1 else c >> 1
    return c


def telegram(*lines, head=HEAD):
    """A telegram with its checksum."""
    body = head + b"".join(line.encode() + b"\r\n" for line in lines) + b"!"
    return body + b"%04X\r\n" % crc(body)


def read(data, **more):
    """The one reading of the octets."""
    readings, faults = corpus.run(Decoder(2048, **more), data)
    assert len(readings) == 1, (len(readings), [fault.words(f) for f in faults])
    return readings[0]


def nothing(data):
    """Faults of octets that hold no reading."""
    readings, faults = corpus.run(Decoder(2048), data)
    assert not readings
    return faults


def test_published_checksum():
    """dsmr-p1.md section 1: the smallest telegram has 6B38."""
    data = telegram("1-0:1.7.0(00.512*kW)")
    assert data.endswith(b"!6B38\r\n")
    assert read(data)["active_power_import_w"] == 512


def test_group_f_and_plain_units():
    """Q3D and Aidon: *255 after the code, W and Wh without k."""
    got = read(telegram("1-0:1.8.0*255(00012345*Wh)", "1-0:1.7.0*255(000345.67*W)", "1-0:31.7.0.255(1.2*A)"))
    assert got["energy_import_kwh"] == 12.345
    assert got["active_power_import_w"] == 346  # 345.67 W, rounded: the register is in W
    assert got["current_l1_a"] == 1.2


def test_misspelt_codes():
    """A colon where a point belongs (1-0:72:7.0)."""
    assert read(telegram("1-0:72:7.0(231.0*V)"))["voltage_l3_v"] == 231


def test_kva_for_reactive():
    """Aidon writes kVA for reactive power: the code decides, not the unit."""
    assert read(telegram("1-0:3.7.0(0001.234*kVA)"))["reactive_import_var"] == 1234


def test_units_that_do_not_fit_are_left_out():
    """Volts for a power, kW for an energy, kWh for a power: absent, never wrong."""
    got = read(
        telegram("1-0:1.7.0(230.1*V)", "1-0:1.8.0(1.000*kW)", "1-0:2.7.0(1.0*kWh)", "1-0:32.7.0(230.1*V)")
    )
    assert [k for k in got if k.startswith(("active", "energy"))] == []
    assert got["voltage_l1_v"] == 230.1


def test_no_limit_is_absent():
    """999.9 kW and 999 A say that there is no limit (Belgium)."""
    got = read(telegram("0-0:17.0.0(999.9*kW)", "1-0:31.4.0(999*A)", "1-0:1.7.0(00.001*kW)"))
    assert "power_limit_w" not in got and "current_limit_a" not in got
    assert read(telegram("0-0:17.0.0(016.1*kW)", "1-0:1.7.0(0.1*kW)"))["power_limit_w"] == 16100


def test_empty_repeated_and_bad_lines():
    """() is no data; of a code sent twice the first stands; a line of nonsense is skipped."""
    got = read(
        telegram(
            "1-0:1.7.0()",
            "1-0:1.7.0(00.100*kW)",
            "1-0:1.7.0(00.200*kW)",
            "nonsense(",
            "1-0:2.7.0(0x.1*kW)",
            "(5)",
        )
    )
    assert got["active_power_import_w"] == 100
    assert "active_power_export_w" not in got


def test_line_ends():
    """Bare LF; NULs after the end and between lines."""
    body = b"/TST5MIN\n\n1-0:1.7.0(00.512*kW)\n!"
    assert read(body + b"%04X\n" % crc(body))["active_power_import_w"] == 512
    assert read(telegram("1-0:1.7.0(00.512*kW)") + b"\0" * 20)["active_power_import_w"] == 512


def test_checksum_forms():
    """Without leading zeros; in small letters; none at all; X.25 low octet first (Elgama)."""
    for power in range(512, 2000):
        body = HEAD + b"1-0:1.7.0(%06d*W)\r\n!" % power
        if crc(body) < 0x1000:
            break
    got = read(body + b"%X\r\n" % crc(body))
    assert got["active_power_import_w"] == power and "integrity" not in got
    body = HEAD + b"1-0:1.7.0(00.512*kW)\r\n!"
    assert read(body + b"%04x\r\n" % crc(body))["active_power_import_w"] == 512
    assert read(body + b"\r\n")["integrity"] == "no checksum was sent"
    assert read(body)["integrity"] == "no checksum was sent"  # the line falls silent after it
    x25 = crc(body, 0x8408, 0xFFFF) ^ 0xFFFF
    assert "integrity" not in read(body + b"%02X%02X\r\n" % (x25 & 255, x25 >> 8))


def test_wrong_checksums():
    """Refused: a wrong one, one digit short, one that is no hex."""
    body = HEAD + b"1-0:1.7.0(00.512*kW)\r\n!"
    for end in (b"6B39\r\n", b"6B3\r\n", b"6B3Z\r\n", b"xyz\r\n", b"6B3"):
        assert nothing(body + end) == [fault.P1_CRC], end


def test_seven_bits_with_parity_read_as_eight():
    """7E1 through an 8N1 port: bit 7 makes the number of ones even."""
    plain = telegram("1-0:1.7.0(00.512*kW)", "1-0:32.7.0(231.4*V)")
    data = bytes(c | (bin(c).count("1") & 1) << 7 for c in plain)
    assert data[0] == 0xAF
    assert read(b"\xaf\x31" + data) == read(plain)


def test_timestamps():
    """Section 3: with S and W, without, with a date written out."""
    line = "1-0:1.7.0(00.001*kW)"
    for text, stamp, dst in (
        ("240715130510S", "2024-07-15T13:05:10", "S"),
        ("240115130510W", "2024-01-15T13:05:10", "W"),
        ("240115130510", "2024-01-15T13:05:10", None),
        ("20240111 09:35:00", "2024-01-11T09:35:00", None),
        ("2024-01-11 09:35:00", "2024-01-11T09:35:00", None),
    ):
        got = read(telegram("0-0:1.0.0(%s)" % text, line))
        assert got["timestamp"] == stamp and got.get("timestamp_dst") == dst, text
    for text in ("", "2407", "241315130510S", "19990111 09:35:00", "24071513051xS"):
        assert "timestamp" not in read(telegram("0-0:1.0.0(%s)" % text, line)), text


def test_peak_demand_and_its_time():
    """Belgium: 1.6.0 (time)(value)."""
    got = read(telegram("1-0:1.6.0(240110181500W)(03.250*kW)", "1-0:1.4.0(00.500*kW)"))
    assert got["demand_import_peak_w"] == 3250 and got["demand_import_w"] == 500
    assert got["demand_import_peak_time"] == "2024-01-10T18:15:00"


def test_identifications():
    """Hex of a text is decoded, other ids stay as they are; 96.1.1 after 96.1.0 is the model (Poland)."""
    got = read(telegram("0-0:96.1.0(3330303537373735)", "0-0:96.1.1(4D413330394D)", "1-0:1.7.0(1*W)"))
    assert got["meter_id"] == "30057775" and got["meter_model"] == "MA309M"
    assert read(telegram("0-0:96.1.1(00000000000000)", "1-0:1.7.0(1*W)"))["meter_id"] == "00000000000000"


def test_text_inside_of_a_telegram_cut_short():
    """The head of one telegram, then a whole one: the whole one is read."""
    whole = telegram("1-0:1.7.0(00.512*kW)")
    for cut in range(1, len(whole) - 2):
        readings, _ = corpus.run(Decoder(2048), whole[:cut] + whole)
        assert readings and readings[-1]["active_power_import_w"] == 512, cut


def test_a_key_though_nothing_is_encrypted():
    """The value is read, and it is said that the key is not needed."""
    assert read(telegram("1-0:1.7.0(00.512*kW)"), key=bytes(16))["integrity"] == "not encrypted"


def test_a_telegram_without_registers():
    """Right checksum, nothing in it that we know: a fault of its own."""
    assert nothing(telegram("1-0:99.1.0(5)")) == [fault.P1_EMPTY]


def test_four_times_larger_than_the_buffer():
    """Too large: said so, and the next one is read."""
    big = telegram(*["1-0:1.7.0(00.001*kW)"] * 60)
    readings, faults = corpus.run(Decoder(400), big + telegram("1-0:2.7.0(00.007*kW)"))
    assert fault.TOO_LARGE in faults
    assert [r.get("active_power_export_w") for r in readings] == [7]


def test_gas_line_without_its_value():
    """DSMR 2.2: the value stands on the next line; when another line comes first, a later "(" is not gas."""
    gas = "0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)"
    got = read(telegram(gas, "1-0:1.7.0(1*W)", "(00001.001)"))
    assert "submeters" not in got
    got = read(telegram(gas, "(00001.001)"))
    assert got["submeters"][0]["value_m3"] == 1.001
