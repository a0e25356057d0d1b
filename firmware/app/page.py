"""The device's own web page and JSON: at rest a socket that listens, and one task that waits for somebody.

    await page.run(house)

All that reads and answers (web/) is in memory only while somebody is there.
"""

import asyncio
import gc
import select
import socket

from micropython import const

from unload import unload

_BACKLOG = const(4)  # connections that wait
_LOOK_MS = const(100)


async def run(house):
    """Serve the page of this House until an error."""
    listener = socket.socket()
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(socket.getaddrinfo("0.0.0.0", house.settings["http_port"])[0][-1])
        listener.listen(_BACKLOG)
        poller = select.poll()
        poller.register(listener, select.POLLIN)
        while True:
            # Not by asyncio's queue of streams: a task that waits there still points at tasks beside which it
            # stood in the queue of times. When these end, all that they hold would stay until somebody comes.
            await asyncio.sleep_ms(_LOOK_MS)
            for _ in poller.ipoll(0):
                from app.web import http

                try:
                    await http.serve(house, listener)
                finally:
                    del http
                    unload("app.web.http", "app.web")
                    gc.collect()
    finally:
        listener.close()
