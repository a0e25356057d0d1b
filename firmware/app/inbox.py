"""What the broker sends: answers to mqtt.py, and messages to the one task that reads them."""

import asyncio
import time

from micropython import const

from mqttpackets import Incoming

_SLOWEST = const(4)  # octets/ms of a packet on its way; a slower one is taken for a trick
_UNREAD_MS = const(5000)  # how long a message may wait for its reader
_ROOM = const(640)  # of a message with its topic

_CONNACK = const(0x20)
_PUBLISH = const(0x30)


class Inbox:
    """One message waits at most; while it does, nothing else is read from the broker.

    To read: topics, and missed, the count of messages that nobody fetched.
    """

    def __init__(self, link):
        self.topics = ()
        self.missed = 0
        self.code = 0  # of the packet that take() has told of
        self._link = link
        self._incoming = Incoming(32)
        self._came = asyncio.Event()  # a message waits in the buffer of _incoming
        self._began = 0  # ticks when the packet under way, or the wait for the reader, began

    def subscribe(self, topics):
        """The topics (octets) to ask for at each connection."""
        self.topics = topics
        self._incoming = Incoming(_ROOM)

    async def message(self):
        """Wait for a message: (topic, payload, kept by the broker); payload None when it was too long.

        The next one comes after done().
        """
        while not self._came.is_set():
            await self._came.wait()
        incoming = self._incoming
        return incoming.topic(), incoming.payload() if incoming.whole else None, incoming.kept

    def done(self):
        """The message is dealt with."""
        self._came.clear()

    def forget(self):
        """The connection is another."""
        self._came.clear()
        self._incoming.reset()

    def take(self):
        """Take in some octets; None when there are none, the kind of a packet at its end, else 0.

        ValueError when it is no MQTT.
        """
        link, incoming = self._link, self._incoming
        if self._came.is_set():
            if time.ticks_diff(time.ticks_ms(), self._began) < _UNREAD_MS:
                return None
            self.missed += 1
            self.done()
        if link.sock is None or (link.at == link.have and not link.fill()):
            return None
        if not incoming.under_way:
            self._began = time.ticks_ms()
        link.at = incoming.feed(link.octets, link.at, link.have)
        if incoming.fault:
            raise ValueError
        self.code = incoming.code
        if incoming.kind == _PUBLISH:
            if incoming.pid:
                link.write(b"\x40\x02" + incoming.pid.to_bytes(2, "big"))
                link.flush()
            if self.topics:
                self._began = time.ticks_ms()
                self._came.set()
        return incoming.kind

    async def answer(self):
        """Await CONNACK, the first packet there is; returns the refusal in it, 0 for none."""
        self.forget()
        while True:
            kind = self.take()
            if kind is None:
                await self._link.rest()
            elif kind:
                if kind != _CONNACK:
                    raise ValueError
                return self.code

    def late(self, timeout):
        """True when a packet has begun and does not come to its end in time."""
        incoming = self._incoming
        if not incoming.under_way or self._came.is_set():
            return False
        now = time.ticks_ms()
        return (
            time.ticks_diff(now, self._link.heard) > timeout
            or time.ticks_diff(now, self._began) > 4 * timeout + incoming.have // _SLOWEST
        )
