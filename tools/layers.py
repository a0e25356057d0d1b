"""handecode without --json: each layer of each frame in words, for a person with a hex dump in hand.

The decoder finds the frames and makes the readings; this file looks over its shoulder and tells from the
same octets what stands where. Positions are octets of the input, counted from 0, also of octets that were
joined from several frames or decrypted. Runs on CPython and on MicroPython alike, and prints the same.
"""

import layer_apdu
import layer_reading
import layer_words as words
from hanport import apdu, fault, framing, hdlc
from hanport.octets import crc_x25, sum8

out = layer_apdu.out
_FILL = b"\x7e\r\n\x00"  # between telegrams these are no noise: flags of HDLC, line ends of P1


class Watched(framing.Framing):
    """The decoder's framing, which tells every frame and every failed candidate before they are decoded."""

    def __init__(self, size, tell):
        """size: as Framing. tell(framing, position): called at each event."""
        framing.Framing.__init__(self, size)
        self._tell = tell
        self._taken = 0  # octets of the input taken so far

    def feed(self, data, i, n):
        """As Framing.feed."""
        i = framing.Framing.feed(self, data, i, n)
        if n:
            self._taken = i
        if self.end or self.fault:
            self._tell(self, self._taken - self.have)
        return i


class Teller:
    """Tells the frames of one input."""

    def __init__(self, octets, keys):
        """octets: the whole input. keys: encryption and authentication key, 16 octets or None each."""
        self._octets = octets
        self._apdus = layer_apdu.Apdus(keys)
        self._frames = 0
        self._told = 0  # octets of the input told so far
        self._segments = None  # HDLC segments kept, as a Span
        self._mbus = None  # M-Bus segments kept
        self._number = 0  # of the newest M-Bus segment

    def dump(self):
        """Tell octets that have no framing."""
        octets = self._octets
        out(0, "no framing: %d octets" % len(octets))
        span = layer_apdu.Span().add(octets, 0)
        start = apdu.strip_llc(octets, 0, len(octets))
        if start:
            self._llc(span, 0, len(octets), 1)
        self._apdus.tell(span, start, len(octets), 1)
        self._told = len(octets)

    def noise(self, end):
        """Tell the octets up to `end` that belong to no frame."""
        a = self._told
        octets = self._octets
        while a < end and octets[a] in _FILL:
            a += 1
        if a < end:
            said = (a, end - a, "" if end - a == 1 else "s", words.octets(octets, a, end))
            out(0, "at %d: %d octet%s of no telegram: %s" % said)
        self._told = max(self._told, end)

    def rest(self):
        """Tell what is left after the last frame."""
        self.noise(len(self._octets))

    def event(self, frames, position):
        """A frame was found, or a candidate failed, at `position` of the input."""
        if not frames.have:
            return  # the line fell silent while segments were kept
        self.noise(position)
        a = frames.base
        code = frames.fault
        kind = frames.arena[a] if code else frames.kind
        octets = frames.arena[a : a + frames.have if code else frames.end]
        mark = frames.p1.mark if frames.p1 else 0
        if code and kind == framing.P1:
            octets = octets[: mark + 5 if mark else _text_length(octets)]
        elif code:
            octets = octets[: _claimed(kind, octets, code)]
        span = layer_apdu.Span().add(octets, position)
        n = len(octets)
        self._frames += 1
        self._told = max(self._told, position + n)
        name = {framing.HDLC: "HDLC", framing.MBUS: "M-Bus", framing.CIPHERED: "ciphered APDU, no framing"}
        said = (" (broken)" if code else "", name.get(kind, "P1"), position, position + n - 1, n)
        out(0, "frame %d%s: %s, octets %d to %d, %d in all" % ((self._frames,) + said))
        if code == fault.TRUNCATED or code == fault.TOO_LARGE:
            if kind != framing.P1:
                out(1, "the length says %d octets, %d are here" % (frames.wanted, frames.have))
        if kind == framing.HDLC:
            self._hdlc(span, code)
        elif kind == framing.MBUS:
            self._mbus_frame(span, code)
        elif kind == framing.CIPHERED:
            self._apdus.tell(span, 0, n, 1, code != 0)
        elif frames.p1 and frames.p1.cipher:
            self._polish(span, frames.p1.cipher, n, code)
        else:
            self._apdus.p1(span, 0, mark or n, n, 1)

    def _hdlc(self, span, code):
        """7E | format 2 | destination | source | control | HCS 2 | information | FCS 2 | 7E"""
        buf = span.octets
        n = len(buf)
        if n < 3:
            return
        length = (buf[1] & 7) << 8 | buf[2]
        more = buf[1] & hdlc.SEGMENT
        said = (words.octets(buf, 1, 3), 3, "1, more segments follow" if more else "0", length)
        out(1, "format %s: type %d, S bit %s, length %d" % said)
        control = hdlc.header(buf, 0, n)
        if not control or control >= n:
            out(1, "addresses %s: cut short or without an end" % words.octets(buf, 3, min(n, 11)))
            return
        i = 3
        for name in ("destination", "source"):
            a = i
            while not buf[i] & 1:
                i += 1
            i += 1
            out(1, "%s address %s: %s" % (name, words.octets(buf, a, i), words.address(buf, a, i)))
        out(1, "control %02X: %s" % (buf[control], words.control(buf[control])))
        end = length - 1  # index of the FCS
        i = control + 1
        if end <= i:
            out(1, "no information field, so no HCS")
        else:
            if not _checksum("HCS", buf, control + 1):
                return
            i = min(control + 3, end)
        if n > end + 1:
            _checksum("FCS", buf, end)
            if n > end + 2 and buf[end + 2] != 0x7E:
                out(1, "closing flag 7E missing: %02X stands there" % buf[end + 2])
        if end > i:
            self._information(span, i, min(end, n), more, code)

    def _information(self, span, i, end, more, code):
        """The information field octets[i:end]: join segments, strip the LLC header, tell the APDU."""
        buf = span.octets
        start = apdu.strip_llc(buf, i, end)
        if code:
            if i < end:
                self._apdus.tell(span, self._llc(span, i, end, 1), end, 2, True)
            return
        joining = self._segments
        if joining and start > i and start < end and apdu.opens(buf, start):
            out(1, "a new telegram: the segments kept so far are dropped")
            joining = None
        if more or joining:
            if joining is None:
                joining = layer_apdu.Span()
                start = i
            joining.join(span, start, end)
            self._segments = joining
            said = (end - start, words.octets(buf, start, end))
            out(1, "segment of %d octets: %s" % said)
            if more:
                return
            span = joining
            buf = span.octets
            i, end = 0, len(buf)
            out(1, "segments joined: %d octets" % end)
        self._segments = None
        start = self._llc(span, i, end, 1)
        if start > i or (i < end and buf[i] == apdu.BLOCK):
            self._apdus.tell(span, start, end, 2)
        else:
            out(1, "information: %s" % words.octets(buf, i, end))

    def _llc(self, span, i, end, depth):
        """Tell the LLC header; returns the index after it."""
        buf = span.octets
        start = apdu.strip_llc(buf, i, end)
        if start == i:
            out(depth, "LLC: none")
        else:
            who = "from the meter" if buf[i + 1] == 0xE7 else "from the client"
            out(depth, "LLC %s: %s" % (words.octets(buf, i, start), who))
        return start

    def _mbus_frame(self, span, code):
        """68 | L | L | 68 | C | A | CI | STSAP | DTSAP | data ... | checksum | 16"""
        buf = span.octets
        n = len(buf)
        if n < 9:
            return
        length = buf[1] + 256 if buf[1] < 6 else buf[1]
        note = " (sent modulo 256: %d)" % length if length > 255 else ""
        out(1, "length %02X %02X: %d%s" % (buf[1], buf[2], buf[1], note))
        out(1, "C field %02X: SND-UD, FCB %d" % (buf[4], buf[4] >> 5 & 1))
        out(1, "A field %02X: broadcast" % buf[5])
        number = buf[6] & 15
        final = buf[6] & 16
        said = (buf[6], number, "1, the last" if final else "0, more follow")
        out(1, "CI field %02X: segment %d, FIN %s" % said)
        out(1, "STSAP %02X, DTSAP %02X: %d" % (buf[7], buf[8], buf[8]))
        end = length + 4
        if n > end:
            computed = sum8(buf, 4, end)
            said = (buf[end], computed, "ok" if buf[end] == computed else "wrong")
            out(1, "checksum %02X sent, %02X computed: %s" % said)
            if n > end + 1 and buf[end + 1] != 0x16:
                out(1, "stop octet 16 missing: %02X stands there" % buf[end + 1])
        end = min(end, n)
        if code:
            if not number and end > 9:
                self._apdus.tell(span, 9, end, 1, True)
            return
        self._mbus_data(span, 9, end, number, final)

    def _mbus_data(self, span, i, end, number, final):
        """Join the data octets[i:end] with the segments before, and tell the APDU."""
        if number and (self._mbus is None or number != self._number + 1):
            self._mbus = None
            out(1, "not joined: the segment before it is missing")
            return
        if number == 0:
            self._mbus = layer_apdu.Span()
        self._number = number
        self._mbus.join(span, i, end)
        if not final:
            out(1, "segment of %d octets: %s" % (end - i, words.octets(span.octets, i, end)))
            return
        joined = self._mbus
        self._mbus = None
        end = len(joined.octets)
        if number:
            out(1, "%d segments joined: %d octets" % (number + 1, end))
        self._apdus.tell(joined, apdu.strip_llc(joined.octets, 0, end), end, 1)

    def _polish(self, span, i, n, code):
        """Identification | title length | length | ciphered part | ! | four digits"""
        buf = span.octets
        out(1, "%5d  %s" % (span.at(0), bytes(buf[:i]).decode().strip()))
        size = apdu.span(buf, i, n)
        end = min(i + size, n) if size > 0 else n
        out(1, "ciphered part, without a tag")
        self._apdus.cipher(span, i, end, 2, code != 0, True)
        self._apdus.p1_crc(span, 0, end, n, 1)


def _checksum(name, buf, i):
    """Tell the CRC-16/X-25 at buf[i:i+2], over all after the flag; True when it is right."""
    if i + 2 > len(buf):
        out(1, "%s: not here" % name)
        return False
    crc = crc_x25(buf, 1, i)
    right = buf[i] | buf[i + 1] << 8 == crc
    said = (name, words.octets(buf, i, i + 2), crc & 255, crc >> 8, "ok" if right else "wrong")
    out(1, "%s %s sent, %02X %02X computed: %s" % said)
    return right


def _claimed(kind, octets, code):
    """How many octets a failed candidate claims: by its length, or by its header when that is wrong."""
    if kind == framing.HDLC:
        if code == fault.HCS:
            return 14
        return ((octets[1] & 7) << 8 | octets[2]) + 2
    if kind == framing.MBUS:
        return octets[1] + (262 if octets[1] < 6 else 6)
    return len(octets)


def _text_length(octets):
    """How many octets from the start on are text, the first that is none too."""
    for k, c in enumerate(octets):
        if c > 126 or (c < 32 and c not in b"\r\n\t\0"):
            return k + 1
    return len(octets)


def tell(name, octets, keys, decoder, events, dump):
    """Print all layers of all frames in the octets of file `name`.

    decoder: the Decoder that `events` runs, an iterable that yields "reading", "fault" or "nothing" as it
    stops. keys: [encryption key, authentication key], 16 octets or None each. dump: there is no framing.
    """
    out(0, "%s: %d octets" % (name, len(octets)))
    teller = Teller(octets, keys)
    if dump:
        teller.dump()
    decoder.framing = Watched(len(decoder.framing.arena), teller.event)
    event = ""
    for event in events:
        if event == "reading":
            out(0, "reading")
            for line in layer_reading.lines(decoder.reading):
                out(1, line)
        elif event == "fault":
            _fault(decoder.why(), decoder.fault)
    teller.rest()
    if event == "nothing":
        _fault(fault.words(fault.NOISE), fault.NOISE)


def _fault(said, code):
    out(0, "fault: %s" % said)
    if fault.hint(code):
        out(1, "hint: %s" % fault.hint(code))
