"""The two slots of an ESP8266: halves of its ROMFS partition, written by flash address."""

import esp

from app import marker

SIZE = 0x28000
_STARTS = (0xB0000, 0xD8000)  # the partition begins at the first
_SECTOR = 4096
_PIECE = 512
_HEAD = 4  # octets that are written last: without them nothing mounts


class RomSlots:
    """Writes the slot that does not run. The code that does this runs from the other one."""

    kind = "romfs"

    def __init__(self):
        self.running = marker.running()
        self.idle = None if self.running is None else 1 - self.running
        self._piece = bytearray(_PIECE)  # flash takes words from RAM only
        self._head = bytearray(_HEAD)
        self._fill = 0  # octets in _piece
        self._at = 0  # octets in the slot

    def begin(self, size, files):
        """Make the slot ready for so many octets; False when they do not fit."""
        if size > SIZE or size < _HEAD:
            return False
        self._fill = self._at = 0
        # Nothing of the old version may mount from here on.
        esp.flash_erase(_STARTS[self.idle] // _SECTOR)
        return True

    def write(self, octets):
        """Take octets as they come. Raises OSError, ValueError."""
        at = 0
        while at < len(octets):
            n = min(_PIECE - self._fill, len(octets) - at)
            self._piece[self._fill : self._fill + n] = octets[at : at + n]
            self._fill += n
            at += n
            if self._fill == _PIECE:
                self._flush()

    def _flush(self):
        start = _STARTS[self.idle] + self._at
        if self._at + self._fill > SIZE:
            raise ValueError
        if self._at % _SECTOR == 0 and self._at:
            esp.flash_erase(start // _SECTOR)
        for k in range(self._fill, _PIECE):
            self._piece[k] = 0xFF
        if self._at == 0:
            self._head[:] = self._piece[:_HEAD]
            self._piece[:_HEAD] = b"\xff" * _HEAD
        esp.flash_write(start, self._piece)
        self._at += self._fill
        self._fill = 0

    def end(self):
        """No more comes. Raises OSError, ValueError."""
        if self._fill:
            self._flush()

    def close(self):
        """Nothing more comes: there is nothing to let go of."""

    def octets(self):
        """Yield what lies in the slot, in pieces, with the head that is still to be written.

        Read through the flash driver: the mapped view may show what the cache had before.
        """
        for at in range(0, self._at, _PIECE):
            esp.flash_read(_STARTS[self.idle] + at, self._piece)
            if at == 0:
                self._piece[:_HEAD] = self._head
            yield memoryview(self._piece)[: min(_PIECE, self._at - at)]

    def seal(self):
        """The slot is whole and checked: write what makes it mount; False when it does not read back."""
        esp.flash_write(_STARTS[self.idle], self._head)
        found = bytearray(_HEAD)
        esp.flash_read(_STARTS[self.idle], found)
        return found == self._head
