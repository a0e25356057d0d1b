"""What the tests of the MQTT formats share: a meter that sends frames, a format, and what it tells."""

import corpus

from hanport import Decoder, reading
from hanport.derive import derive
from hanport.reading import Reading
from payload import formats
from payload.writer import Writer

ONE_PHASE = "kaifa/list3-1p"  # an hourly list
THREE_PHASE = "aidon/list2-export"  # a list each 10 s, without a clock
GAS = "p1/dsmr5-1p"
P1_EXPORT = "p1/dsmr5-export"
PHASES = "kamstrup/dk-65"

IDX = {
    "domoticz_energy": "12",
    "domoticz_u1": "21",
    "domoticz_u2": "22",
    "domoticz_u3": "",
    "domoticz_current": "30",
}
ALL = "amsjson amsmulti amsflat raw_minimal raw_full domoticz dsmrreader own own_values framehex".split()


class Unit:
    """A device whose facts are fixed."""

    ident = b"24:0A:C4:00:00:01"
    name = b"unit"
    seconds = 12

    def up(self):
        return self.seconds

    def now(self):
        return 1721041510

    def vcc(self):
        return 3300

    def rssi(self):
        return -58

    def free(self):
        return 9000


class Bare(Unit):
    """One that knows nothing yet but its name."""

    def now(self):
        return None

    vcc = rssi = now


class Meter:
    """A decoder with its newest reading and the merged state, as the mailbox keeps them."""

    def __init__(self, key=None):
        self.decoder = Decoder(1024, key)
        self.latest = Reading()
        self.state = Reading(merged=True)

    def sends(self, name):
        """Feed a frame of host_tests/frames; returns its octets."""
        data = frame(name)[0]
        i = 0
        while True:
            i = self.decoder.feed(data, i, len(data))
            if self.decoder.ready:
                break
            assert not self.decoder.fault and i < len(data), name
        derive(self.decoder.reading)
        self.latest, self.decoder.reading = self.decoder.reading, self.latest
        self.state.merge(self.latest, 1)
        return data

    def says(self, register, number, scaler=0):
        """A reading of one value."""
        self.latest.clear()
        self.latest.put(register, number, scaler, reading.SENT)
        self.state.merge(self.latest, 1)


def frame(wanted):
    """(octets, row) of a frame by name."""
    path = corpus.OWN + "/" + wanted
    name = path + (".hex" if corpus.exists(path + ".hex") else ".txt")
    with open(path + ".json") as f:
        return corpus.octets(name), corpus.json.load(f)


class Format:
    """A format and what it remembers; each call gives one reading's messages as (topic, text, retained)."""

    def __init__(self, name, meter, size=2048):
        self.meter = meter
        self.module, self.memory = formats.start(name, IDX, meter.decoder)
        self.w = Writer(size)
        self.full = 0

    def __call__(self, device=None):
        """Topics are told with the base topic "b"."""
        told = []
        k = 0
        while True:
            self.w.clear()
            suffix = self.module.message(
                k, self.w, self.meter.latest, self.meter.state, device or Unit(), self.memory
            )
            if suffix is None:
                return told
            if suffix is not False:
                self.full += self.w.full
                text = bytes(self.w.octets()).decode()
                kept = bool(formats.retained(self.module, k))
                told.append((formats.topic(b"b", suffix).decode(), text, kept))
            k += 1


def messages(name, frame_name, device=None):
    """What a new format tells of one frame."""
    meter = Meter()
    made = Format(name, meter)
    meter.sends(frame_name)
    told = made(device)
    assert not made.full, name
    return told


def same(told, expected):
    """Fail with the first line that differs. expected: "topic text", with "*" before it when retained."""
    lines = [("* " if kept else "") + topic + " " + text for topic, text, kept in told]
    for k in range(max(len(lines), len(expected))):
        line = lines[k] if k < len(lines) else None
        want = expected[k] if k < len(expected) else None
        assert line == want, (k, line, want)
