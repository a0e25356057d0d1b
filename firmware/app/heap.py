"""Memory on chips where Python's heap and WiFi's come out of the same pot (ESP32).

Python's heap there starts small and grows, by doubling, when an allocation fails after a collection. The
second growth takes what WiFi and TLS live of: sockets then fail with ENOBUFS although Python has plenty. So
we collect early, and ask before anything large is begun.
"""

import gc

from micropython import const

from app.board import config

_SYSTEM = const(45056)  # left to WiFi, its sockets and one TLS connection (35 to 40 KB)
_SPARE = const(2048)  # of Python's own heap, for what happens meanwhile

_esp32 = None
if config.CHIP.startswith("esp32"):
    try:
        import esp32 as _esp32
    except ImportError:
        _esp32 = None  # a build without it: only Python's own heap can be seen


def settle():
    """Call when all big buffers are made: collect whenever a quarter of what is free then was taken."""
    gc.collect()
    gc.threshold(max(4096, min(16384, own() // 4)))


def system():
    """(free octets, largest block) of the system's heap; None where it cannot be asked or there is none."""
    if _esp32 is None:
        return None
    free = largest = 0
    for region in _esp32.idf_heap_info(_esp32.HEAP_DATA):
        free += region[1]
        largest = max(largest, region[2])
    return free, largest


def own():
    """Free octets of Python's heap as it is now: the chips also count what it could still grow by."""
    rest = system()
    return gc.mem_free() if rest is None else max(0, gc.mem_free() - rest[1])


def room_for(n):
    """Is there room for n octets more in Python's heap that leaves WiFi and TLS what they need?"""
    if own() >= n + _SPARE:
        return True
    gc.collect()
    free = own()
    if free >= n + _SPARE:
        return True
    rest = system()
    if rest is None:
        return False
    # It would double, or take the largest block when there is less.
    growth = max(n, min(gc.mem_alloc() + free, rest[1]))
    return growth <= rest[1] and rest[0] - growth >= _SYSTEM


def room_for_system(n):
    """Is there room for n octets of WiFi's or TLS's own? True where they have no heap to ask."""
    rest = system()
    return rest is None or rest[0] >= n
