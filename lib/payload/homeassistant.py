"""Home Assistant: what its MQTT integration finds by itself, and the states behind it.

States are three JSON objects, the fewest with which a value expires by itself when it stops coming:

    <base>/power    {"P":2345,"U1":231.1,...}   what a telegram says and is no counter
    <base>/energy   {"tPI":12345.678,...}       all counters known; retained; every 10 s at most
    <base>/state    {"rssi":-58,...}            of the device: once a minute, and when the verdict changes

A value that is not known has no key, and its template then leaves the entity as it was. Counters are
retained since an hourly list may come right before Home Assistant listens.

Discovery is written by hadiscovery.py, imported when something is to be announced and dropped after. Where
the Writer holds DEVICE_SIZE octets a device is announced as a whole, in messages of up to 8 entities, else
entity by entity. Unique ids end in the key and begin with the hardware's identity, or, with `host`, with the
host name of the amsreader that this device was: then topics and ids are those of its entities, and Home
Assistant keeps their history. A device with `host` always announces entity by entity, as amsreader did, and
empties the two announcements of amsreader that have another form here.
"""

import localtime
from hanport import reading
from payload import haentities as entities
from unload import unload

SUBSCRIBE = b"homeassistant/status"  # whoever gets its messages tells heard() of them
DEVICE_SIZE = 4096

_ENERGY_S = 10  # between two messages of counters
_STATE_S = 60
_SETTLE_S = 150  # how long three telegrams are waited for, to know how often they come
_LOOK_S = 10  # between two looks for what is to be announced
_BURST = 4  # messages of discovery at once: octets of the meter wait meanwhile
_CLEAR = 16  # and of empty ones
_DAY_S = 86400  # then all that this meter sends is known
# Places in Memory.pace, and how many there are of each kind.
_LAST = 1
_GAP = 2
_EXPIRE = 3
_PACE = 4


class Memory:
    """What was announced, what comes how often, and when the next messages are due."""

    def __init__(self, base=b"hanport", host=None):
        """base: the base topic; host: host name of the amsreader that this device was, whose ids are kept."""
        self.base = base
        self.host = host or None
        self.own = None  # what ids begin with without one; hadiscovery finds it out while it announces
        self.told = bytearray(entities.COUNT)  # 1: announced
        self.cleared = 0  # entities below were looked for where they are announced one by one, and emptied
        self.born = None  # uptime of the first telegram
        # Of values, and behind them of counters: uptime of the newest, seconds between the two before, how
        # often they come, and when they expire as announced.
        self.pace = [None, None, None, 0] * 2
        self.forget()

    def forget(self):
        """The connection, or Home Assistant, is new: nothing of what was sent can be relied upon."""
        for n in range(entities.COUNT):
            self.told[n] = 0
        self.swept = False
        # Uptimes; with none, counters are due whether or not a telegram has any.
        self.energy_due = self.state_due = self.look_due = 0
        self.verdict = None

    def saw(self, which, up):
        """Values (0) or counters (1) came. One long pause does not make a meter slow: two in a row do."""
        pace = self.pace
        at = _PACE * which
        if pace[at] is not None:
            gap = up - pace[at]
            if pace[at + _LAST] is not None:
                pace[at + _GAP] = max(pace[at + _GAP] or 0, min(gap, pace[at + _LAST]))
            pace[at + _LAST] = gap
        pace[at] = up
        if self.born is None:
            self.born = up

    def settled(self, up):
        """True when it is known how often values come, or nothing more will be known of it soon."""
        return self.born is not None and (self.pace[_GAP] is not None or up - self.born >= _SETTLE_S)

    def expires(self):
        """Take over how soon values expire; what was announced otherwise is to be announced again."""
        for which in range(2):
            gap = self.pace[_PACE * which + _GAP]
            seconds = entities.expiry(1000 if gap is None and not which else gap)
            if self.expire(which) != seconds:
                self.pace[_PACE * which + _EXPIRE] = seconds
                for n in range(entities.DEVICE):
                    if entities.is_slow(n) == which:
                        self.told[n] = 0

    def expire(self, which):
        """Seconds after which values (0) or counters (1) expire, as announced."""
        return self.pace[_PACE * which + _EXPIRE]

    def pending(self, state, device, up):
        """The next entity to announce or to remove, or None."""
        for n in range(entities.COUNT):
            if entities.present(n, state, device, up) != self.told[n]:
                return n
        if not self.swept and up - self.born >= _DAY_S:
            # What an earlier life announced and this one has not seen is removed as if it were ours.
            self.swept = True
            for n in range(entities.COUNT):
                self.told[n] = entities.exists(n)
            return self.pending(state, device, up)
        return None


def retain(k):
    """True when message k is to be retained: counters and discovery."""
    return k == 1 or k > 2


def heard(topic, payload, memory):
    """A message came: when Home Assistant has started, it is told everything again."""
    if topic == SUBSCRIBE and payload == b"online":
        memory.forget()


def message(k, w, latest, state, device, memory):
    """Write message k; returns its topic, False for none, None behind the last.

    latest may be None: no telegram came, but the state of the device or discovery may be due.
    """
    up = device.up()
    if k == 0:
        if latest is None or not entities.write_registers(w, latest, 0):
            return False
        w.close()
        memory.saw(0, up)
        return b"/power"
    if k == 1:
        return _energy(w, latest, state, up, memory)
    if k == 2:
        return _state(w, device, up, memory)
    return _discovery(k - 3, w, state, device, memory)


def _counts(r):
    """True when a reading has a counter, of the meter or of one behind it."""
    return any(r.have[entities.FIRST_TOTAL : entities.LAST_TOTAL + 1]) or any(r.have[reading.BEHIND :])


def _energy(w, latest, state, up, memory):
    if latest is not None and _counts(latest):
        memory.saw(1, up)
    elif memory.energy_due or not _counts(state):
        return False
    if up < memory.energy_due:
        return False
    if not entities.write_registers(w, state, 1, up):
        w.open()
    for k in range(reading.CHANNELS):
        if state.have[reading.BEHIND + k]:
            w.pair(entities.key(entities.SUBMETER + k), state.value(reading.BEHIND + k), 3)
    if state.utc is not None:
        w.key(entities.key(entities.CLOCK))
        _stamp(w, state.utc)
    w.close()
    memory.energy_due = up + _ENERGY_S
    return b"/energy"


def _stamp(w, utc):
    """Write "2024-07-15T11:05:10Z"."""
    year, month, day = localtime.date(utc // 86400)
    w.raw(b'"')
    w.padded(year, 4)
    for mark, number in (
        (b"-", month),
        (b"-", day),
        (b"T", utc % 86400 // 3600),
        (b":", utc % 3600 // 60),
        (b":", utc % 60),
    ):
        w.raw(mark)
        w.padded(number, 2)
    w.raw(b'Z"')


def _state(w, device, up, memory):
    word = entities.fact(entities.VERDICT, device)
    if up < memory.state_due and word == memory.verdict:
        return False
    memory.state_due = up + _STATE_S
    memory.verdict = word
    w.open()
    for n in range(entities.DEVICE, entities.FIRMWARE):
        value = entities.fact(n, device)
        if entities.VERDICT <= n < entities.FAULTS:
            w.text(entities.key(n), value.encode() if value else None)
        else:
            w.pair(entities.key(n), value, 3 if n == entities.VCC else 0)
    if word:
        w.text(b"finding", device.findings.sentence(up).encode())
    w.text(entities.key(entities.FIRMWARE), getattr(device, "version", None))
    w.text(b"newest", getattr(device, "newest", None))
    w.close()
    return b"/state"


def _discovery(k, w, state, device, memory):
    up = device.up()
    if up < memory.look_due or not memory.settled(up):
        return None
    whole = memory.host is None and len(w.buf) >= DEVICE_SIZE
    clearing = memory.cleared < (entities.COUNT if whole else 2 if memory.host else 0)
    if k >= (_CLEAR if clearing else _BURST):
        return None
    if not k:
        memory.expires()
    n = memory.cleared if clearing else memory.pending(state, device, up)
    if n is None:
        memory.look_due = up + _LOOK_S
        memory.own = None
        drop()
        return None
    from payload import hadiscovery

    if clearing:
        # An earlier life may have had a smaller buffer, or been amsreader; Home Assistant takes an empty
        # message about nothing without a word.
        memory.cleared += 1
        if memory.host:
            return hadiscovery.ancestor(n, memory)
        return entities.exists(n) and hadiscovery.topic(n, device, memory)
    return hadiscovery.write(w, n, state, device, memory, whole)


def farewell(k, device, memory, gone):
    """Topic k of all that is retained for this format, to be sent empty; None behind the last.

    gone: the entities too, for another format or `host` is set. With another base topic they stay what they
    are: Home Assistant would forget what its user has made of them.
    """
    if not k:
        return b"/energy"
    if not gone:
        return None
    from payload import hadiscovery

    return hadiscovery.leave(k - 1, device, memory)


def drop():
    """Let go of the module that announces: it is needed seldom."""
    unload("payload.hadiscovery")
