"""The ancestor's /sysinfo.json: what the device, its network and its meter are, in the ancestor's names.

What we do not know, and what speaks of its cloud, its upgrades and its page, is left out; no secret is in it.
"""

from hanport import reading
from payload import ancestor

# The ancestor's numbers of boards, by our names of them.
_BOARDS = (
    b" pow_k 5 pow_k_gpio12 5 pow_k_uart0 3 pow_u 7 pow_u_gpio12 7 pow_u_uart0 4 pow_p1 6 wemos_s2_mini 51 "
    b"generic_esp32s2 50 uhan_mosquito 8 c3_devkitm_1 71 generic_esp32c3 70 generic_esp32s3 80 "
    b"lilygo_t_eth_poe 241 m5_poesp32 242 wt32_eth01 243 wesp32 245 lolin_d32 201 feather_huzzah32 202 "
    b"devkitc 203 generic_esp32 200 han_reader_2 2 kamstrup_module 1 wemos_d1_mini 101 generic_esp8266 100 "
)


def _number(table, name):
    """The number behind a name of a table, None when it is not in it."""
    at = table.find(name + b" ")
    return None if at < 0 else int(table[at + len(name) :].split(None, 1)[0])


def _flag(w, name, value):
    w.key(name)
    w.raw(b"true" if value else b"false")


def write(w, r, device, about):
    """Append /sysinfo.json. r: the merged state; device: ident, version.

    about: a dict of octets chip, board, host; net: (address, mask, gateway, name server) as text or None;
    flags wired, settled (somebody has set it up), locked (its page has a password); offset: hours of its zone
    ahead of UTC or None; features: words of what it can do besides.
    """
    w.open()
    w.text(b"version", device.version)
    w.text(b"chip", about["chip"])
    w.text(b"mac", device.ident)
    w.pair(b"board", _number(_BOARDS, b" " + about["board"]))
    _flag(w, b"vndcfg", True)
    _flag(w, b"usrcfg", about["settled"])
    w.text(b"hostname", about["host"])
    _flag(w, b"booting", False)
    _flag(w, b"upgrading", False)
    if about["net"]:
        w.key(b"net")
        w.open()
        for name, value in zip((b"ip", b"mask", b"gw", b"dns1"), about["net"]):
            w.text(name, value.encode())
        w.close()
    w.key(b"if")
    w.open()
    _flag(w, b"eth", about["wired"])
    w.close()
    maker, model, ident = r.text(reading.MAKER), r.text(reading.MODEL), r.text(reading.METER_ID)
    if maker or model or ident:
        w.key(b"meter")
        w.open()
        if maker:
            number = _number(ancestor._TYPES, maker)
            w.pair(b"mfg", 255 if number is None else number)
        w.text(b"model", model)
        w.text(b"id", ident)
        w.close()
    w.pair(b"security", 2 if about["locked"] else 0)
    w.pair(b"clock_offset", about["offset"])
    w.key(b"features")
    w.open(b"[")
    for word in about["features"]:
        w.item()
        w.string(word)
    w.close(b"]")
    w.close()
