"""WiFi as a station: its states in words, the strongest access point, back-off; nothing here waits for long.

What blocks is the driver's own scan, 2 to 3 s: it is asked for only before the first attempt, after a loss
and at every twentieth failure. The meter port's buffer is filled by interrupt meanwhile.
"""

import asyncio

import board_config as config
import network
from micropython import const

import label
from app import port

# What .state may be: words for people.
NO_NETWORK = "no network is set"
CONNECTING = "connecting"
CONNECTED = "connected"
WRONG_PASSWORD = "wrong password"
NOT_FOUND = "network not found"
NO_ADDRESS = "no address (DHCP)"
NO_ANSWER = "no answer"
LOST = "lost"
RESTING = "off until the supply has recovered"

JOIN_MS = 20000  # with the address: a slow DHCP server takes ten
_LOOK_MS = const(250)
RECOVER_S = 15  # the ESP32's driver comes back by itself after a short gap
_SLOWEST_S = const(60)  # when the password is wrong or the supply weak
_SOON_S = const(5)  # else the slowest: an access point that is back is found soon
_SCAN_EVERY = const(20)
_RESTART_EVERY = const(40)  # failures after which the radio is switched off and on

# A number of the ESP32 that has no name in `network`: the four-way handshake that a wrong password ends with.
# The ESP8266 has no status of this number.
_FOUR_WAY = const(15)

# What the supply allows the radio, as supply.py has it; that module is not there on boards without a supply.
_AWAKE = const(0)
_OFF = const(2)


def _stats(names):
    """The statuses of these names that this chip knows."""
    return [getattr(network, "STAT_" + n) for n in names.split() if hasattr(network, "STAT_" + n)]


class Wifi:
    """A way to the network: state, ip (None without), since (uptime), attempts, connects; the station.

    run() keeps the settings' network up; try_join() is one attempt, also the portal's. app.ether.Ether is the
    other way: it has a cable in the station's place.
    """

    kind = "WiFi"

    def __init__(self, house):
        """house: what has .settings and .log."""
        self._house = house
        self.state = CONNECTING
        self.ip = None
        self.since = self._last = port.up()
        self.attempts = 0
        self.connects = 0
        self.wlan = network.WLAN(network.STA_IF)
        self._eased = _AWAKE
        if config.CHIP != "esp8266":
            self._announced = ""  # the chip takes its mDNS name at the first connection and keeps it

    def enter(self, state, ip=None):
        """Change to a state."""
        self.ip = ip
        if CONNECTED in (state, self.state):
            self._last = port.up()
        if config.CHIP != "esp8266" and state == CONNECTED:
            self._announced = self._announced or network.hostname()
        if state == self.state:
            return
        self.state = state
        self.since = port.up()
        if state == CONNECTED:
            self.connects += 1
            self._house.log("%s: connected, address %s" % (self.kind, ip))
        elif state != CONNECTING:
            self._house.log("%s: %s" % (self.kind, state))

    def down(self):
        """Seconds without the network."""
        return 0 if self.ip else port.up() - self._last

    def host_name(self):
        """Host name on the network."""
        settings = self._house.settings
        return settings["hostname"] or label.host(settings["name"])

    def local(self):
        """The name that other machines find by themselves (mDNS), "" when there is none (on the ESP8266)."""
        return "" if config.CHIP == "esp8266" or not self._announced else self._announced + ".local"

    def fixed(self):
        """(address, mask, gateway, name server) of the settings, or None for DHCP."""
        s = self._house.settings
        address = s["address"]
        if not address:
            return None
        gateway = s["gateway"] or address[: address.rfind(".")] + ".1"
        return address, s["mask"] or "255.255.255.0", gateway, s["dns"] or gateway

    def signal(self):
        """Signal strength in dBm, or None."""
        try:
            value = self.wlan.status("rssi")
        except (ValueError, OSError):
            return None
        # The ESP8266 says 31 when there is no signal to speak of.
        return value if value is not None and value < 0 else None

    def switch_on(self):
        """Switch the station on, with name, country, sleep and power; what a chip lacks is passed over."""
        s = self._house.settings
        network.hostname(self.host_name())
        if s["country"]:
            self._try(network.country, (s["country"],))  # channels 12 and 13 exist in Europe only
        self.wlan.active(True)
        sleep = s["wifi_sleep"] if self._eased == _AWAKE else "powersave"
        pm = getattr(network.WLAN, "PM_" + sleep.upper(), None)
        if pm is not None:
            self._configure("pm", pm)
        if s["wifi_power"]:
            self._configure("txpower", s["wifi_power"])

    def ease(self, level):
        """Follow the supply, by supply.AWAKE, DOZE or OFF: the radio sleeps more, or is off."""
        if level == self._eased:
            return
        was = self._eased
        self._eased = level
        if level == _OFF:
            self._try(self.wlan.active, (False,))
            self._rest()
            return
        self.switch_on()
        if was == _OFF:
            # Seconds without the network count from here.
            self._last = port.up()
            self.enter(CONNECTING)

    def _rest(self):
        self.enter(RESTING)

    def resting(self):
        """True while the supply allows no radio."""
        return self._eased == _OFF

    def _configure(self, name, value):
        try:
            self.wlan.config(**{name: value})
        except (ValueError, OSError, TypeError):
            pass  # not on this chip

    def _try(self, function, values=()):
        try:
            return function(*values)
        except (AttributeError, ValueError, OSError, RuntimeError, TypeError):
            return None

    async def run(self):
        """Keep the network up for ever; returns only when there is none to keep."""
        # The first start of MicroPython leaves an access point on that anyone may join.
        self._try(network.WLAN(network.AP_IF).active, (False,))
        self.switch_on()
        ssid = self._house.settings["wifi_ssid"]
        pause = 1
        failures = 0
        # Either the set-up has connected a moment ago, or whoever starts us has, in a boot.py of his own.
        joined = self.wlan.isconnected() and ssid in ("", self._ssid())
        if not joined and not ssid:
            self.enter(NO_NETWORK)
            return
        while True:
            gone = 0
            # Connected: until the network is gone and does not come back by itself.
            while joined and gone < RECOVER_S and self._eased != _OFF:
                gone = 0 if self.check_link() else gone + 1
                await asyncio.sleep(1)
            while self._eased == _OFF:
                self._rest()  # an attempt that was running may have said otherwise
                pause = 1
                failures = 0
                await asyncio.sleep(1)
            password = self._house.settings["wifi_password"]
            state = await self.try_join(ssid, password, failures % _SCAN_EVERY == 0)
            joined = state == CONNECTED
            if joined:
                pause = 1
                failures = 0
                continue
            failures += 1
            if failures % _RESTART_EVERY == 0:
                self._try(self.wlan.active, (False,))
                await asyncio.sleep_ms(500)
                self.switch_on()
            await asyncio.sleep(pause)
            seldom = state == WRONG_PASSWORD or self._eased != _AWAKE
            pause = min(pause * 2, _SLOWEST_S if seldom else _SOON_S)

    def check_link(self):
        """True while connected; tells a change."""
        if self.wlan.isconnected():
            self.enter(CONNECTED, self.wlan.ifconfig()[0])
            return True
        if self.state == CONNECTED:
            self.enter(LOST)
        return False

    def _ssid(self):
        name = self._try(self.wlan.config, ("ssid",))
        return name.decode() if isinstance(name, bytes) else name or ""

    def hear(self):
        """What the radio hears: list of (ssid as octets, bssid, rssi, is open). Blocks 2 to 3 s."""
        return [(n[0], n[1], n[3], n[4] == 0) for n in self._try(self.wlan.scan) or ()]

    def _strongest(self, ssid):
        """bssid of the strongest of several access points of this name, None when there is no choice."""
        heard = [(rssi, bssid) for name, bssid, rssi, _ in self.hear() if name == ssid.encode()]
        return max(heard)[1] if len(heard) > 1 else None

    async def try_join(self, ssid, password, look):
        """One attempt; returns the state it ended in. look: scan first."""
        wlan = self.wlan
        self.attempts += 1
        self.enter(CONNECTING)
        self._try(wlan.disconnect)
        await asyncio.sleep_ms(200)  # its event must not be taken for the new attempt's
        where = {}
        if look:
            bssid = self._strongest(ssid)
            if bssid:
                where["bssid"] = bssid
            await asyncio.sleep_ms(0)
        fixed = self.fixed()
        if fixed:  # for as long as we run: who changes it restarts the device
            self._try(wlan.ifconfig, (fixed,))
        # Without a limit the ESP32 tries for ever and never says why it fails.
        self._configure("reconnects", 2)
        try:
            wlan.connect(ssid, password or None, **where)
        except (OSError, RuntimeError, ValueError):
            self.enter(NO_ANSWER)
            return NO_ANSWER
        state = await self._outcome()
        if state == CONNECTED:
            self._configure("reconnects", -1)
            self.enter(CONNECTED, wlan.ifconfig()[0])
        else:
            self._try(wlan.disconnect)
            self.enter(state)
        return state

    async def _outcome(self):
        """Wait for what becomes of connect()."""
        wrong = _stats("WRONG_PASSWORD HANDSHAKE_TIMEOUT") + [_FOUR_WAY]
        missing = _stats("NO_AP_FOUND")
        other = _stats("BEACON_TIMEOUT ASSOC_FAIL CONNECT_FAIL")
        for _ in range(JOIN_MS // _LOOK_MS):
            await asyncio.sleep_ms(_LOOK_MS)
            if self.wlan.isconnected():
                return CONNECTED
            status = self.wlan.status()
            if status in wrong:
                return WRONG_PASSWORD
            if status in missing:
                return NOT_FOUND
            if status in other:
                return NO_ANSWER
        # A signal means that the access point has taken us in: what is missing is the address.
        return NO_ANSWER if self.signal() is None else NO_ADDRESS
