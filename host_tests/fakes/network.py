"""Fakes of the chips' `network` for a host: a station that is always connected, at 127.0.0.1.

What the firmware asks of it is kept in `log` as tuples, newest last, at most `LOG_MAX` of them. A test
that wants the link down sets `WLAN.link = False`. With a file of networks (wlan.json in the working folder,
or the one that HANPORT_WLAN names) nothing is connected by itself: see wlan_script.py.
"""

import os

STA_IF = 0
AP_IF = 1

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_BEACON_TIMEOUT = 200
STAT_ASSOC_FAIL = 203
STAT_CONNECT_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204

AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4

MODE_11B = 1
MODE_11G = 2
MODE_11N = 4

PHY_LAN8720 = 0
PHY_IP101 = 1
PHY_RTL8201 = 2
PHY_DP83848 = 3
ETH_STARTED = 1
ETH_STOPPED = 2
ETH_CONNECTED = 3
ETH_DISCONNECTED = 4
ETH_GOT_IP = 5

LOG_MAX = 32
log = []
_name = ["hanport"]
_country = ["XX"]


def note(*what):
    """Append to the log, forgetting the oldest."""
    if len(log) >= LOG_MAX:
        log.pop(0)
    log.append(what)


_DHCP = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")


class WLAN:
    """Fakes one interface; all objects of one interface share their state, as on the chips.

    The station reports itself connected whatever it was told (while `WLAN.link`), or what the script says;
    the access point is only ever on or off and never has a client.
    """

    script = None

    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2
    SEC_OPEN = AUTH_OPEN
    SEC_WPA2 = AUTH_WPA2_PSK

    link = True
    rssi = -58
    neighbours = [
        (b"neighbour", b"\x02\0\0\0\0\x01", 6, -71, 3, 0),
        (b"home", b"\x02\0\0\0\0\x02", 1, -58, 3, 0),
    ]
    _active = [False, False]
    # "reconnects" is absent: a ValueError, as on ESP8266, for which the firmware must be prepared
    _config = [
        {
            "mac": b"\x24\x0a\xc4\x00\x00\x01",
            "ssid": "home",
            "channel": 1,
            "pm": 1,
            "txpower": 20,
            "reconnects": -1,
        },
        {"mac": b"\x24\x0a\xc4\x00\x00\x02", "ssid": "MicroPython-c40001", "channel": 1},
    ]
    _address = [
        _DHCP,
        ("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0"),
    ]

    def __init__(self, interface=STA_IF):
        self.interface = interface

    def active(self, on=None):
        if on is None:
            return WLAN._active[self.interface]
        WLAN._active[self.interface] = bool(on)
        note("active", self.interface, bool(on))
        return bool(on)

    def connect(self, ssid=None, key=None, bssid=None, **_):
        """The key is not kept: a log is no place for it."""
        if ssid is not None:
            WLAN._config[self.interface]["ssid"] = ssid
        note("connect", ssid, bssid)
        if WLAN.script:
            WLAN.script.connect(ssid, key, bssid)

    def disconnect(self):
        note("disconnect")
        if WLAN.script:
            WLAN.script.disconnect()

    def isconnected(self):
        if WLAN.script and self.interface == STA_IF:
            return WLAN.script.status() == STAT_GOT_IP
        return self.interface == STA_IF and WLAN.link

    def status(self, what=None):
        if WLAN.script and self.interface == STA_IF:
            return WLAN.script.rssi() if what == "rssi" else WLAN.script.status()
        if what == "rssi":
            return WLAN.rssi
        if what == "stations":
            return []
        return STAT_GOT_IP if self.isconnected() else STAT_IDLE

    def scan(self):
        return WLAN.script.scan() if WLAN.script else list(WLAN.neighbours)

    def config(self, name=None, **settings):
        if name is None:
            settings.pop("password", None)
            settings.pop("key", None)
            WLAN._config[self.interface].update(settings)
            note("config", self.interface, settings)
            return None
        if name == "essid":
            name = "ssid"
        if name not in WLAN._config[self.interface]:
            raise ValueError("unknown config param")
        return WLAN._config[self.interface][name]

    def ifconfig(self, address=None):
        if address is None:
            if WLAN.script and self.interface == STA_IF and not self.isconnected():
                return ("0.0.0.0",) * 4
            return WLAN._address[self.interface]
        note("ifconfig", self.interface, address)
        if address == "dhcp":
            address = _DHCP
        WLAN._address[self.interface] = tuple(address)
        return None

    def ipconfig(self, name=None, **_):
        address = WLAN._address[self.interface]
        if name == "addr4":
            return address[:2]
        if name == "gw4":
            return address[2]
        return None


def hostname(name=None):
    if name is None:
        return _name[0]
    if len(name) > 32:
        raise ValueError
    _name[0] = name
    return None


def country(code=None):
    if code is None:
        return _country[0]
    _country[0] = code
    return None


def phy_mode(mode=None):
    return MODE_11N if mode is None else None


class LAN:
    """Fakes the Ethernet chip of a board: `LAN.cable` and `LAN.address` are what a test changes."""

    cable = True
    address = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
    absent = False

    def __init__(self, **settings):
        if LAN.absent:
            raise OSError("PHY")
        note("lan", settings.get("phy_type"), settings.get("phy_addr"), settings.get("ref_clk_mode"))

    def active(self, on=None):
        return True

    def isconnected(self):
        return LAN.cable and LAN.address is not None

    def status(self):
        return ETH_GOT_IP if self.isconnected() else ETH_CONNECTED if LAN.cable else ETH_DISCONNECTED

    def ifconfig(self, address=None):
        if address is None:
            return LAN.address
        note("ifconfig", "lan", address)
        LAN.address = tuple(address)
        return None


def _scripted():
    """The script of the file of networks, None when there is no such file."""
    path = os.getenv("HANPORT_WLAN") or "wlan.json"
    try:
        os.stat(path)
    except OSError:
        return None
    from wlan_script import Script

    return Script(path, WLAN)


WLAN.script = _scripted()
