"""A Reading as one JSON object with the project's own words: decode tool, /api/reading, tests.

Keys are the names of hanport.registers and of hanport.reading; values are exact decimals. A value that
the telegram does not hold is absent.
"""

from hanport import reading, registers

_MEDIA = b" 3 gas 4 heat 7 water 2 electricity 6 warm_water 10 cooling 12 heat 13 heat_cooling "


def stamp(w, octets, dst):
    """Append a 12-octet date-time as sent: "2024-07-15T13:05:10", with "+02:00" only when it was sent."""
    w.raw(b'"')
    w.padded(octets[0] << 8 | octets[1], 4)
    for k, mark in ((2, b"-"), (3, b"-"), (5, b"T"), (6, b":"), (7, b":")):
        w.raw(mark)
        w.padded(octets[k], 2)
    deviation = octets[9] << 8 | octets[10]
    if deviation != 0x8000:
        if deviation > 0x8000:
            deviation -= 0x10000
        w.raw(b"-" if deviation > 0 else b"+")
        deviation = abs(deviation)
        w.padded(deviation // 60, 2)
        w.raw(b":")
        w.padded(deviation % 60, 2)
    w.raw(b'"')


def _clock(w, r):
    if r.clock_form == reading.NO_CLOCK:
        return
    w.key(b"timestamp")
    stamp(w, r.stamp, r.dst)
    if r.clock_form == reading.P1:
        if r.dst:
            w.text(b"timestamp_dst", bytes((r.dst,)))
    elif r.stamp[11] != 0xFF:
        w.pair(b"timestamp_status", r.stamp[11])


def medium(code):
    """Word, as octets, of an EN 13757-3 device type: b"gas", or b"other"."""
    at = _MEDIA.find(b" %d " % code)
    if at < 0:
        return b"other"
    at = _MEDIA.find(b" ", at + 1) + 1
    return _MEDIA[at : _MEDIA.find(b" ", at)]


def _submeters(w, r):
    opened = False
    for channel, sub in enumerate(r.submeters):
        if sub is None or not (sub.medium or sub.value is not None):
            continue
        if not opened:
            w.key(b"submeters")
            w.open(b"[")
            opened = True
        w.item()
        w.open()
        w.pair(b"channel", channel + 1)
        w.text(b"medium", medium(sub.medium))
        w.text(b"id", sub.ident)
        name = b"value_m3" if sub.unit == 13 else b"value_gj" if sub.unit == 25 else b"value_kwh"
        w.pair(name, sub.value, 3, True)
        if sub.state and sub.value is not None:
            w.key(b"timestamp")
            stamp(w, sub.clock, sub.dst)
            if sub.dst:
                w.text(b"timestamp_dst", bytes((sub.dst,)))
        w.close()
    if opened:
        w.close(b"]")


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
                w.string(reading.text_name(slot).encode())
        at = end
    if opened:
        w.close(b"]")


def write(w, r):
    """Append the Reading r to the Writer w as one JSON object."""
    w.open()
    _clock(w, r)
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
    if r.peak_timed:
        w.key(b"demand_import_peak_time")
        stamp(w, r.peak_stamp, r.peak_dst)
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
