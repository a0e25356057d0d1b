"""Mailbox to broker: each reading as it comes, the newest one when the broker is back.

The finding, one sentence that says why there is no number or that readings come, is kept (retained) at
<topic>/finding, so that whoever looks at the broker need not find the device's page first.
"""

import asyncio

from app import port
from payload import formats

_LOOK = 3  # seconds between two looks at the finding


class Publisher:
    """Writes each new reading into one buffer, in one or two formats, and hands it to MQTT."""

    def __init__(self, box, mqtt, device, w, topic, made):
        """made: (module, memory) of each format, as payload.formats.start gives them."""
        self._box = box
        self._mqtt = mqtt
        self._device = device
        self._w = w
        self._topic = topic
        self._made = made
        self._connects = 0
        self.skipped = 0  # messages that did not fit the buffer

    async def run(self):
        """Publish for ever."""
        seen = 0
        while True:
            seen = await self._box.newer(seen)
            if self._send():
                continue
            # The broker is away: what comes meanwhile is outdated when it returns, the newest is not.
            await self._mqtt.up.wait()
            seen = self._box.count
            self._send()

    async def tell(self, findings):
        """Keep <topic>/finding up to date for ever."""
        told = None
        topic = self._topic + b"/finding"
        while True:
            if not self._mqtt.up.is_set():
                told = None
                await self._mqtt.up.wait()
            sentence = findings.sentence(port.up())
            if sentence != told and self._mqtt.publish(topic, sentence.encode(), True):
                told = sentence
            await asyncio.sleep(_LOOK)

    def _send(self):
        """True when done with the newest reading, False when the broker is away."""
        if self._connects != self._mqtt.connects:
            # A new connection: what a format believes to have said may never have arrived.
            self._connects = self._mqtt.connects
            for _, memory in self._made:
                if hasattr(memory, "forget"):
                    memory.forget()
        for module, memory in self._made:
            if not self._send_all(module, memory):
                return False
        return True

    def _send_all(self, module, memory):
        """All messages of one format. Nothing is awaited here: the mailbox may reuse the reading after."""
        w = self._w
        box = self._box
        k = 0
        while True:
            w.clear()
            suffix = module.message(k, w, box.latest, box.state, self._device, memory)
            if suffix is None:
                return True
            if suffix is not False:
                if w.full:
                    self.skipped += 1
                elif not self._mqtt.publish(
                    formats.topic(self._topic, suffix), w.octets(), formats.retained(module, k)
                ):
                    return False
            k += 1
