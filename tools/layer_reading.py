"""A Reading as neat lines for a person: "name = value unit". Runs on CPython and on MicroPython alike."""

import layer_words as words
import localtime
from hanport import reading, registers
from payload import fulljson, writer

_INTEGRITY = ("", "no checksum was sent", "verified", "unverified", "not encrypted, though a key is given")


def _decimal(number, decimals):
    w = writer.Writer(40)
    w.number(number, decimals, True)
    return bytes(w.octets()).decode()


def _stamp(r, row):
    w = writer.Writer(40)
    fulljson.stamp(w, r.facts, row)
    text = bytes(w.octets()).decode().strip('"')
    return text + {83: " summer time", 87: " winter time"}.get(r.facts[row + reading.DST], "")


def _shown(text):
    return words.quoted(text, 0, len(text)) or words.octets(text, 0, len(text), 40)


def _submeter(r, k, row):
    text = "submeter %d, %s" % (k + 1, fulljson.medium(r.facts[row + reading.MEDIUM]))
    ident = r.text(reading.TEXTS + k)
    if ident:
        text += ", id " + _shown(ident)
    value = r.get(reading.BEHIND + k)
    if value is not None:
        unit = {13: "m3", 25: "GJ"}.get(r.facts[row + reading.UNIT], "kWh")
        text += " = %s %s" % (_decimal(value, 3), unit)
        if r.facts[row + reading.FORM]:
            text += " at " + _stamp(r, row)
    return text


def lines(r):
    """Yield the lines "name = value unit" of a Reading."""
    if r.facts[reading.FORM]:
        yield "timestamp = " + _stamp(r, 0)
    if r.utc is not None:
        seconds = r.utc % 86400
        day = localtime.date(r.utc // 86400)
        clock = (seconds // 3600, seconds // 60 % 60, seconds % 60)
        yield "utc = %04d-%02d-%02dT%02d:%02d:%02dZ" % (tuple(day) + clock)
    for slot in range(reading.TEXTS):
        text = r.text(slot)
        if text is not None:
            mark = "  (assumed)" if r.guessed >> slot & 1 else ""
            yield "%s = %s%s" % (fulljson.text_name(slot), _shown(text), mark)
    marks = {reading.ASSUMED: "  (scale assumed)", reading.DERIVED: "  (derived)"}
    for index in range(registers.COUNT):
        state = r.have[index]
        if state:
            number = _decimal(r.value(index), registers.decimals(index))
            written = words.WRITTEN.get(registers.unit(index), "")
            yield "%s = %s%s%s" % (registers.name(index), number, written, marks.get(state, ""))
    if r.facts[reading.PEAK + reading.FORM]:
        yield "demand_import_peak_time = " + _stamp(r, reading.PEAK)
    for k in range(reading.CHANNELS):
        row = r.behind(k)
        if row:
            yield _submeter(r, k, row)
    if r.misfits:
        yield "values left out, for their unit or size does not fit: %d" % r.misfits
    if r.integrity:
        yield "integrity = " + _INTEGRITY[r.integrity]
