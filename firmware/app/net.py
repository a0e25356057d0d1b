"""Which way to the network: cable, WiFi or set-up mode; the one file that knows when to change."""

import gc

import board_config as config

from app import port
from app.going import PORTAL, WAY
from app.wifi import NO_NETWORK, Wifi
from unload import unload

# Why set-up mode is open; the words for it are the portal's.
FIRST = 0
ASKED = 1
FAILED = 2

_STRANGER_S = 180  # without ever having been connected since the start: the settings may be wrong
_KNOWN_S = 900  # they were right: the network is down, and returns by itself
_REST_S = 900  # from one set-up mode that nobody came to until the next: its radio costs much current


class Net:
    """Keeps the device on the network. path: the way in use; portal: the set-up mode, or None."""

    def __init__(self, house):
        self._house = house
        self._asked = False
        self._not_before = 0
        self.portal = None
        self.path = self._way()

    def _wanted(self):
        # Who sets a WiFi on a board with Ethernet wants it used.
        wired = config.ETH_PHY and not self._house.settings["wifi_ssid"]
        return "Ethernet" if wired else "WiFi"

    def _way(self):
        if self._wanted() == "WiFi":
            return Wifi(self._house)
        from app.ether import Ether

        return Ether(self._house)

    def is_up(self):
        """True while there is a network."""
        return self.path.ip is not None

    def page_url(self):
        """Address of the page as octets, None without a network."""
        where = self.path.local() or self.path.ip
        number = self._house.settings["http_port"]
        if not self.path.ip:
            return None
        return ("http://%s/" % where if number == 80 else "http://%s:%d/" % (where, number)).encode()

    def setup(self):
        """Start set-up mode, or end it: what the button does. No setting is lost by it."""
        if self.portal:
            self.portal.end()
        else:
            self._asked = True

    def look_after(self):
        """Keep a way up, and open set-up mode when it is due; returns the ms until the next look."""
        keeper = self._house.keeper
        if self.portal is None:
            keeper.let_go(PORTAL)  # one that fell is opened anew when it is due, not after its rest
            if keeper.kept[WAY] is None:
                keeper.keep_going(WAY)
            why = self._due()
            if why is not None:
                from app.portal import Portal

                self.portal = Portal(self._house, self.path, why)
                if self.path.kind == "WiFi":
                    keeper.let_go(WAY)  # the set-up needs the radio for itself
                keeper.keep_going(PORTAL)
        return 500

    def _due(self):
        """Why set-up mode is due, None when it is not."""
        path = self.path
        if self._asked:
            self._asked = False
            return ASKED
        if path.state == NO_NETWORK:
            return FIRST
        if path.resting():
            return None
        if path.down() > (_KNOWN_S if path.connects else _STRANGER_S) and port.up() >= self._not_before:
            return FAILED
        return None

    async def be_set_up(self):
        """Set-up mode from its beginning to its end. Its code is in memory no longer than that."""
        house = self._house
        why = self.portal.reason
        try:
            await self.portal.run(why == FAILED, why == FIRST)
            house.keeper.kept[PORTAL] = None  # this is no fall
        finally:
            self.portal = None
            self._not_before = port.up() + _REST_S
            unload("app.portal", "app.captive", "app.web.setup", "presets")
            gc.collect()
        if self.path.kind != self._wanted():
            house.keeper.let_go(WAY)
            self.path = self._way()
