"""What the device knows of itself, and a short log in memory."""

import network

from app import port

_LINES = 20


class Device:
    """Facts for messages and pages. A fact that is not known is None."""

    def __init__(self, name):
        self._wlan = network.WLAN(network.STA_IF)
        mac = self._wlan.config("mac")
        self.ident = b":".join(b"%02X" % c for c in mac)
        self.name = name.encode()
        self.lowest = port.free()  # lowest free heap seen
        self.up = port.up
        self.now = port.now

    def rssi(self):
        """Signal strength in dBm."""
        try:
            return self._wlan.status("rssi")
        except (ValueError, OSError):
            return None

    def vcc(self):
        """Supply in mV."""
        return None

    def online(self):
        """True when the network is there."""
        return self._wlan.isconnected()

    def free(self):
        """Free heap in octets; keeps the lowest."""
        n = port.free()
        if n < self.lowest:
            self.lowest = n
        return n


class Log:
    """The newest lines, each with its uptime; the same line again only counts up."""

    def __init__(self):
        self.lines = []

    def __call__(self, words):
        """Add a line. It must hold no secret."""
        up = port.up()
        if self.lines and self.lines[-1][2] == words:
            self.lines[-1] = (up, self.lines[-1][1] + 1, words)
            return
        if len(self.lines) >= _LINES:
            self.lines.pop(0)
        self.lines.append((up, 1, words))
