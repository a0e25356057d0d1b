"""Mailbox to broker: each reading as it comes, the newest one when the broker is back.

The finding, one sentence that says why there is no number or that readings come, is kept (retained) at
<topic>/finding, so that whoever looks at the broker need not find the device's page first.
"""

import asyncio

from app import port
from payload import amsjson

_LOOK = 3  # seconds between two looks at the finding


class Publisher:
    """Writes each new reading into one buffer and hands it to MQTT."""

    def __init__(self, box, mqtt, device, w, topic):
        self._box = box
        self._mqtt = mqtt
        self._device = device
        self._w = w
        self._topic = topic
        self.skipped = 0  # readings that this format has no field for

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
        w = self._w
        w.clear()
        if not amsjson.write(w, self._box.latest, self._device) or w.full:
            self.skipped += 1
            return True
        return self._mqtt.publish(self._topic, w.octets())
