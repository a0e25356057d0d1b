"""What MicroPython has and CPython has not, so that the firmware starts on CPython: imported before it.

Only names are added; nothing that CPython has is changed. Of the firmware one function is another: CPython's
asyncio has no streams to wait for as MicroPython's has.
"""

import asyncio
import binascii
import gc
import select
import socket
import struct
import sys
import time
import traceback
import types

_MASK = (1 << 62) - 1
_real_poll = select.poll


def _module(name, **names):
    module = types.ModuleType(name)
    module.__dict__.update(names)
    sys.modules[name] = module


def ticks_ms():
    """Milliseconds of a clock that never goes back."""
    return int(time.monotonic() * 1000) & _MASK


class Poller:
    """select.poll of MicroPython: ipoll(), and times in milliseconds that may be 0."""

    def __init__(self):
        self._poll = _real_poll()

    def register(self, stream, events):
        """Watch a stream."""
        self._poll.register(stream, events)

    def modify(self, stream, events):
        """Watch it for something else."""
        self._poll.modify(stream, events)

    def unregister(self, stream):
        """Watch it no more."""
        self._poll.unregister(stream)

    def ipoll(self, timeout=-1, flags=0):
        """Pairs of (file number, events) that came about."""
        return self._poll.poll(timeout)

    poll = ipoll


async def _readable(stream):
    """app.port.readable() for what gives None where there is nothing: it is asked again and again."""
    await asyncio.sleep(0.01)


def install():
    """Add them all."""
    _module("micropython", const=lambda value: value, native=lambda f: f, viper=lambda f: f)
    _module("usocket", **vars(socket))
    _module("ustruct", **vars(struct))
    _module("ubinascii", **vars(binascii))
    time.ticks_ms = ticks_ms
    time.ticks_add = lambda a, b: a + b
    time.ticks_diff = lambda a, b: a - b
    time.sleep_ms = lambda ms: time.sleep(ms / 1000)
    asyncio.sleep_ms = lambda ms: asyncio.sleep(ms / 1000)
    core = types.ModuleType("asyncio.core")
    core.cur_task = None
    sys.modules["asyncio.core"] = asyncio.core = core
    gc.mem_free = gc.mem_alloc = lambda: 1 << 20

    def print_exception(fault, file=None):
        text = "".join(traceback.format_exception(type(fault), fault, fault.__traceback__))
        (file or sys.stderr).write(text)

    sys.print_exception = print_exception
    real_open = socket.socket

    class Socket(real_open):
        """With read() and write() that give None where others would wait, as on the chips."""

        def read(self, n=-1):
            try:
                return self.recv(n if n > 0 else 4096)
            except BlockingIOError:
                return None

        def readinto(self, buf, n=0):
            try:
                return self.recv_into(buf, n)
            except BlockingIOError:
                return None

        def readline(self, n=-1):
            line = b""
            while line[-1:] != b"\n" and len(line) != n:
                octet = self.read(1)
                if not octet:
                    return line or octet
                line += octet
            return line

        def write(self, octets, at=0, n=None):
            try:
                return self.send(memoryview(octets)[at : None if n is None else at + n])
            except BlockingIOError:
                return None

    socket.socket = Socket
    select.poll = Poller
    from app import port

    port.readable = _readable
