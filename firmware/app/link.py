"""The socket to the broker: octets out, packets in; nothing asked of it waits for the network.

send() hands octets over. What the network does not take within a moment is kept and sent by push() when it
does; what would be kept beyond a part of the free heap breaks the link instead.
"""

import asyncio
import select
import time

from micropython import const

from app import port
from mqttpackets import Incoming

_IN = const(32)  # octets taken in at once
_BRISK_MS = const(10)  # how often a link is looked at while a connection is being made
_MOMENT_MS = const(250)  # the round trips of one burst of messages; all else waits meanwhile
_SLOWEST = const(4)  # octets/ms of a packet on its way; a slower one is taken for a trick
_UNREAD_MS = const(5000)  # how long a message may wait for its reader

_PUBLISH = const(0x30)

# Numbers of our own; the chips' C libraries do not agree on theirs, see lib/brokerwords.py.
ETIMEDOUT = 110
ECONNRESET = 104


class Link:
    """One connection at a time. One message from the broker waits at most, in the buffer of `incoming`.

    To read: sock, None while there is no connection; heard and moved, ticks of the last octets in and out;
    waits, True while a message is there that nobody has fetched: nothing else is read meanwhile.
    """

    def __init__(self, timeout_ms):
        self.sock = None
        self.incoming = Incoming(_IN)
        self.waits = False
        self.heard = self.moved = 0
        self.timeout = timeout_ms
        self._octets = bytearray(_IN)
        self._began = 0  # ticks when the packet under way, or the wait for the reader, began
        self._deadline = 0
        self._kept = ()  # parts not sent yet; TLS wants a part offered again as it was
        self._sent = 0  # octets of the first part that are

    def attach_to(self, sock):
        """Take over a non-blocking socket (or the TLS stream around the present one)."""
        self._begin_anew()
        self.sock = sock
        self.heard = self.moved = time.ticks_ms()

    def _begin_anew(self):
        self._kept = ()
        self._sent = 0
        self.waits = False
        self.incoming.reset()

    def grant(self, times=1):
        """Grant breathe() `times` the time limit from now on."""
        self._deadline = time.ticks_add(time.ticks_ms(), self.timeout * times)

    async def breathe(self):
        """Let the other tasks run for a moment; OSError(ETIMEDOUT) when the time is over."""
        if time.ticks_diff(self._deadline, time.ticks_ms()) <= 0:
            raise OSError(ETIMEDOUT)
        await asyncio.sleep_ms(_BRISK_MS)

    async def standing(self):
        """Return once the TCP connection stands or has failed (the next write tells which)."""
        while not self._ready(select.POLLOUT, 0):
            await self.breathe()

    def _ready(self, what, ms):
        """True when the socket can be written to, or read from, within ms."""
        poller = select.poll()  # made anew each time, which is seldom: kept, it would cost heap for ever
        poller.register(self.sock, what)
        return bool(poller.poll(ms))

    def _stream(self):
        if self.sock is None:
            raise OSError(ECONNRESET)
        return self.sock

    def _fill(self, most):
        """Take in octets that came; returns how many."""
        n = self._stream().readinto(self._octets, min(most, _IN))
        if n is None:
            return 0
        if not n:
            raise OSError(ECONNRESET)
        self.heard = time.ticks_ms()
        return n

    def take(self, read):
        """Take in some octets; None when there are none, the kind of a packet at its end, else 0.

        read: whether anybody reads messages. ValueError when it is no MQTT.
        """
        incoming = self.incoming
        if self.waits:
            if time.ticks_diff(time.ticks_ms(), self._began) < _UNREAD_MS:
                return None
            self.waits = False
        n = self._fill(incoming.still_wants()) if self.sock is not None else 0
        if not n:
            return None
        if not incoming.under_way():
            self._began = self.heard
        incoming.feed(self._octets, 0, n)
        if incoming.kind == _PUBLISH:
            number = incoming.to_confirm()
            if number:
                self.send(b"\x40\x02" + number.to_bytes(2, "big"), 0, 4)
            if read:
                self._began = time.ticks_ms()
                self.waits = True
        return incoming.kind

    def late(self):
        """True when a packet has begun and does not come to its end in time."""
        incoming = self.incoming
        if not incoming.under_way() or self.waits:
            return False
        now = time.ticks_ms()
        return (
            time.ticks_diff(now, self.heard) > self.timeout
            or time.ticks_diff(now, self._began) > 4 * self.timeout + incoming.have // _SLOWEST
        )

    def offer(self, octets):
        """Keep the first octets of a connection, which push() sends."""
        self._kept = (octets,)

    def send(self, data, i, end):
        """Send data[i:end], which may be reused upon return."""
        sock = self._stream()
        if self.push():
            start = time.ticks_ms()
            while i < end:
                n = sock.write(data, i, end - i)
                if n:
                    i += n
                    continue
                left = _MOMENT_MS - time.ticks_diff(time.ticks_ms(), start)
                if left <= 0:
                    break
                self._ready(select.POLLOUT, left)
            self.moved = time.ticks_ms()
        if i < end:
            if sum([len(part) for part in self._kept]) + end - i > port.free() >> 3:
                raise OSError(ETIMEDOUT)
            self._kept += (bytes(memoryview(data)[i:end]),)

    def push(self):
        """Send of what is kept as much as the network takes; True when nothing is left. Never waits."""
        while self._kept:
            part = self._kept[0]
            n = self._stream().write(part, self._sent, len(part) - self._sent)
            if not n:
                return False
            self.moved = time.ticks_ms()
            self._sent += n
            if self._sent == len(part):
                self._kept = self._kept[1:]
                self._sent = 0
        return True

    def linger(self):
        """Let go once the other side has closed, or a moment later.

        Closed at once, the socket would answer what still comes in with a reset, over which the other side
        forgets what we said last.
        """
        start = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), start) < _MOMENT_MS:
            self._ready(select.POLLIN, _BRISK_MS)
            self._fill(_IN)  # OSError: it has closed

    def let_go(self):
        """Let go at once. May be called at any time, also twice."""
        sock = self.sock
        self.sock = None
        self._begin_anew()
        if sock is not None:
            try:
                sock.close()
            except OSError:
                pass  # a TLS stream may fail to say goodbye over a dead link
