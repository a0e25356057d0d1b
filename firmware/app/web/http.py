"""HTTP as far as the page needs it. In memory while somebody is connected.

One request is answered after the other, so that there is never more than one in memory: who comes meanwhile
waits, some connected here, the rest in the backlog. Only the live stream, which stays, goes on in a task of
its own.

An answer is a tuple (status, head, body). head: lines of HTTP, each with its end; body: text, octets, a view
of a buffer that others use too, an open file, or a generator of texts or octets. Where something must be
waited for, a coroutine that gives it; None: the connection has another owner now.
"""

import asyncio
import gc
import time

from micropython import const

from unload import unload

TEXT = "Content-Type: text/plain; charset=utf-8\r\n"

PATIENCE_MS = 10000  # for a request's head, for each octet after it, and for each that we send
_IDLE_MS = const(1000)  # after which one who says nothing makes room: browsers connect and never ask
_LOOK_MS = const(10)
_MOST = const(4)  # who are connected and wait
_LINE = const(1024)  # octets of the longest line
_PIECE = const(512)
_SMALL = const(4096)  # octets of a body that is taken in, though nobody reads it

# What is asked of a request's headers; a browser tells much more.
_KEPT = " accept authorization content-length content-type host origin "

# Numbers of our own, as in link.py.
_ETIMEDOUT = const(110)
_ECONNRESET = const(104)


class Request:
    """A connection, and what is asked by it. What waits for the other end raises OSError when it is gone.

    address: of the other end, as the socket tells it; method, path, query: text as it was sent;
    headers: {name in small letters: text}; left: octets of the body that were not read yet;
    then: a coroutine to be run when the answer has left, or None.
    """

    def __init__(self, sock, address):
        self.sock = sock
        self.address = address
        self.method = self.path = self.query = ""
        self.headers = {}
        self.left = 0
        self.then = None
        self._first = None
        self._moved = time.ticks_ms()

    def age(self):
        """Milliseconds since it came, or since the newest octet."""
        return time.ticks_diff(time.ticks_ms(), self._moved)

    def begins(self):
        """True as soon as its first octet is there."""
        self._first = self.sock.read(1)
        if self._first == b"":
            raise OSError(_ECONNRESET)
        return self._first is not None

    async def rest(self):
        """Let the other tasks run for a moment."""
        if self.age() > PATIENCE_MS:
            raise OSError(_ETIMEDOUT)
        await asyncio.sleep_ms(_LOOK_MS)

    async def _line(self):
        """The next line without its end; of a long one the beginning."""
        line, self._first = self._first, b""
        while line[-1:] != b"\n":
            piece = self.sock.readline(_PIECE)
            if piece is None:
                await self.rest()
            elif not piece:
                raise OSError(_ECONNRESET)
            else:
                line = line + piece if len(line) < _LINE else line[:_LINE] + piece[-1:]
        return line.strip()

    async def read_head(self):
        """Read the head. ValueError: it is none."""
        line = await self._line()
        self.method, url, version = str(line, "utf-8").split()
        if len(line) > _LINE or not version.startswith("HTTP/"):
            raise ValueError
        mark = (url + "?").find("?")
        self.path, self.query = url[:mark], url[mark + 1 :]
        while True:
            line = await self._line()
            if not line:
                break
            colon = line.find(b":")
            if colon < 0:
                raise ValueError
            name = str(line[:colon], "utf-8").lower()
            if " " + name + " " in _KEPT:
                self.headers[name] = str(line[colon + 1 :], "utf-8").strip()
        self.left = int(self.headers.get("content-length", 0))
        if self.left < 0:
            raise ValueError

    def in_query(self, name):
        """What the query says of this name; "" when it does not."""
        for pair in self.query.split("&"):
            if pair.startswith(name + "="):
                return pair[len(name) + 1 :]
        return ""

    async def piece(self, most):
        """The next octets of the body, at most so many; none at its end."""
        self._moved = time.ticks_ms()
        while self.left:
            piece = self.sock.read(min(most, self.left))
            if piece:
                self.left -= len(piece)
                return piece
            if piece is not None:
                raise OSError(_ECONNRESET)
            await self.rest()
        return b""

    async def body(self):
        """All that is left of the body; look at .left first, for there may be no room for it."""
        whole = bytearray(self.left)
        while self.left:
            at = len(whole) - self.left
            piece = await self.piece(_PIECE)
            whole[at : at + len(piece)] = piece
        return whole

    async def send_all(self, octets, end=None):
        """Send octets[:end]. What of a view cannot leave at once is copied: its buffer is not ours."""
        at = 0
        end = len(octets) if end is None else end
        self._moved = time.ticks_ms()
        while at < end:
            sent = self.sock.write(octets, at, end - at)
            if sent:
                at += sent
                self._moved = time.ticks_ms()
                continue
            if isinstance(octets, memoryview):
                octets = bytes(octets[at:end])
                at, end = 0, len(octets)
            await self.rest()

    def hang_up(self):
        """End the connection."""
        try:
            self.sock.close()
        except OSError:
            pass  # it was reset


async def _write(request, answer):
    """Send an answer. Nothing is awaited before a view has left or was copied."""
    status, head, body = answer
    close = getattr(body, "close", None)
    octets = body.encode() if isinstance(body, str) else body
    known = isinstance(octets, (bytes, memoryview))
    if known:
        head += "Content-Length: %d\r\n" % len(octets)
    head = ("HTTP/1.0 %d %s\r\n%s\r\n" % (status, "OK" if status == 200 else "N/A", head)).encode()
    sent = 0 if request.left else request.sock.write(head) or 0
    if known and sent < len(head):
        octets = bytes(octets)
    try:
        if request.left <= _SMALL:
            while request.left:  # who still sends does not listen
                await request.piece(_PIECE)
        await request.send_all(head[sent:])
        if request.method == "HEAD":
            return
        if known:
            await request.send_all(octets)
        else:
            await _send_pieces(request, body)
    finally:
        if close:
            close()


async def _send_pieces(request, body):
    """Send a file, or what a generator gives."""
    if not hasattr(body, "readinto"):
        for piece in body:
            await request.send_all(piece.encode() if isinstance(piece, str) else piece)
        return
    buf = bytearray(_PIECE)
    n = body.readinto(buf)
    while n:
        await request.send_all(buf, n)
        n = body.readinto(buf)


def _found(house, request):
    from app.web import pages

    return pages.answer(house, request)


async def _answered(house, request):
    """Read the head of a request and give its answer."""
    try:
        await request.read_head()
    except ValueError:
        return 400, TEXT, "This is no request of HTTP."
    gc.collect()  # what is loaded now is long-lived beside the rest: it is to fill holes
    try:
        answer = _found(house, request)
        unload("app.web.pages")
        return await answer if hasattr(answer, "send") else answer
    except OSError:
        raise
    except Exception as fault:
        house.keeper.stray(None, {"exception": fault})
        return 500, TEXT, "This could not be done: see the device's log."


async def one(house, request):
    """One connection, from its first octet to its end."""
    answer = ()
    try:
        answer = await _answered(house, request)
        if answer:
            await _write(request, answer)
    except OSError:
        pass  # whoever asked has gone, or never asks
    finally:
        if answer is not None:
            request.hang_up()
        # Generators have come to their end only now.
        unload("app.web.manage", "app.web.certs", "app.web.apis", "backup", "payload.homewizard")
        if request.then:
            asyncio.create_task(request.then)


async def serve(house, listener):
    """Answer all who come to this listening socket, until nobody is left."""
    waiting = []
    while True:
        if len(waiting) == _MOST and waiting[0].age() > _IDLE_MS:
            waiting.pop(0).hang_up()
        if len(waiting) < _MOST:
            try:
                sock, address = listener.accept()
                sock.setblocking(False)
                waiting.append(Request(sock, address))
            except OSError:
                if not waiting:
                    return
        for request in waiting:
            try:
                if request.begins():
                    waiting.remove(request)
                    await one(house, request)
                    break
                if request.age() > PATIENCE_MS:
                    raise OSError(_ETIMEDOUT)
            except OSError:
                waiting.remove(request)
                request.hang_up()
                break
        else:
            await asyncio.sleep_ms(_LOOK_MS)
