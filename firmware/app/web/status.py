"""The state of everything in words, as JSON: what the page shows beside the numbers."""

from app import board, diag, port
from hanport import doctor, fault
from payload import ancestor


def _lamps(w, house, up):
    w.key("lamps")
    w.open()
    for name, state in zip(doctor.LAMPS, house.findings.lamps(up)):
        w.text(name, state.encode())
    w.close()


def _counters(w, house):
    decoder = house.decoder
    w.key("port")
    w.open()
    w.text("line_settings", house.port.line.encode())
    w.pair("octets", house.findings.octets)
    w.pair("noise_octets", decoder.framing.noise)
    w.pair("frames", decoder.frames)
    w.pair("readings", decoder.readings)
    w.pair("last_reading_s", _age(house.findings.last_reading))
    w.key("faults")
    w.open()
    for code in range(1, fault.COUNT):
        if decoder.counts[code]:
            w.pair(fault.name(code), decoder.counts[code])
    w.close()
    w.close()


def _age(when):
    return None if when is None else port.up() - when


def _mqtt(w, house):
    mqtt = house.mqtt
    w.key("mqtt")
    w.open()
    w.text("state", mqtt.state.encode() if mqtt else b"off")
    if mqtt:
        if mqtt.error:
            w.text("error", mqtt.error.encode())
        if mqtt.warning():
            w.text("warning", mqtt.warning().encode())
        w.text("topic", house.settings["mqtt_topic"].encode())
        w.pair("published", mqtt.published)
        w.pair("connects", mqtt.connects)
        w.pair("failures", mqtt.failures)
        if house.publisher.topics():
            w.pair("commands", house.publisher.carried)
            w.pair("commands_refused", house.publisher.refused)
    w.close()


def _network(w, house):
    path = house.net.path
    w.key("network")
    w.open()
    w.text("kind", path.kind.encode())
    w.text("state", path.state.encode())
    if path.ip:
        w.text("address", path.ip.encode())
    if path.local():
        w.text("local_name", path.local().encode())
    w.pair("since_s", port.up() - path.since)
    w.pair("connects", path.connects)
    w.pair("attempts", path.attempts)
    w.close()
    w.key("clock")
    w.open()
    w.text("source", house.clock.age_words().encode())
    w.pair("shift_s", house.clock.shift)
    if house.clock.error:
        w.text("error", house.clock.error.encode())
    w.close()


def write(w, house):
    """Write /api/status; where the Writer is small, with fewer lines of the log."""
    for lines in (8, 4, 1):
        w.clear()
        _write(w, house, lines)
        if not w.full:
            return


def _write(w, house, lines):
    up = port.up()
    device = house.device
    w.open()
    w.text("sentence", house.findings.sentence(up).encode())
    _lamps(w, house, up)
    w.key("device")
    w.open()
    w.text("name", device.name)
    w.text("id", device.ident)
    w.text("version", device.version)
    w.pair("up_s", up)
    w.pair("time", device.now())
    w.pair("rssi_dbm", device.rssi())
    w.pair("vcc_v", device.vcc(), 3, True)
    if house.power:
        w.text("supply", house.power.in_words().encode())
        w.pair("poll_s", house.power.page_s())
    w.pair("free_heap", device.free())
    w.pair("lowest_free_heap", device.lowest)
    w.close()
    _counters(w, house)
    _network(w, house)
    _mqtt(w, house)
    held = device.totals.sentences()
    if held:
        w.text("totals", " ".join(held).encode())
    w.key("left_out")
    w.open(b"[")
    for room in board.config.LEAVE_OUT.split():
        w.item()
        w.string(room.encode())
    w.close(b"]")
    w.key("log")
    w.open(b"[")
    for when, times, words in diag.log_lines(lines):
        w.item()
        w.open()
        w.pair("age_s", up - when)
        w.pair("times", times)
        w.text("words", words.encode())
        w.close()
    w.close(b"]")
    w.close()


def ancestor_states(house):
    """(device, meter port, WiFi, MQTT) as the ancestor numbers them."""
    lamps = house.findings.lamps(port.up())
    meter = (
        ancestor.WELL if lamps[3] == doctor.GOOD else ancestor.ERROR if doctor.BAD in lamps else ancestor.OFF
    )
    mqtt = house.mqtt
    broker = ancestor.OFF if mqtt is None else ancestor.WELL if mqtt.is_connected() else ancestor.ERROR
    return ancestor.WELL, meter, ancestor.WELL if house.device.is_online() else ancestor.ERROR, broker
