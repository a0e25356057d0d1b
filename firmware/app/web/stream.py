"""The live stream: each reading as a server-sent event (HTML standard, 9.2), for a few listeners at once.

The first event is all that is known of the meter; each later one is a reading as its telegram told it, in the
words of /api/reading. Who is slow gets the newest and misses those between.
"""

import asyncio

from microdot import Response

from app import port
from payload import fulljson

MOST = 2  # listeners at once
ALIVE_S = 15  # of silence, after which a comment keeps the connection alive
_STUCK_S = 30  # that a listener may leave what was sent to it lying
_LOOK_MS = 200

_HEAD = (
    b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Access-Control-Allow-Origin: *\r\n\r\n"
)

_open = []  # the listeners' writers


def _event(w, reading):
    """An event, copied out of the house's writer, which others use while this one is on its way."""
    w.clear()
    w.raw(b"data: ")
    fulljson.write(w, reading)
    w.raw(b"\n\n")
    return b": this reading does not fit in memory\n\n" if w.full else bytes(w.octets())


async def _wait_for_end(reader, gone):
    """A listener says nothing more: the end of what it sends is its end."""
    try:
        while await reader.read(32):
            pass
    except OSError:
        pass
    gone.append(True)


async def _tell(house, writer, gone):
    """Events for ever, or until the listener has gone."""
    box = house.box
    seen = 0
    last = port.up()
    while not gone:
        piece = None
        if box.count != seen:
            piece = _event(house.writer, box.latest if seen else box.state)
            seen = box.count
        elif port.up() - last >= ALIVE_S:
            piece = b": alive\n\n"
        if piece:
            await asyncio.wait_for(writer.awrite(piece), _STUCK_S)
            last = port.up()
        await asyncio.sleep_ms(_LOOK_MS)


async def serve(request, house):
    """Answer /api/stream; returns when the listener has gone."""
    if len(_open) >= MOST:
        headers = {"Content-Type": "text/plain; charset=utf-8", "Retry-After": "60"}
        return Response("%d listen already; there is no memory for more." % MOST, 503, headers)
    reader, writer = request.sock
    gone = []
    watcher = asyncio.create_task(_wait_for_end(reader, gone))
    _open.append(writer)
    try:
        await asyncio.wait_for(writer.awrite(_HEAD), _STUCK_S)
        await _tell(house, writer, gone)
    except (OSError, asyncio.TimeoutError):
        pass  # it went, or is as good as gone
    finally:
        watcher.cancel()
        _open.remove(writer)
    return False
