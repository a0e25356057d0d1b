"""Discovery messages of Home Assistant's MQTT integration; imported while something is to be announced.

    homeassistant/<platform>/<id>_<key>/config       one entity; empty: it is removed
    homeassistant/device/<id>_<c>/config             entities 8c to 8c+7; one with only "p" is removed

<id> is hanport_ and the MAC, or the host name of the amsreader before. Two devices: the reader, known by its
MAC, with what is of itself; and the meter, reached via the reader, with its serial number. Names of keys are
the abbreviations of homeassistant/components/mqtt/abbreviations.py; via_device has none.
"""

from hanport import reading, registers
from payload import haentities as entities

GROUP = 8  # entities announced together: with the longest of names they fit homeassistant.DEVICE_SIZE

# COSEM unit|device class|state class|unit|decimals shown. Empty: none.
_UNITS = (
    b"\n27|power|measurement|W|0"
    b"\n28|apparent_power|measurement|VA|0"
    b"\n29|reactive_power|measurement|var|0"
    b"\n30|energy|total_increasing|kWh|3"
    b"\n32|reactive_energy|total_increasing|kvarh|3"
    b"\n33|current|measurement|A|2"
    b"\n35|voltage|measurement|V|1"
    b"\n44|frequency|measurement|Hz|2"
    b"\n255|power_factor|measurement|%|1"
    b"\n0||||"  # tariff and breaker: a number that stands for something
    b"\n1||total_increasing||0"  # from here on our own: counts,
    b"\n2|gas|total_increasing|m\xc2\xb3|3"  # meters behind the main one,
    b"\n3|water|total_increasing|m\xc2\xb3|3"
    b"\n4|volume|total_increasing|m\xc2\xb3|3"
    b"\n5|energy|total_increasing|GJ|3"
    b"\n6|timestamp|||"
    b"\n7|signal_strength|measurement|dBm|0"  # and the device
    b"\n8|voltage|measurement|V|2"
    b"\n9|duration|measurement|s|0"
    b"\n10|data_size|measurement|B|0"
    b"\n11|enum|||"
    b"\n12|firmware|||\n"
)
# First entity, how many (# counts them), unit of our own or "-" for the register's, category, name.
_NAMES = (
    b"\n00 1 - - Power import\n01 1 - - Power export"
    b"\n02 1 - - Reactive power import\n03 1 - - Reactive power export"
    b"\n04 3 - - Current L#\n07 3 - - Voltage L#\n10 3 - - Power import L#\n13 3 - - Power export L#"
    b"\n16 3 - - Reactive power import L#\n19 3 - - Reactive power export L#"
    b"\n22 1 - - Apparent power import\n23 1 - - Apparent power export\n24 3 - - Apparent power import L#"
    b"\n27 4 - - Reactive power Q#\n31 1 - - Power factor\n32 3 - - Power factor L#\n35 1 - - Frequency"
    b"\n36 1 - - Energy import\n37 1 - - Energy export"
    b"\n38 1 - - Reactive energy import\n39 1 - - Reactive energy export\n40 4 - - Reactive energy Q#"
    b"\n44 3 - - Energy import L#\n47 3 - - Energy export L#"
    b"\n50 8 - - Energy import tariff #\n58 8 - - Energy export tariff #"
    b"\n66 2 - - Reactive energy import tariff #\n68 2 - - Reactive energy export tariff #"
    b"\n70 1 - - Energy absolute\n71 1 - - Power net"
    b"\n72 1 - - Demand import\n73 1 - - Demand import peak"
    b"\n74 1 - - Demand export\n75 1 - - Demand export peak"
    b"\n76 1 - d Power limit\n77 1 - d Current limit\n78 1 - - Tariff\n79 1 - d Breaker state"
    b"\n80 1 1 d Power failures\n81 1 1 d Long power failures"
    b"\n82 3 1 d Voltage sags L#\n85 3 1 d Voltage swells L#"
    b"\n92 1 6 d Meter clock\n96 1 7 d Signal strength\n97 1 8 d Supply voltage\n98 1 9 d Uptime"
    b"\n99 1 10 d Free memory\n100 1 11 d Verdict\n101 1 11 d Lamp line\n102 1 11 d Lamp framing"
    b"\n103 1 11 d Lamp decryption\n104 1 11 d Lamp list\n105 1 1 d Faults\n106 1 1 d Totals held back"
    b"\n107 1 12 d Firmware\n"
)
_MEDIA = {3: (b"Gas meter", 2), 7: (b"Water meter", 3), 6: (b"Warm water meter", 3)}


def _number(table, at):
    """The number that begins at `at`."""
    number = 0
    while 48 <= table[at] <= 57:
        number = number * 10 + table[at] - 48
        at += 1
    return number


def _named(n):
    """Where the row of _NAMES begins that entity n belongs to."""
    at = 1
    while True:
        first = _number(_NAMES, at)
        if first <= n < first + _NAMES[_NAMES.find(b" ", at) + 1] - 48:
            return at
        at = _NAMES.find(b"\n", at) + 1


def _fields(n, state):
    """Where the row of _UNITS begins that tells of entity n."""
    if entities.SUBMETER <= n < entities.CLOCK:
        unit = _submeter(state, n - entities.SUBMETER)[1]
    else:
        at = _NAMES.find(b" ", _named(n)) + 3
        unit = registers.unit(n) if _NAMES[at] == 45 else _number(_NAMES, at)
    at = 1
    while _number(_UNITS, at) != unit:
        at = _UNITS.find(b"\n", at) + 1
    return at


def _submeter(state, k):
    """(name, number of unit) of the meter of channel k + 1."""
    row = state.behind(k)
    if not row:
        return b"Meter", 4
    unit = state.facts[row + reading.UNIT]
    if unit == 13:
        return _MEDIA.get(state.facts[row + reading.MEDIUM], (b"Volume meter", 4))
    return (b"Heat meter", 5) if unit == 25 else (b"Electricity meter", 30)


def _name(w, n, state, slug):
    """Append the name of entity n, or what an entity id makes of it."""
    if entities.SUBMETER <= n < entities.CLOCK:
        table = _submeter(state, n - entities.SUBMETER)[0]
        at = 0
        end = len(table)
        count = n - entities.SUBMETER + 1
    else:
        table = _NAMES
        row = at = _named(n)
        end = table.find(b"\n", at)
        for _ in range(4):
            at = table.find(b" ", at) + 1
        count = n - _number(table, row) + 1
    while at < end:
        c = table[at]
        w.octet(48 + count if c == 35 else _slug(c) if slug else c)  # 35: #
        at += 1
    if table is not _NAMES:
        w.octet(95 if slug else 32)
        w.octet(48 + count)


def _slug(c):
    """A letter as an entity id takes it: small letters, digits and low lines."""
    if 65 <= c <= 90:
        return c + 32
    return c if 48 <= c <= 57 or 97 <= c <= 122 else 95


def reader(device):
    """The identity of the hardware."""
    return b"hanport_" + device.ident.replace(b":", b"").lower()


def _who(device, memory):
    """What unique ids begin with."""
    if memory.own is None:
        memory.own = reader(device)
    return memory.host or memory.own


def topic(n, device, memory):
    """Where entity n is announced by itself."""
    platform = b"update" if n == entities.FIRMWARE else b"sensor"
    return b"homeassistant/%s/%s_%s/config" % (platform, _who(device, memory), entities.key(n))


def ancestor(k, memory):
    """Topics of amsreader's that nothing here takes over: its firmware, and when its message was written."""
    return (b"homeassistant/update/%s/config", b"homeassistant/sensor/%s_t/config")[k] % memory.host


def _group_topic(c, device):
    return b"homeassistant/device/%s_%d/config" % (reader(device), c)


def _open(w, name):
    """Begin a string of several parts."""
    w.key(name)
    w.octet(34)


def _joined(w, name, *parts):
    """Key and a string of several parts that need no escapes but those of the Writer."""
    _open(w, name)
    for part in parts:
        w.chars(part)
    w.octet(34)


def _ids(w, n, state, device, memory):
    """What the entity is called by programs, and by people."""
    _open(w, b"name")
    _name(w, n, state, False)
    w.octet(34)
    _open(w, b"uniq_id")
    who = _who(device, memory)
    w.chars(who)
    w.octet(95)
    entities.write_key(w, n)
    w.octet(34)
    _open(w, b"def_ent_id")
    w.chars(b"update." if n == entities.FIRMWARE else b"sensor.")
    if memory.host:
        for c in who:
            w.octet(_slug(c))
        w.octet(95)
        entities.write_key(w, n, True)
    else:
        w.part(who, 0, 8)
        w.part(who, len(who) - 6, len(who))
        w.octet(95)
        _name(w, n, state, True)
    w.octet(34)


def _kind(w, n, state):
    """Class, state class, unit and decimals, each where there is one."""
    at = _UNITS.find(b"|", _fields(n, state)) + 1
    for name in (b"dev_cla", b"stat_cla", b"unit_of_meas", b"sug_dsp_prc"):
        last = name == b"sug_dsp_prc"
        end = _UNITS.find(b"\n" if last else b"|", at)
        if end > at:
            w.key(name)
            if not last:
                w.octet(34)
            w.part(_UNITS, at, end)
            if not last:
                w.octet(34)
        at = end + 1


def _entity(w, n, state, device, memory):
    """The keys that are of one entity."""
    _ids(w, n, state, device, memory)
    group = b"/state" if n >= entities.DEVICE else (b"/power", b"/energy")[entities.is_slow(n)]
    _joined(w, b"stat_t", memory.base, group)
    # What is always there, or has to be told that it is not known, has no template that gives nothing.
    words = entities.VERDICT <= n < entities.FAULTS or n == entities.FIRMWARE
    _open(w, b"val_tpl")
    w.raw(b"{{value_json.")
    entities.write_key(w, n)
    w.raw(b"|d(None)}}" if n == entities.CLOCK else b"}}" if words else b"|d}}")
    w.octet(34)
    _kind(w, n, state)
    if not entities.SUBMETER <= n < entities.CLOCK:
        category = _NAMES.find(b" ", _NAMES.find(b" ", _NAMES.find(b" ", _named(n)) + 1) + 1) + 1
        if _NAMES[category] == 100:  # d
            w.text(b"ent_cat", b"diagnostic")
    if n == entities.FIRMWARE:
        _joined(w, b"l_ver_t", memory.base, group)
        w.text(b"l_ver_tpl", b"{{value_json.newest|d(value_json.fw)}}")
        return
    w.pair(b"exp_aft", 200 if n >= entities.DEVICE else memory.expire(entities.is_slow(n)))
    if words:
        w.key(b"ops")
        if n == entities.VERDICT:
            w.raw(b'["good","waiting","line","framing","decryption","list"]')
        else:
            w.raw(b'["off","good","bad"]')
    if n == entities.VERDICT:
        _joined(w, b"json_attr_t", memory.base, group)
        w.text(b"json_attr_tpl", b"{{ {'finding':value_json.finding}|tojson }}")


def _about_device(w, n, state, device, memory):
    """The keys that are of the device that entity n is of."""
    _joined(w, b"avty_t", memory.base, b"/status")
    w.key(b"dev")
    w.open()
    _who(device, memory)
    own = memory.own
    if n >= entities.DEVICE:
        w.text(b"ids", own)
        w.text(b"name", device.name)
        w.text(b"mf", b"Hanport")
        w.text(b"mdl", getattr(device, "model", None))
        w.text(b"sw", getattr(device, "version", None))
        url = getattr(device, "url", None)
        w.text(b"cu", url() if url else None)
    else:
        _joined(w, b"ids", own, b"_meter")
        _joined(w, b"name", device.name, b" meter")
        w.text(b"mf", state.text(reading.MAKER))
        w.text(b"mdl", state.text(reading.MODEL))
        w.text(b"sn", state.text(reading.METER_ID))
        w.text(b"via_device", own)
    w.close()
    w.key(b"o")
    w.open()
    w.text(b"name", b"Hanport")
    w.text(b"sw", getattr(device, "version", None))
    w.close()


def write(w, n, state, device, memory, whole):
    """Write the message that announces or removes entity n, alone or in its group; returns its topic."""
    up = device.up()
    if not whole:
        memory.told[n] = entities.present(n, state, device, up)
        if memory.told[n]:
            w.open()
            _entity(w, n, state, device, memory)
            _about_device(w, n, state, device, memory)
            w.close()
        return topic(n, device, memory)
    first = n - n % GROUP
    group = range(first, min(first + GROUP, entities.COUNT))
    here = [entities.present(n, state, device, up) for n in group]
    if any(here):
        _group(w, group, here, state, device, memory)
    for n, told in zip(group, here):
        memory.told[n] = told
    return _group_topic(first // GROUP, device)


def _group(w, group, here, state, device, memory):
    n = group[0]
    w.open()
    _about_device(w, n, state, device, memory)
    w.key(b"cmps")
    w.open()
    for n, now in zip(group, here):
        if now or memory.told[n]:
            w.item()
            w.octet(34)
            entities.write_key(w, n)
            w.raw(b'":')
            w.open()
            w.text(b"p", b"update" if n == entities.FIRMWARE else b"sensor")
            if now:
                _entity(w, n, state, device, memory)
            w.close()
    w.close()
    w.close()


def leave(k, device, memory):
    """Topic of farewell k, to be sent empty and retained; None behind the last.

    Of all that this device may have announced, now or in an earlier life: for when the device is given away,
    or another format or `host` is set.
    """
    if k < entities.COUNT:
        return topic(k, device, memory)
    k -= entities.COUNT
    return _group_topic(k, device) if k * GROUP < entities.COUNT else None
