"""The formats of MQTT messages by name. Only the modules of the chosen ones are ever imported.

A format is a module of this package with

    message(k, w, latest, state, device, memory)    k = 0, 1, 2, ... until it returns None

which writes the payload of message k into the Writer w, which the caller has cleared, and returns its
topic: what follows the base topic (b"" or from a "/" on), or a whole topic (anything else); False when there
is nothing for this k. Then w.full tells that the payload did not fit and must not be sent. latest: the
newest Reading; state: the merged state; device: ident, name, up(), now(), vcc(), rssi(), free(); memory: what
start() gave. Whether a message is to be retained: retained(module, k).

A memory that has forget() is told so when a connection is new: what was sent before cannot be relied upon.
"""

# name, module when it is called otherwise, number of the ancestor's payload format.
_FORMATS = (
    b"amsjson||0 amsmulti||5 amsflat||6 raw_minimal|raw|1 raw_full|raw|2 domoticz||3 "
    b"homeassistant||4 dsmrreader|| own|| own_values|own| framehex||255"
)
# Settings that hold the numbers of Domoticz's devices, in the order of domoticz.Memory.
_IDX = "domoticz_energy domoticz_u1 domoticz_u2 domoticz_u3 domoticz_current"


def _rows():
    for row in _FORMATS.split():
        yield row.decode().split("|")


def names():
    """Names of all formats, for the settings."""
    return [name for name, _, _ in _rows()]


def by_number(number):
    """Name of the ancestor's payload format of this number (0..6, 255), or None."""
    for name, _, own in _rows():
        if own == str(number):
            return name
    return None


def load(name):
    """The module of a format; ValueError for a name that is none."""
    for known, module, _ in _rows():
        if known == name:
            module = module or name
            # With a name to take from it, MicroPython and CPython both give the module and not its package.
            return __import__("payload." + module, None, None, (module,))
    raise ValueError(name)


def start(name, settings, decoder):
    """(module, memory) of a format. settings: gives a value by key; decoder: the port's, or None."""
    module = load(name)
    if name == "own":
        return module, None
    if name == "raw_full":
        return module, module.Memory(True)
    if name == "domoticz":
        return module, module.Memory(*[settings[key] for key in _IDX.split()])
    if name == "homeassistant":
        return module, module.Memory(settings["mqtt_topic"].encode(), settings["ha_host"].encode())
    if name == "framehex":
        # A meter that must be asked has no telegrams in this sense.
        return module, module.Memory(decoder) if hasattr(decoder, "framing") else None
    memory = getattr(module, "Memory", None)
    return module, memory() if memory else None


def retained(module, k):
    """True when message k of a format is to be retained."""
    return module.retain(k) if hasattr(module, "retain") else module.RETAIN


def counters(reading):
    """1 when a reading has a counter, else 0."""
    return int(any(reading.have[36:71]))


def topic(base, suffix):
    """The whole topic of what message() returned."""
    return base + suffix if not suffix or suffix[0] == 47 else suffix  # /
