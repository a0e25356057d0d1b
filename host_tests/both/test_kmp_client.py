"""The KMP client: rounds, retries, findings, and what it never does."""

from kmp_line import (
    A14,
    CLOCK,
    E1,
    MODEL,
    NO_REGISTER,
    SERIAL,
    TYPE,
    TYPE_ANSWER,
    Line,
    frame,
    get,
    group_of,
    meter,
    octets_of,
)

from hanport import fault, kmp, reading, registers

try:
    import micropython
except ImportError:
    micropython = None


def test_a_round_of_an_electricity_meter():
    """Type, serial number, then the groups; texts and values are in one reading; again after the period."""
    line = Line(meter({0: A14, 1: frame(0x40, octets_of("3F 10 04 1E 21 02 00 00 E6")), 3: MODEL}))
    answers = line.reply
    line.reply = lambda request: answers(request) or NO_REGISTER
    assert line.round() == 0
    into = line.client.reading
    assert into.text(reading.MAKER) == b"Kamstrup"
    assert into.text(reading.METER_ID) == b"19088743"
    assert into.text(reading.MODEL) == b"ABC1234567"
    assert get(into, "energy_import_kwh") == 139000 and get(into, "voltage_l1_v") == 230000
    assert sum(1 for state in into.have if state) == 2
    assert line.sent[0] == TYPE and line.sent[1] == SERIAL
    assert [group_of(r) for r in line.sent[2:]] == [0, 1, 2, 3, 4, 5]
    first = line.now
    line.sent = []
    assert line.round() == 0 and first < 10000 <= line.now < 12000
    assert line.sent[0] == SERIAL and [group_of(r) for r in line.sent[1:]] == [0, 1, 2]
    assert line.client.reading.text(reading.MODEL) == b"ABC1234567"


def test_a_round_of_a_heat_meter():
    """The clock, which electricity meters have too, proves nothing. It is asked seldom: for its battery."""
    clock = frame(0x40, octets_of("3F 10" + CLOCK))
    line = Line(meter({0: clock, 1: NO_REGISTER, 6: E1}))
    assert line.round() == 0
    into = line.client.reading
    assert into.get(reading.BEHIND) == 55006000 and into.text(reading.TEXTS) == b"19088743"
    assert into.text(reading.MODEL) == b"type 4 F1"
    line.sent = []
    assert line.round(1000000) == 0 and line.now >= 900000
    assert [line.sent[0]] == [SERIAL] and [group_of(r) for r in line.sent[1:]] == [6]


def test_locked_registers():
    """Identity told and no register: the finding names the meter and says what to ask for."""
    # The clock may be open while the counters are locked; it is in two of the three groups asked.
    clock = frame(0x40, octets_of("3F 10" + CLOCK))
    for answers in (NO_REGISTER, {0: clock, 1: NO_REGISTER, 6: clock}, b""):
        line = Line(meter(answers))
        assert line.round() == fault.KMP_LOCKED
        assert line.client.why() == "the meter 19088743 answers, but its registers are locked"
        hint = fault.hint(fault.KMP_LOCKED)
        for word in ("grid company", "push", "GPK60", "GPK61", "without encryption", "GPK11"):
            assert word in hint, word
        assert line.client.counts[fault.KMP_LOCKED] == 1
        assert line.round() == fault.KMP_LOCKED


def test_silence_echo_noise_and_damage_are_told_apart():
    """No octet, only our own, only rubbish, only damaged answers: four faults, each with an end."""
    damaged = octets_of("40 3F 02 01 23 45 66 E9 56 0D")
    for reply, code in (
        (lambda request: b"", fault.KMP_SILENT),
        (lambda request: request, fault.KMP_ECHO),
        (lambda request: b"\x55\xff\x00", fault.NOISE),
        (lambda request: damaged, fault.KMP_CRC),
        (lambda request: request + damaged, fault.KMP_CRC),
    ):
        line = Line(reply)
        for _ in range(2):
            begun = line.now
            assert line.round() == code, (code, line.client.fault)
            assert line.now - begun < 60000
            assert fault.words(code) and fault.hint(code) and fault.name(code)
        assert line.client.reading.empty()


def test_a_line_that_is_never_quiet_does_not_hold_the_client():
    """Octets without end between the requests."""
    client = kmp.Client()
    now = 0
    while not client.fault and now < 100000:
        client.next_request(now)
        client.feed(b"\x55\x40\x12", 0, 3)
        now += 20
    assert client.fault == fault.NOISE


def test_retries():
    """The first two requests of each kind are lost, or damaged: the third is answered; a damaged one soon."""
    good = meter({0: A14, 1: NO_REGISTER})
    for lost, limit in ((b"", 50000), (octets_of("40 3F 02 01 23 45 66 E9 56 0D"), 7000)):
        seen = {}

        def reply(request, lost=lost, seen=seen):
            seen[request] = seen.get(request, 0) + 1
            return lost if seen[request] < 3 else good(request) or NO_REGISTER

        line = Line(reply)
        assert line.round() == 0 and line.now < limit, line.now
        assert get(line.client.reading, "energy_import_kwh") == 139000
        code = fault.KMP_CRC if lost else fault.KMP_SILENT
        assert line.client.counts[code] == 2 * 8  # type, serial, six groups


def test_half_a_round_is_a_reading():
    """A group that stays unanswered costs its own values only."""
    line = Line(meter({1: frame(0x40, octets_of("3F 10 04 1E 21 02 00 00 E6"))}))
    assert line.round() == 0
    assert get(line.client.reading, "voltage_l1_v") == 230000
    assert get(line.client.reading, "energy_import_kwh") is None


def test_answers_of_others_are_not_taken():
    """Another address, another command, a late answer to another request: none is the answer asked for."""
    other = frame(0x40, octets_of("7F 02 01 23 45 67")) + TYPE_ANSWER + E1
    line = Line(lambda request: other if request == SERIAL else b"")
    assert line.round() == fault.NOISE
    assert line.client.serial == 0


def test_another_meter():
    """A new serial number: kind and model are asked anew, in the same round."""
    line = Line(meter({0: A14}))
    assert line.round() == 0
    heat = meter({0: NO_REGISTER, 1: NO_REGISTER, 6: E1})
    seven = frame(0x40, octets_of("3F 02 00 00 00 07"))
    line.reply = lambda request: seven if request == SERIAL else heat(request)
    assert line.round() == 0
    into = line.client.reading
    assert into.text(reading.METER_ID) == b"7" and into.get(reading.BEHIND) == 55006000
    assert get(into, "energy_import_kwh") is None


def test_results_do_not_depend_on_the_cut():
    """Octet by octet, in pieces or whole, with an echo before each answer."""
    answers = meter({0: A14, 3: MODEL})
    seen = []
    for cut in (1, 2, 5, 1000):
        line = Line(lambda request: request + (answers(request) or NO_REGISTER), cut)
        assert line.round() == 0
        into = line.client.reading
        values = [into.value(r) for r in range(registers.COUNT)]
        seen.append((bytes(into.have), values, into.texts, line.sent, line.now))
    assert seen.count(seen[0]) == 4


def test_only_harmless_commands():
    """Whatever the meter does, only 01, 02 and 10 are sent, with one to eight ids."""
    sent = set()
    for reply in (meter({0: A14}), meter({6: E1}), meter(NO_REGISTER), lambda r: b"\x06"):
        line = Line(reply)
        for _ in range(7):
            line.round(2000000)
        sent.update(line.sent)
    for request in sent:
        body = bytearray()
        flip = 0
        for octet in request[1:-1]:
            if octet == 0x1B and not flip:
                flip = 255
                continue
            body.append(octet ^ flip)
            flip = 0
        assert request[0] == 0x80 and request[-1] == 13 and body[0] == 0x3F
        assert bytes(body[1:-2]) in (b"\x01", b"\x02") or body[1] == 0x10 and 1 <= body[2] <= 8
        if body[1] == 0x10:
            assert len(body) == 3 + 2 * body[2] + 2
    assert len(sent) == 2 + 7


def test_octets_cost_no_heap():
    """Collecting an answer allocates nothing on MicroPython."""
    client = kmp.Client()
    client.next_request(0)
    client.next_request(200)
    answer = SERIAL + TYPE_ANSWER
    last = len(answer) - 1
    if micropython:
        micropython.heap_lock()
    i = client.feed(answer, 0, last)
    client.feed(answer, i, last)
    if micropython:
        micropython.heap_unlock()
    assert not client.frames
    client.feed(answer, last, last + 1)
    assert client.frames == 1
