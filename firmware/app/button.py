"""The button: a short press asks for the state, 5 s ask for setup mode, 10 s for factory settings.

It acts when the finger leaves, so that 5 s are no step on the way to 10; the lights tell when each is
reached.
A press of more than 30 s does nothing: that is no finger but a stuck key, or a pin that something holds low.
"""

import time

from machine import Pin
from micropython import const

from app import led as lights
from app.board import config

_POLL_MS = const(30)  # two equal looks in a row are no bounce any more
_SETUP_MS = const(5000)
_FACTORY_MS = const(10000)
_STUCK_MS = const(30000)

# What a press of each length does, for the page.
MEANINGS = (
    "short|Shows the state by the lights.\n"
    "5 s|Starts setup mode, or ends it.\n"
    "10 s|Restores factory settings.\n"
)


class Button:
    """One key to ground."""

    def __init__(self, house):
        """house: has led, to answer with, net, and factory()."""
        self._house = house
        self._pin = Pin(config.BUTTON, Pin.IN, Pin.PULL_UP)
        self._raw = 1  # the newest look
        self._down = False  # what counts as true after two equal looks
        self._since = 0

    def held(self):
        """True while the key is down."""
        return not self._pin()

    def watch_key(self):
        """One look; returns the ms until the next."""
        self.feel(time.ticks_ms())
        return _POLL_MS

    def feel(self, now):
        """One look at uptime `now` in ticks_ms."""
        raw = self._pin()
        stable = raw == self._raw
        self._raw = raw
        if not stable:
            return
        if not self._down:
            if not raw:
                self._down = True
                self._since = now
            return
        held = time.ticks_diff(now, self._since)
        led = self._house.led
        if not raw:
            # So long that ticks_diff() would wrap: a stuck key stays at stuck.
            if held > _STUCK_MS:
                self._since = time.ticks_add(now, -_STUCK_MS - 1)
            led.lasting(lights.PRESSED_5, _SETUP_MS <= held < _FACTORY_MS)
            led.lasting(lights.PRESSED_10, _FACTORY_MS <= held <= _STUCK_MS)
            return
        self._down = False
        led.lasting(lights.PRESSED_5, False)
        led.lasting(lights.PRESSED_10, False)
        if held > _STUCK_MS:
            return
        if held >= _FACTORY_MS:
            led.notice(lights.FACTORY)
            self._house.factory()
        elif held >= _SETUP_MS:
            self._house.net.setup()
        else:
            led.show_state()
