"""A network within the process, on the virtual time of fast_clock: stands for the module `socket`.

The device is one host; all others are callbacks. What is sent while there is no way (fast_air knows) is
repeated after 1, 2, 4 ... 64 s, as TCP does; what is sent to a peer that is gone is answered by a reset. When
the station loses its access point all its connections are broken, as on the ESP32, unless `breaks` is False.

    install()           in the place of `socket`
    serve(port, call)   call(far) for each connection that the device makes to port
    dial(port)          a Far that calls the device's own server; None when there is none or no way
"""

import io
import sys

import fast_clock as clock
import network
from fast_air import air, linked, reaches

EAGAIN, ECONNABORTED, ECONNRESET, ECONNREFUSED, EINPROGRESS, EHOSTUNREACH = 11, 113, 104, 111, 115, 118
NO_NAME = -202

_DELAY_MS = 4  # one way
_ROOM = 5744  # octets that may wait to be sent
_FIRST_MS, _SLOWEST_MS = 1000, 64000  # between repetitions
_DNS_MS = 5000  # that a look-up lasts when nobody answers

breaks = True
names = {}  # name -> address, what the name server knows
datagrams = {}  # port -> call(octets): the answer
_servers = {}  # port -> call(far)
_listening = {}  # port -> Socket of the device
_open = []  # Sockets of the device that are connected


def _lost():
    if breaks:
        for sock in list(_open):
            sock.broken(ECONNABORTED)


class _Lane:
    """Octets on their way in one direction."""

    def __init__(self, arrive):
        self._arrive = arrive
        self.waits = b""
        self._end = False
        self._gap = _FIRST_MS
        self._timer = None

    def send(self, octets, end=False):
        self.waits += octets
        self._end = self._end or end
        if self._timer is None:
            self._timer = clock.at(_DELAY_MS, self._try)

    def _try(self):
        self._timer = None
        if not reaches():
            self._timer = clock.at(self._gap, self._try)
            self._gap = min(self._gap * 2, _SLOWEST_MS)
            return
        self._gap = _FIRST_MS
        octets, self.waits = self.waits, b""
        if octets:
            self._arrive(octets)
        if self._end:
            self._arrive(b"")

    def stop(self):
        if self._timer is not None:
            clock.cancel(self._timer)
        self._timer = self._end = None
        self.waits = b""


class Far:
    """The other end of a connection: set heard(octets), which gets b"" at the end; send(), close()."""

    def __init__(self, sock):
        self._sock = sock
        self.heard = None
        self.dead = False  # nobody is there any more: what comes is answered by a reset
        self._lane = _Lane(sock.arrived)

    def send(self, octets):
        if not self.dead:
            self._lane.send(octets)

    def close(self):
        """Say the end, and forget the connection."""
        self._lane.send(b"", True)
        self.dead = True

    def arrived(self, octets):
        if self.dead:
            if octets:
                self._sock.broken(ECONNRESET)
        else:
            if not octets:
                self.dead = True
            self.heard(octets)


class Socket(io.IOBase):
    """A socket of the device, always without blocking."""

    def __init__(self, family=2, kind=1, _=0):
        self._kind = kind
        self._in = b""
        self._ended = False
        self._fault = 0
        self._standing = False
        self._lane = self.far = None
        self._queue = None  # of connections to accept, or of datagrams
        self._port = 0
        self._gap = _FIRST_MS

    def setblocking(self, *_):
        pass

    settimeout = setsockopt = setblocking

    def bind(self, address):
        self._port = address[1]
        if self._kind == 2:
            self._queue = []

    def listen(self, _=0):
        self._queue = []
        _listening[self._port] = self

    def accept(self):
        if not self._queue:
            raise OSError(EAGAIN)
        return self._queue.pop(0), ("192.168.1.2", 50000)

    def sendto(self, octets, address):
        if not linked():
            raise OSError(EHOSTUNREACH)
        self._queue = self._queue or []
        answer = datagrams[address[1]](bytes(octets)) if reaches() else None
        if answer:
            clock.at(2 * _DELAY_MS, lambda: self._queue.append((answer, address)))
        return len(octets)

    def recvfrom(self, _):
        if not self._queue:
            raise OSError(EAGAIN)
        return self._queue.pop(0)

    def connect(self, address):
        if not linked():
            raise OSError(EHOSTUNREACH)
        _open.append(self)
        self._port = address[1]
        clock.at(_DELAY_MS, self._call)
        raise OSError(EINPROGRESS)

    def _call(self):
        if self not in _open:
            return
        if not reaches():
            clock.at(self._gap, self._call)
            self._gap *= 2
            return
        server = _servers.get(self._port)
        if server is None:
            self.broken(ECONNREFUSED)
            return
        self.join()
        server(self.far)

    def join(self):
        """Make the connection stand."""
        self.far = Far(self)
        self._lane = _Lane(self.far.arrived)
        self._standing = True

    def arrived(self, octets):
        if octets:
            self._in += octets
        else:
            self._ended = True

    def broken(self, code):
        """From now on nothing works but close()."""
        self._fault = code
        clock.changed()
        self._leave()
        if self._lane:
            self._lane.stop()

    def _leave(self):
        if self in _open:
            _open.remove(self)

    def _check(self):
        if self._fault:
            raise OSError(self._fault)

    def close(self):
        self.ioctl(4, 0)

    def ioctl(self, request, flags):
        if request == 4:
            self._leave()
            if _listening.get(self._port) is self:
                del _listening[self._port]
            if self._lane and not self._fault:
                self._lane.send(b"", True)
            return 0
        if request != 3:
            return -1
        if self._fault:
            return flags | clock.POLLHUP
        got = 0
        if self._in or self._ended or self._queue:
            got = clock.POLLIN
        if self._standing and len(self._lane.waits) < _ROOM:
            got |= clock.POLLOUT
        return got & flags

    def readinto(self, buf, n=None):
        self._check()
        if not self._in:
            return 0 if self._ended else None
        n = min(len(buf) if n is None else n, len(self._in))
        buf[:n] = self._in[:n]
        self._in = self._in[n:]
        return n

    def read(self, n=-1):
        self._check()
        if not self._in:
            return b"" if self._ended else None
        n = len(self._in) if n < 0 else n
        got, self._in = self._in[:n], self._in[n:]
        return got

    recv = read

    def readline(self, most=-1):
        n = self._in.find(b"\n") + 1
        return self.read(n if 0 < n <= most or most < 0 else most)

    def write(self, data, at=0, n=None):
        self._check()
        octets = bytes(memoryview(data)[at : len(data) if n is None else at + n])
        octets = octets[: _ROOM - len(self._lane.waits)]
        if not octets:
            return None
        self._lane.send(octets)
        return len(octets)

    send = write


class Module:
    """Stands for the module `socket`."""

    AF_INET, SOCK_STREAM, SOCK_DGRAM, SOL_SOCKET, SO_REUSEADDR = 2, 1, 2, 1, 2
    socket = Socket

    @staticmethod
    def getaddrinfo(host, port, *_):
        """Blocks, as it does everywhere."""
        if not host[-1].isdigit():
            if not linked():
                raise OSError(NO_NAME)
            clock.run_until(clock.now + (4 * _DELAY_MS if reaches() else _DNS_MS))
            if not reaches() or host not in names:
                raise OSError(NO_NAME)
            host = names[host]
        return [(2, 1, 0, "", (host, port))]


def serve(port, call):
    """What answers connections to a port of all other hosts; None: they are refused."""
    _servers[port] = call


def dial(port):
    """Connect to the device's server."""
    server = _listening.get(port)
    if server is None or not reaches():
        return None
    sock = Socket()
    sock.join()
    _open.append(sock)
    server._queue.append(sock)
    return sock.far


def install():
    """From now on `import socket` gives this network, and the station meets `air`."""
    sys.modules["socket"] = Module
    network.WLAN.script = air
    air.lost = _lost
