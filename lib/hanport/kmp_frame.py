"""KMP frames: octets in, whole answers out; and the request's octets.

    request  80 | address | command | data | CRC 2 | 0D
    answer   40 | address | command | data | CRC 2 | 0D
    ack      06

The CRC (XMODEM, high octet first) is over address..data. After it is reckoned, 06, 0D, 1B, 40 and 80
between start and stop are sent as 1B and their complement: so a raw 40 or 80 always begins a frame, and a
request holds no 40, which tells its echo from an answer.

Source: bsdphk/PyKamstrup, gertvdijk/PyKMP.
"""

from hanport.octets import crc_xmodem

NOTHING = 0
ANSWER = 1  # a good answer: buf[:end] is address..data
ECHO = 2  # a good request, our own, as half-duplex heads give it back
DAMAGED = 3  # an answer whose checksum does not hold, or that is cut short

_START = 0x80
_ANSWER = 0x40
_STOP = 0x0D
_ESCAPE = 0x1B
_STUFFED = b"\x06\x0d\x1b\x40\x80"
_SMALLEST = 4  # address, command, CRC


class Framer:
    """Finds answers in what the line brings. Owns no clock and no opinion on what an answer means."""

    def __init__(self, size=192):
        """size: most octets of a frame without stuffing; public answers stay under 150."""
        self.buf = bytearray(size)
        self.event = NOTHING
        self.end = 0  # of the good answer in buf, when event is ANSWER
        self.noise = 0  # octets that belong to no good frame
        self._n = 0
        self._open = 0  # start octet of the frame that comes in, 0 between frames
        self._escape = 0
        self._out = bytearray(64)

    def restart(self):
        """Forget what is half received."""
        self.noise += self._n
        self._n = 0
        self._open = 0

    def feed(self, data, i, n):
        """Take data[i:n]; return the index after the last octet used.

        Stops after a frame's stop octet, with .event saying what the frame was; else at n with NOTHING.
        """
        buf = self.buf
        self.event = NOTHING
        while i < n:
            c = data[i]
            i += 1
            if c == _ANSWER or c == _START:
                self.restart()
                self._open = c
                self._escape = 0
            elif not self._open:
                self.noise += 1  # an ack, too: nothing was sent that asks for one
            elif c == _STOP:
                self.event = self._judge()
                return i
            elif c == _ESCAPE and not self._escape:
                self._escape = 0xFF
            elif self._n < len(buf):
                buf[self._n] = c ^ self._escape
                self._n += 1
                self._escape = 0
            else:
                self.restart()
        return i

    def _judge(self):
        """The stop octet came: what is the frame?"""
        kind = self._open
        n = self._n
        self._open = 0
        self._n = 0
        good = n >= _SMALLEST and not self._escape and crc_xmodem(self.buf, 0, n) == 0
        if good and kind == _ANSWER:
            self.end = n - 2
            return ANSWER
        self.noise += n
        return ECHO if good else DAMAGED if kind == _ANSWER else NOTHING

    def request(self, raw, n):
        """The frame of raw[0:n] (address, command, data; n up to 20), as octets valid until the next call.

        raw must have room for two octets more.
        """
        crc = crc_xmodem(raw, 0, n)
        raw[n] = crc >> 8
        raw[n + 1] = crc & 255
        out = self._out
        out[0] = _START
        k = 1
        for i in range(n + 2):
            c = raw[i]
            if c in _STUFFED:
                out[k] = _ESCAPE
                k += 1
                c ^= 0xFF
            out[k] = c
            k += 1
        out[k] = _STOP
        return memoryview(out)[: k + 1]
