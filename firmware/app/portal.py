"""Set-up mode: the device's own WiFi, which networks are in reach, and the test of a password.

Imported when asked for and dropped afterwards; what its page asks for is answered by web/setup.py. Nothing is
lost by being here: the meter is read, and the settings change only when the page saves them.
"""

import asyncio

import network

import label
from app import captive, port, wifi
from app.web.setup import SetUp

# What .state may be on top of the station's own words.
IDLE = "idle"
TRYING = "trying"
WORKS = "works"

_STALE_S = 20  # a list of networks older than this is made anew
_MOST = 24  # networks told
_AWAY_S = 180  # without a request for so long nobody is there any more
_OPEN_S = 300  # open for someone to come, when it opened by itself
_ASKED_S = 900  # when the button asked
_RETRY_S = 60
_SOON_S = 6  # while nobody has joined the set-up network, whom the search on other channels could disturb
_LEAVE_S = 300  # after saving: the page may show the first reading meanwhile


# Why it is open, by the numbers of app.net.
_WHY = (
    "This device is new: it knows no network yet.\n"
    "Set-up was asked for by the button.\n"
    "The network could not be reached for some time."
)


class Portal:
    """One set-up mode; run() lasts until it is over."""

    def __init__(self, house, path, why):
        self.house = house
        self.reason = why  # one of app.net's numbers
        self.why = _WHY.split("\n")[why]
        self.path = path  # the way to the network that is in use, WiFi or not
        self.wifi = path if path.kind == "WiFi" else wifi.Wifi(house)
        self.address = "192.168.4.1"
        self.heard = []  # (ssid, rssi, is open), strongest first
        self.tried = ("", "")  # ssid and password of the last attempt
        self.guest = None  # function of a request: its answers go before the page's
        self.state = IDLE
        self.name = house.settings["name"]
        self.seen = None  # uptime of the newest request of a person
        self.saved_at = None
        self._ap = network.WLAN(network.AP_IF)
        self._heard_at = 0
        self._scan = None  # tasks
        self._job = None
        self._over = False

    def end(self):
        """Leave set-up mode soon."""
        self._over = True

    def home(self):
        """Address of the page within the set-up network."""
        number = self.house.settings["http_port"]
        return "http://%s%s/" % (self.address, "" if number == 80 else ":%d" % number)

    def busy(self):
        """True while a password is being tried."""
        return self._job is not None and not self._job.done()

    def online(self):
        """True when there is a way to the network besides the set-up network."""
        return self.path.ip is not None or self.wifi.ip is not None

    async def run(self, retry, forever):
        """Be there until it is over. retry: try the set network meanwhile; forever: there is no other way."""
        house = self.house
        self.wifi.switch_on()
        self._listen()
        self._raise()
        names = asyncio.create_task(captive.serve(self.address, house.log))
        await asyncio.sleep_ms(0)  # names are answered before the page is found
        self.guest = SetUp(self).handle
        opened = tried = port.up()
        try:
            while not self._ended(opened, retry, forever):
                await asyncio.sleep_ms(500)
                if self.busy():
                    continue
                self.wifi.check_link()
                s = house.settings
                if (
                    retry
                    and s["wifi_ssid"]  # none where a cable has failed
                    and not self.online()
                    and not self._visited(_RETRY_S)
                    and port.up() - tried >= self._gap()
                ):
                    await self.wifi.try_join(s["wifi_ssid"], s["wifi_password"], False)
                    tried = port.up()
            await asyncio.sleep(1)  # for the last answer to go out
        finally:
            self.guest = None
            for task in (names, self._scan, self._job):
                if task:
                    task.cancel()
            self._ap.active(False)
            house.log("set-up mode is over")

    def _raise(self):
        """The access point: WPA2, with a password of its own."""
        mac = self.wifi.wlan.config("mac")
        ssid = label.network(mac)
        key = self.house.settings["ap_password"] or label.password(mac)
        values = {"ssid": ssid, "security": network.AUTH_WPA2_PSK, "key": key}
        try:
            # Before it is on, so that it is never open; the ESP8266 takes it only when it is on.
            self._ap.config(**values)
        except (OSError, ValueError, RuntimeError):
            pass
        self._ap.active(True)
        self._ap.config(**values)
        self.address = self._ap.ifconfig()[0]
        self.house.log("set-up mode: WiFi %s" % ssid)
        # On the console only: whoever has the device in hand may know.
        print("Set-up: join the WiFi %s, password %s, then open %s" % (ssid, key, self.home()))

    def _visited(self, seconds):
        return self.seen is not None and port.up() - self.seen < seconds

    def _gap(self):
        """Seconds between two attempts at the set network."""
        soon = self.wifi.state != wifi.WRONG_PASSWORD and not self._ap.isconnected()
        return _SOON_S if soon else _RETRY_S

    def _ended(self, opened, retry, forever):
        up = port.up()
        if self._over:
            return True
        if self.saved_at is not None and self.online():
            return up - self.saved_at > _LEAVE_S
        if forever or self._visited(_AWAY_S):
            return False
        if retry:
            return self.online() or up - opened > _OPEN_S
        return up - opened > _ASKED_S

    def _listen(self):
        """Ask the radio; each name comes once, with its strongest signal."""
        best = {}
        for octets, _, rssi, free in self.wifi.hear():
            try:
                ssid = octets.decode()
            except UnicodeError:
                continue  # no page could send it back
            if ssid.strip("\0") and (ssid not in best or best[ssid][0] < rssi):
                best[ssid] = (rssi, free)
        found = sorted([(-best[ssid][0], ssid) for ssid in best])[:_MOST]
        self.heard = [(ssid, -weak, best[ssid][1]) for weak, ssid in found]
        self._heard_at = port.up()

    async def _listen_soon(self):
        await asyncio.sleep_ms(300)  # first the answer that is under way
        self._listen()

    def listening(self):
        """(age of the list in seconds, is a new one being made); has one made when it is old."""
        age = port.up() - self._heard_at
        going = self._scan is not None and not self._scan.done()
        if not going and age > _STALE_S and not self.busy():
            self._scan = asyncio.create_task(self._listen_soon())
            going = True
        return age, going

    def attempt(self, ssid, password):
        """Try this network, in the background, while the set-up network stays."""
        self.tried = (ssid, password)
        self.state = TRYING
        self._job = asyncio.create_task(self._join(ssid, password))

    async def _join(self, ssid, password):
        await asyncio.sleep_ms(300)  # the answer first: the radio may have to change its channel
        # Before connecting: routers show this name.
        network.hostname(self.house.settings["hostname"] or label.host(self.name))
        state = await self.wifi.try_join(ssid, password, False)
        self.state = WORKS if state == wifi.CONNECTED else state
