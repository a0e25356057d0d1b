"""What an MQTT broker sends, octet by octet: the packets a client may get (MQTT 3.1.1, section 3).

Whoever poses as a broker is not believed: a length is judged before anything is kept for it, and of a message
longer than the buffer only its beginning is. What umqtt.simple reads is read whole into the heap, however
long, and waits for the last octet; here nothing waits.
"""

_LARGEST = 1 << 20  # no message to us is longer; the protocol would allow 256 MiB
# Where in a packet we are.
_HEAD = 0
_LENGTH = 1
_BODY = 2


class Incoming:
    """Octets in, one packet at a time out; any split of the octets gives the same.

    feed() takes data[i:n] and returns the index after the last octet used. It stops at the end of a packet
    with .kind not 0, or with .fault True when this can be no MQTT; reset() is for a new connection.

        .kind    0x20 CONNACK, 0x30 PUBLISH, 0x40 PUBACK, 0x90 SUBACK, 0xD0 PINGRESP
        .code    of CONNACK and SUBACK: the refusal, 0 for none
        .pid     of PUBLISH: the number to confirm, 0 when none is wanted
        .kept    of PUBLISH: True for a message that the broker had kept (retained)
        .whole   of PUBLISH: True when all of it is in the buffer
        .have    octets that came of the packet that is under way; .under_way tells whether one is
    """

    def __init__(self, room):
        """room: octets of the buffer, at least 32: for a message, its topic and 4 more."""
        self.buf = bytearray(room)
        self.reset()

    def reset(self):
        """Wait for the beginning of a packet."""
        self.kind = self.code = self.pid = self.have = 0
        self.fault = self.kept = self.whole = self.under_way = False
        self._step = _HEAD
        self._head = self._size = self._shift = self._topic = 0

    def feed(self, data, i, n):
        """See above."""
        self.kind = 0
        while i < n and not self.kind and not self.fault:
            if self._step == _BODY:
                i = self._body(data, i, n)
                continue
            c = data[i]
            i += 1
            if self._step == _HEAD:
                self._head = c
                self._size = self._shift = self.have = self.code = 0
                self.under_way = True
                self._step = _LENGTH
                self.fault = not self._known(c)
                continue
            self._size |= (c & 127) << self._shift
            self._shift += 7
            if c < 128:
                self._step = _BODY
                self.fault = not self._fits()
                if not self._size and not self.fault:
                    self._end()
            elif self._shift > 21:  # a fifth octet of the length
                self.fault = True
        return i

    def _known(self, head):
        """True for a first octet that a broker may send to us: no message is wanted with QoS 2."""
        if head & 0xF0 == 0x30:
            return not head & 4
        return head in (0x20, 0x40, 0x90, 0xD0)

    def _fits(self):
        """True when the length can be that of such a packet."""
        kind, size = self._head & 0xF0, self._size
        if kind == 0x30:
            return 3 <= size <= _LARGEST
        if kind == 0x90:
            return 3 <= size <= 16
        return size == (0 if kind == 0xD0 else 2)

    def _body(self, data, i, n):
        buf, have = self.buf, self.have
        take = min(n - i, self._size - have)
        keep = min(take, len(buf) - have)
        if keep > 0:
            buf[have : have + keep] = memoryview(data)[i : i + keep]
        self.have = have + take
        if have < 2 <= self.have and self._head & 0xF0 == 0x30:
            topic = self._topic = buf[0] << 8 | buf[1]
            # A topic that does not fit is none that was asked for.
            if not topic or topic > len(buf) - 4 or 2 + topic + (self._head & 2) > self._size:
                self.fault = True
        if self.have == self._size and not self.fault:
            self._end()
        return i + take

    def _end(self):
        kind = self._head & 0xF0
        buf = self.buf
        self._step = _HEAD
        self.under_way = False
        if kind == 0x30:
            end = 2 + self._topic
            self.pid = buf[end] << 8 | buf[end + 1] if self._head & 2 else 0
            self.kept = bool(self._head & 1)
            self.whole = self._size <= len(buf)
        elif kind == 0x20:
            self.code = buf[1]
            self.fault = buf[0] > 1
        elif kind == 0x90:
            self.code = max(buf[2 : self._size]) & 0x80
        if not self.fault:
            self.kind = kind

    def topic(self):
        """Topic of a PUBLISH, as bytes."""
        return bytes(self.buf[2 : 2 + self._topic])

    def payload(self):
        """What a PUBLISH says, as bytes; only its beginning when it is not .whole."""
        return bytes(self.buf[2 + self._topic + (self._head & 2) : min(self._size, len(self.buf))])
