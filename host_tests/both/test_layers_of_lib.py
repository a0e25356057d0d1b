"""Single layers of lib/: expected values from the standards, the references' worked octets, or by hand."""

from array import array

import localtime
import settings
from hanport import Decoder, apdu, axdr, cosem, doctor, fault, hdlc, keys, reading, registers
from hanport.reading import Reading
from payload import amsjson, ancestor, fulljson
from payload.writer import Writer


def octets(text):
    """Octets of hex digits with spaces."""
    text = text.replace(" ", "")
    return bytes(int(text[k : k + 2], 16) for k in range(0, len(text), 2))


# dlms-hdlc.md section 3, example A: 7E, length 39, addresses 01 and 02 01, control 10, HCS 5A 87, FCS B7 4F.
FRAME_A = octets(
    "7E A0 27 01 02 01 10 5A 87 E6 E7 00 0F 40 00 00 00 09 0C 07 E8 07 0F 01 0D 05 02 FF 80 00 00 02 01 06 00"
    "00 04 D2 B7 4F 7E"
)
SHORT = octets("7E A0 07 03 21 93 0F 01 7E")  # section 1: a frame without information


def test_hdlc_judges_step_by_step():
    """What is wanted at each length, and the end."""
    for have, wants in ((1, 2), (2, 9), (9, 41), (40, 41), (41, 41)):
        assert hdlc.judge(FRAME_A, 0, have, False) == wants, have
    assert hdlc.header(FRAME_A, 0, 41) == 6
    assert not FRAME_A[1] & hdlc.SEGMENT
    assert hdlc.judge(SHORT, 0, 9, False) == 9
    assert hdlc.header(SHORT, 0, 9) == 5  # and no information


def test_hdlc_refuses_at_once():
    """The HCS is judged when it is complete, long before the length is reached."""
    bad = bytearray(FRAME_A)
    bad[2] ^= 0x10
    assert hdlc.judge(bad, 0, 9, False) == -fault.HCS
    assert hdlc.judge(b"\x7e\x7e", 0, 2, False) == 0  # a fill flag
    assert hdlc.judge(b"\x7e\x10", 0, 2, False) == 0  # format type 1 (wrong parity)
    flag = bytearray(FRAME_A)
    flag[40] = 0
    assert hdlc.judge(flag, 0, 41, False) == -fault.FLAG
    flag[36] ^= 1
    assert hdlc.judge(flag, 0, 41, False) == -fault.FCS


def _index(text, size=axdr.ELEMENTS):
    data = octets(text)
    table = array("H", [0] * size)
    return axdr.index(data, 0, len(data), table), table


def test_axdr_well_formed():
    """Offsets of every element, lists included."""
    n, table = _index("02 03 06 00 00 04 D2 0A 02 41 42 02 01 0F FF")
    assert n == 5
    assert [table[k] for k in range(5)] == [0, 2, 7, 11, 13]
    assert _index("01 00")[0] == 1
    assert _index("02 02 00 04 09 FF 80")[0] == 3  # nine bits in two octets
    assert _index("09 81 03 01 02 03")[0] == 1  # long form of a length
    assert _index("09 82 00 03 01 02 03")[0] == 1


def test_axdr_limits():
    """Lengths that lie, bombs of nesting, counts: a fault each, never more."""
    assert _index("02 03 06 00 00 04 D2")[0] == -fault.AXDR_SHORT
    assert _index("06 00 00 04")[0] == -fault.AXDR_SHORT
    assert _index("09 05 01 02")[0] == -fault.AXDR_SHORT
    assert _index("09 84 00 00 00 01 01")[0] == -fault.AXDR_COUNT
    assert _index("0B 00")[0] == -fault.AXDR_TYPE
    assert _index("06 00 00 04 D2 00")[0] == -fault.AXDR_EXCESS
    assert _index("02 01 " * 8 + "00")[0] == 9
    assert _index("02 01 " * 9 + "00")[0] == -fault.AXDR_DEPTH
    assert _index("01 82 FF FF 00")[0] == -fault.AXDR_COUNT
    assert _index("01 05 00 00 00 00 00", 5)[0] == -fault.AXDR_COUNT
    assert _index("")[0] == -fault.AXDR_SHORT


def test_axdr_integers():
    """Two's complement by hand: FF FE is -2; 80 00 00 00 is -2^31; 64 bits unsigned keep all."""
    for text, value in (
        ("10 FF FE", -2),
        ("12 FF FE", 65534),
        ("05 80 00 00 00", -2147483648),
        ("06 FF FF FF FF", 4294967295),
        ("0F 80", -128),
        ("11 80", 128),
        ("15 00 00 00 02 00 00 00 01", 8589934593),
        ("14 FF FF FF FF FF FF FF FF", -1),
        ("16 1B", 27),
    ):
        assert axdr.integer(octets(text), 0) == value, text


def test_every_date_time_form():
    """dlms-hdlc.md section 2: 00; 0C; 09 0C; 09 00; 19; anything else is refused."""
    head = octets("0F 40 00 00 00")
    time = octets("07 E8 07 0F 01 0D 05 02 FF 80 00 00")
    body = octets("02 01 06 00 00 04 D2")
    for form, stamp, start in (
        (b"\x00", 0, 6),
        (b"\x0c" + time, 6, 18),
        (b"\x09\x0c" + time, 7, 19),
        (b"\x09\x00", 0, 7),
        (b"\x19" + time, 6, 18),
    ):
        data = head + form + body
        assert apdu.body(data, 0, len(data)) == start, form
        assert apdu.stamp(0, start) == stamp, form
    for form in (b"\x0d" + time, b"\x09\x05" + time, b"\x01"):
        data = head + form + body
        assert apdu.body(data, 0, len(data)) == -fault.DATE_TIME, form
    assert apdu.body(head, 0, 5) == -fault.APDU


def test_clock_that_is_not_set():
    """FF for year, month 13, hour 24, deviation 13 h: no clock rather than a wrong one."""
    r = Reading()
    for text in (
        "FF FF 07 0F 01 0D 05 02 FF 80 00 00",
        "07 E8 0D 0F 01 0D 05 02 FF 80 00 00",
        "07 E8 07 0F 01 18 05 02 FF 80 00 00",
        "07 E8 07 0F 01 0D 05 02 FF 03 0C 00",
    ):
        assert not cosem.clock(octets(text), 0, r, reading.COSEM), text
    assert r.facts[reading.FORM] == reading.NO_CLOCK


def test_put_scales_exactly():
    """Integers only: 12937 x 10^1 Wh; 52 x 10^-1 A = 5200 mA; rounding half away from zero."""
    r = Reading()
    r.put(registers.E_IMPORT, 12937, 1, reading.SENT)
    r.put(registers.I_L1, 52, -1, reading.SENT)
    r.put(registers.P_IMPORT, 12345, -1, reading.SENT)
    r.put(registers.P_EXPORT, -12345, -1, reading.SENT)
    r.put(registers.U_L1, 10, 20, reading.SENT)  # 10^21 V fits no register
    assert r.get(registers.E_IMPORT) == 129370
    assert r.get(registers.I_L1) == 5200
    assert r.get(registers.P_IMPORT) == 1235
    assert r.get(registers.P_EXPORT) == -1235
    assert r.get(registers.U_L1) is None and r.misfits == 1
    r.put(registers.P_IMPORT, 7, 0, reading.SENT)
    assert r.get(registers.P_IMPORT) == 1235  # the first value of a telegram stands


def test_a_partial_list_erases_nothing():
    """What is merged keeps the other lists' values and knows each value's age."""
    state = Reading(merged=True)
    r = Reading()
    r.put(registers.E_IMPORT, 5, 0, reading.SENT)
    r.set_text(reading.METER_ID, b"123\0\0", 0, 5)
    state.merge(r, 10)
    r.clear()
    r.put(registers.P_IMPORT, 7, 0, reading.SENT)
    state.merge(r, 20)
    assert state.get(registers.E_IMPORT) == 5 and state.at[registers.E_IMPORT] == 10
    assert state.get(registers.P_IMPORT) == 7 and state.at[registers.P_IMPORT] == 20
    assert state.text(reading.METER_ID) == b"123"


def test_local_time():
    """timezones.md sections 1, 4 and 6: computed there against the system's zone database."""
    oslo = localtime.zone("Europe/Oslo")
    helsinki = localtime.zone("Europe/Helsinki")
    assert localtime.zone("Mars/Base") is None
    t = localtime.days(2025, 3, 30) * 86400 + 3600
    assert t == 1743296400
    assert [localtime.offset(z, t - 1) for z in (oslo, helsinki)] == [3600, 7200]
    assert [localtime.offset(z, t) for z in (oslo, helsinki)] == [7200, 10800]
    t = 1761440400  # 2025-10-26 01:00 UTC
    assert localtime.offset(oslo, t - 1) == 7200 and localtime.offset(oslo, t) == 3600
    assert localtime.to_utc(oslo, t + 3600 - 1 + 3600, None) == t - 1 + 0  # 02:59:59 that comes first: summer
    assert (
        localtime.to_utc(oslo, t + 3600 + 1800, t + 1800) == t + 1800
    )  # the second 02:30, told by the clock
    assert localtime.date(localtime.days(2024, 2, 29)) == (2024, 2, 29)


def test_meter_clocks_to_utc():
    """timezones.md section 6, row by row: 13:05:10 CEST is 11:05:10 UTC, and so on."""
    day = localtime.days(2024, 7, 15) * 86400
    for text, normal, utc in (
        ("07 E8 07 0F 01 0D 05 0A 00 FF 88 80", False, day + 11 * 3600 + 310),
        ("07 E8 07 0F 01 0E 00 00 FF 80 00 00", False, day + 12 * 3600),
        ("07 E8 07 0F 00 0E 00 00 FF 00 00 00", True, day + 13 * 3600),
        ("07 E8 01 0F 01 0D 05 0A FF FF C4 00", False, localtime.days(2024, 1, 15) * 86400 + 12 * 3600 + 310),
    ):
        assert localtime.meter_utc(octets(text), False, 0, normal, localtime.CENTRAL) == utc, text
    p1 = octets("07 E8 07 0F FF 0D 05 0A FF 80 00 FF")
    assert localtime.meter_utc(p1, True, ord("S"), False, localtime.CENTRAL) == day + 11 * 3600 + 310
    assert localtime.meter_utc(p1, True, ord("W"), False, localtime.CENTRAL) == day + 12 * 3600 + 310


def test_writer():
    """A decimal point where it belongs, nothing past the end of the buffer."""
    w = Writer(64)
    for value, decimals, trim, text in (
        (5001, 3, False, b"5.001"),
        (5100, 3, True, b"5.1"),
        (-7, 3, False, b"-0.007"),
        (0, 3, True, b"0"),
        (123456789012, 3, False, b"123456789.012"),
        (10, 0, True, b"10"),
    ):
        w.clear()
        w.number(value, decimals, trim)
        assert bytes(w.octets()) == text, text
    w.clear()
    w.string(b'a"\\\x01\xff')
    assert bytes(w.octets()) == b'"a\\"\\\\\\u0001\\u00ff"'
    small = Writer(4)
    small.raw("12345")
    assert small.full and small.at == 0


class Unit:
    """A device whose facts are fixed."""

    ident = b"24:0A:C4:00:00:01"
    name = b"unit"

    def up(self):
        return 12

    def now(self):
        return 1721041510

    def vcc(self):
        return 3300

    def rssi(self):
        return -58

    def free(self):
        return 9000


def test_classic_json():
    """ancestor-features.md 4.2, field for field; what was not sent is left out."""
    decoder = Decoder(256)
    decoder.feed(FRAME_A, 0, len(FRAME_A))
    assert decoder.ready
    w = Writer(512)
    assert amsjson.write(w, decoder.reading, Unit())
    assert bytes(w.octets()) == (
        b'{"id":"24:0A:C4:00:00:01","name":"unit","up":12,"t":1721041510,"vcc":3.300,"rssi":-58,"temp":-127.00,'
        b'"data":{"P":1234}}'
    )
    w.clear()
    assert not amsjson.write(w, Reading(), Unit())
    for register, kind in (
        (registers.P_IMPORT, amsjson.POWER),
        (registers.U_L3, amsjson.LIVE),
        (registers.E_EXPORT, amsjson.HOURLY),
        (registers.E_EXPORT_L1 + 2, amsjson.EXTENDED),
    ):
        r = Reading()
        r.put(register, 1, 0, reading.SENT)
        assert amsjson.list_type(r) == kind, register


def test_ancestor_data_json():
    """ancestor-features.md 7.2: short names, net power w = i - e."""
    r = Reading()
    r.put(registers.P_IMPORT, 300, 0, reading.SENT)
    r.put(registers.P_EXPORT, 1000, 0, reading.SENT)
    r.put(registers.U_L1, 2311, -1, reading.SENT)
    r.put(registers.E_IMPORT, 12345678, 0, reading.SENT)
    r.set_text(reading.MAKER, b"Kaifa", 0, 5)
    w = Writer(512)
    state = Reading(merged=True)
    state.merge(r, 12)
    ancestor.write(w, state, Unit(), (1, 1, 1, 0))
    assert bytes(w.octets()) == (
        b'{"i":300,"e":1000,"w":-700,"ic":12345.678,"l1":{"u":231.1},"v":3.3,"r":-58,"u":12,"m":9000,"em":1,"hm":1,'
        b'"wm":1,"mm":0,"mt":2,"c":1721041510}'
    )


def test_absent_is_absent():
    """An empty reading writes an empty object, not zeros."""
    w = Writer(64)
    fulljson.write(w, Reading())
    assert bytes(w.octets()) == b"{}"


def test_keys_as_people_paste_them():
    """users-and-peers.md 4.3: spaces, 0x, colons, quotes; 16 ASCII characters; else refused."""
    want = bytes(range(16))
    for text in (
        "000102030405060708090A0B0C0D0E0F",
        "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n",
        '"0x000102030405060708090A0B0C0D0E0F"',
        "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F",
        "0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F",
    ):
        assert keys.parse(text) == want, text
    assert keys.parse("abcdefghijklmnop") == b"abcdefghijklmnop"
    for text in ("", "0001", "g" * 32, "00" * 15, "00" * 17):
        assert keys.parse(text) is None, text


def test_settings():
    """What does not fit keeps its default and is named; secrets are told only as set or not."""
    s = settings.parse(
        '{"mqtt_port": 99999, "key": "zz", "mqtt_password": "p", "baud": "115200", "zone": "Mars"}'
    )
    assert s["mqtt_port"] == 1883 and s["key"] == "" and s["baud"] == 115200 and s["zone"] == "Europe/Oslo"
    assert len(s.problems) == 3
    assert s.public()["mqtt_password"] is True and s.public()["key"] is False
    assert settings.parse("no json").problems
    assert settings.parse("[1]")["mqtt_port"] == 1883


def test_every_fault_has_words():
    """Each code has its own name, words and a hint."""
    names = [fault.name(code) for code in range(fault.COUNT)]
    assert len(set(names)) == fault.COUNT and all(names)
    assert (
        fault.name(fault.FCS) == "fcs"
        and fault.words(fault.NO_KEY) == "the telegram is encrypted and no key is set"
    )
    assert all(fault.words(code) for code in range(fault.COUNT))
    assert all(fault.hint(code) for code in range(1, fault.COUNT))


def test_lamps_are_never_mixed():
    """Silence, noise, telegrams without values and readings: four lamps, one sentence each."""
    f = doctor.Findings()
    assert f.lamps(5) == (doctor.OFF,) * 4 and "Waiting" in f.sentence(5)
    assert f.lamps(100)[0] == doctor.BAD and "port is closed" in f.sentence(100)
    f.octets_came(40, 100)
    assert f.lamps(101)[:2] == (doctor.GOOD, doctor.OFF) and "first whole telegram" in f.sentence(101)
    f.octets_came(40, 130)
    assert f.lamps(130)[:2] == (doctor.GOOD, doctor.BAD) and "parity" in f.sentence(130)
    d = Decoder(256)
    frame = bytearray(FRAME_A)
    d.feed(frame, 0, len(frame))
    f.event(d, 131)
    assert f.lamps(131) == (doctor.GOOD,) * 4 and f.sentence(131) == "Readings come."
    f.octets_came(1, 300)
    assert f.lamps(300) == (doctor.GOOD, doctor.BAD, doctor.OFF, doctor.OFF)
    assert f.lamps(400)[0] == doctor.BAD and "silent" in f.sentence(400)


def test_telegram_larger_than_the_buffer():
    """The fault names both sizes, and the next frame that fits is read."""
    d = Decoder(64)
    big = octets("7E A0 79 01 02 01 10 80 93")  # header of a frame of 123 octets, HCS right (meters.md 2)
    stream = big + FRAME_A
    i = d.feed(stream, 0, len(stream))
    assert d.fault == fault.TOO_LARGE and "123" in d.why() and "64" in d.why()
    i = d.feed(stream, i, len(stream))
    while not d.ready and i < len(stream):
        i = d.feed(stream, i, len(stream))
    assert d.ready and d.reading.get(registers.P_IMPORT) == 1234


def test_unknown_list_takes_only_what_explains_itself():
    """A value without scaler in a list that no row knows is left out; one with both is taken."""
    # structure of 4: OBIS 1.7.0, u32 1234 (no scaler), OBIS 2.7.0, u32 5 with scaler_unit 0, 27
    body = octets(
        "02 05 09 06 01 00 01 07 00 FF 06 00 00 04 D2 09 06 01 00 02 07 00 FF 06 00 00 00 05"
        "02 02 0F 00 16 1B"
    )
    d = Decoder(256)
    d.dump(octets("0F 00 00 00 00 00") + body)
    assert d.ready
    assert d.reading.get(registers.P_IMPORT) is None
    assert d.reading.get(registers.P_EXPORT) == 5
    # the same with a unit that is not the register's own (volts for a power)
    d.dump(octets("0F 00 00 00 00 00") + body[:-1] + b"\x23")
    assert d.fault == fault.LIST
    assert d.counts[fault.VALUE] >= 1


def test_rows_are_read_on_demand():
    """A plan is made for a list once and used again."""
    d = Decoder(256)
    for _ in range(3):
        d.feed(FRAME_A, 0, len(FRAME_A))
        assert d.ready
    assert len(d.plans.kept) == 3


def test_a_list_of_types_that_no_row_expects():
    """Floats (17) where a row of twelve wants integers: an unknown list, not an exception."""
    body = "02 0C 09 08 49 53 4B 31 32 33 34 35 0A 03 31 32 61" + " 17 00 00 00 00" * 10
    d = Decoder(256)
    d.dump(octets("0F 40 00 00 00 00" + body))
    assert d.fault == fault.LIST
