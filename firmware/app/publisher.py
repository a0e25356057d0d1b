"""Between house and broker: readings as they come, what is said besides, and what the broker tells us.

The finding, one sentence that says why there is no number or that readings come, is kept (retained) at
<topic>/finding, so that whoever looks at the broker need not find the device's page first.

A message is for a format that has asked for its topic, or a command to this device (commands.py). While the
broker is away nothing queues: the newest reading is published when it is back.
"""

import asyncio

from app import port
from payload import formats

_LOOK = 3  # seconds between two looks at the finding and at what a format has to say by itself
_PIECE = 8  # empty messages in a row when a format is left
_MESSAGE = 640  # octets of a message with its topic, where commands are taken
_WORD = 64  # and where it can only be a word for a format


class Publisher:
    """Writes each new reading into the house's buffer, in one or two formats, and hands it to MQTT.

    To read: carried and refused, the counts of commands.
    """

    def __init__(self, house, mqtt, made):
        """house: box, device, writer, findings, settings, every(); made: (module, memory) of each format.

        every(): the seconds between two readings that are published at least, 0 for all; those between are
        left out, but for the ones with counters, which may come once an hour.
        """
        self._house = house
        self._mqtt = mqtt
        self._made = made
        self._connects = 0
        self._sent = None  # uptime of the newest reading published,
        self._counted = None  # and of that with counters
        self.carried = self.refused = 0
        self.changing = False  # settings by a command are being taken over
        mqtt.listen(self, _MESSAGE if house.settings["mqtt_commands"] else _WORD if self.topics() else 0)

    async def run(self):
        """Say all there is to say, for ever."""
        box = self._house.box
        mqtt = self._mqtt
        seen = box.count
        connects = looked = 0
        told = None
        while True:
            came = mqtt.message()
            if came:
                self._hear(came)
            if mqtt.is_connected():
                new = connects != mqtt.connects
                if new:
                    connects = mqtt.connects
                    told = None
                # The connection before may have taken the newest reading and lost it.
                if box.count and (seen != box.count and self._due() or self._connects != connects):
                    self._send()
                up = port.up()
                if new or up - looked >= _LOOK:
                    looked = up
                    told = self._tell(told)
            seen = box.count  # what comes while the broker is away is outdated when it returns
            await box.news.wait()

    def stir(self):
        """Something may be there to be said or heard."""
        self._house.box.wake()

    def _due(self):
        """True when the newest reading is to be published."""
        every = self._house.every()
        up = port.up()
        counters = formats.counters(self._house.box.latest)
        last = self._counted if counters else self._sent
        if every and last is not None and up - last < every:
            return False
        self._sent = up
        if counters:
            self._counted = up
        return True

    def _tell(self, told):
        """Say what no reading makes us say; told is the finding that was, and the one that is is returned."""
        sentence = self._house.findings.sentence(port.up())
        if sentence != told and self._mqtt.publish(self._mqtt.topic + b"/finding", sentence.encode(), True):
            told = sentence
        self._renew()
        for module, memory in self._made:
            if hasattr(module, "heard"):
                self._send_all(module, memory, None)
        return told

    def again(self):
        """Publish the newest reading once more, and all that is said once a connection; False: none yet."""
        self._connects = -1
        return bool(self._house.box.count) and self._send()

    def topics(self):
        """Topics whose messages are wanted: those of formats, and that of the commands."""
        found = [module.SUBSCRIBE for module, _ in self._made if hasattr(module, "heard")]
        if self._house.settings["mqtt_commands"]:
            found.append(self._mqtt.topic + b"/command")
        return found

    def tell_formats(self, topic, payload):
        """A message came; True when a format has asked for it."""
        heard = False
        for module, memory in self._made:
            if hasattr(module, "heard") and topic == module.SUBSCRIBE:
                heard = True
                if payload is not None:
                    module.heard(topic, payload, memory)
        return heard

    def _hear(self, came):
        """Deal with a message, as Mqtt.message() gives it."""
        try:
            if not self.tell_formats(came[0], came[1]):
                from app import commands

                commands.carry(self._house, self._mqtt, came)
        finally:
            self._mqtt.done()

    async def take_back(self, gone, base):
        """Empty what was retained. gone: the formats are given up; base: the base topic is."""
        for module, memory in self._made:
            if hasattr(module, "farewell"):
                k = 0
                while True:
                    topic = module.farewell(k, self._house.device, memory, gone)
                    if topic is None:
                        break
                    self._mqtt.publish(formats.topic(self._mqtt.topic, topic), b"", True)
                    k += 1
                    if k % _PIECE == 0:
                        await asyncio.sleep_ms(0)
                module.drop()
        if base:
            self._mqtt.publish(self._mqtt.topic + b"/finding", b"", True)
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
            if not self._send_all(module, memory, self._house.box.latest):
                return False
        return True

    def _send_all(self, module, memory, latest):
        """All messages of one format. Nothing is awaited here: the mailbox may reuse the reading after."""
        house = self._house
        w = house.writer
        k = 0
        while True:
            w.clear()
            suffix = module.message(k, w, latest, house.box.state, house.device, memory)
            if suffix is None:
                return True
            if suffix is not False and not w.full:  # what does not fit is left out
                topic = formats.topic(self._mqtt.topic, suffix)
                if not self._mqtt.publish(topic, w.octets(), formats.retained(module, k), False, w.buf):
                    return False
            k += 1
