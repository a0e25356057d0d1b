"""The hallway: octets in, a Reading or a fault out. The one file of lib/ that sees every layer.

    d = Decoder()
    i = 0
    while True:
        i = d.feed(octets, i, n)
        if d.ready: use d.reading (valid until the next feed)
        elif d.fault: fault.words(d.fault) says why
        elif i >= n: break
"""

from array import array

import localtime
from hanport import apdu, axdr, cosem, fault, framing, hdlc, profiles, reading
from hanport.dsmr import Lines
from hanport.octets import copy


class Decoder:
    """Everything between the port and a Reading. Never raises for any octets; keeps counters."""

    def __init__(self, size=1024, key=None, auth_key=None, zone=localtime.CENTRAL):
        """size: octets of the arena, the largest telegram (joined) that can be read.

        key, auth_key: encryption and authentication key, 16 octets each, or None.
        zone: octet of lib/localtime.py, for meters that send local time without saying so.
        """
        self.framing = framing.Framing(size)
        self.reading = reading.Reading()
        self.ready = False
        self.fault = 0
        self.zone = zone
        self.now = None  # UTC seconds, when the device knows them: settles the hour that comes twice
        self.frames = 0  # good frames: the line settings are right when this rises
        self.readings = 0
        self.counts = array("I", bytes(4 * fault.COUNT))
        self.last_kind = 0  # framing of the newest good frame
        self._notification = apdu.Notification()
        self._table = axdr.new_table()
        self._lines = Lines()

    def feed(self, data, i, n):
        """Take data[i:n]; return the index after the last octet used.

        Stops with .ready at a reading, with .fault > 0 at a fault, or at n with neither.
        """
        frames = self.framing
        self.ready = False
        self.fault = 0
        while True:
            i = frames.feed(data, i, n)
            if frames.end:
                self.frames += 1
                self.last_kind = frames.kind
                code = self._frame()
                if code < 0:
                    continue  # a part of a longer telegram
                if code:
                    self._fail(code)
                else:
                    self.ready = True
                    self.readings += 1
            elif frames.fault:
                self._fail(frames.fault)
            return i

    def why(self):
        """The newest fault as one sentence without a full stop."""
        if self.fault == fault.TOO_LARGE:
            frames = self.framing
            return "%s: it takes %d octets, the buffer has %d" % (
                fault.words(self.fault),
                frames.wanted,
                len(frames.arena),
            )
        return fault.words(self.fault)

    def silence(self):
        """The line fell silent: call feed(b"", 0, 0) until it gives neither a reading nor a fault."""
        self.framing.silence()

    def dump(self, octets):
        """Decode octets that are an LLC frame or an APDU without any framing: for tools only.

        No checksum protects such a dump, so it is never taken from a line. Sets .ready or .fault.
        """
        frames = self.framing
        self.ready = False
        self.fault = 0
        self.reading.clear()
        n = len(octets)
        if n > len(frames.arena):
            return self._fail(fault.TOO_LARGE)
        frames.have = frames.base = 0
        copy(frames.arena, 0, octets, 0, n)
        code = self._apdu(frames.arena, apdu.strip_llc(frames.arena, 0, n), n)
        if code:
            self._fail(code)
        else:
            self.ready = True

    def _fail(self, code):
        self.fault = code
        self.counts[code] += 1

    def _frame(self):
        """Decode the frame just found; 0 a reading, > 0 a fault, < 0 more parts must come."""
        frames = self.framing
        a = frames.base
        b = frames.end
        self.reading.clear()
        if frames.kind == framing.P1:
            return self._text(frames.arena, a, frames.p1.text_end(a))
        i = hdlc.payload(frames.arena, a, b)
        return self._link(frames, i, b - 3, hdlc.segmented(frames.arena, a))

    def _link(self, frames, i, end, more):
        """A frame's payload arena[i:end]: join it with the parts kept before, or open it."""
        buf = frames.arena
        joining = frames.base > 0
        if joining:
            start = apdu.strip_llc(buf, i, end)
            if start > i and apdu.opens(buf, start):
                # A new telegram begins, so the last part of the one before never came.
                self.counts[fault.SEGMENT] += 1
                joining = False
            else:
                i = start
        if more or joining:
            joined = frames.keep(i, end, not joining)
            if more:
                return -1
            i, end = 0, joined
            frames.kept = 0
        start = apdu.strip_llc(buf, i, end)
        return self._apdu(buf, start, end) if start > i else fault.LLC

    def _apdu(self, buf, start, b):
        note = self._notification
        code = note.open(buf, start, b)
        if code:
            return code
        return self._list(buf, note.body, b, note.stamp)

    def _list(self, buf, a, b, stamp):
        """Decode the list buf[a:b]; stamp: index of the telegram's own date-time, 0 without."""
        table = self._table
        into = self.reading
        n = axdr.index(buf, a, b, table)
        if n < 0:
            return -n
        plan = profiles.find(buf, table, n)
        if plan:
            code = plan.take(buf, table, n, into)
            if code:
                return code
        else:
            cosem.pairs(buf, table, n, 1, None, into)
            self._name_maker(into)
        self.counts[fault.VALUE] += into.misfits
        if into.empty():
            return fault.LIST
        if not into.clock_form and stamp:
            cosem.clock(buf, stamp, into, reading.COSEM)
        self._tell_utc(into)
        return 0

    def _tell_utc(self, into):
        """Turn the meter's clock into UTC, when it is set."""
        stamp = into.stamp
        # Before 2018 no meter had such a port: a clock that says so is not set.
        if into.clock_form and stamp[0] << 8 | stamp[1] >= 2018:
            into.utc = localtime.meter_utc(
                stamp,
                into.clock_form == reading.P1,
                into.dst,
                profiles.normal_time(into.text(reading.MAKER)),
                self.zone,
                self.now,
            )

    def _name_maker(self, into):
        """Tell the maker by the list id or the logical device name."""
        for slot in (reading.LIST_ID, reading.DEVICE_NAME, reading.METER_ID):
            text = into.text(slot)
            who = profiles.maker(text)
            if who:
                into.set_text(reading.MAKER, who, 0, len(who))
                return

    def _text(self, buf, a, b):
        """Decode the P1 telegram buf[a:b], "/" up to its "!"."""
        into = self.reading
        lines = self._lines
        lines.take(buf, a, b, into)
        self.counts[fault.P1_LINE] += lines.bad
        self.counts[fault.VALUE] += into.misfits
        if not self.framing.p1.checked:
            into.integrity = reading.UNCHECKED
        self._name_maker(into)
        if into.empty():
            return fault.P1_EMPTY
        self._tell_utc(into)
        return 0
