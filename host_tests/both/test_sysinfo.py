"""/sysinfo.json in the ancestor's names (ancestor-features.md 7.2), typed by hand."""

import json

from formats_meter import GAS, ONE_PHASE, Meter, Unit

from payload import ancestor, sysinfo
from payload.writer import Writer


class Device(Unit):
    version = b"1.2.3"


ABOUT = {
    "chip": b"esp32s2",
    "board": b"pow_k",
    "host": b"meter-1",
    "net": ("192.168.1.20", "255.255.255.0", "192.168.1.1", "192.168.1.1"),
    "wired": False,
    "settled": True,
    "locked": True,
    "offset": 2,
    "features": (b"kmp",),
}


def text(name=None, **changed):
    meter = Meter()
    if name:
        meter.sends(name)
    about = ABOUT.copy()
    about.update(changed)
    w = Writer(1024)
    sysinfo.write(w, meter.state, Device(), about)
    assert not w.full
    return bytes(w.octets()).decode()


def test_all():
    assert text(ONE_PHASE) == (
        '{"version":"1.2.3","chip":"esp32s2","mac":"24:0A:C4:00:00:01","board":5,"vndcfg":true,'
        '"usrcfg":true,"hostname":"meter-1","booting":false,"upgrading":false,"net":{"ip":"192.168.1.20",'
        '"mask":"255.255.255.0","gw":"192.168.1.1","dns1":"192.168.1.1"},"if":{"eth":false},'
        '"meter":{"mfg":2,"model":"MA105H2E","id":"1234567890123456"},"security":2,"clock_offset":2,'
        '"features":["kmp"]}'
    )


def test_only_what_is_known():
    """No network, no clock, no meter, a board that the ancestor had no number for."""
    told = text(board=b"host", net=None, offset=None, features=(), settled=False, locked=False, wired=True)
    assert told == (
        '{"version":"1.2.3","chip":"esp32s2","mac":"24:0A:C4:00:00:01","vndcfg":true,"usrcfg":false,'
        '"hostname":"meter-1","booting":false,"upgrading":false,"if":{"eth":true},"security":0,"features":[]}'
    )
    told = json.loads(text(GAS, net=("10.0.0.7",)))
    assert told["net"] == {"ip": "10.0.0.7"} and told["meter"] == {"model": "TEST", "id": "ABC12345"}


def test_numbers_of_boards():
    """ancestor-features.md 8.1, types; a name that begins like another is not mistaken for it."""
    for name, number in (
        (b"pow_k", 5),
        (b"pow_k_gpio12", 5),
        (b"pow_k_uart0", 3),
        (b"pow_u", 7),
        (b"pow_u_uart0", 4),
        (b"pow_p1", 6),
        (b"generic_esp32", 200),
        (b"generic_esp32s2", 50),
        (b"generic_esp32s3", 80),
        (b"generic_esp32c3", 70),
        (b"generic_esp8266", 100),
        (b"wt32_eth01", 243),
        (b"lolin_d32", 201),
        (b"uhan_mosquito", 8),
        (b"kamstrup_module", 1),
        (b"han_reader_2", 2),
        (b"wemos_d1_mini", 101),
    ):
        assert json.loads(text(board=name))["board"] == number, name
    for name in (b"pow", b"k", b"generic"):
        assert "board" not in json.loads(text(board=name)), name


def test_what_is_too_old_is_not_told_by_the_ancestors_readings():
    """A charger steers by /data.json: a power of long ago is none of now; a counter stays."""
    meter = Meter()
    meter.sends(ONE_PHASE)
    device = Unit()
    told = []
    for seconds in (1001, 1002):  # the list came at uptime 1
        device.seconds = seconds
        w = Writer(1024)
        ancestor.write(w, meter.state, device, (1, 1, 1, 1))
        told.append(json.loads(bytes(w.octets()).decode()))
    assert told[0]["i"] == 2345 and told[0]["l1"] == {"u": 231.1, "i": 3.72} and told[0]["re"] == 312
    assert "i" not in told[1] and "w" not in told[1] and "l1" not in told[1] and "re" not in told[1]
    assert told[1]["ic"] == 12345.678 and told[1]["rec"] == 456.789
