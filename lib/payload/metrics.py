"""The meter's values and the device's counters for Prometheus: OpenMetrics 1.0, or the text format before it.

Base units: watts, volts, amperes, hertz, joules (3600000 to the kWh), seconds. What is not known has no line.
A sum and its parts never share a name, so that sum() over a name counts nothing twice.
"""

from hanport import doctor, fault, reading, registers
from payload import asked, fulljson, openmetrics

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"

_PIECE = 512  # octets after which a piece is handed out

# A family, "name_|unit|kind (g gauge, c counter, i info)|help", then its members: the first register, how
# many of them follow each other, the labels; # is the number of the phase, tariff or quadrant.
_METER = (
    b"meter_active_power_|watts|g|Active power of all phases.\n"
    b'00 1 direction="import"\n'
    b'01 1 direction="export"\n'
    b"meter_net_power_|watts|g|Import less export, as the meter tells it.\n"
    b"71 1 \n"
    b"meter_phase_active_power_|watts|g|Active power of a phase.\n"
    b'10 3 direction="import",phase="l#"\n'
    b'13 3 direction="export",phase="l#"\n'
    b"meter_reactive_power_|vars|g|Reactive power of all phases.\n"
    b'02 1 direction="import"\n'
    b'03 1 direction="export"\n'
    b"meter_phase_reactive_power_|vars|g|Reactive power of a phase.\n"
    b'16 3 direction="import",phase="l#"\n'
    b'19 3 direction="export",phase="l#"\n'
    b"meter_quadrant_reactive_power_|vars|g|Reactive power of a quadrant.\n"
    b'27 4 quadrant="#"\n'
    b"meter_apparent_power_|voltamperes|g|Apparent power of all phases.\n"
    b'22 1 direction="import"\n'
    b'23 1 direction="export"\n'
    b"meter_phase_apparent_power_|voltamperes|g|Apparent power of a phase.\n"
    b'24 3 direction="import",phase="l#"\n'
    b"meter_voltage_|volts|g|Voltage of a phase.\n"
    b'07 3 phase="l#"\n'
    b"meter_current_|amperes|g|Current of a phase.\n"
    b'04 3 phase="l#"\n'
    b"meter_power_factor_|ratio|g|Power factor of all phases.\n"
    b"31 1 \n"
    b"meter_phase_power_factor_|ratio|g|Power factor of a phase.\n"
    b'32 3 phase="l#"\n'
    b"meter_frequency_|hertz|g|Frequency of the grid.\n"
    b"35 1 \n"
    b"meter_energy_|joules|c|Active energy, 3600000 J to the kWh.\n"
    b'36 1 direction="import"\n'
    b'37 1 direction="export"\n'
    b"meter_absolute_energy_|joules|c|Active energy of both directions.\n"
    b"70 1 \n"
    b"meter_phase_energy_|joules|c|Active energy of a phase.\n"
    b'44 3 direction="import",phase="l#"\n'
    b'47 3 direction="export",phase="l#"\n'
    b"meter_tariff_energy_|joules|c|Active energy of a tariff.\n"
    b'50 8 direction="import",tariff="#"\n'
    b'58 8 direction="export",tariff="#"\n'
    b"meter_reactive_energy_|var_hours|c|Reactive energy.\n"
    b'38 1 direction="import"\n'
    b'39 1 direction="export"\n'
    b"meter_quadrant_reactive_energy_|var_hours|c|Reactive energy of a quadrant.\n"
    b'40 4 quadrant="#"\n'
    b"meter_tariff_reactive_energy_|var_hours|c|Reactive energy of a tariff.\n"
    b'66 2 direction="import",tariff="#"\n'
    b'68 2 direction="export",tariff="#"\n'
    b"meter_demand_|watts|g|Mean power of the running period.\n"
    b'72 1 direction="import"\n'
    b'74 1 direction="export"\n'
    b"meter_demand_peak_|watts|g|Largest mean power of the month.\n"
    b'73 1 direction="import"\n'
    b'75 1 direction="export"\n'
    b"meter_power_limit_|watts|g|Power at which the meter switches off.\n"
    b"76 1 \n"
    b"meter_current_limit_|amperes|g|Current at which the meter switches off.\n"
    b"77 1 \n"
    b"meter_active_tariff||g|Number of the tariff in force.\n"
    b"78 1 \n"
    b"meter_disconnect_state||g|State of the breaker, as the meter tells it.\n"
    b"79 1 \n"
    b"meter_power_failures||c|Power failures.\n"
    b"80 1 \n"
    b"meter_long_power_failures||c|Long power failures.\n"
    b"81 1 \n"
    b"meter_voltage_sags||c|Voltage sags of a phase.\n"
    b'82 3 phase="l#"\n'
    b"meter_voltage_swells||c|Voltage swells of a phase.\n"
    b'85 3 phase="l#"\n'
)
# Families whose members are asked for by number, in this order.
_FACTS = (
    b"hanport_uptime_|seconds|g|Since the start of the device.\n"
    b"hanport_heap_free_|bytes|g|Free heap.\n"
    b"hanport_heap_lowest_free_|bytes|g|Lowest free heap since the start.\n"
    b"hanport_supply_|volts|g|Supply.\n"
    b"hanport_wifi_signal_|dbm|g|Signal strength.\n"
    b"hanport_port_received_|bytes|c|Octets that came in at the meter port.\n"
    b"hanport_port_noise_|bytes|c|Those of them that belonged to no telegram.\n"
    b"hanport_frames||c|Telegrams whose checksum held.\n"
    b"hanport_readings||c|Telegrams that gave a reading.\n"
    b"hanport_last_reading_timestamp_|seconds|g|When the newest reading came.\n"
    b"hanport_totals_held_back||c|Totals of the meter that were not believed.\n"
    b"hanport_mqtt_connected||g|1 while there is a connection to the broker.\n"
    b"hanport_mqtt_published||c|Messages that were published.\n"
    b"hanport_mqtt_connects||c|Connections to the broker.\n"
    b"hanport_mqtt_failures||c|Failed or lost connections to the broker.\n"
)
_HELD = 10  # those behind it are MQTT's
_OTHERS = (
    b"meter||i|The meter.\n"
    b"submeter||i|A meter behind the meter.\n"
    b"submeter_volume_|cubic_meters|c|Volume of a meter behind the meter.\n"
    b"submeter_energy_|joules|c|Energy of a meter behind the meter.\n"
    b"hanport||i|The device.\n"
    b"hanport_faults||c|Telegrams that were refused.\n"
    b"hanport_lamp_good||g|Whether octets, telegrams, keys and values are good; no line: not known yet.\n"
    b"meter_scales_assumed||g|Values whose scale the meter does not send.\n"
)


def pieces(w, state, device, mqtt=None, plain=False):
    """Yield the whole text in pieces of octets, some hundred each.

    Between two of them others may use the Writer w. state: the merged state; device: name, ident, version,
    model, lowest, up(), now(), vcc(), rssi(), free(), and findings with decoder, and totals, each of which
    may be None; mqtt: is_connected(), published, connects, failures, or None. plain: the format 0.0.4.
    """
    w.clear()
    for part in (_info, _registers, _submeters, _facts, _lamps):
        for _ in part(w, state, device, mqtt, plain):
            if w.at > _PIECE:
                yield bytes(w.octets())
                w.clear()
    w.raw(b"# EOF\n")
    yield bytes(w.octets())


def _registers(w, state, device, mqtt, plain):
    up = device.up()
    at = family = 0
    told = False
    while at < len(_METER):
        end = _METER.find(b"\n", at)
        if _METER[at] > 57:  # no digit: a family begins
            family = at
            told = False
        else:
            first = asked.number(_METER, at)
            for k in range(_METER[at + 3] - 48):
                value = asked.fresh(state, first + k, up)
                if value is None:
                    continue
                if not told:
                    openmetrics.head(w, _METER, family, plain)
                    told = True
                openmetrics.name(w, _METER, family, True)
                if end > at + 5:
                    w.raw(b"{")
                    asked.part(w, _METER, at + 5, end, k + 1)
                    w.raw(b"}")
                w.raw(b" ")
                if registers.unit(first + k) == 30:  # Wh
                    openmetrics.joules(w, value)
                else:
                    w.number(value, -registers.exponent(first + k), True)
                w.raw(b"\n")
                yield
        at = end + 1


def _info(w, state, device, mqtt, plain):
    """Who the device and the meter are."""
    at = openmetrics.row(_OTHERS, 4)
    openmetrics.head(w, _OTHERS, at, plain)
    w.raw(b"hanport_info{")
    openmetrics.label(w, b"name", device.name)
    openmetrics.label(w, b"id", device.ident)
    openmetrics.label(w, b"version", device.version)
    openmetrics.label(w, b"board", device.model)
    w.raw(b"} 1\n")
    yield
    if state.text(reading.METER_ID) or state.text(reading.MAKER):
        openmetrics.head(w, _OTHERS, 0, plain)
        w.raw(b"meter_info{")
        openmetrics.label(w, b"manufacturer", state.text(reading.MAKER))
        openmetrics.label(w, b"id", state.text(reading.METER_ID))
        openmetrics.label(w, b"model", state.text(reading.MODEL))
        openmetrics.label(w, b"list_id", state.text(reading.LIST_ID))
        if state.integrity == reading.UNVERIFIED:
            openmetrics.label(w, b"integrity", b"unverified")
        w.raw(b"} 1\n")
        yield
    assumed = 0
    for have in state.have:
        assumed += have == reading.ASSUMED
    if assumed:
        openmetrics.only(w, _OTHERS, openmetrics.row(_OTHERS, 7), assumed, 0, plain)
        yield


def _submeters(w, state, device, mqtt, plain):
    """Who those behind the meter are, their volumes, their energies."""
    for row in (1, 2, 3):
        at = openmetrics.row(_OTHERS, row)
        told = False
        for k in range(reading.CHANNELS):
            ident = state.text(reading.TEXTS + k)
            value = state.get(reading.BEHIND + k)
            if not ident if row == 1 else value is None:
                continue
            unit = state.facts[reading.METERS + 16 * k + reading.UNIT]
            if row > 1 and (unit == 13) != (row == 2):
                continue
            if not told:
                openmetrics.head(w, _OTHERS, at, plain)
                told = True
            openmetrics.name(w, _OTHERS, at, True)
            w.raw(b'{channel="')
            w.number(k + 1)
            w.raw(b'"')
            medium = state.facts[reading.METERS + 16 * k + reading.MEDIUM]
            openmetrics.label(w, b"medium", fulljson.medium(medium))
            if row == 1:
                openmetrics.label(w, b"id", ident)
            w.raw(b"} ")
            if row == 1:
                w.raw(b"1")
            elif row == 2:
                w.number(value, 3, True)
            elif unit == 25:
                w.number(value)  # thousandths of a GJ
                w.raw(b"000000" if value else b"")
            else:
                openmetrics.joules(w, value)
            w.raw(b"\n")
            yield


def _fact(n, device, mqtt):
    """Fact n of the table, None when it is not known."""
    if n == 0:
        return device.up()
    if n == 1:
        return device.free()
    if n == 2:
        return device.lowest
    if n == 3:
        return device.vcc()
    if n == 4:
        return device.rssi()
    if n == _HELD:
        return device.totals.held_back() if device.totals else None
    if n > _HELD:
        if mqtt is None:
            return None
        if n == _HELD + 1:
            return int(mqtt.is_connected())
        return mqtt.published if n == _HELD + 2 else mqtt.connects if n == _HELD + 3 else mqtt.failures
    findings = device.findings
    if findings is None:
        return None
    if n == 5:
        return findings.octets
    if n == 9:
        now = device.now()
        last = findings.last_reading
        return None if now is None or last is None else now - device.up() + last
    decoder = device.decoder
    return decoder.framing.noise if n == 6 else decoder.frames if n == 7 else decoder.readings


def _facts(w, state, device, mqtt, plain):
    at = n = 0
    while at < len(_FACTS):
        value = _fact(n, device, mqtt)
        if value is not None:
            openmetrics.only(w, _FACTS, at, value, 3 if n == 3 else 0, plain)
            yield
        at = _FACTS.find(b"\n", at) + 1
        n += 1


def _lamps(w, state, device, mqtt, plain):
    """Refused telegrams by kind, and the four lamps."""
    if device.findings is None:
        return
    told = False
    for code in range(1, fault.COUNT):
        if device.decoder.counts[code]:
            _marked(w, 5, b"kind", fault.name(code), device.decoder.counts[code], plain, told)
            told = True
            yield
    told = False
    for name, lamp in zip(doctor.LAMPS, device.findings.lamps(device.up())):
        if lamp != doctor.OFF:
            _marked(w, 6, b"lamp", name, int(lamp == doctor.GOOD), plain, told)
            told = True
            yield


def _marked(w, row, label, word, value, plain, told):
    """A sample with one label, and before the first one what is told of its family."""
    at = openmetrics.row(_OTHERS, row)
    if not told:
        openmetrics.head(w, _OTHERS, at, plain)
    openmetrics.name(w, _OTHERS, at, True)
    w.raw(b"{")
    openmetrics.label(w, label, word.encode())
    w.raw(b"} ")
    w.number(value)
    w.raw(b"\n")
