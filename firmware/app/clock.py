"""The clock: an SNTP exchange of our own, because the one of MicroPython waits and takes asyncio with it."""

import asyncio
import os
import socket
import time

import board_config as config
import machine
from micropython import const

from app import port

_PORT = const(123)
_OCTETS = const(48)
_WAIT_MS = const(2000)
_LOOK_MS = const(20)
_EVERY_S = const(3600)
_SOON_S = const(15)
_SLOWEST_S = const(900)
# Seconds from 1900 to 1970. The 32 bits of NTP's seconds run over in 2036.
_NTP_EPOCH = 2208988800
_ERA = 1 << 32
_LATEST = 4102444800  # 2100-01-01

# What .error may be.
NO_SERVER = "the time server's name is not found"
NO_ANSWER = "the time server does not answer"
NONSENSE = "the time server's answer makes no sense"


def request(nonce):
    """48 octets of a question; the server sends the 8 of `nonce` back, so that nobody else can answer."""
    packet = bytearray(_OCTETS)
    packet[0] = 0x23  # no leap second, version 4, client
    packet[40:] = nonce
    return packet


def utc(packet, nonce):
    """UTC seconds since 1970 of an answer; None when it is no answer to `nonce` or cannot be true."""
    if len(packet) < _OCTETS or packet[24:32] != nonce:
        return None
    leap, mode, stratum = packet[0] >> 6, packet[0] & 7, packet[1]
    if leap == 3 or mode != 4 or not 0 < stratum < 16:
        return None  # a server that has no time itself, or sends us away
    seconds = int.from_bytes(packet[40:44], "big")
    if not any(packet[40:48]):
        return None  # not known
    if seconds < 1 << 31:
        seconds += _ERA
    seconds -= _NTP_EPOCH
    if packet[44] & 0x80:
        seconds += 1  # nearer to the next one
    return seconds if port.CLOCK_SET < seconds < _LATEST else None


class Clock:
    """Keeps the time set. source: who set it last; error: why the last attempt failed, or ""."""

    def __init__(self, house):
        self._house = house
        self._address = None
        self.source = ""
        self.error = ""
        self.set_at = None  # uptime in seconds
        self.shift = None  # seconds that the last exchange moved the clock

    def age_words(self):
        """Source and age, as in "NTP pool.ntp.org, 12 min ago"."""
        if self.set_at is None:
            return self.source or self.error or "not set yet"
        age = port.up() - self.set_at
        if age < 60:
            text = "just now"
        else:
            text = "%d min ago" % (age // 60) if age < 7200 else "%d h ago" % (age // 3600)
        return self.source + ", " + text

    def put_right(self, seconds, source):
        """Set the clock to UTC `seconds` since 1970."""
        before = port.now()
        self.shift = None if before is None else seconds - before
        port.set_clock(seconds)
        machine.RTC().datetime(port.rtc_fields(seconds))
        self.source = source
        self.set_at = port.up()

    async def run(self):
        """Ask as often as is polite, for ever; a server that is silent is asked ever more seldom."""
        if config.CHIP == "unix" and "ntp_host" not in self._house.settings.given():
            # A simulated device has its host's clock, and a name server that may not answer for long.
            self.source = "this computer"
        pause = _SOON_S
        left = 0
        while True:
            if left > 0 or self.source == "this computer" or not self._house.net.is_up():
                # Never for long: a task that sleeps may still point at one that has ended, and at its room.
                await asyncio.sleep(1)
                left -= 1
                continue
            host = self._house.settings["ntp_host"]
            left = _SOON_S
            if not host:
                self.error = ""
                continue
            found = await self.ask(host)
            if found is None:
                self._address = None  # a pool's next answer may be another server
                left = pause
                pause = min(pause * 2, _SLOWEST_S)
                continue
            pause = _SOON_S
            left = _EVERY_S
            self.put_right(found, "NTP " + host)

    async def ask(self, host):
        """UTC seconds by this server ("host" or "host:port"), or None with .error set."""
        name, number = host, _PORT
        if ":" in host:
            name, text = host.split(":", 1)
            number = int(text) if text.isdigit() else _PORT
        try:
            if self._address is None:
                # The one step that cannot be made without waiting; its answer is kept while it serves.
                self._address = socket.getaddrinfo(name, number, 0, socket.SOCK_DGRAM)[0][-1]
        except OSError:
            self.error = NO_SERVER
            return None
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            found = await self._exchange(sock)
        except OSError:
            found = None
        finally:
            sock.close()
        self.error = "" if found else NO_ANSWER if found is None else NONSENSE
        return found or None

    async def _exchange(self, sock):
        """UTC seconds; None when nothing comes, 0 when what comes makes no sense."""
        sock.setblocking(False)
        nonce = os.urandom(8)
        sock.sendto(request(nonce), self._address)
        start = time.ticks_ms()
        found = None
        while time.ticks_diff(time.ticks_ms(), start) < _WAIT_MS:
            await asyncio.sleep_ms(_LOOK_MS)
            try:
                packet = sock.recvfrom(_OCTETS)[0]
            except OSError:
                continue  # nothing yet
            found = utc(packet, nonce) or 0
            if found:
                break
        return found
