"""The socket as umqtt.simple sees it: nothing it asks for can wait longer than the time granted."""

import asyncio
import select
import time

from micropython import const

_ROOM = const(536)  # one TCP segment of the ESP8266: a packet that fits leaves in one piece
_LARGEST = const(2048)  # an incoming part larger than this is read past, not into the heap
_BRISK_MS = const(10)  # how often a link is looked at while a connection is being made

# Numbers of our own; the chips' C libraries do not agree on theirs, see words() in mqtt.py.
ETIMEDOUT = 110
ECONNRESET = 104


class Link:
    """The socket as umqtt.simple sees it, and for the length of connect() the socket module too.

    write() gathers, flush() sends. The socket below never blocks; whatever waits here gives up with
    OSError(ETIMEDOUT) once the time granted by the last begin() is over, however the octets trickle.
    setblocking() and settimeout() do nothing: umqtt.simple ends each wait_msg() with setblocking(True),
    which on a bare socket would take every time limit away.
    """

    def __init__(self, timeout_ms):
        self.sock = None
        self.opening = False  # umqtt is composing CONNECT: the answer is not to be waited for
        self.peek = False  # the next read() may return None, and leave this set, if nothing is there
        self.heard = False  # something came in; cleared by whoever wants to know
        self.too_large = False  # read() left out a part above _LARGEST
        self._poller = None
        self._timeout = timeout_ms
        self._deadline = 0
        self._buf = bytearray(_ROOM)
        self._n = 0

    # What umqtt.simple's connect() looks for in the socket module and on a new socket. The real
    # connection stands already, made without blocking.
    def socket(self, *_):
        """It stands for the socket module, and for the socket that it makes."""
        return self

    def getaddrinfo(self, *_):
        """The address is known; umqtt only passes it on."""
        return ((None,),)

    def connect(self, _):
        """It is connected."""

    def settimeout(self, _):
        """begin() sets the limits."""

    def setblocking(self, _):
        """begin() sets the limits; a bare socket would lose them here."""

    def attach(self, sock):
        """Take over a non-blocking socket (or the TLS stream around the present one)."""
        self.sock = sock
        self._poller = select.poll()
        self._poller.register(sock, select.POLLIN)
        self._n = 0
        self.peek = False
        self.heard = False
        self.too_large = False

    def begin(self, times=1):
        """Grant the next operation `times` the time limit."""
        self._deadline = time.ticks_add(time.ticks_ms(), self._timeout * times)

    def left(self):
        """Milliseconds that remain of begin(); OSError(ETIMEDOUT) when there are none."""
        n = time.ticks_diff(self._deadline, time.ticks_ms())
        if n <= 0:
            raise OSError(ETIMEDOUT)
        return n

    def stream(self):
        """The socket; OSError when there is none, as after a callback whose own publish() failed."""
        if self.sock is None:
            raise OSError(ECONNRESET)
        return self.sock

    def ready(self):
        """Is there something to read (or an end of the connection to find)? Never waits."""
        for _ in self._poller.ipoll(0):
            return True
        return False

    def _wait(self, events):
        left = self.left()
        self._poller.modify(self.sock, events)
        for _ in self._poller.ipoll(left):
            pass
        self._poller.modify(self.sock, select.POLLIN)

    async def rest(self):
        """Let the other tasks run for a moment, unless the time is over."""
        self.left()
        await asyncio.sleep_ms(_BRISK_MS)

    async def standing(self):
        """Return once the TCP connection stands or has failed (the next write tells which)."""
        self._poller.modify(self.sock, select.POLLOUT)
        while not self.ready():
            await self.rest()
        self._poller.modify(self.sock, select.POLLIN)

    def read(self, n):
        """Exactly n octets; None only under `peek`; b"" for n == 0 or a part that was left out."""
        if self.opening:
            return b"\x20\x02\0\0"  # "accepted": the true answer is read by Mqtt._accepted()
        peek = self.peek
        self.peek = False
        if self._n:
            self.flush()
        if n > _LARGEST:
            self.too_large = True
            while n > _LARGEST // 8:
                n -= len(self.read(_LARGEST // 8))
            self.read(n)
            return b""
        got = b""
        while len(got) < n:
            part = self.stream().read(n - len(got))
            if part:
                self.heard = True
                got = got + part if got else part
            elif part is not None:
                raise OSError(ECONNRESET)
            elif peek and not got:
                self.peek = True
                return None
            else:
                self._wait(select.POLLIN)
        return got

    def write(self, data, n=-1):
        """Gather data[:n]. What does not fit is sent before this returns, so data may be reused."""
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
        while i < end:
            n = self.stream().write(data, i, end - i)
            if n:
                i += n
            else:
                self._wait(select.POLLOUT)

    async def drain(self):
        """flush() for a link that may take its time: the other tasks run."""
        i = 0
        while i < self._n:
            n = self.sock.write(self._buf, i, self._n - i)
            if n:
                i += n
            else:
                await self.rest()  # no poll: in a TLS handshake it is often a read that is awaited
        self._n = 0

    def close(self):
        """Send what is left, then let go."""
        try:
            if self.sock is not None:
                self.flush()
        finally:
            self.drop()

    def drop(self):
        """Let go at once. May be called at any time, also twice."""
        sock = self.sock
        self.sock = None
        self._poller = None
        self._n = 0
        self.opening = False
        if sock is not None:
            try:
                sock.close()
            except OSError:
                pass  # a TLS stream may fail to say goodbye over a dead link
