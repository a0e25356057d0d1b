"""What the device knows of itself, and a short log in memory."""

import network

from app import board, port

try:
    from hanport_version import VERSION
except ImportError:
    VERSION = "source"

_LINES = 20


class Device:
    """Facts for messages and pages. A fact that is not known is None.

    The house adds the rooms that facts come from: net, findings, decoder and totals.
    """

    version = VERSION.encode()
    newest = None  # version of an update that is known of
    net = findings = decoder = totals = None

    def __init__(self, name):
        mac = network.WLAN(network.STA_IF).config("mac")
        self.ident = b":".join(b"%02X" % c for c in mac)
        self.name = name.encode()
        self.model = board.config.TITLE.encode()
        self.lowest = port.free()  # lowest free heap seen
        self.up = port.up
        self.now = port.now

    def rssi(self):
        """Signal strength in dBm."""
        return self.net.path.rssi() if self.net else None

    def faults(self):
        """Telegrams that were refused, of all kinds."""
        return sum(self.decoder.counts) if self.decoder else None

    def vcc(self):
        """Supply in mV."""
        return None

    def online(self):
        """True when the network is there."""
        return self.net is not None and self.net.up.is_set()

    @property
    def url(self):
        """Address of the page."""
        if not self.net or not self.net.path.ip:
            return None
        where = self.net.path.local() or self.net.path.ip
        number = self.net.path.settings["http_port"]
        return ("http://%s/" % where if number == 80 else "http://%s:%d/" % (where, number)).encode()

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
        print("%6d s  %s" % (up, words))  # for who listens at the cable
        if len(self.lines) >= _LINES:
            self.lines.pop(0)
        self.lines.append((up, 1, words))
