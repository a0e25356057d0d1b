"""What the device knows of itself, and a short log in memory."""

import network

from app import board, port

try:
    from hanport_version import VERSION
except ImportError:
    VERSION = "source"

# The log: its newest lines one after the other, oldest first. A line: uptime in s (4 octets), how many times
# in a row it came (2), how many octets its words have (1), 0 where there is no further line; its words.
_ROOM = 512 if board.config.CHIP == "esp8266" else 1024
_lines = bytearray(_ROOM)
_HEAD = 7
_LONGEST = 200  # octets of words; what is longer loses its end


class Device:
    """Facts for messages and pages. A fact that is not known is None.

    The house adds the rooms that facts come from: net, findings, decoder, totals and power, a supply.Supply.
    """

    def __init__(self, name):
        self.version = VERSION.encode()
        self.model = board.config.TITLE.encode()
        mac = network.WLAN(network.STA_IF).config("mac")
        self.ident = b":".join(b"%02X" % c for c in mac)
        self.name = name.encode()
        self.lowest = port.free()  # lowest free heap seen
        self.up = port.up
        self.now = port.now
        self.net = self.findings = self.decoder = self.totals = self.power = None

    def rssi(self):
        """Signal strength in dBm."""
        return self.net.path.signal() if self.net else None

    def faults(self):
        """Telegrams that were refused, of all kinds."""
        return sum(self.decoder.counts) if self.decoder else None

    def vcc(self):
        """Supply in mV."""
        return self.power.believed() if self.power else None

    def is_online(self):
        """True when the network is there."""
        return self.net is not None and self.net.is_up()

    def url(self):
        """Address of the page."""
        return self.net.page_url() if self.net else None

    def free(self):
        """Free heap in octets; keeps the lowest."""
        n = port.free()
        if n < self.lowest:
            self.lowest = n
        return n


def _behind(at):
    """Where the line that begins here ends; 0 when none does."""
    n = _lines[at + _HEAD - 1] if at + _HEAD < _ROOM else 0
    return n and at + _HEAD + n


def say(words):
    """Add a line to the log; the same line again only counts up. It must hold no secret."""
    octets = words.encode()
    n = min(len(octets), _LONGEST)
    while n < len(octets) and octets[n] & 0xC0 == 0x80:
        n -= 1  # no half letter
    newest = at = 0
    times = 1
    while _behind(at):
        newest, at = at, _behind(at)
    if at and _lines[newest + _HEAD : at] == octets[:n]:
        times = min(65535, (_lines[newest + 4] << 8 | _lines[newest + 5]) + 1)
        at = newest
    else:
        print("%6d s  %s" % (port.up(), words))  # for who listens at the cable
    while at + _HEAD + n > _ROOM:
        oldest = _behind(0)
        _lines[: at - oldest] = _lines[oldest:at]
        at -= oldest
    _lines[at : at + 4] = port.up().to_bytes(4, "big")
    _lines[at + 4 : at + _HEAD] = bytes((times >> 8, times & 255, n))
    at += _HEAD + n
    _lines[at - n : at] = octets[:n]
    if at + _HEAD < _ROOM:
        _lines[at + _HEAD - 1] = 0


def log_lines(most):
    """The newest lines of the log, no more than `most`: (uptime in seconds, times in a row, words) each."""
    found = []
    at = 0
    while _behind(at):
        end = _behind(at)
        number = int.from_bytes(_lines[at : at + 6], "big")
        found.append((number >> 16, number & 65535, str(_lines[at + _HEAD : end], "utf-8")))
        at = end
    return found[-most:]
