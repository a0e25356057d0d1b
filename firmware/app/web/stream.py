"""The live stream: each reading as a server-sent event (HTML standard, 9.2), for a few listeners at once.

The first event is all that is known of the meter; each later one is a reading as its telegram told it, in the
words of /api/reading. Who is slow gets the newest and misses those between.
"""

import asyncio

from app import port
from payload import fulljson
from unload import unload

MOST = 2  # listeners at once
ALIVE_S = 15  # of silence, after which a comment keeps the connection alive
_LOOK_MS = 200

_HEAD = (
    b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Access-Control-Allow-Origin: *\r\n\r\n"
)
_FULL = "Content-Type: text/plain; charset=utf-8\r\nRetry-After: 60\r\n"

_open = []  # the listeners' requests


def _event(w, reading):
    """An event, copied out of the house's writer, which others use while this one is on its way."""
    w.clear()
    w.raw(b"data: ")
    fulljson.write(w, reading)
    w.raw(b"\n\n")
    return b": this reading does not fit in memory\n\n" if w.full else bytes(w.octets())


async def _tell(house, request):
    """Events for ever, or until the listener has gone."""
    box = house.box
    seen = 0
    last = port.up()
    await request.send_all(_HEAD)
    while request.sock.read(32) != b"":  # a listener says nothing more: its end is all that comes
        piece = None
        if box.count != seen:
            piece = _event(house.writer, box.latest if seen else box.state)
            seen = box.count
        elif port.up() - last >= ALIVE_S:
            piece = b": alive\n\n"
        if piece:
            await request.send_all(piece)
            last = port.up()
        await asyncio.sleep_ms(_LOOK_MS)


async def listen(house, request):
    """Be there for one listener, until it has gone."""
    _open.append(request)
    try:
        await _tell(house, request)
    except OSError:
        pass  # it went, or is as good as gone
    finally:
        request.hang_up()
        _open.remove(request)
        if not _open:
            unload("app.web.stream")


def serve(house, request):
    """Answer /api/stream: False when the listener is told of readings by a task from now on."""
    if len(_open) >= MOST:
        return 503, _FULL, "%d listen already; there is no memory for more." % MOST
    asyncio.create_task(listen(house, request))
    return False
