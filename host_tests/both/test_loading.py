"""What the decoder loads only for the meter that needs it, and lets go of: when, and when it does not fit."""

import builtins
import sys

import corpus

from hanport import Decoder, doctor, fault, profiles, reading, registers
from hanport.reading import Reading

ROWS = {name: (octets, row) for name, octets, row in corpus.own()}


def _frame(name):
    octets, row = ROWS[name]
    key = row.get("key") or {}
    return octets, [corpus.octets_of(key[k]) if k in key else None for k in ("ek", "ak")]


class Refusing:
    """While it lasts there is no memory to load this module."""

    def __init__(self, module):
        self.package, _, self.name = module.rpartition(".")

    def __enter__(self):
        self.real = builtins.__import__

        def guarded(name, *more):
            wanted = more[2] if len(more) > 2 and more[2] else ()
            if name == self.package + "." + self.name or (name == self.package and self.name in wanted):
                raise MemoryError("refused")
            return self.real(name, *more)

        builtins.__import__ = guarded

    def __exit__(self, *what):
        builtins.__import__ = self.real


def test_no_memory_to_load():
    """A module that does not fit makes the telegram a fault, never an exception; the next one tries again."""
    for module, name in (
        ("hanport.p1", "p1/dsmr5-1p"),
        ("hanport.dsmr", "p1/dsmr5-1p"),
        ("hanport.rows", "kaifa/list2-3p"),
        ("hanport.ciphering", "kamstrup/dk-65-encrypted"),
    ):
        octets, keys = _frame(name)
        if module == "hanport.ciphering":
            keys = [None, None]  # with a key it is loaded when the decoder is made
        decoder = Decoder(2048, *keys)
        with Refusing(module):
            readings, faults = corpus.run(decoder, octets)
        assert readings == [] and fault.MEMORY in faults, (module, faults)
        assert decoder.counts[fault.MEMORY] == 1
        readings, faults = corpus.run(decoder, octets)
        wanted = (0, [fault.NO_KEY]) if "encrypted" in name else (1, [])
        assert (len(readings), faults) == wanted, module


def test_noise_loads_nothing():
    """Slashes and what only begins like a telegram load nothing of P1; an identification does."""
    decoder = Decoder(512)
    corpus.run(decoder, b"/" * 20 + b"/KAM" + b"\x7e\xa0" * 9 + b"/KAMX\r\n" + b"/K5M5" + b"\xdb\x08ABC" * 4)
    assert decoder.framing.p1 is None
    corpus.run(decoder, b"/KAM5\r\n")
    assert decoder.framing.p1


def test_rows_are_let_go_of():
    """The rows of lists are there only while a new list is looked up: the plan made of one stays."""
    decoder = Decoder(1024)
    octets, _ = _frame("kaifa/list2-3p")
    for name in ("kaifa/list2-3p", "aidon/list2-3p4w", "kaifa/list2-3p"):
        assert len(corpus.run(decoder, _frame(name)[0])[0]) == 1, name
        assert "hanport.rows" not in sys.modules, name
    real = profiles._read
    profiles._read = None
    try:
        assert len(corpus.run(decoder, octets)[0]) == 1  # no row is read again
    finally:
        profiles._read = real


def test_hints_are_let_go_of():
    """What the owner can do is loaded while something is wrong, and gone when readings come."""
    findings = doctor.Findings()
    decoder = Decoder(1024)
    findings.octets_came(1, 1)
    assert findings.sentence(2) == "Octets come; waiting for the first whole telegram."
    assert "hanport.hints" in sys.modules
    assert len(corpus.run(decoder, _frame("kaifa/list2-3p")[0])[0]) == 1
    decoder.ready = True
    findings.event(decoder, 3)
    assert findings.sentence(4) == "Readings come."
    assert "hanport.hints" not in sys.modules


def test_three_plans_are_kept():
    """A fourth kind of list takes the place of the oldest, and each is read again when it comes."""
    decoder = Decoder(1024)
    names = ("kaifa/list2-3p", "kaifa/list3-3p", "kamstrup/list1-3p", "iskraemeco/list18")
    for name in names + names:
        assert len(corpus.run(decoder, _frame(name)[0])[0]) == 1, name
        assert len(decoder.plans.kept) <= 9, name


def test_the_table_of_elements_grows():
    """A list larger than what meters send most is read as it comes; one beyond the largest is a fault."""
    pair = corpus.octets_of("09 06 01 00 01 07 00 FF 06 00 00 04 D2 02 02 0F 00 16 1B")  # 1.7.0, 1234 W
    decoder = Decoder(1024)
    for count, ready in ((5, True), (150, True), (300, True), (321, False), (150, True)):
        # A structure of so many: the pair's three, then null-data.
        body = bytes((2, 0x82, count >> 8, count & 255)) + pair + bytes(count - 3)
        decoder.dump(b"\x0f\0\0\0\0\0" + body)
        assert decoder.ready == ready, count
        if ready:
            assert decoder.reading.get(registers.P_IMPORT) == 1234, count
        else:
            assert decoder.fault == fault.AXDR_COUNT


def test_the_newest_is_told_by_what_is_merged():
    """What shows the newest telegram needs no values and texts of its own, and tells of no older ones."""
    state = Reading(merged=True)
    newest = Reading(state)
    r = Reading()
    for number, text, register in ((5, b"one", registers.P_IMPORT), (1 << 40, b"two", registers.E_IMPORT)):
        r.clear()
        r.put(register, number, 0, reading.SENT)
        r.set_text(reading.METER_ID, text, 0, 3)
        r.facts[reading.METERS + reading.MEDIUM] = 3 if register == registers.P_IMPORT else 0
        state.merge(r, 1)
        newest.show(r, state)
        assert newest.get(register) == number and newest.text(reading.METER_ID) == text
        r.clear()
    assert newest.get(registers.P_IMPORT) is None and state.get(registers.P_IMPORT) == 5
    assert newest.get(registers.E_IMPORT) == 1 << 40
    assert newest.behind(0) == 0 and state.behind(0) == reading.METERS


def test_large_values():
    """A value of more than 32 bits is kept whole, also in the state; it gives way to a smaller one."""
    r = Reading()
    state = Reading(merged=True)
    for number in (5, -5, 536870911, 536870912, -536870912, 4294967296, 1 << 61, -(1 << 61), 7):
        r.clear()
        r.put(registers.E_IMPORT, number, 0, reading.SENT)
        r.put(registers.E_EXPORT, number, 0, reading.SENT)
        assert r.get(registers.E_IMPORT) == r.get(registers.E_EXPORT) == number
        state.merge(r, 1)
        assert state.get(registers.E_IMPORT) == number
    r.clear()
    r.put(registers.E_IMPORT, 1 << 62, 0, reading.SENT)
    assert r.get(registers.E_IMPORT) is None and r.misfits == 1
