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
from hanport import apdu, axdr, ciphering, cosem, fault, framing, hdlc, mbus, profiles, reading
from hanport.dsmr import Lines
from hanport.octets import copy

_SEGMENTS = 1  # HDLC segments
_BLOCKS = 2  # blocks of a general block transfer
_MBUS = 3  # M-Bus segments


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
        self._cipher = ciphering.Ciphering(key, auth_key)
        self._keyed = key is not None
        self._who = None
        self._normal = False  # this maker's clock is normal time all year
        self.plans = profiles.Plans()
        self._join = 0  # what the parts kept in the arena belong to
        self._next = 0  # the number that the next part must have
        self._joined = 0
        self._dump = False
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
        if self.fault == fault.NO_KEY:
            who = profiles.maker(bytes(self._cipher.title))
            if who:
                return "%s (system title of %s)" % (fault.words(self.fault), who.decode())
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
            frames.wanted = n
            return self._fail(fault.TOO_LARGE)
        frames.have = frames.base = 0
        copy(frames.arena, 0, octets, 0, n)
        self._dump = True
        code = self._open(frames.arena, apdu.strip_llc(frames.arena, 0, n), n)
        self._dump = False
        if code:
            self._fail(code if code > 0 else fault.BLOCK)
        else:
            self.ready = True

    def _fail(self, code):
        self.fault = code
        self.counts[code] += 1

    def _frame(self):
        """Decode the frame just found; 0 a reading, > 0 a fault, < 0 more parts must come."""
        frames = self.framing
        buf = frames.arena
        a = frames.base
        b = frames.end
        self.reading.clear()
        if frames.kind == framing.HDLC:
            return self._hdlc(frames, hdlc.payload(buf, a, b), b - 3, hdlc.segmented(buf, a))
        if frames.kind == framing.MBUS:
            return self._mbus(frames, mbus.payload(buf, a, b), b - 2, mbus.number(buf, a), mbus.final(buf, a))
        self._drop_parts(frames)
        if frames.kind == framing.CIPHERED:
            return self._open(buf, a, b, False)
        text = frames.p1
        if text.cipher:
            code = self._cipher.open_titled(buf, a + text.cipher, text.text_end(a))
            return code or self._opened(buf, self._cipher.a, self._cipher.b, text.checked)
        return self._text(buf, a, text.text_end(a), text.checked)

    def _drop_parts(self, frames):
        """Another telegram came before the last part of the one kept."""
        if frames.base:
            self.counts[fault.SEGMENT] += 1

    def _hdlc(self, frames, i, end, more):
        """An HDLC frame's information arena[i:end]: join it with the segments kept before, or open it."""
        buf = frames.arena
        joining = frames.base > 0 and self._join == _SEGMENTS
        start = apdu.strip_llc(buf, i, end)
        if joining:
            if start > i and apdu.opens(buf, start):
                self._drop_parts(frames)
                joining = False
            else:
                i = start
        if more or joining:
            joined = frames.keep(i, end, not joining)
            self._join = _SEGMENTS
            if more:
                return -1
            i, end = 0, joined
            frames.kept = 0
            start = apdu.strip_llc(buf, i, end)
        # Landis+Gyr sends the LLC header only with the first block of a transfer.
        if start == i and not (i < end and buf[i] == apdu.BLOCK):
            return fault.LLC
        return self._open(buf, start, end)

    def _mbus(self, frames, i, end, number, final):
        """An M-Bus frame's data arena[i:end]: segments count from 0 and the last one says so."""
        if number and not (frames.base and self._join == _MBUS and number == self._next):
            return fault.SEGMENT
        if not number:
            self._drop_parts(frames)
        if number or not final:
            joined = frames.keep(i, end, not number)
            self._join = _MBUS
            self._next = number + 1
            if not final:
                return -1
            i, end = 0, joined
            frames.kept = 0
        return self._open(frames.arena, apdu.strip_llc(frames.arena, i, end), end)

    def _open(self, buf, a, b, proven=True):
        """Unwrap the APDU buf[a:b]; proven: a checksum held over it. Returns as _frame."""
        for _ in range(4):  # a block transfer around a ciphered notification is the deepest nesting met
            if a >= b:
                return fault.APDU
            tag = buf[a]
            if tag == apdu.BLOCK:
                a = self._block(buf, a, b)
                if a:
                    return a
                b = self._joined
            elif tag == ciphering.GLO or tag == ciphering.DED:
                cipher = self._cipher
                code = cipher.open(buf, a, b)
                if code == fault.NO_KEY and self._dump and buf[cipher.a] == apdu.NOTIFICATION:
                    code = 0  # a log taken after decryption: header and tag are there, the body is clear
                if cipher.replayed:
                    self.counts[fault.REPLAY] += 1
                return code or self._opened(buf, cipher.a, cipher.b, proven)
            else:
                return self._notified(buf, a, b)
        return fault.APDU

    def _block(self, buf, a, b):
        """One block of a general-block-transfer (Green Book 9.4.6.13): 0 when it was the last.

        E0 | last, streaming, window | number 2 | number acknowledged 2 | length | data
        """
        frames = self.framing
        number = buf[a + 3] | buf[a + 2] << 8 if b - a > 7 else 0
        length = axdr.length(buf, a + 6, b) if number else -1
        i = axdr.after_length(buf, a + 6)
        if length < 0 or i + length > b:
            return fault.BLOCK
        if number != 1 and not (frames.base and self._join == _BLOCKS and number == self._next):
            return fault.BLOCK
        if number == 1:
            self._drop_parts(frames)
        last = buf[a + 1] & 0x80  # read before keep() moves the octets
        self._joined = frames.keep(i, i + length, number == 1)
        self._join = _BLOCKS
        self._next = number + 1
        if not last:
            return -1
        frames.kept = 0
        return 0

    def _opened(self, buf, a, b, proven):
        """What stood inside a ciphered APDU: a notification, or a P1 telegram."""
        into = self.reading
        into.encrypted = True
        into.integrity = self._cipher.integrity
        verified = into.integrity == reading.VERIFIED
        if buf[a] == framing.P1:
            inner = self.framing.p1
            inner.restart()
            if inner.judge(buf, a, b, True) > 0:
                return self._text(buf, a, inner.text_end(a), True)
            if not verified:
                return fault.WRONG_KEY
            return self._text(buf, a, b, True)  # Kaifa's inner checksum is none of those known
        if buf[a] != apdu.NOTIFICATION:
            return fault.APDU if verified else fault.WRONG_KEY
        if not proven and not verified:
            return fault.UNPROTECTED
        code = self._notified(buf, a, b)
        # Without a tag, nonsense inside a good frame says that the key is not the meter's.
        return code if not code or code == fault.LIST or verified else fault.WRONG_KEY

    def _notified(self, buf, a, b):
        note = self._notification
        code = note.open(buf, a, b)
        return code or self._list(buf, note.body, b, note.stamp)

    def _list(self, buf, a, b, stamp):
        """Decode the list buf[a:b]; stamp: index of the telegram's own date-time, 0 without."""
        table = self._table
        into = self.reading
        n = axdr.index(buf, a, b, table)
        if n < 0:
            return -n
        if self._keyed and not into.encrypted:
            into.integrity = reading.UNCIPHERED
        plan = self.plans.find(buf, table, n)
        if plan:
            code = plan.take(buf, table, n, into)
            if code:
                return code
        else:
            cosem.pairs(buf, table, n, 1, None, into)
        self._name_maker(into)
        if into.misfits:
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
        form = into.clock_form
        # Before 2018 no meter had such a port: a clock that says so is not set.
        if form and stamp[0] << 8 | stamp[1] >= 2018:
            who = into.text(reading.MAKER)
            if who is not self._who:  # a device meets one maker: looked up once
                self._who = who
                self._normal = profiles.normal_time(who)
            into.utc = localtime.meter_utc(
                stamp, form == reading.P1, into.dst, self._normal, self.zone, self.now
            )

    def _name_maker(self, into):
        """Tell the maker by the list id, the logical device name, the meter id or the system title."""
        if into.text(reading.MAKER) and not into.guessed >> reading.MAKER & 1:
            return
        for slot in (reading.LIST_ID, reading.DEVICE_NAME, reading.METER_ID):
            text = into.text(slot)
            who = profiles.maker(text)
            if who:
                into.name(reading.MAKER, who)
                return
        if into.encrypted:
            who = profiles.maker(bytes(self._cipher.title))
            if who:
                into.name(reading.MAKER, who)

    def _text(self, buf, a, b, checked):
        """Decode the P1 telegram buf[a:b], "/" up to its "!"; checked: a checksum or a tag held over it."""
        into = self.reading
        lines = self._lines
        lines.take(buf, a, b, into)
        self.counts[fault.P1_LINE] += lines.bad
        self.counts[fault.VALUE] += into.misfits
        if not into.encrypted:
            if not checked:
                into.integrity = reading.UNCHECKED
            elif self._keyed:
                into.integrity = reading.UNCIPHERED
        self._name_maker(into)
        if into.empty():
            return fault.P1_EMPTY
        self._tell_utc(into)
        return 0
