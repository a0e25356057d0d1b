"""What the tests of Home Assistant share: a meter, a device, and a broker that keeps what is retained."""

from formats_meter import Meter, Unit

from hanport import registers
from payload import formats, homeassistant
from payload.writer import Writer

FIVE = "p1/dsmr5-3p-four-submeters"
SINGLE = "homeassistant/sensor/hanport_240ac4000001_%s/config"
GROUP = "homeassistant/device/hanport_240ac4000001_%d/config"


class House:
    """A meter, a device and a broker: what is retained there, and all that was sent."""

    def __init__(self, size=2048, host=None, device=None, broker=None):
        self.meter = Meter()
        self.device = device or Unit()
        self.device.seconds = 12
        self.memory = homeassistant.Memory(b"b", host)
        self.w = Writer(size)
        self.broker = {} if broker is None else broker
        self.sent = []

    def round(self, latest):
        """All messages that are due; returns them as (topic, text)."""
        told = []
        k = 0
        while True:
            self.w.clear()
            suffix = homeassistant.message(k, self.w, latest, self.meter.state, self.device, self.memory)
            if suffix is None:
                self.sent += told
                return told
            if suffix is not False:
                assert not self.w.full
                topic = formats.topic(b"b", suffix).decode()
                text = bytes(self.w.octets()).decode()
                told.append((topic, text))
                if homeassistant.retain(k):
                    self.broker.pop(topic, None)
                    if text:
                        self.broker[topic] = text
            k += 1

    def hears(self, name, every=10, times=1):
        """The meter sends a telegram now and then; returns what was told."""
        told = []
        for _ in range(times):
            self.device.seconds += every
            self.meter.sends(name)
            for n in range(registers.COUNT):
                if self.meter.latest.have[n]:
                    self.meter.state.at[n] = self.device.seconds
            told += self.round(self.meter.latest)
        return told

    def idles(self, seconds=3, times=1):
        """Nothing comes from the meter."""
        told = []
        for _ in range(times):
            self.device.seconds += seconds
            told += self.round(None)
        return told

    def leaves(self):
        """The device is given away."""
        from payload import hadiscovery

        k = 0
        while True:
            topic = hadiscovery.leave(k, self.device, self.memory)
            if topic is None:
                break
            self.broker.pop(topic.decode(), None)
            k += 1
        self.broker.pop("b/energy", None)


def keys(told):
    """Keys of the entities announced (or, with a minus, removed) one by one."""
    found = []
    for topic, text in told:
        if topic.startswith("homeassistant/sensor/"):
            found.append(("" if text else "-") + topic.split("/")[2].split("_")[-1])
    return found
