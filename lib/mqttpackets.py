"""What an MQTT broker sends, octet by octet: the packets a client may get (MQTT 3.1.1, section 3).

Whoever poses as a broker is not believed: a length is judged before anything is kept for it, and of a message
longer than the buffer only its beginning is. What umqtt.simple reads is read whole into the heap, however
long, and waits for the last octet; here nothing waits.
"""

_LARGEST = 1 << 20  # no message to us is longer; the protocol would allow 256 MiB
# Where in a packet we are: at its first octet, at one of the four of the length, or behind them.
_HEAD = 0
_LENGTH = 1
_BODY = 5


class Incoming:
    """Octets in, one packet at a time out; any split of the octets gives the same.

    feed() takes data[i:n] and returns the index after the last octet used; it stops at the end of a packet,
    with .kind not 0. ValueError: this can be no MQTT. reset() is for a new connection. What a packet says is
    worked out when it is asked for, as long as the next one has not begun.

        .kind    0x20 CONNACK, 0x30 PUBLISH, 0x40 PUBACK, 0x90 SUBACK, 0xD0 PINGRESP
        .have    octets that came of the packet that is under way
    """

    def __init__(self, room):
        """room: octets of the buffer, at least 32: for a message, its topic and 4 more."""
        self.buf = bytearray(room)
        self.reset()

    def reset(self):
        """Wait for the beginning of a packet."""
        self.kind = self.have = 0
        self._step = _HEAD
        self._head = self._size = 0

    def under_way(self):
        """True when a packet has begun and is not at its end."""
        return self._step != _HEAD

    def still_wants(self):
        """How many octets are surely of this packet: who reads no more has nothing left at its end."""
        return self._size - self.have if self._step == _BODY else 1

    def feed(self, data, i, n):
        """See above."""
        self.kind = 0
        while i < n and not self.kind:
            step = self._step
            if step == _BODY:
                i = self._body(data, i, n)
                continue
            c = data[i]
            i += 1
            if step == _HEAD:
                self._head = c
                self._size = self.have = 0
                self._step = _LENGTH
                if not self._known(c):
                    raise ValueError
                continue
            self._size |= (c & 127) << 7 * (step - _LENGTH)
            self._step = step + 1 if c > 127 else _BODY
            # More than four octets of length, or one that such a packet cannot have.
            if (c > 127 and step + 1 == _BODY) or (c < 128 and not self._fits()):
                raise ValueError
            if c < 128 and not self._size:
                self._end()
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
            topic = self._topic_size()
            # A topic that does not fit is none that was asked for.
            if not topic or topic > len(buf) - 4 or 2 + topic + (self._head & 2) > self._size:
                raise ValueError
        if self.have == self._size:
            self._end()
        return i + take

    def _end(self):
        kind = self._head & 0xF0
        self._step = _HEAD
        if kind == 0x20 and self.buf[0] > 1:
            raise ValueError
        self.kind = kind

    def refusal(self):
        """Of a CONNACK or SUBACK: its code, 0 for none."""
        if self.kind == 0x90:
            return max(self.buf[2 : self._size]) & 0x80
        return self.buf[1]

    def _topic_size(self):
        return self.buf[0] << 8 | self.buf[1]

    def to_confirm(self):
        """Of a PUBLISH: the number to confirm, 0 when none is wanted."""
        end = 2 + self._topic_size()
        return self.buf[end] << 8 | self.buf[end + 1] if self._head & 2 else 0

    def was_kept(self):
        """True for a PUBLISH that the broker had kept (retained)."""
        return bool(self._head & 1)

    def is_whole(self):
        """True when all of a PUBLISH is in the buffer."""
        return self._size <= len(self.buf)

    def topic_octets(self):
        """Topic of a PUBLISH, as bytes."""
        return bytes(self.buf[2 : 2 + self._topic_size()])

    def payload_octets(self):
        """What a PUBLISH says, as bytes; only its beginning when it is not whole."""
        return bytes(self.buf[2 + self._topic_size() + (self._head & 2) : min(self._size, len(self.buf))])
