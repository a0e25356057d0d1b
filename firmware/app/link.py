"""The socket to the broker, as umqtt.simple and mqtt.py see it: nothing asked of it waits for the network.

write() gathers, flush() sends. What the network does not take within a moment is kept and sent by push() when
it does; what would be kept beyond a part of the free heap breaks the link instead.
"""

import asyncio
import select
import time

from micropython import const

from app import port

_ROOM = const(536)  # one TCP segment of the ESP8266: a packet that fits leaves in one piece
_IN = const(128)  # octets taken in at once
_BRISK_MS = const(10)  # how often a link is looked at while a connection is being made
_MOMENT_MS = const(250)  # the round trips of one burst of messages; all else waits meanwhile

# Numbers of our own; the chips' C libraries do not agree on theirs, see lib/brokerwords.py.
ETIMEDOUT = 110
ECONNRESET = 104


class Link:
    """The socket as umqtt.simple sees it, and for the length of connect() the socket module too.

    What umqtt writes goes to the broker; what it reads are the answers it is told here in advance, so that it
    never waits: the true ones come in by fill() and are read by lib/mqttpackets.py.
    """

    def __init__(self, timeout_ms):
        self.sock = None
        self.answers = b""  # what umqtt gets for an answer
        self.hold = False  # keep what is written: the connection does not stand yet
        self.octets = bytearray(_IN)  # what came: octets[at:have]
        self.at = self.have = 0
        self.heard = self.moved = 0  # ticks of the last octets in, and out
        self._poller = None
        self._timeout = timeout_ms
        self._deadline = 0
        self._buf = bytearray(_ROOM)
        self._n = 0
        self._kept = []  # parts not sent yet; TLS wants a part offered again as it was
        self._sent = 0  # octets of the first part that are

    # What umqtt.simple looks for in the socket module and on a new socket. The real connection stands
    # already, made without blocking.
    def socket(self, *_):
        """It stands for the socket module, and for the socket that it makes."""
        return self

    def getaddrinfo(self, *_):
        """The address is known; umqtt only passes it on."""
        return ((None,),)

    def connect(self, _):
        """It is connected."""

    def settimeout(self, _):
        """Nothing waits here."""

    def setblocking(self, _):
        """Nothing waits here; a bare socket would block from the first wait_msg() on."""

    def read(self, n):
        """The next n octets of .answers."""
        got = self.answers[:n]
        self.answers = self.answers[n:]
        return got

    def attach(self, sock):
        """Take over a non-blocking socket (or the TLS stream around the present one)."""
        self._forget()
        self.sock = sock
        self._poller = select.poll()
        self._poller.register(sock, select.POLLOUT)
        self.heard = self.moved = time.ticks_ms()

    def _forget(self):
        self._kept = []
        self._n = self._sent = self.at = self.have = 0
        self.hold = False

    def begin(self, times=1):
        """Grant rest() `times` the time limit from now on."""
        self._deadline = time.ticks_add(time.ticks_ms(), self._timeout * times)

    async def rest(self):
        """Let the other tasks run for a moment; OSError(ETIMEDOUT) when the time is over."""
        if time.ticks_diff(self._deadline, time.ticks_ms()) <= 0:
            raise OSError(ETIMEDOUT)
        await asyncio.sleep_ms(_BRISK_MS)

    async def standing(self):
        """Return once the TCP connection stands or has failed (the next write tells which)."""
        while not self._writable(0):
            await self.rest()

    def _writable(self, ms):
        for _ in self._poller.ipoll(ms):
            return True
        return False

    def _stream(self):
        if self.sock is None:
            raise OSError(ECONNRESET)
        return self.sock

    def fill(self):
        """Take in octets that came; False when there are none."""
        n = self._stream().readinto(self.octets)
        if n is None:
            return False
        if not n:
            raise OSError(ECONNRESET)
        self.at = 0
        self.have = n
        self.heard = time.ticks_ms()
        return True

    def write(self, data, n=-1):
        """Gather data[:n]; data may be reused."""
        if n < 0:
            n = len(data)
        at = self._n
        room = _ROOM - at
        if n <= room:
            self._buf[at : at + n] = data if n == len(data) else memoryview(data)[:n]
            self._n = at + n
        else:
            self._buf[at:] = memoryview(data)[:room]
            self._n = _ROOM
            self.flush()
            self._send(data, room, n)
        return n

    def flush(self):
        """Send what write() gathered."""
        n = self._n
        self._n = 0
        self._send(self._buf, 0, n)

    def _send(self, data, i, end):
        sock = self._stream()
        if not self.hold and self.push():
            start = time.ticks_ms()
            while i < end:
                n = sock.write(data, i, end - i)
                if n:
                    i += n
                    continue
                left = _MOMENT_MS - time.ticks_diff(time.ticks_ms(), start)
                if left <= 0:
                    break
                self._writable(left)
            self.moved = time.ticks_ms()
        if i < end:
            if sum([len(part) for part in self._kept]) + end - i > port.free() >> 3 and not self.hold:
                raise OSError(ETIMEDOUT)
            self._kept.append(bytes(memoryview(data)[i:end]))

    def push(self):
        """Send of what is kept as much as the network takes; True when nothing is left. Never waits."""
        kept = self._kept
        while kept:
            part = kept[0]
            n = self._stream().write(part, self._sent, len(part) - self._sent)
            if not n:
                return False
            self.moved = time.ticks_ms()
            self._sent += n
            if self._sent == len(part):
                kept.pop(0)
                self._sent = 0
        return True

    def close(self):
        """Send what can be sent, and let go once the other side has closed, or a moment later.

        Closed at once, the socket would answer what still comes in with a reset, over which the other side
        forgets what we said last.
        """
        try:
            if self.sock is not None:
                self.flush()
                poller = select.poll()
                poller.register(self.sock, select.POLLIN)
                start = time.ticks_ms()
                while time.ticks_diff(time.ticks_ms(), start) < _MOMENT_MS:
                    poller.poll(_BRISK_MS)
                    self.fill()  # OSError: it has closed
        finally:
            self.drop()

    def drop(self):
        """Let go at once. May be called at any time, also twice."""
        sock = self.sock
        self.sock = None
        self._poller = None
        self._forget()
        if sock is not None:
            try:
                sock.close()
            except OSError:
                pass  # a TLS stream may fail to say goodbye over a dead link
