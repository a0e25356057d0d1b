"""The one file of interpreter and chip differences: epoch, uptime, heap, where the page files are."""

import gc
import sys
import time

# The chips count from 2000, the unix port from 1970.
_EPOCH = 946684800 if time.gmtime(0)[0] == 2000 else 0
_CLOCK_SET = 1704067200  # 2024-01-01: before that the clock was never set

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
    t = int(time.time()) + _EPOCH
    return t if t > _CLOCK_SET else None


def free():
    """Octets of free heap, as it is: no collection is made for the asking."""
    return gc.mem_free()


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
