"""The access point that the station meets, and the way from it to the broker, on the time of fast_clock.

It takes seconds to be joined and to be missed, as a radio does, and comes back for a station that still wants
it. change() makes either go or come; network.WLAN.script is `air`.
"""

import fast_clock as clock
import network


class Air:
    """The access point: see network.WLAN.script."""

    def __init__(self):
        self.there = True
        self.way = True  # from the access point on
        self.lost = None  # called when the station has lost it
        self.join_ms = 1800  # association and DHCP
        self.missed_ms = 2600  # a search of all channels, which finds nothing
        self.joins = 0
        self._wish = False
        self._since = 0

    def connect(self, *_):
        self._wish = True
        self._since = clock.now
        self.joins += 1

    def disconnect(self):
        self._wish = False
        self.lost()

    def status(self):
        if not self._wish:
            return network.STAT_IDLE
        past = clock.now - self._since
        if self.there:
            return network.STAT_CONNECTING if past < self.join_ms else network.STAT_GOT_IP
        return network.STAT_CONNECTING if past < self.missed_ms else network.STAT_NO_AP_FOUND

    def back(self):
        """The driver looks for it again by itself, while it was not told to leave."""
        self._since = clock.now + 2000

    def rssi(self):
        if not self.there:
            raise OSError("not connected")
        return -60

    def scan(self):
        clock.run_until(clock.now + 2500)
        return [(b"home", b"\x02\0\0\0\0\x01", 6, -60, 3, False)] if self.there else []


air = Air()


def linked():
    """True while the station has an access point and an address."""
    return air.status() == network.STAT_GOT_IP


def reaches():
    """True while octets get through."""
    return air.way and linked()


def change(access_point=None, behind=None):
    """The access point or the way behind it goes (False) or comes (True)."""
    if behind is not None:
        air.way = behind
    if access_point is not None and access_point != air.there:
        air.there = access_point
        if access_point:
            air.back()
        else:
            air.lost()
