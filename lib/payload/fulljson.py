"""A Reading as one JSON object with the project's own words: decode tool, /api/reading, tests.

Keys are the names of hanport.registers and of hanport.reading; values are exact decimals. A value that
the telegram does not hold is absent.
"""

from hanport import reading, registers


def stamp(w, octets, i=0):
    """Append the date-time at octets[i:] as sent: "2024-07-15T13:05:10", with "+02:00" if that was sent."""
    w.raw(b'"')
    w.padded(octets[i] << 8 | octets[i + 1], 4)
    for k, mark in ((2, b"-"), (3, b"-"), (5, b"T"), (6, b":"), (7, b":")):
        w.raw(mark)
        w.padded(octets[i + k], 2)
    deviation = octets[i + 9] << 8 | octets[i + 10]
    if deviation != 0x8000:
        if deviation > 0x8000:
            deviation -= 0x10000
        w.raw(b"-" if deviation > 0 else b"+")
        deviation = abs(deviation)
        w.padded(deviation // 60, 2)
        w.raw(b":")
        w.padded(deviation % 60, 2)
    w.raw(b'"')


def _clock(w, facts, row):
    """The time in a row of the facts, and "S" or "W"."""
    w.key(b"timestamp")
    stamp(w, facts, row)
    if facts[row + reading.DST]:
        w.text(b"timestamp_dst", bytes((facts[row + reading.DST],)))


def medium(code):
    """Word, as octets, of an EN 13757-3 device type: b"gas", or b"other"."""
    media = b" 3 gas 4 heat 7 water 2 electricity 6 warm_water 10 cooling 12 heat 13 heat_cooling "
    at = media.find(b" %d " % code)
    if at < 0:
        return b"other"
    at = media.find(b" ", at + 1) + 1
    return media[at : media.find(b" ", at)]


def _submeters(w, r):
    opened = False
    facts = r.facts
    for k in range(reading.CHANNELS):
        row = r.behind(k)
        if not row:
            continue
        if not opened:
            w.key(b"submeters")
            w.open(b"[")
            opened = True
        w.item()
        w.open()
        w.pair(b"channel", k + 1)
        w.text(b"medium", medium(facts[row + reading.MEDIUM]))
        w.text(b"id", r.text(reading.TEXTS + k))
        unit = facts[row + reading.UNIT]
        name = b"value_m3" if unit == 13 else b"value_gj" if unit == 25 else b"value_kwh"
        value = r.get(reading.BEHIND + k)
        w.pair(name, value, 3, True)
        if facts[row + reading.FORM] and value is not None:
            _clock(w, facts, row)
        w.close()
    if opened:
        w.close(b"]")


def text_name(slot):
    """JSON key of a text slot: "meter_id"."""
    return reading.text_names.decode().split()[slot]


def _listed(w, r, state, name, guessed=0):
    """Names of the registers in this state, and of texts marked in `guessed`, as an array under `name`."""
    opened = False
    at = 0
    for k in range(registers.COUNT + reading.TEXTS):
        slot = k - registers.COUNT
        end = registers.after(at) if slot < 0 else 0
        if guessed >> slot & 1 if slot >= 0 else r.have[k] == state:
            if not opened:
                w.key(name)
                w.open(b"[")
                opened = True
            if slot < 0:
                w.quoted(registers.table, registers.name_at(at), end - 1)
            else:
                w.item()
                w.string(text_name(slot).encode())
        at = end
    if opened:
        w.close(b"]")


def write(w, r):
    """Append the Reading r to the Writer w as one JSON object."""
    w.open()
    facts = r.facts
    if facts[reading.FORM]:
        _clock(w, facts, 0)
        if facts[reading.FORM] == reading.COSEM and facts[11] != 0xFF:
            w.pair(b"timestamp_status", facts[11])
    at = 0
    for slot in range(reading.TEXTS):
        end = reading.text_names.find(b" ", at)
        text = r.text(slot)
        if text is not None:
            w.name(reading.text_names, at, end)
            w.string(text)
        at = end + 1
    at = 0
    for register in range(registers.COUNT):
        end = registers.after(at)
        if r.have[register]:
            w.name(registers.table, registers.name_at(at), end - 1)
            w.number(r.value(register), registers.decimals(register), True)
        at = end
    if facts[reading.PEAK + reading.FORM]:
        w.key(b"demand_import_peak_time")
        stamp(w, facts, reading.PEAK)
    _submeters(w, r)
    _listed(w, r, reading.ASSUMED, b"scale_assumed", r.guessed)
    _listed(w, r, reading.DERIVED, b"derived")
    if r.integrity == reading.UNCHECKED:
        w.text(b"integrity", b"no checksum was sent")
    elif r.integrity == reading.VERIFIED:
        w.text(b"integrity", b"verified")
    elif r.integrity == reading.UNVERIFIED:
        w.text(b"integrity", b"unverified")
    elif r.integrity == reading.UNCIPHERED:
        w.text(b"integrity", b"not encrypted")
    w.close()
