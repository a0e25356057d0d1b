"""Telegrams as the meter sent them, in hex, at <base>/data (the ancestor's payload format 255).

A decoder opens a telegram where it lies: what stands in its arena at the reading is deciphered and joined.
So Memory listens at the framer and copies each good frame before it is opened, all frames of one reading.
"""

from hanport.octets import copy

RETAIN = False

_DIGITS = b"0123456789ABCDEF"
_PIECE = 32


_newest = []  # the Memory that of() has made


class Memory:
    """The frames of the newest reading: buf[:have]."""

    def __init__(self, decoder):
        """decoder: a hanport.Decoder; from now on each good frame of its framer is copied."""
        framing = decoder.framing
        self.buf = bytearray(len(framing.arena))
        self.have = 0
        self.text = bytearray(2 * _PIECE)
        self.decoder = decoder
        self._framing = framing
        self._readings = 0
        self._take = framing.feed
        framing.feed = self._feed

    def forget(self):
        """The connection is new; nothing to forget."""

    def _feed(self, data, i, n):
        i = self._take(data, i, n)
        framing = self._framing
        if framing.end:
            if self._readings != self.decoder.readings:
                self._readings = self.decoder.readings
                self.have = 0
            length = framing.end - framing.base
            if self.have + length > len(self.buf):
                self.have = 0  # frames that gave no reading; the newest matters most
            copy(self.buf, self.have, framing.arena, framing.base, length)
            self.have += length
        return i


def of(decoder):
    """The Memory that listens at this decoder, made at the first call."""
    if not _newest or _newest[0].decoder is not decoder:
        _newest.clear()
        _newest.append(Memory(decoder))
    return _newest[0]


def message(k, w, latest, state, device, memory):
    """Write message k; returns its topic below the base, False for none, None behind the last."""
    if k:
        return None
    if memory is None or not memory.have:
        return False
    text = memory.text
    digits = 0
    for k in range(memory.have):
        c = memory.buf[k]
        text[digits] = _DIGITS[c >> 4]
        text[digits + 1] = _DIGITS[c & 15]
        digits += 2
        if digits == len(text):
            w.raw(text)
            digits = 0
    if digits:
        w.raw(memoryview(text)[:digits])
    return b"/data"
