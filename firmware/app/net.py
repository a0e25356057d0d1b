"""Which way to the network: cable, WiFi or set-up mode; the one file that knows when to change."""

import asyncio
import gc

import board_config as config

from app import port
from app.wifi import NO_NETWORK, RESTING, Wifi
from unload import unload

# Why set-up mode is open: words for the page.
FIRST = "This device is new: it knows no network yet."
ASKED = "Set-up was asked for by the button."
FAILED = "The network could not be reached for some time."

_STRANGER_S = 180  # without ever having been connected since the start: the settings may be wrong
_KNOWN_S = 900  # they were right: the network is down, and returns by itself
_REST_S = 900  # from one set-up mode that nobody came to until the next: its radio costs much current


class Net:
    """Keeps the device on the network. path: the way in use; portal: the set-up mode, or None.

    up: an Event, set while there is a network; the same for each way, for tasks that wait for it when the way
    changes.
    """

    def __init__(self, house):
        self._house = house
        self._asked = False
        self._not_before = 0
        self._task = None
        self.portal = None
        self.up = asyncio.Event()
        self.path = self._way()

    def _wanted(self):
        # Who sets a WiFi on a board with Ethernet wants it used.
        wired = config.ETH_PHY and not self._house.settings["wifi_ssid"]
        return "Ethernet" if wired else "WiFi"

    def _way(self):
        house = self._house
        if self._wanted() == "WiFi":
            way = Wifi(house.settings, house.log)
        else:
            from app.ether import Ether

            way = Ether(house.settings, house.log)
        self.up.clear()
        way.up = self.up
        return way

    def setup(self):
        """Start set-up mode, or end it: what the button does. No setting is lost by it."""
        if self.portal:
            self.portal.end()
        else:
            self._asked = True

    async def run(self):
        """Keep a way up and change to set-up mode when it is due, for ever."""
        try:
            while True:
                if self._task is None:
                    self._task = asyncio.create_task(self._house.keep(self.path.kind, self.path.run))
                why = await self._due()
                if self.path.kind == "WiFi":
                    self._stop()  # the set-up needs the radio for itself
                await self._open(why)
                if self.path.kind != self._wanted():
                    self._stop()
                    self.path = self._way()
                self.path.settings = self._house.settings
        finally:
            self._stop()

    def _stop(self):
        if self._task:
            self._task.cancel()
            self._task = None

    async def _due(self):
        """Wait until set-up mode is due; returns why."""
        while True:
            await asyncio.sleep_ms(500)
            path = self.path
            if self._asked:
                self._asked = False
                return ASKED
            if path.state == NO_NETWORK:
                return FIRST
            if path.state == RESTING:
                continue
            if path.down() > (_KNOWN_S if path.connects else _STRANGER_S) and port.up() >= self._not_before:
                return FAILED

    async def _open(self, why):
        """Set-up mode from its beginning to its end. Its code is in memory no longer than that."""
        from app.portal import Portal

        self.portal = Portal(self._house, self.path, why)
        try:
            await self.portal.run(why == FAILED, why == FIRST)
        finally:
            self.portal = None
            self._not_before = port.up() + _REST_S
            unload("app.portal", "app.captive", "app.web.setup", "presets")
            gc.collect()
