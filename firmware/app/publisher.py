"""Mailbox to broker: each reading as it comes, the newest one when the broker is back.

The finding, one sentence that says why there is no number or that readings come, is kept (retained) at
<topic>/finding, so that whoever looks at the broker need not find the device's page first.
"""

import asyncio

from app import port
from payload import formats

_LOOK = 3  # seconds between two looks at the finding and at what a format has to say by itself
_PIECE = 8  # empty messages in a row when a format is left


class Publisher:
    """Writes each new reading into one buffer, in one or two formats, and hands it to MQTT."""

    def __init__(self, box, mqtt, device, w, topic, made, every=None):
        """made: (module, memory) of each format, as payload.formats.start gives them.

        every: function of the seconds between two readings that are published at least, 0 for all; those
        between are left out, but for the ones with counters, which may come once an hour.
        """
        self._box = box
        self._mqtt = mqtt
        self._device = device
        self._w = w
        self._topic = topic
        self._made = made
        self._every = every
        self._connects = 0
        self._sent = [None, None]  # uptime of the newest reading published, and of that with counters
        self.skipped = 0  # messages that did not fit the buffer

    async def run(self):
        """Publish each reading as it comes, for ever."""
        seen = 0
        while True:
            seen = await self._box.newer(seen)
            if self._due():
                self._send()  # what comes while the broker is away is outdated when it returns

    def _due(self):
        """True when the newest reading is to be published."""
        every = self._every() if self._every else 0
        up = port.up()
        counters = formats.counters(self._box.latest)
        last = self._sent[counters]
        if every and last is not None and up - last < every:
            return False
        self._sent[0] = up
        if counters:
            self._sent[1] = up
        return True

    async def tell(self, findings):
        """Say what no reading makes us say, for ever.

        That is the finding, what formats have to say by themselves, and the newest reading to a broker that
        is back.
        """
        told = None
        topic = self._topic + b"/finding"
        connects = 0
        while True:
            await self._mqtt.up.wait()
            if connects != self._mqtt.connects:
                connects = self._mqtt.connects
                told = None
                # The one before may have taken the newest reading and lost it.
                if self._box.count and self._connects != connects:
                    self._send()
            sentence = findings.sentence(port.up())
            if sentence != told and self._mqtt.publish(topic, sentence.encode(), True):
                told = sentence
            self._renew()
            for module, memory in self._made:
                if hasattr(module, "heard"):
                    self._send_all(module, memory, None)
            await asyncio.sleep(_LOOK)

    def again(self):
        """Publish the newest reading once more, and all that is said once a connection; False: none yet."""
        self._connects = -1
        return bool(self._box.count) and self._send()

    def subscriptions(self):
        """Topics of others that a format wants to hear."""
        return [module.SUBSCRIBE for module, _ in self._made if hasattr(module, "heard")]

    def heard(self, topic, payload):
        """A message of such a topic came."""
        for module, memory in self._made:
            if hasattr(module, "heard"):
                module.heard(topic, payload, memory)

    async def leave(self, gone, base):
        """Empty what was retained. gone: the formats are given up; base: the base topic is."""
        for module, memory in self._made:
            if hasattr(module, "farewell"):
                k = 0
                while True:
                    topic = module.farewell(k, self._device, memory, gone)
                    if topic is None:
                        break
                    self._mqtt.publish(formats.topic(self._topic, topic), b"", True)
                    k += 1
                    if k % _PIECE == 0:
                        await asyncio.sleep_ms(0)
                module.drop()
        if base:
            self._mqtt.publish(self._topic + b"/finding", b"", True)
            self._mqtt.last_word = b""

    def _renew(self):
        """A new connection: what a format believes to have said may never have arrived."""
        if self._connects != self._mqtt.connects:
            self._connects = self._mqtt.connects
            for _, memory in self._made:
                if hasattr(memory, "forget"):
                    memory.forget()

    def _send(self):
        """True when done with the newest reading, False when the broker is away."""
        self._renew()
        for module, memory in self._made:
            if not self._send_all(module, memory, self._box.latest):
                return False
        return True

    def _send_all(self, module, memory, latest):
        """All messages of one format. Nothing is awaited here: the mailbox may reuse the reading after."""
        w = self._w
        k = 0
        while True:
            w.clear()
            suffix = module.message(k, w, latest, self._box.state, self._device, memory)
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
