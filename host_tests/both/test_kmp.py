"""KMP frames and registers: published examples; what is reckoned by hand shows its sum."""

import kmp_line as line
from kmp_line import SERIAL, SERIAL_ANSWER, get, octets_of

from hanport import kmp_frame, kmp_registers, reading
from hanport.octets import crc_xmodem


def _answers(octets, cut=1000):
    """All that a Framer finds: (event, body of an answer as octets)."""
    wire = kmp_frame.Framer()
    found = []
    for a in range(0, len(octets), cut):
        i = a
        n = min(a + cut, len(octets))
        while i < n:
            i = wire.feed(octets, i, n)
            if wire.event:
                end = wire.end if wire.event == kmp_frame.ANSWER else 0
                found.append((wire.event, bytes(wire.buf[:end])))
    return found


def _take(group, records):
    """(records taken, Reading) of records given as hex."""
    into = reading.Reading()
    octets = octets_of(records)
    return kmp_registers.take(octets, 0, len(octets), group, into), into


def test_checksum():
    """The check value of CRC-16/XMODEM; over a block with its own CRC it is 0."""
    assert crc_xmodem(b"123456789", 0, 9) == 0x31C3
    for octets in (SERIAL, SERIAL_ANSWER, line.NO_REGISTER, line.A14, line.E1, line.V1, line.T1, line.MIXED):
        assert crc_xmodem(octets, 1, len(octets) - 1) == 0, octets


def test_requests():
    """Requests as published; six ids show a stuffed count, 0080 a stuffed id."""
    wire = kmp_frame.Framer()
    for body, text in (
        ("3F 01", "80 3F 01 05 8A 0D"),
        ("3F 02", "80 3F 02 35 E9 0D"),
        ("3F 10 01 00 80", "80 3F 10 01 00 1B 7F D4 08 0D"),
        ("3F 10 01 04 1E", "80 3F 10 01 04 1E 7A BB 0D"),
        (
            "3F 10 08 00 01 00 02 00 03 00 04 03 FF 04 00 04 01 04 02",
            "80 3F 10 08 00 01 00 02 00 03 00 04 03 FF 04 00 04 01 04 02 35 E4 0D",
        ),
        (
            "3F 10 06 04 1E 04 1F 04 20 04 34 04 35 04 36",
            "80 3F 10 1B F9 04 1E 04 1F 04 20 04 34 04 35 04 36 34 FB 0D",
        ),
    ):
        raw = bytearray(24)
        octets = octets_of(body)
        raw[: len(octets)] = octets
        assert bytes(wire.request(raw, len(octets))) == octets_of(text), text


def test_answers_and_stuffing():
    """Answers come out without start, stuffing, CRC and stop, however they are cut."""
    stream = line.TYPE_ANSWER + SERIAL_ANSWER + line.FINE + line.A23 + line.MODEL
    wanted = [
        (kmp_frame.ANSWER, octets_of("3F 01 00 04 06 01")),
        (kmp_frame.ANSWER, octets_of("3F 02 01 23 45 67")),
        (kmp_frame.ANSWER, octets_of("3F 10 00 0D 02 04 44 0D 1B 80 06")),
        (kmp_frame.ANSWER, octets_of("3F 10 00 02 02 04 00 00 00 00 00")),
        (kmp_frame.ANSWER, octets_of("3F 10 04 22 36 0A 00") + b"ABC1234567"),
    ]
    for cut in (1, 2, 3, 7, 1000):
        assert _answers(stream, cut) == wanted, cut


def test_echo_noise_and_damage():
    """A request that comes back is no answer; acks and rubbish are passed by; a start octet begins anew."""
    answer = (kmp_frame.ANSWER, octets_of("3F 02 01 23 45 67"))
    echo = (kmp_frame.ECHO, b"")
    damaged = (kmp_frame.DAMAGED, b"")
    assert _answers(SERIAL + SERIAL_ANSWER) == [echo, answer]
    assert _answers(octets_of("06 06 FF 0D 1B") + SERIAL_ANSWER) == [answer]
    assert _answers(octets_of("40 3F 02 1B") + SERIAL_ANSWER) == [answer]
    assert _answers(b"\x40" * 9 + SERIAL_ANSWER) == [answer]
    assert _answers(octets_of("40 3F 02 01 23 45 66 E9 56 0D") + SERIAL_ANSWER) == [damaged, answer]
    assert _answers(octets_of("40 0D" + "40 3F 0D" + "40 3F 02 01 23 45 67 E9 56 1B 0D")) == [damaged] * 3
    assert _answers(b"\x40" + b"\x55" * 500 + b"\r" + SERIAL_ANSWER) == [answer]


def test_every_flipped_bit_is_found():
    """No single wrong bit gives an answer with other content."""
    good = line.E1
    for at in range(8 * len(good)):
        bad = bytearray(good)
        bad[at >> 3] ^= 1 << (at & 7)
        for event, body in _answers(bytes(bad)):
            assert event != kmp_frame.ANSWER, (at, body)


def test_values():
    """Units and scales are in the record: mantissa * 10^exponent, in W, mV, mA, Wh."""
    for group, records, name, value in (
        (0, "00 01 02 04 00 00 00 00 8B", "energy_import_kwh", 139000),
        (0, "00 01 02 04 42 00 45 B3 52", "energy_import_kwh", 45678900),  # 4567890 * 0.01 kWh
        (0, "00 0D 02 04 44 0D 1B 80 06", "energy_import_kwh", 21990605),  # 219906054 * 0.1 Wh
        (0, "00 02 03 04 43 00 00 00 07", "energy_export_kwh", 7000),  # 7 * 0.001 MWh
        (0, "03 FF 16 04 43 00 00 04 D2", "active_power_import_w", 1234),
        (0, "03 FF 15 04 01 00 00 00 7B", "active_power_import_w", 1230),  # 123 * 10 W
        (0, "04 00 16 02 C3 00 05", "active_power_export_w", -5),  # 5 * -0.001 kW
        (1, "04 1E 21 02 00 00 E6", "voltage_l1_v", 230000),
        (1, "04 20 21 02 41 08 FD", "voltage_l3_v", 230100),  # 0x8FD = 2301 * 0.1 V
        (1, "04 34 22 04 42 00 00 02 19", "current_l1_a", 5370),  # 0x219 = 537 * 0.01 A
        (1, "04 02 1A 04 43 00 00 01 9A", "reactive_export_var", 410),
        (2, "05 42 16 02 43 00 01", "active_power_export_l3_w", 1),
        (2, "04 95 00 02 43 03 D9", "power_factor", 985),
        (2, "07 DA 33 01 00 02", "active_tariff", 2),
        (3, "00 10 0E 04 44 00 00 00 64", "reactive_energy_export_kvarh", 10),  # 100 * 0.1 varh
        (4, "00 1F 02 04 41 00 00 00 0A", "energy_import_t4_kwh", 1000),  # 10 * 100 Wh
    ):
        n, into = _take(group, records)
        assert n == 1 and get(into, name) == value, (name, get(into, name))
        assert sum(1 for state in into.have if state) == 1 and not into.misfits, name


def test_what_does_not_fit_is_absent():
    """A wrong unit, size or exponent: no value, and it is counted."""
    for group, record in (
        (0, "00 01 16 04 41 00 00 00 8B"),  # kW for an energy
        (0, "00 01 02 00 41"),  # no mantissa
        (0, "00 01 02 04 3F 00 00 00 01"),  # times 10^63
        (0, "00 01 02 09 00 00 00 00 00 00 00 00 00 01"),  # nine octets
        (0, "00 01 02 08 08 FF FF FF FF FF FF FF FF"),  # too large for a counter
        (0, "00 01 FF 04 41 00 00 00 8B"),  # no such unit
        (1, "04 1E 22 02 00 00 E6"),  # A for a voltage
        (6, "00 3C 0A 04 43 00 00 D6 DE"),  # kcal: no source says which
        (6, "00 3C 28 04 43 00 00 D6 DE"),  # m3 for an energy
        (6, "00 3C 03 04 C3 00 00 D6 DE"),  # less than nothing
    ):
        n, into = _take(group, record)
        assert n == 1 and into.empty() and into.misfits == 1, record


def test_whole_or_nothing():
    """Records that do not end with the answer, or were never asked for, are refused together."""
    good = "03 FF 16 04 43 00 00 04 D2"
    for group, records in (
        (0, good + "04 00 16 04 43 00 00 04"),
        (0, good + "04 00 16"),
        (0, good + "04 1E 21 02 00 00 E6"),  # 1054 is of another group
        (1, good),
        (0, good * 9),
    ):
        n, into = _take(group, records)
        assert n == -1 and into.empty(), records
    assert _take(0, "")[0] == 0
    body = _answers(line.MIXED)[0][1]
    assert kmp_registers.take(body, 2, len(body), 0, reading.Reading()) == -1


def test_fine_and_coarse_counters():
    """The fine counter is taken while it tells the same as the coarse one, wherever each stands."""
    fine = "00 0D 02 04 44 0D 1B 80 06"  # 21990.6054 kWh
    coarse = "00 01 02 04 41 00 03 5B 02"  # 0x35B02 = 219906 * 0.1 kWh
    # 32 bits of 0.1 Wh hold 429496.7296 kWh: 451487.3350 is the same fine count, once around.
    beyond = "00 01 02 04 41 00 44 E4 39"  # 0x44E439 = 4514873 * 0.1 kWh
    for records, value in (
        (fine + coarse, 21990605),
        (coarse + fine, 21990605),
        (fine + beyond, 451487300),
        (beyond + fine, 451487300),
        (coarse, 21990600),
        (coarse + "00 0D 16 04 44 0D 1B 80 06", 21990600),  # the fine one in kW: does not fit
    ):
        _, into = _take(0, records)
        assert get(into, "energy_import_kwh") == value, (records, get(into, "energy_import_kwh"))


def test_clock():
    """203513 and 240727 are 2024-07-27 20:35:13; what cannot be a time is no clock."""
    n, into = _take(0, line.CLOCK)
    assert n == 2 and into.facts[reading.FORM] == reading.COSEM
    assert bytes(into.facts[:8]) == b"\x07\xe8\x07\x1b\xff\x14\x23\x0d"  # 0x7E8 = 2024
    assert into.empty() and into.utc is None
    for records in (
        line.CLOCK[:26],  # time alone
        line.CLOCK[27:],  # date alone
        line.CLOCK.replace("03 AC 57", "03 AC F7"),  # 240887: month 8, day 87
        line.CLOCK.replace("03 1A F9", "03 BD 71"),  # 245105: hour 24
        line.CLOCK.replace("2F 04 00", "2F 04 41"),
        line.CLOCK.replace("EB 30", "EB 2F"),
    ):
        assert _take(0, records)[1].facts[reading.FORM] == reading.NO_CLOCK, records


def _behind(into, k):
    """(medium, unit, value) of the meter of channel k + 1."""
    row = into.behind(k)
    return into.facts[row + reading.MEDIUM], into.facts[row + reading.UNIT], into.get(reading.BEHIND + k)


def test_heat_cooling_and_water():
    """Heat in Wh or GJ / 1000 on channel 1, cooling on 2; a meter of volume alone is for water."""
    e1 = "00 3C 03 04 43 00 00 D6 DE"  # 55.006 MWh
    v1 = "00 44 28 04 42 00 02 DC A4"  # 1875.56 m3
    _, into = _take(6, e1 + v1)
    assert _behind(into, 0) == (4, 30, 55006000) and not into.behind(1)
    _, into = _take(6, "00 3C 08 04 42 00 00 D6 DE")  # 550.06 GJ
    assert _behind(into, 0) == (4, 25, 550060)
    _, into = _take(6, e1 + "00 3F 02 04 00 00 00 00 09")  # cooling, 9 kWh
    assert _behind(into, 1) == (10, 30, 9000)
    _, into = _take(6, e1 + "00 3F 02 04 00 00 00 00 00")
    assert not into.behind(1)
    _, into = _take(6, v1)
    assert _behind(into, 0) == (7, 13, 1875560)
