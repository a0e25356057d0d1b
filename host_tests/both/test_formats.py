"""Every format of MQTT messages: topics, payloads and retain flags, typed by hand from the frames' truth.

Here those of JSON and hex, and what holds for all; those with a topic for each value in test_formats_topics.
Fields of the ancestor: ancestor-features.md 4.2 and 4.6.
"""

import gc

import corpus
from formats_meter import (
    ALL,
    GAS,
    IDX,
    ONE_PHASE,
    P1_EXPORT,
    PHASES,
    THREE_PHASE,
    Bare,
    Format,
    Meter,
    Unit,
    frame,
    messages,
    same,
)

from hanport import Decoder, reading, registers
from payload import formats

WHO = '{"id":"24:0A:C4:00:00:01","name":"unit","up":12,"t":1721041510,"vcc":3.300,"rssi":-58,"temp":-127.00'
ABOUT = '{"id":"24:0A:C4:00:00:01","name":"unit","up":12,"vcc":3.300,"rssi":-58,"temp":-127.00}'
# Frame, list type, fields of "data": from the truth of the frames and the names of ancestor-features.md 4.2.
JSON_ROWS = (
    ("kaifa/list1", 1, '"P":1234'),
    (
        ONE_PHASE,
        3,
        '"lv":"KFM_001","meterId":"1234567890123456","type":"MA105H2E","P":2345,"PO":0,"Q":0,"QO":312,"I1":3.72,'
        '"U1":231.1,"tPI":12345.678,"tPO":5.000,"tQI":2.500,"tQO":456.789,"rtc":1721044800',
    ),
    (
        THREE_PHASE,
        2,
        '"lv":"AIDON_V0001","meterId":"7359991234567890","type":"6534","P":0,"PO":4321,"Q":0,"QO":312,"I1":-6.1,'
        '"I2":4,"I3":1.3,"U1":231.1,"U2":229.8,"U3":230.5',
    ),
    (
        GAS,
        4,
        '"lv":"ABC5TEST","meterId":"ABC12345","type":"TEST","P":1234,"PO":0,"I1":5,"U1":230.1,"tPI":2124.690,'
        '"tPO":3.500,"tPIT1":1234.567,"tPIT2":890.123,"tPOT1":1.000,"tPOT2":2.500,"P1":1234,"rtc":1721041510',
    ),
    (
        PHASES,
        4,
        '"lv":"Kamstrup_V0001","meterId":"12345678","P":2345,"PO":0,"Q":0,"QO":312,"I1":5.21,"I2":4,"I3":1.3,'
        '"U1":231,"U2":230,"U3":229,"tPI":12345.678,"tPO":5.000,"tQI":2.500,"tQO":456.789,"P1":1190,"P2":860,'
        '"P3":295,"PO1":0,"PO2":0,"PO3":0,"PF":0.97,"PF1":0.98,"PF2":0.96,"PF3":0.91,"tPI1":6000.123,'
        '"tPI2":4000.000,"tPI3":2345.547,"tPO1":5.000,"tPO2":0.000,"tPO3":0.000,"rtc":1721045110',
    ),
)


def test_classic_multi_and_flat_json():
    """Formats 0, 5 and 6 differ in topic and in the object within, and tell of the device once a minute."""
    for name, kind, fields in JSON_ROWS:
        whole = WHO + ',"data":{' + fields + "}}"
        same(messages("amsjson", name), ["b " + whole, "b " + ABOUT])
        same(messages("amsmulti", name), ["b/list%d " % kind + whole, "b/system " + ABOUT])
        same(messages("amsflat", name), ["b " + WHO + "," + fields + "}", "b " + ABOUT])


def test_json_about_the_device():
    """Each 60 s, at once on a new connection, with the version when the device has one."""
    device = Unit()
    device.version = b"1.2.3"
    meter = Meter()
    made = Format("amsmulti", meter)
    meter.sends("kaifa/list1")
    with_version = ABOUT.replace("-127.00", '-127.00,"version":"1.2.3"')
    for second, about in ((12, True), (13, False), (71, False), (72, True), (80, False)):
        device.seconds = second
        told = made(device)
        assert len(told) == 1 + about, second
        if about:
            assert told[1][1] == with_version.replace('"up":12', '"up":%d' % second)
    made.memory.forget()
    assert len(made(device)) == 2


def test_what_is_not_known_is_absent():
    """No clock, no supply, no signal; a list of which a format knows nothing gives no message."""
    assert messages("amsjson", "kaifa/list1", Bare()) == [
        ("b", '{"id":"24:0A:C4:00:00:01","name":"unit","up":12,"temp":-127.00,"data":{"P":1234}}', False),
        ("b", '{"id":"24:0A:C4:00:00:01","name":"unit","up":12,"temp":-127.00}', False),
    ]
    same(
        messages("raw_full", THREE_PHASE, Bare())[-4:],
        ["b/meter/l3/voltage 230.50", "* b/id 24:0A:C4:00:00:01", "b/uptime 12", "b/mem 9000"],
    )
    meter = Meter()
    meter.says(registers.TARIFF, 1)
    for name in "amsjson amsmulti amsflat domoticz framehex".split():
        made = Format(name, meter)
        if hasattr(made.memory, "due"):
            made.memory.due = 99
        assert made() == [], name


def test_own_words():
    """The words of truth.json in one object."""
    same(
        messages("own", ONE_PHASE),
        [
            'b/reading {"timestamp":"2024-07-15T14:00:00","timestamp_status":0,"meter_manufacturer":"Kaifa",'
            '"meter_id":"1234567890123456","meter_model":"MA105H2E","list_id":"KFM_001",'
            '"active_power_import_w":2345,"active_power_export_w":0,"reactive_import_var":0,'
            '"reactive_export_var":312,"current_l1_a":3.72,"voltage_l1_v":231.1,'
            '"energy_import_kwh":12345.678,"energy_export_kwh":5,"reactive_energy_import_kvarh":2.5,'
            '"reactive_energy_export_kvarh":456.789}'
        ],
    )


def test_own_words_of_every_frame():
    """Each key of the truth is in the object, with its value."""
    for name in (ONE_PHASE, THREE_PHASE, GAS, P1_EXPORT, PHASES):
        ((topic, text, kept),) = messages("own", name)
        assert topic == "b/reading" and not kept
        assert not corpus.wrong(frame(name)[1]["expected"], corpus.json.loads(text)), name


def _hex(data):
    return "".join("%02X" % c for c in data)


def test_frame_in_hex():
    """Octet for octet what came, in one message, also when it is opened or joined where it lies."""
    for name in (ONE_PHASE, THREE_PHASE, GAS, "kamstrup/list1-3p-segmented"):
        meter = Meter()
        made = Format("framehex", meter)
        same(made(), [])
        for _ in range(2):
            data = meter.sends(name)
            if name == GAS:
                data = data[:-2]  # the line end behind the checksum belongs to nothing
            text = _hex(data)
            if name == "kamstrup/list1-3p-segmented":
                # Each frame has its own flags: one that two of them share is told twice.
                text = text.replace("857EA8", "857E7EA8").replace("E37EA0", "E37E7EA0")
            same(made(), ["b/data " + text])
    data, row = frame("kamstrup/list1-3p-encrypted")
    meter = Meter(corpus.octets_of(row["key"]["ek"]))
    made = Format("framehex", meter)
    meter.sends("kamstrup/list1-3p-encrypted")
    same(made(), ["b/data " + _hex(data)])
    assert meter.latest.integrity == reading.UNVERIFIED and meter.decoder.framing.arena.find(data[-30:-4]) < 0
    # Noise and cuts change nothing.
    for cut in (1, 7):
        meter = Meter()
        made = Format("framehex", meter)
        data = frame(ONE_PHASE)[0]
        corpus.run(meter.decoder, b"\x7e\x00\x55" + data, cut)
        same(made(), ["b/data " + _hex(data)])
    # A meter that must be asked has no frames.
    assert formats.start("framehex", IDX, object())[1] is None


def test_frames_without_a_reading():
    """They do not outgrow the buffer, and the newest is there."""
    other = frame("kamstrup/list1-3p-encrypted")[0]  # without its key: a good frame, but no reading
    good = frame("kaifa/list1")[0]
    meter = Meter()
    meter.decoder = Decoder(len(other) + len(good))
    made = Format("framehex", meter)
    for _ in range(3):
        assert corpus.run(meter.decoder, other)[0] == []
        same(made(), ["b/data " + _hex(other)])
    corpus.run(meter.decoder, good)
    same(made(), ["b/data " + _hex(other + good)])
    corpus.run(meter.decoder, good)
    same(made(), ["b/data " + _hex(good)])


def test_two_formats_at_once():
    """Any two give what each gives alone, and no topic of one is a topic of the other."""
    alone = {}
    topics = {}
    for name in ALL:
        alone[name] = messages(name, GAS)
        topics[name] = {topic for topic, _, _ in alone[name]}
    shared = []
    for i, one in enumerate(ALL):
        for other in ALL[i + 1 :]:
            meter = Meter()
            made = [Format(one, meter), Format(other, meter)]
            meter.sends(GAS)
            assert made[0]() == alone[one] and made[1]() == alone[other], (one, other)
            if topics[one] & topics[other]:
                shared.append((one, other))
    assert shared == [("amsjson", "amsflat"), ("raw_minimal", "raw_full")], shared


def test_long_values():
    """More than 32 bits, a text of 64 octets, letters beyond ASCII; one octet too few is told."""
    meter = Meter()
    meter.says(registers.E_IMPORT, 987654321012345)
    meter.latest.set_text(reading.METER_ID, b'"' * 64, 0, 64)
    device = Unit()
    device.name = "m\u00e5ler".encode()
    told = Format("amsjson", meter)(device)
    assert '"name":"m\u00e5ler"' in told[0][1] and '"tPI":987654321012.345' in told[0][1]
    assert '"meterId":"' + '\\"' * 64 + '"' in told[0][1]
    raw = Format("raw_minimal", meter)()
    assert ("b/meter/import/active/accumulated", "987654321012.345", True) in raw
    assert Format("domoticz", meter)() == []
    meter.says(registers.P_IMPORT, 1)
    assert '"svalue":"1;987654321012345"' in Format("domoticz", meter)()[0][1]


def test_overflow_is_told():
    """w.full of a message that does not fit, for each format; one that fits to the octet is whole."""
    for name in ALL:
        meter = Meter()
        meter.sends(GAS)
        longest = max(len(text) for _, text, _ in messages(name, GAS))
        for size, full in ((longest, False), (longest - 1, True)):
            made = Format(name, meter, size)
            meter.sends(GAS)
            made()
            assert bool(made.full) is full, (name, size)


def test_names():
    """Names for the settings, numbers of the ancestor, and nothing else is taken."""
    # Home Assistant's says more than what a reading makes it say: test_homeassistant.py.
    assert [name for name in formats.names() if name != "homeassistant"] == ALL
    assert formats.names().count("homeassistant") == 1
    for number, name in (
        (0, "amsjson"),
        (1, "raw_minimal"),
        (2, "raw_full"),
        (3, "domoticz"),
        (4, "homeassistant"),
        (5, "amsmulti"),
        (6, "amsflat"),
        (255, "framehex"),
        (7, None),
    ):
        assert formats.by_number(number) == name
    for name in ALL:
        assert name.startswith(formats.load(name).__name__.split(".")[-1])
    for name in ("", "writer", "amsjson|"):
        try:
            formats.load(name)
        except ValueError:
            continue
        raise AssertionError(name)


def test_little_is_allocated():
    """A message takes less than 1 kB of heap, for a moment, whatever its format; nothing of any stays."""
    if not hasattr(gc, "mem_alloc"):
        return
    for name in ALL:
        meter = Meter()
        made = Format(name, meter)
        meter.sends(PHASES)
        made()
        if hasattr(made.memory, "forget"):
            made.memory.forget()
        device = Unit()
        k = 0
        gc.collect()
        begun = gc.mem_alloc()
        while True:
            made.w.clear()
            gc.collect()
            before = gc.mem_alloc()
            suffix = made.module.message(k, made.w, meter.latest, meter.state, device, made.memory)
            taken = gc.mem_alloc() - before
            if suffix is None:
                break
            assert taken <= 1024, (name, k, taken)
            k += 1
        suffix = None
        gc.collect()
        assert gc.mem_alloc() - begun <= 512, name
