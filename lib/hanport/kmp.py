"""KMP, Kamstrup's pull protocol: what to ask a meter, when, and what its answers tell. Owns no clock.

    c = Client()
    while True:
        request = c.next_request(now_ms)  # every 10 to 50 ms
        if c.ready: use c.reading (valid until the next call)
        elif c.fault: c.why() says what is wrong, fault.hint(c.fault) what to do
        if request: send it
        i = 0
        while i < n: i = c.feed(octets, i, n)  # whatever came meanwhile

Only commands that change nothing are ever sent: 01 type, 02 serial number, 10 registers. A meter leaves out
of its answer what it does not have; one that is locked answers, but without any register.

Source: bsdphk/PyKamstrup, gertvdijk/PyKMP, the ESPHome component kamstrup_kmp (waits).
"""

from array import array

from hanport import fault, kmp_frame, kmp_registers, reading

BAUDS = (9600, 1200)  # electricity meters, heat and water meters
FORMAT = "8N2"

_GET_REGISTER = 0x10

# Steps of a round: a number under 8 is a group of registers, these are identity requests.
_TYPE = 0xF1
_SERIAL = 0xF2
# An unknown meter: who are you, are you for electricity, for heat, and are you still there?
_PROBE = b"\xf1\xf2\x00\x01\x06\xf1"
_LIVE = b"\xf2" + kmp_registers.LIVE
_ALL = b"\xf2" + kmp_registers.ALL
_HEAT = b"\xf2" + kmp_registers.HEAT
_ALL_EVERY = 6  # rounds

_IDLE = 0
_SEND = 1  # the request of the step is to be sent
_WAIT = 2  # it was sent
_TAKEN = 3  # its answer came

_PATIENCE = 6  # requests without any answer that end a round


def wait_ms(baud):
    """How long to wait for an answer at this speed: a second, and the time of 110 characters of 11 bits."""
    return 1000 + 1210000 // baud


class Client:
    """Asks one meter round after round. Never raises for any octets; every wait has an end.

    Results, set by next_request: .ready with .reading, or .fault; a round ends with one of the two.
    """

    def __init__(self, period_ms=10000, heat_period_ms=900000, address=0x3F):
        """period_ms: from the start of one round to the next; heat_period_ms: the same for heat and water
        meters, which run on a battery; address: 3F is the meter itself.
        """
        self.period_ms = period_ms
        self.heat_period_ms = heat_period_ms
        self.wait_ms = wait_ms(BAUDS[0])  # without octets, until a request is given up
        self.gap_ms = 100  # silence before a request; also what tells that a damaged answer is over
        self.tries = 3  # of each request; the first may only wake the meter
        self.address = address
        self.reading = reading.Reading()
        self.ready = False
        self.fault = 0
        self.frames = 0  # good answers
        self.readings = 0
        self.counts = array("I", bytes(4 * fault.COUNT))
        self.serial = 0  # of the meter that answers, 0 while unknown
        self._ident = None  # the same as text
        self._model = None
        self._known = None  # groups of the meter's kind: ALL, HEAT, or None
        self._rounds = 0
        self._state = _IDLE
        self._begun = None
        self._steps = _PROBE
        self._at = 0
        self._tries = 0
        self._mark = 0  # when the line was busy last
        self._sent = 0
        self._fresh = False  # octets came since next_request looked
        self._damaged = False  # a damaged answer came to this request
        # What this round has met.
        self._answers = 0
        self._told = 0  # groups of registers that were answered, be it without any register
        self._lost = 0  # groups that were not, however often asked
        self._misses = 0  # requests in vain before the first answer
        self._bad = 0  # damaged answers
        self._echo = False
        self._heard = False
        self._named = False  # the serial number was told
        self._still = False  # identity was told after the registers were not
        self.framing = kmp_frame.Framer()
        self._raw = bytearray(24)

    def next_request(self, now_ms):
        """The request to send now, as octets valid until the next call, or None.

        now_ms: any count of milliseconds that never goes back.
        """
        self.ready = False
        self.fault = 0
        if self._state == _IDLE:
            period = self.heat_period_ms if self._known is kmp_registers.HEAT else self.period_ms
            if self._begun is not None and now_ms - self._begun < period:
                return None
            self._begin(now_ms)
        elif self._state == _WAIT:
            if not self._over(now_ms):
                return None
            self._missed()
        elif self._state == _TAKEN:
            self._step()
        elif now_ms - self._mark >= self.gap_ms:
            return self._request(now_ms)
        else:
            return None
        self._mark = now_ms
        if self._at >= len(self._steps):
            self._finish()
        return None

    def why(self):
        """The fault as one sentence without a full stop; names the meter when it is known."""
        said = fault.words(self.fault)
        if self.fault == fault.KMP_LOCKED and self.serial:
            said = "the meter %d%s" % (self.serial, said[9:])
        return said

    def feed(self, data, i, n):
        """Take data[i:n]; return the index after the last octet used: n, or that after an answer's end."""
        wire = self.framing
        if i < n:
            self._fresh = True
        i = wire.feed(data, i, n)
        if wire.event == kmp_frame.ANSWER:
            self.frames += 1
            if self._state == _WAIT:
                self._answer(wire.buf, wire.end)
        elif wire.event == kmp_frame.DAMAGED:
            self._damaged = True
            self._bad += 1
        elif wire.event == kmp_frame.ECHO:
            self._echo = True
        return i

    def _begin(self, now_ms):
        self._begun = now_ms
        self._state = _SEND
        self._answers = self._told = self._lost = self._misses = self._bad = 0
        self._echo = self._heard = self._named = self._still = False
        self.reading.clear()
        self._steps = _PROBE
        if self._known:
            every = _LIVE if self._rounds % _ALL_EVERY else _ALL
            self._steps = _HEAT if self._known is kmp_registers.HEAT else every
        self._rounds += 1
        self._at = 0
        self._tries = 0

    def _request(self, now_ms):
        """Make the request of this step."""
        step = self._steps[self._at]
        raw = self._raw
        raw[0] = self.address
        n = 2
        if step == _TYPE or step == _SERIAL:
            raw[1] = step & 15
        else:
            raw[1] = _GET_REGISTER
            raw[2] = kmp_registers.write_ids(step, raw, 3)
            n = 3 + 2 * raw[2]
        self._state = _WAIT
        self._mark = self._sent = now_ms
        self._fresh = self._damaged = False
        self._tries += 1
        self.framing.restart()
        return self.framing.request(raw, n)

    def _over(self, now_ms):
        """True when the answer to the request sent is not to be waited for any longer."""
        if self._fresh:
            self._fresh = False
            self._heard = True
            self._mark = now_ms
        quiet = now_ms - self._mark
        if quiet >= self.wait_ms or (self._damaged and quiet >= self.gap_ms):
            return True
        # A line that is never quiet must not hold us for ever.
        return now_ms - self._sent >= 4 * self.wait_ms

    def _missed(self):
        """The request had no good answer: ask again or go on."""
        self.counts[fault.KMP_CRC if self._damaged else fault.KMP_SILENT] += 1
        self._state = _SEND
        if not self._answers:
            self._misses += 1
        if self._misses >= _PATIENCE and not self._answers:
            self._at = len(self._steps)
        # A meter that has not said a word yet is not asked everything three times.
        elif self._tries >= self.tries or (not self._answers and self._at):
            self._lost += self._steps[self._at] < 8
            self._step()

    def _step(self):
        """Go on to the next step, once a meter's kind is known to those of its kind."""
        step = self._steps[self._at]
        self._at += 1
        self._tries = 0
        self._state = _SEND
        if step < 8 and self._known is None and not self.reading.empty():
            heat = step in kmp_registers.HEAT
            self._known = kmp_registers.HEAT if heat else kmp_registers.ALL
            self._steps = _HEAT if heat else _ALL
            self._at = self._steps.find(bytes((step,))) + 1

    def _answer(self, buf, n):
        """Take the good answer buf[:n] when it is one to the request sent."""
        if buf[0] != self.address:
            return
        step = self._steps[self._at]
        if step == _TYPE or step == _SERIAL:
            if buf[1] != step & 15 or n != 6:
                return
            if step == _SERIAL:
                self._take_serial(buf)
            elif self._at:
                self._still = True
            else:
                self._take_type(buf)
        else:
            if buf[1] != _GET_REGISTER:
                return
            if kmp_registers.take(buf, 2, n, step, self.reading) < 0:
                self.reading.misfits += 1  # a late answer to another request, or not as we know them
                return
            self._told += 1
        self._answers += 1
        self._state = _TAKEN

    def _take_type(self, buf):
        """Type, two octets, and revision: a letter counted from A and a number, 0 0 when there is none."""
        text = "type %d" % (buf[2] << 8 | buf[3])
        if 1 <= buf[4] <= 26:
            text += " %s%d" % (chr(64 + buf[4]), buf[5])
        self._model = text.encode()

    def _take_serial(self, buf):
        serial = buf[2] << 24 | buf[3] << 16 | buf[4] << 8 | buf[5]
        self._named = serial > 0
        if serial == self.serial or not serial:
            return
        if self._known:
            # Another meter than before: ask this one everything, from the first step on.
            self._known = self._model = None
            self._steps = _PROBE
            self._at = -1
        self.serial = serial
        self._ident = b"%d" % serial

    def _finish(self):
        """The round is over: a reading, or why there is none."""
        into = self.reading
        self._state = _IDLE
        self.counts[fault.VALUE] += into.misfits
        if into.empty():
            self._known = None
            self.fault = code = self._verdict()
            # The others were counted as they came.
            if code != fault.KMP_SILENT and code != fault.KMP_CRC and code != fault.VALUE:
                self.counts[code] += 1
            return
        self.ready = True
        self.readings += 1
        into.set_text(reading.MAKER, b"Kamstrup", 0, 8)
        if into.text(reading.MODEL):
            self._model = into.text(reading.MODEL)
        elif self._model:
            into.set_text(reading.MODEL, self._model, 0, len(self._model))
        ident = self._ident if self._named else None
        if ident:
            into.set_text(reading.METER_ID, ident, 0, len(ident))
            for k in range(reading.CHANNELS):
                if into.behind(k):
                    into.set_text(reading.TEXTS + k, ident, 0, len(ident))

    def _verdict(self):
        """Why a round gave no value."""
        if self.reading.misfits:
            return fault.VALUE
        # Locked: every group answered, but without values; or none at all, while the meter is there.
        if not self._lost if self._told else self._still and not self._bad:
            return fault.KMP_LOCKED
        if self._bad or self._answers:
            return fault.KMP_CRC if self._bad else fault.KMP_SILENT
        return fault.KMP_ECHO if self._echo else fault.NOISE if self._heard else fault.KMP_SILENT
