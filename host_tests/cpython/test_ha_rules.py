"""Every discovery message for every frame that we have obeys Home Assistant's rules: no violation.

Two judges (host_tests/oracles): the table of ha_judge.py, typed from what Home Assistant documents, and the
constants of its own package, which ha_constants.py reads.
"""

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracles"))

import corpus  # noqa: E402
import ha_constants  # noqa: E402
import ha_judge  # noqa: E402
from ha_house import House  # noqa: E402

from hanport import Decoder, reading, registers  # noqa: E402
from hanport.derive import derive  # noqa: E402
from hanport.doctor import Findings  # noqa: E402
from payload import haentities, homeassistant  # noqa: E402


def has(template, state):
    """True when the state message has what a value template asks for."""
    return re.fullmatch(r"\{\{value_json\.(\w+)(\|d(\(None\))?)?\}\}", template).group(1) in state


def readings():
    """(name, decoder) of every frame, our own and the captured ones where they are; each with a reading."""
    for name, octets, row in corpus.own():
        yield name, octets, row
    for row in corpus.shared() or ():
        path = f"{corpus.SHARED}/{row['file']}" if "file" in row else None
        if path and corpus.exists(path):
            yield row["file"], corpus.octets(path), row


def decoded(octets, row):
    """Decoder that stopped at the first reading of these octets; None when there is none."""
    keys = [corpus.octets_of(row["key"][k]) if (row.get("key") or {}).get(k) else None for k in ("ek", "ak")]
    decoder = Decoder(4096, *keys)
    i = 0
    for piece in (octets, b""):
        i = 0
        while True:
            i = decoder.feed(piece, i, len(piece))
            if decoder.ready:
                derive(decoder.reading)
                return decoder
            if not decoder.fault and i >= len(piece):
                break
        decoder.silence()
    decoder.dump(octets)
    return decoder if decoder.ready else None


def lives_with(decoder, size, host=None):
    """A house whose meter has sent this reading for a while."""
    house = House(size, host)
    house.device.findings = Findings()
    house.device.version = b"1.2.3"
    house.device.faults = house.device.free
    house.meter.latest = decoder.reading
    for _ in range(80):
        house.device.seconds += 10
        house.meter.state.merge(decoder.reading, house.device.seconds)
        house.round(decoder.reading)
    return house


@pytest.fixture(scope="module")
def constants():
    """Home Assistant's own."""
    return ha_constants.load()


@pytest.mark.parametrize("size", [2048, 4096], ids=["one by one", "as a whole"])
def test_every_frame(size, constants):
    """No violation; each entity's value is in the message that its template reads; L2 only where it is."""
    count = frames = 0
    for name, octets, row in readings():
        decoder = decoded(octets, row)
        if decoder is None:
            continue
        house = lives_with(decoder, size)
        found, entities = ha_judge.judge(house.broker, constants)
        assert not found, (name, found)
        states = {topic: json.loads(text) for topic, text in house.sent if topic.startswith("b/")}
        for told in entities:
            if told["stat_t"] != "b/state" or told["uniq_id"].endswith("_rssi"):
                assert has(told["val_tpl"], states[told["stat_t"]]), (name, told)
        have = decoder.reading.have
        if not any(have[r] and decoder.reading.value(r) for r in (registers.U_L2, registers.U_L3)):
            phases = [t["uniq_id"] for t in entities if t["uniq_id"].endswith(("_U2", "_U3"))]
            assert not phases, (name, phases)
        wanted = sum(
            haentities.present(n, house.meter.state, house.device, house.device.seconds)
            for n in range(haentities.COUNT)
        )
        assert len(entities) == wanted, name
        count += len(entities)
        frames += 1
    assert frames >= 60 and count > 1500, (frames, count)
    print(f"{frames} frames, {count} entities, 0 violations")


def everything():
    """A decoder whose reading has every register and every kind of meter behind it."""
    decoder = Decoder(256)
    r = decoder.reading
    for n in range(registers.COUNT):
        r.put(n, 5, 0, reading.SENT)
    for k, (medium, unit) in enumerate(((3, 13), (7, 13), (4, 25), (2, 30))):
        row = reading.METERS + 16 * k
        r.facts[row + reading.MEDIUM], r.facts[row + reading.UNIT] = medium, unit
        r.keep(reading.BEHIND + k, 1234)
        r.have[reading.BEHIND + k] = reading.SENT
    r.utc = 1721041200
    r.facts[reading.FORM] = reading.COSEM
    return decoder


@pytest.mark.parametrize("host", [None, b"ams-1a2b"])
@pytest.mark.parametrize("size", [2048, 4096])
def test_everything(size, host, constants):
    """Every register at once, the ancestor's ids too."""
    house = lives_with(everything(), size, host)
    found, entities = ha_judge.judge(house.broker, constants)
    assert not found
    assert len(entities) == 88 + 4 + 1 + 4 + 1 + 4 + 1 + 1
    kinds = {told.get("dev_cla") for told in entities}
    assert kinds >= {"gas", "water", "energy", "reactive_energy", "enum", "timestamp", "firmware"}


BAD = [
    ({"unit_of_meas": "Wh"}, "energy in Wh"),
    ({"stat_cla": "measurement"}, "energy with state class measurement"),
    ({"sug_dsp_prc": 0}, "decimals"),
    ({"dev_cla": "power"}, "power in kWh"),
    ({"dev_cla": "energie"}, "device class energie"),
    ({"exp_aft": 0}, "expire_after"),
    ({"exp_aft": None}, "expire_after"),
    ({"uniq_id": None}, "uniq_id is missing"),
    ({"def_ent_id": "energy import"}, "default_entity_id"),
    ({"def_ent_id": "sensor.Energy"}, "default_entity_id"),
    ({"object_id": "x"}, "object_id"),
    ({"ops": ["a"]}, "options"),
    ({"expire": 5}, "is no abbreviation"),
    ({"l_ver_t": "b/state"}, "latest_version_topic is no option"),
    ({"name": "Hanport energy"}, "the name"),
    ({"dev": {"ids": ""}}, "dev without"),
    ({"o": {}}, "o without"),
    ({"avty_t": None}, "availability"),
]


@pytest.mark.parametrize(("change", "words"), BAD)
def test_rules_can_fail(change, words, constants):
    """Each slip is told."""
    house = House()
    house.hears("kaifa/list3-1p", 10, 12)
    topic = "homeassistant/sensor/hanport_240ac4000001_tPI/config"
    told = json.loads(house.broker[topic])
    for key, value in change.items():
        told[key] = value if value is not None else ""
    found, _ = ha_judge.judge({topic: json.dumps(told)}, constants)
    assert any(words in complaint for complaint in found), found


def test_twins_are_told(constants):
    """A unique id that comes twice."""
    house = House()
    house.hears("kaifa/list3-1p", 10, 12)
    broker = dict(house.broker)
    one = "homeassistant/sensor/hanport_240ac4000001_tPI/config"
    broker[one.replace("tPI", "other")] = broker[one]
    assert any("comes twice" in complaint for complaint in ha_judge.judge(broker, constants)[0])


def test_dashboard(constants):
    """What the energy dashboard asks for: energy in kWh that only rises, and power in W."""
    house = House()
    house.hears("kaifa/list3-1p", 10, 12)
    for key, wanted in (
        ("tPI", ("energy", "total_increasing", "kWh")),
        ("tPO", ("energy", "total_increasing", "kWh")),
        ("P", ("power", "measurement", "W")),
    ):
        told = json.loads(house.broker[f"homeassistant/sensor/hanport_240ac4000001_{key}/config"])
        assert (told["dev_cla"], told["stat_cla"], told["unit_of_meas"]) == wanted
        assert wanted[2] in constants.units[wanted[0]] and wanted[1] in constants.state_classes[wanted[0]]
    assert homeassistant.retain(1) and not homeassistant.retain(0) and homeassistant.retain(3)
