"""Home Assistant: states, and what is announced; typed by hand.

Rules that every discovery message must obey are in host_tests/cpython/test_ha_rules.py.
"""

import json

from formats_meter import GAS, ONE_PHASE, PHASES, THREE_PHASE, Bare
from ha_house import FIVE, GROUP, SINGLE, House, keys

from hanport import registers
from hanport.doctor import Findings
from payload import haentities, homeassistant


def test_states():
    """Values of a telegram; counters with a clock; nothing that was not sent."""
    house = House()
    assert house.hears(ONE_PHASE) == [
        ("b/power", '{"P":2345,"PO":0,"Q":0,"QO":312,"I1":3.72,"U1":231.1}'),
        (
            "b/energy",
            '{"tPI":12345.678,"tPO":5.000,"tQI":2.500,"tQO":456.789,"rtc":"2024-07-15T12:00:00Z"}',
        ),
        ("b/state", '{"rssi":-58,"vcc":3.300,"up":22,"mem":9000}'),
    ]
    house = House(device=Bare())
    house.device.up = lambda: 5
    house.meter.says(registers.P_IMPORT, 7)
    assert house.round(house.meter.latest) == [("b/power", '{"P":7}'), ("b/state", '{"up":5,"mem":9000}')]
    house = House()
    assert house.hears(PHASES)[0][1] == (
        '{"P":2345,"PO":0,"Q":0,"QO":312,"I1":5.21,"I2":4,"I3":1.3,"U1":231,"U2":230,"U3":229,"P1":1190,"P2":860,'
        '"P3":295,"PO1":0,"PO2":0,"PO3":0,"PF":97,"PF1":98,"PF2":96,"PF3":91}'
    )
    house = House()
    assert (
        '"m1":456.789,"m2":12.345,"m3":78.900,"m4":321.500,"rtc":"2024-07-15T11:05:10Z"}'
        in (house.hears(FIVE)[1][1])
    )


def test_messages_are_few():
    """Values with each telegram, counters each 10 s, the device each minute; nothing without news."""
    house = House()
    topics = [topic for topic, _ in house.hears(GAS, 1, 60) if topic.startswith("b/")]
    assert [topics.count("b" + t) for t in ("/power", "/energy", "/state")] == [60, 6, 1]
    assert [t for t, _ in house.idles(1, 60) if t.startswith("b/")] == ["b/state"]
    # Counters of a new connection come without being asked for, and of the newest state.
    house.memory.forget()
    assert [t for t, _ in house.idles() if t.startswith("b/")] == ["b/energy", "b/state"]
    # A list without counters never makes a message of them.
    house = House()
    assert "b/energy" not in [t for t, _ in house.hears(THREE_PHASE, 10, 5)]


def test_discovery_of_one():
    """The whole message of a counter and of a phase, octet for octet."""
    house = House()
    device = house.device
    device.version = b"1.2.3"
    house.hears(ONE_PHASE, 10, 6)
    assert house.broker[SINGLE % "tPI"] == (
        '{"name":"Energy import","uniq_id":"hanport_240ac4000001_tPI",'
        '"def_ent_id":"sensor.hanport_000001_energy_import","stat_t":"b/energy",'
        '"val_tpl":"{{value_json.tPI|d}}","dev_cla":"energy","stat_cla":"total_increasing",'
        '"unit_of_meas":"kWh","sug_dsp_prc":3,"exp_aft":60,"avty_t":"b/status",'
        '"dev":{"ids":"hanport_240ac4000001_meter","name":"unit meter","mf":"Kaifa","mdl":"MA105H2E",'
        '"sn":"1234567890123456","via_device":"hanport_240ac4000001"},"o":{"name":"Hanport","sw":"1.2.3"}}'
    )
    assert house.broker[SINGLE % "rssi"] == (
        '{"name":"Signal strength","uniq_id":"hanport_240ac4000001_rssi",'
        '"def_ent_id":"sensor.hanport_000001_signal_strength","stat_t":"b/state",'
        '"val_tpl":"{{value_json.rssi|d}}","dev_cla":"signal_strength","stat_cla":"measurement",'
        '"unit_of_meas":"dBm","sug_dsp_prc":0,"ent_cat":"diagnostic","exp_aft":200,"avty_t":"b/status",'
        '"dev":{"ids":"hanport_240ac4000001","name":"unit","mf":"Hanport","sw":"1.2.3"},'
        '"o":{"name":"Hanport","sw":"1.2.3"}}'
    )
    assert house.broker["homeassistant/update/hanport_240ac4000001_fw/config"] == (
        '{"name":"Firmware","uniq_id":"hanport_240ac4000001_fw","def_ent_id":"update.hanport_000001_firmware",'
        '"stat_t":"b/state","val_tpl":"{{value_json.fw}}","dev_cla":"firmware","ent_cat":"diagnostic",'
        '"l_ver_t":"b/state","l_ver_tpl":"{{value_json.newest|d(value_json.fw)}}","avty_t":"b/status",'
        '"dev":{"ids":"hanport_240ac4000001","name":"unit","mf":"Hanport","sw":"1.2.3"},'
        '"o":{"name":"Hanport","sw":"1.2.3"}}'
    )


def test_what_is_announced():
    """Only what was seen, four messages at a time, once; one phase has no L2."""
    house = House()
    told = [keys(house.hears(ONE_PHASE)) for _ in range(9)]
    assert told[:5] == [
        [],
        [],
        ["P", "PO", "Q", "QO"],
        ["I1", "U1", "tPI", "tPO"],
        ["tQI", "tQO", "rtc", "rssi"],
    ]
    assert told[5:] == [["vcc", "up", "mem"], [], [], []]
    # Zeros of phases that a meter does not have.
    for register in range(registers.U_L2, registers.U_L3 + 1):
        house.meter.says(register, 0)
        house.meter.says(register - 3, 0)
    assert keys(house.hears(ONE_PHASE, 10, 3)) == []
    house.meter.says(registers.U_L2, 230, 0)
    assert keys(house.idles(11)) == ["I2", "U2"]
    house = House()
    assert len(keys(house.hears(PHASES, 10, 20))) == 20 + 10 + 1 + 4


def test_device_as_a_whole():
    """With a larger buffer: few messages, each with dev, o and all that is of one device."""
    house = House(4096)
    house.hears(ONE_PHASE, 10, 20)
    assert sorted(house.broker) == ["b/energy"] + sorted(GROUP % c for c in (0, 4, 11, 12))
    told = json.loads(house.broker[GROUP % 4])
    assert sorted(told) == ["avty_t", "cmps", "dev", "o"]
    assert told["dev"]["via_device"] == "hanport_240ac4000001" and told["o"] == {"name": "Hanport"}
    assert sorted(told["cmps"]) == ["tPI", "tPO", "tQI", "tQO"]
    one = told["cmps"]["tPI"]
    assert one["p"] == "sensor" and one["uniq_id"] == "hanport_240ac4000001_tPI" and "dev" not in one
    assert sorted(json.loads(house.broker[GROUP % 12])["cmps"]) == ["mem", "rssi", "up", "vcc"]
    # A smaller buffer before: what it announced one by one is emptied first.
    broker = {}
    House(2048, broker=broker).hears(ONE_PHASE, 10, 20)
    assert SINGLE % "P" in broker
    House(4096, broker=broker).hears(ONE_PHASE, 10, 20)
    assert broker == house.broker


def test_long_names_fit():
    """The longest of all that the settings take fits a device's message, and one entity's the small one."""
    for size in (2048, 4096):
        house = House(size)
        house.memory = homeassistant.Memory(b"t" * 100)
        house.device.name = b"n" * 32
        house.device.version = b"10.10.10-rc10"
        house.device.url = lambda: b"http://192.168.100.100:65535"
        state = house.meter.state
        house.meter.sends(FIVE)
        for n in range(registers.COUNT):
            state.keep(n, 1)
            state.have[n] = 1
            state.at[n] = 500
        for slot in range(3):
            state.set_text(slot, b"m" * 40, 0, 40)
        house.memory.born = 0
        house.device.seconds = 200
        house.device.findings = Findings()
        house.idles(3, 60)
        told = [topic for topic in house.broker if topic.startswith("homeassistant")]
        assert len(told) == (14 if size == 4096 else 93 + 8 + 2), (size, len(told))


def test_verdict():
    """The lamps and the sentence; at once when the verdict changes."""
    house = House()
    house.device.findings = findings = Findings()
    house.device.totals = findings
    findings.held_back = lambda: 2
    house.device.faults = lambda: 7
    assert json.loads(house.idles(1)[0][1])["verdict"] == "waiting"
    assert house.idles(1) == []
    findings.octets_came(10, 14)
    findings.last_reading = findings.last_frame = 14
    told = json.loads(house.idles(1)[0][1])
    assert told == {
        "rssi": -58,
        "vcc": 3.3,
        "up": 15,
        "mem": 9000,
        "verdict": "good",
        "line": "good",
        "framing": "good",
        "decryption": "good",
        "list": "good",
        "faults": 7,
        "held": 2,
        "finding": "Readings come.",
    }
    house.hears(ONE_PHASE, 1, 12)
    told = json.loads(house.broker[SINGLE % "verdict"])
    assert told["ops"] == ["good", "waiting", "line", "framing", "decryption", "list"]
    assert told["json_attr_tpl"] == "{{ {'finding':value_json.finding}|tojson }}"
    assert json.loads(house.broker[SINGLE % "line"])["ops"] == ["off", "good", "bad"]
    for lamps, word in (
        (("off", "off", "off", "off"), "waiting"),
        (("bad", "off", "off", "off"), "line"),
        (("good", "bad", "off", "off"), "framing"),
        (("good", "good", "bad", "off"), "decryption"),
        (("good", "good", "good", "bad"), "list"),
        (("good", "good", "good", "good"), "good"),
    ):
        assert haentities.verdict(lamps) == word


def test_keys_are_unique():
    """Whatever the case: default entity ids have none."""
    names = [haentities.key(n).decode().lower() for n in range(haentities.COUNT) if haentities.exists(n)]
    assert len(set(names)) == len(names) == 105
    assert haentities.key(registers.E_IMPORT) == b"tPI" and haentities.key(registers.TARIFF) == b"tariff"
    assert haentities.key(registers.COUNT - 1) == b"swell3" and haentities.key(haentities.FIRMWARE) == b"fw"
    for n in range(registers.COUNT):
        assert (registers.unit(n) in (30, 32)) == (36 <= n <= 70), n
