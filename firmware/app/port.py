"""The one file of interpreter and chip differences: clock, uptime, heap, addresses, the page files."""

import asyncio
import gc
import os
import sys
import time

# The chips count from 2000, the unix port from 1970.
_EPOCH = 946684800 if time.gmtime(0)[0] == 2000 else 0
CLOCK_SET = 1704067200  # 2024-01-01: before that the clock was never set

_base = None  # UTC in milliseconds at uptime 0, once a clock has told it
_up_ms = 0
_ticks = time.ticks_ms()


def up_ms():
    """Milliseconds since start. Call it at least once in six days: the ticks beneath wrap."""
    global _up_ms, _ticks
    now = time.ticks_ms()
    _up_ms += time.ticks_diff(now, _ticks)
    _ticks = now
    return _up_ms


def up():
    """Seconds since start."""
    return up_ms() // 1000


def now():
    """UTC in seconds since 1970, or None while the clock is not set."""
    if _base is not None:
        return (_base + up_ms()) // 1000
    t = int(time.time()) + _EPOCH
    return t if t > CLOCK_SET else None


def set_clock(utc):
    """From now on now() counts from here by the crystal: the ESP8266's own clock runs by a worse one."""
    global _base
    _base = utc * 1000 - up_ms()


def rtc_fields(utc):
    """What machine.RTC.datetime() takes."""
    t = time.gmtime(utc - _EPOCH)
    return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0)


def peer(address):
    """IP address, as text, of a socket's other end."""
    if isinstance(address, tuple):
        return address[0]
    # The unix port gives the octets of a sockaddr.
    return ".".join(str(c) for c in bytes(address)[4:8])


def dns_port():
    """Where the set-up's name server listens; a host where we are not root gives another."""
    return int(os.getenv("HANPORT_DNS") or 53) if hasattr(os, "getenv") else 53


def free():
    """Octets of free heap, as it is: no collection is made for the asking."""
    return gc.mem_free()


def readable(stream):
    """Wait until a stream has octets, its end, or a connection to give. For `await`, and only for that.

    What asyncio's streams do inside; their classes and functions would stay in the heap.
    """
    yield asyncio.core._io_queue.queue_read(stream)


def page_file(name):
    """(open file, True when gzipped) of a page file, or (None, False)."""
    for root in sys.path:
        if root == ".frozen":
            continue
        path = (root + "/" if root else "") + "www/" + name
        for ending in (".gz", ""):
            try:
                return open(path + ending, "rb"), ending == ".gz"
            except OSError:
                pass
    return None, False
