"""/metrics: OpenMetrics 1.0 and the text format 0.0.4, typed by hand from the frames' truth.

What a parser of another project says of them: host_tests/cpython/test_local_apis.py.
"""

from formats_meter import GAS, ONE_PHASE, P1_EXPORT, PHASES, THREE_PHASE, Bare, Meter, Unit

from hanport import doctor, fault, reading, registers
from payload import asked, metrics
from payload.writer import Writer


class Box:
    """A device with the facts that metrics want on top."""

    lowest = 4321
    model = b"A board"
    version = b"1.2.3"
    findings = decoder = totals = None


class Device(Unit, Box):
    pass


class BareDevice(Bare, Box):
    pass


def text(state, device=None, mqtt=None, plain=False, size=2048):
    """The whole text; each piece is short, and the writer is someone else's in between."""
    w = Writer(size)
    told = b""
    for piece in metrics.pieces(w, state, device or Device(), mqtt, plain):
        assert type(piece) is bytes and len(piece) < 1024 and not w.full
        told += piece
        w.clear()
        w.raw(b"this belongs to another")
    return told.decode()


def of_meter(name, plain=False):
    """Lines about the meter in a frame's text."""
    meter = Meter()
    meter.sends(name)
    told = text(meter.state, plain=plain)
    begins = ("meter_", "# TYPE meter_", "submeter_", "# TYPE submeter_", "# UNIT sub")
    return [line for line in told.split("\n") if any(line.startswith(b) for b in begins)]


def same(told, expected):
    expected = expected.strip().split("\n")
    for k in range(max(len(told), len(expected))):
        line = told[k] if k < len(told) else None
        want = expected[k] if k < len(expected) else None
        assert line == want, (k, line, want)


def test_one_phase():
    same(
        of_meter(ONE_PHASE),
        """
meter_info{manufacturer="Kaifa",id="1234567890123456",model="MA105H2E",list_id="KFM_001"} 1
# TYPE meter_active_power_watts gauge
meter_active_power_watts{direction="import"} 2345
meter_active_power_watts{direction="export"} 0
# TYPE meter_reactive_power_vars gauge
meter_reactive_power_vars{direction="import"} 0
meter_reactive_power_vars{direction="export"} 312
# TYPE meter_voltage_volts gauge
meter_voltage_volts{phase="l1"} 231.1
# TYPE meter_current_amperes gauge
meter_current_amperes{phase="l1"} 3.72
# TYPE meter_energy_joules counter
meter_energy_joules_total{direction="import"} 44444440800
meter_energy_joules_total{direction="export"} 18000000
# TYPE meter_reactive_energy_var_hours counter
meter_reactive_energy_var_hours_total{direction="import"} 2500
meter_reactive_energy_var_hours_total{direction="export"} 456789
""",
    )


def test_three_phases_with_export():
    """No counters in this list: no line of them."""
    same(
        of_meter(THREE_PHASE),
        """
meter_info{manufacturer="Aidon",id="7359991234567890",model="6534",list_id="AIDON_V0001"} 1
# TYPE meter_active_power_watts gauge
meter_active_power_watts{direction="import"} 0
meter_active_power_watts{direction="export"} 4321
# TYPE meter_reactive_power_vars gauge
meter_reactive_power_vars{direction="import"} 0
meter_reactive_power_vars{direction="export"} 312
# TYPE meter_voltage_volts gauge
meter_voltage_volts{phase="l1"} 231.1
meter_voltage_volts{phase="l2"} 229.8
meter_voltage_volts{phase="l3"} 230.5
# TYPE meter_current_amperes gauge
meter_current_amperes{phase="l1"} -6.1
meter_current_amperes{phase="l2"} 4
meter_current_amperes{phase="l3"} 1.3
""",
    )


def test_p1_with_gas_in_the_older_format():
    """Counters' families are called like their samples, units are in no line of their own."""
    same(
        of_meter(GAS, True),
        """
# TYPE meter_info gauge
meter_info{id="ABC12345",model="TEST",list_id="ABC5TEST"} 1
# TYPE meter_active_power_watts gauge
meter_active_power_watts{direction="import"} 1234
meter_active_power_watts{direction="export"} 0
# TYPE meter_phase_active_power_watts gauge
meter_phase_active_power_watts{direction="import",phase="l1"} 1234
# TYPE meter_voltage_volts gauge
meter_voltage_volts{phase="l1"} 230.1
# TYPE meter_current_amperes gauge
meter_current_amperes{phase="l1"} 5
# TYPE meter_energy_joules_total counter
meter_energy_joules_total{direction="import"} 7648884000
meter_energy_joules_total{direction="export"} 12600000
# TYPE meter_tariff_energy_joules_total counter
meter_tariff_energy_joules_total{direction="import",tariff="1"} 4444441200
meter_tariff_energy_joules_total{direction="import",tariff="2"} 3204442800
meter_tariff_energy_joules_total{direction="export",tariff="1"} 3600000
meter_tariff_energy_joules_total{direction="export",tariff="2"} 9000000
# TYPE meter_active_tariff gauge
meter_active_tariff 2
# TYPE submeter_info gauge
submeter_info{channel="1",medium="gas",id="G1234"} 1
# TYPE submeter_volume_cubic_meters_total counter
submeter_volume_cubic_meters_total{channel="1",medium="gas"} 456.789
""",
    )


def test_media_behind_the_meter():
    meter = Meter()
    meter.sends("p1/dsmr5-3p-four-submeters")
    told = text(meter.state)
    for line in (
        'submeter_info{channel="2",medium="heat",id="H5678"} 1',
        'submeter_volume_cubic_meters_total{channel="1",medium="gas"} 456.789',
        'submeter_volume_cubic_meters_total{channel="3",medium="warm_water"} 78.9',
        'submeter_energy_joules_total{channel="2",medium="heat"} 12345000000',
        'submeter_energy_joules_total{channel="4",medium="electricity"} 1157400000',
    ):
        assert told.count("\n" + line + "\n") == 1, line
    assert told.count("# TYPE submeter_") == 2 and told.count("# TYPE submeter info") == 1


def test_every_register_once():
    """Each has a sample of its own, and each name of a family comes once, its unit behind it."""
    meter = Meter()
    for register in range(registers.COUNT):
        meter.says(register, register + 1)
    lines = text(meter.state).split("\n")
    samples = [line.rpartition(" ")[0] for line in lines if line.startswith("meter_")]
    assert len(samples) == registers.COUNT == len(set(samples))
    families = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(families) == len(set(families))
    for line in lines:
        if line.startswith("# UNIT "):
            assert line.split()[2].endswith("_" + line.split()[3]), line
    assert 'meter_tariff_energy_joules_total{direction="export",tariff="8"} 237600' in lines  # 66 Wh
    assert 'meter_quadrant_reactive_power_vars{quadrant="4"} 31' in lines
    assert "meter_frequency_hertz 36" in lines and "meter_power_factor_ratio 32" in lines
    assert 'meter_voltage_swells_total{phase="l3"} 88' in lines
    assert "meter_long_power_failures_total 82" in lines


def test_large_and_small_energies():
    """Exact, beyond what a float of any chip holds."""
    meter = Meter()
    for wh in (0, 1, 9999, 10000, 277777, 12345678, 99999999999, 4611686018427387903 // 3600):
        meter.says(registers.E_IMPORT, wh)
        line = 'meter_energy_joules_total{direction="import"} %d\n' % (wh * 3600)
        assert line in text(meter.state), wh


def test_what_is_old_is_absent():
    """A power of a while ago says nothing of now; a counter does, and the device goes on."""
    meter = Meter()
    meter.sends(PHASES)
    device = Device()
    device.seconds = 1 + asked.FRESH_S
    assert "meter_active_power_watts{" in text(meter.state, device)
    device.seconds += 1
    told = text(meter.state, device)
    for word in ("_watts", "meter_voltage", "_amperes", "_ratio", "_vars{"):
        assert word not in told, word
    assert 'meter_energy_joules_total{direction="import"} 44444440800\n' in told
    assert "\nhanport_uptime_seconds 1002\n" in told


def test_nothing_known():
    """No meter, no clock, no supply, no broker: no line of them, and no word but of the device."""
    told = text(Meter().state, BareDevice())
    same(
        [line for line in told.split("\n") if line[:1] not in ("#", "")],
        """
hanport_info{name="unit",id="24:0A:C4:00:00:01",version="1.2.3",board="A board"} 1
hanport_uptime_seconds 12
hanport_heap_free_bytes 9000
hanport_heap_lowest_free_bytes 4321
""",
    )
    assert told.endswith("# EOF\n") and told.count("# EOF") == 1


class Framing:
    noise = 17


class Decoder:
    frames = 21
    readings = 19
    framing = Framing()
    counts = [0] * fault.COUNT


class Totals:
    def held_back(self):
        return 2


class Broker:
    published = 40
    connects = 3
    failures = 1

    def is_connected(self):
        return True


def test_counters_and_lamps():
    device = Device()
    device.decoder = Decoder()
    device.decoder.counts[fault.FCS] = 4
    device.decoder.counts[fault.NO_KEY] = 5
    device.totals = Totals()
    device.findings = doctor.Findings()
    device.findings.octets_came(8000, 11)
    device.findings.last_frame = 11
    device.findings.last_fault = fault.NO_KEY
    device.findings.last_reading = None
    told = text(Meter().state, device, Broker())
    same(
        [line for line in told.split("\n") if line[:4] == "hanp"][4:],
        """
hanport_supply_volts 3.3
hanport_wifi_signal_dbm -58
hanport_port_received_bytes_total 8000
hanport_port_noise_bytes_total 17
hanport_frames_total 21
hanport_readings_total 19
hanport_totals_held_back_total 2
hanport_mqtt_connected 1
hanport_mqtt_published_total 40
hanport_mqtt_connects_total 3
hanport_mqtt_failures_total 1
hanport_faults_total{kind="fcs"} 4
hanport_faults_total{kind="no_key"} 5
hanport_lamp_good{lamp="line"} 1
hanport_lamp_good{lamp="framing"} 1
hanport_lamp_good{lamp="decryption"} 0
""",
    )
    device.findings.last_reading = 10
    assert "\nhanport_last_reading_timestamp_seconds 1721041508\n" in text(Meter().state, device)


def test_doubts_are_told():
    """Scales that no octet proves, and values that no tag protects."""
    meter = Meter()
    meter.sends(PHASES)
    assert "\nmeter_scales_assumed 10\n" in text(meter.state)
    meter.state.integrity = reading.UNVERIFIED
    assert ',integrity="unverified"} 1\n' in text(meter.state)
    meter = Meter()
    meter.sends(P1_EXPORT)
    told = text(meter.state)
    assert "assumed" not in told and "integrity" not in told


def test_labels_are_escaped():
    device = Device()
    device.name = b'Z\xc3\xa4hler "im \\ Keller"'
    told = text(Meter().state, device)
    assert 'hanport_info{name="Z\u00e4hler \\"im \\\\ Keller\\"",id=' in told
