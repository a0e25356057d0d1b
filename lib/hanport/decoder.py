"""The hallway: octets in, a Reading or a fault out. The one file of lib/ that sees every layer.

d = Decoder()
i = 0
while True:
    i = d.feed(octets, i, n)
    if d.ready: use d.reading (valid until the next feed)
    elif d.fault: fault.words(d.fault) says why
    elif i >= n: break

What not every meter needs (reading P1, opening ciphered telegrams) is loaded when the first such telegram
comes; what P1 needs to be framed is loaded by framing.py. When that finds too little memory, the telegram is
a fault, and the next one tries again.
"""

from array import array

import localtime
from hanport import apdu, axdr, cosem, fault, framing, hdlc, mbus, profiles, reading
from hanport.octets import copy

_SEGMENTS = 1  # HDLC segments
_BLOCKS = 2  # blocks of a general block transfer
_MBUS = 3  # M-Bus segments
_FEW = 96  # elements that there is room for at first
_MORE = 64  # and what is added when a list has more
_DUMP = 2  # instead of True: no checksum held, but a person wants to know what it says
_TELLING = b"\3\4\1"  # texts that may begin with the maker: list id, logical device name, meter id


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
        self._cipher = None  # made when the first ciphered telegram comes
        if key:
            self._load_cipher(key, auth_key)
        self._met = [None] * 6  # each of _TELLING as it was last, and whom it told
        self.plans = profiles.Plans()
        self._join = 0  # what the parts kept in the arena belong to
        self._next = 0  # the number that the next part must have
        self._table = None  # where the elements of a list begin, made when the first one comes
        self._lines = None  # made when the first P1 telegram comes

    def feed(self, data, i, n):
        """Take data[i:n]; return the index after the last octet used.

        Stops with .ready at a reading, with .fault > 0 at a fault, or at n with neither.
        """
        frames = self.framing
        self.ready = False
        self.fault = 0
        while True:
            i = frames.feed(data, i, n)
            code = frames.fault
            if frames.end:
                self.frames += 1
                self.last_kind = frames.kind
                try:
                    code = self._frame()
                except (ImportError, MemoryError):
                    code = fault.MEMORY
                if code < 0:
                    continue  # a part of a longer telegram
                if not code:
                    self.ready = True
                    self.readings += 1
            if code:
                self.fault = code
                self.counts[code] += 1
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
            who = profiles.maker(self._cipher.system_title())
            if who:
                return "%s (system title of %s)" % (fault.words(self.fault), who.decode())
        return fault.words(self.fault)

    def silence(self):
        """The line fell silent: call feed(b"", 0, 0) until it gives neither a reading nor a fault."""
        self.framing.silent = True

    def dump(self, octets):
        """Decode octets that are an LLC frame or an APDU without any framing: for tools only.

        No checksum protects such a dump, so it is never taken from a line. Sets .ready or .fault.
        """
        frames = self.framing
        self.ready = False
        self.fault = 0
        self.reading.clear()
        n = len(octets)
        frames.have = frames.base = 0
        if n > len(frames.arena):
            frames.wanted = n
            self.fault = fault.TOO_LARGE
            return
        copy(frames.arena, 0, octets, 0, n)
        code = self._open(frames.arena, apdu.strip_llc(frames.arena, 0, n), n, _DUMP)
        self.fault = code if code >= 0 else fault.BLOCK
        self.ready = not code

    def _frame(self):
        """Decode the frame just found; 0 a reading, > 0 a fault, < 0 more parts must come."""
        frames = self.framing
        buf = frames.arena
        a = frames.base
        b = frames.end
        self.reading.clear()
        if frames.kind == framing.HDLC:
            i = hdlc.header(buf, a, b) + 3  # behind the control octet and the HCS
            return self._hdlc(frames, min(i, b - 3), b - 3, buf[a + 1] & hdlc.SEGMENT)
        if frames.kind == framing.MBUS:
            return self._mbus(frames, a + mbus.HEAD, b - 2, buf[a + mbus.CI])
        self.counts[fault.SEGMENT] += frames.base > 0  # for the last part of the one kept is missing
        if frames.kind == framing.CIPHERED:
            return self._open(buf, a, b, False)
        text = frames.p1
        if text.cipher:
            cipher = self._cipher or self._load_cipher()
            code = cipher.open_titled(buf, a + text.cipher, a + text.mark)
            return code or self._opened(buf, cipher.a, cipher.b, text.checked)
        return self._text(buf, a, a + text.mark, text.checked)

    def _load_cipher(self, key=None, auth_key=None):
        """Make what opens ciphered telegrams. Raises MemoryError."""
        from hanport.ciphering import Ciphering

        self._cipher = Ciphering(key, auth_key)
        return self._cipher

    def _hdlc(self, frames, i, end, more):
        """An HDLC frame's information arena[i:end]: join it with the segments kept before, or open it."""
        buf = frames.arena
        joining = frames.base > 0 and self._join == _SEGMENTS
        start = apdu.strip_llc(buf, i, end)
        if joining:
            if start > i and apdu.opens(buf, start):
                self.counts[fault.SEGMENT] += frames.base > 0
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
        return self._open(buf, start, end, True)

    def _mbus(self, frames, i, end, control):
        """An M-Bus frame's data arena[i:end]: segments count from 0 and the last one says so (CI)."""
        number = control & mbus.NUMBER
        final = control & mbus.FIN
        if number and not (frames.base and self._join == _MBUS and number == self._next):
            return fault.SEGMENT
        if not number:
            self.counts[fault.SEGMENT] += frames.base > 0
        if number or not final:
            joined = frames.keep(i, end, not number)
            self._join = _MBUS
            self._next = number + 1
            if not final:
                return -1
            i, end = 0, joined
            frames.kept = 0
        return self._open(frames.arena, apdu.strip_llc(frames.arena, i, end), end, True)

    def _open(self, buf, a, b, proven):
        """Unwrap the APDU buf[a:b]; proven: a checksum held over it, or _DUMP. Returns as _frame."""
        frames = self.framing
        for _ in range(4):  # a block transfer around a ciphered notification is the deepest nesting met
            if a >= b:
                return fault.APDU
            tag = buf[a]
            if tag == apdu.BLOCK:
                a = self._block(buf, a, b)
                if a:
                    return a
                b = frames.kept
                frames.kept = 0
            elif tag == apdu.GLO or tag == apdu.DED:
                cipher = self._cipher or self._load_cipher()
                code = cipher.open_apdu(buf, a, b)
                if code == fault.NO_KEY and proven == _DUMP and buf[cipher.a] == apdu.NOTIFICATION:
                    code = 0  # a log taken after decryption: header and tag are there, the body is clear
                if cipher.replayed:
                    self.counts[fault.REPLAY] += 1
                return code or self._opened(buf, cipher.a, cipher.b, proven)
            else:
                return self._notified(buf, a, b)
        return fault.APDU

    def _block(self, buf, a, b):
        """One block of a general-block-transfer (Green Book 9.4.6.13): 0 when it was the last.

        frames.kept is then where the joined ones end.

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
            self.counts[fault.SEGMENT] += frames.base > 0
        last = buf[a + 1] & 0x80  # read before keep() moves the octets
        frames.keep(i, i + length, number == 1)
        self._join = _BLOCKS
        self._next = number + 1
        return 0 if last else -1

    def _opened(self, buf, a, b, proven):
        """What stood inside a ciphered APDU: a notification, or a P1 telegram."""
        into = self.reading
        into.integrity = self._cipher.integrity
        verified = into.integrity == reading.VERIFIED
        if buf[a] == framing.P1:
            inner = self.framing.p1_framer()
            if not inner:
                return fault.MEMORY
            inner.restart()
            if inner.judge(buf, a, b, True) > 0:
                return self._text(buf, a, a + inner.mark, True)
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
        """Decode the notification buf[a:b]: its list, and its date-time when the list has none."""
        i = apdu.body(buf, a, b)
        if i < 0:
            return -i
        if i >= b:
            return fault.AXDR_SHORT
        stamp = apdu.stamp(a, i)
        table = self._table
        if table is None:
            table = self._table = array("H", bytes(2 * _FEW))
        into = self.reading
        n = axdr.index(buf, i, b, table)
        while n < 0:
            if n != -fault.AXDR_COUNT or len(table) >= axdr.ELEMENTS:
                return -n
            # Few meters send lists as large as the largest: the table grows with what comes.
            table = self._table = array("H", bytes(2 * min(axdr.ELEMENTS, len(table) + _MORE)))
            n = axdr.index(buf, i, b, table)
        if self._cipher and self._cipher.keys[0] and not into.integrity:
            into.integrity = reading.UNCIPHERED
        plan = self.plans.find(buf, table, n)
        if plan >= 0:
            code = self.plans.take(plan, buf, table, n, into)
            if code:
                return code
        else:
            cosem.pairs(buf, table, n, 1, None, into)
        return self._finish(into, buf, stamp, fault.LIST)

    def _finish(self, into, buf, stamp, nothing):
        """What is told last: who made the meter, and UTC when its clock is set; `nothing`: fault of no value.

        stamp: index of the telegram's own date-time, for a list without one; 0 without.
        """
        self.counts[fault.VALUE] += into.misfits
        if not into.text(reading.MAKER) or into.guessed >> reading.MAKER & 1:
            self._name_maker(into)
        if into.empty():
            return nothing
        facts = into.facts
        if stamp and not facts[13]:
            cosem.clock(buf, stamp, into, reading.COSEM)
        form = facts[13]  # reading.FORM
        # Before 2018 no meter had such a port: a clock that says so is not set.
        if form and facts[0] << 8 | facts[1] >= 2018:
            p1 = form == 2  # reading.P1
            # The maker, when he is told.
            normal = not p1 and into.told & 1 and profiles.normal_time.find(into.texts[0]) >= 0
            into.utc = localtime.meter_utc(facts, p1, facts[12], normal, self.zone, self.now)
        return 0

    def _name_maker(self, into):
        """Tell the maker by the list id, the logical device name, the meter id or the system title."""
        met = self._met
        for k in range(0, len(met), 2):
            slot = _TELLING[k >> 1]
            text = into.texts[slot] if into.told >> slot & 1 else None
            if text is not met[k]:  # a meter says the same each time: looked up once
                met[k] = text
                met[k + 1] = profiles.maker(text)
            who = met[k + 1]
            if who:
                into.name(reading.MAKER, who, False)
                return
        if reading.VERIFIED <= into.integrity <= reading.UNVERIFIED:  # encrypted
            who = self._cipher.maker
            if who == 0:  # a new title
                who = self._cipher.maker = profiles.maker(self._cipher.system_title())
            if who:
                into.name(reading.MAKER, who, False)

    def _text(self, buf, a, b, checked):
        """Decode the P1 telegram buf[a:b], "/" up to its "!"; checked: a checksum or a tag held over it."""
        into = self.reading
        lines = self._lines
        if lines is None:
            from hanport.dsmr import Lines

            lines = self._lines = Lines()
        lines.read_telegram(buf, a, b, into)
        self.counts[fault.P1_LINE] += lines.bad
        if not into.integrity:
            if not checked:
                into.integrity = reading.UNCHECKED
            elif self._cipher and self._cipher.keys[0]:
                into.integrity = reading.UNCIPHERED
        return self._finish(into, buf, 0, fault.P1_EMPTY)
