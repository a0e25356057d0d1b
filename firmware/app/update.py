"""A new version, taken in pieces as they arrive and written to the slot that does not run.

A package is one file:  a line of JSON, the manifest;  a line with the signature, 128 hex digits, or the word
unsigned;  the image, as the chip's slots take it (romslots.py, folderslots.py). Signed are 64 octets: the
SHA-256 of the manifest's line without its end, and the SHA-256 of the image.

    update = Update(slots(), facts(), button_held, supply_low)
    for each piece: fault = update.feed(piece)       # words for a person, or None
    fault = update.finish() or update.activate()     # then answer, and machine.reset()

Until activate() the running version stays the marked one; what was half written never starts. Import this
when an update comes and drop it afterwards.
"""

import gc
import json
import sys
from binascii import unhexlify
from hashlib import sha256

from app import marker
from unload import unload

_HEAD = 640  # octets of the longest manifest and signature

NO_LOADER = "This device was not started by Hanport's loader (boot.py), so it cannot update itself."
NO_PACKAGE = "This is not a Hanport update file."
OTHER_CHIP = "This update is for the chip %s, but this device has %s."
OTHER_BOARD = "This update is for the board %s, but this device is %s."
OTHER_MICROPYTHON = "This update was built for another version of MicroPython than the one on this device."
TOO_LARGE = "The update does not fit: it is too large for this device."
LOW_SUPPLY = "The supply voltage is too low to write safely now; try again later."
HOLD_BUTTON = "This update is not signed: hold the device's button while the upload starts to allow it."
DAMAGED = "The update file arrived damaged or incomplete; please upload it again."
NOT_OURS = "This update was not signed by the key that this device trusts."
NOT_WRITTEN = "The device's flash could not be written; the running version is unharmed."
NOT_ALLOWED = "There is no checked update to start."


def slots():
    """The slots of this chip."""
    if sys.platform == "esp8266":
        from app.romslots import RomSlots

        return RomSlots()
    from app.folderslots import FolderSlots

    return FolderSlots()


def facts():
    """(board, chip, kind of .mpy files, public key or None) of the running version."""
    import board_config

    try:
        from hanport_key import PUBLIC
    except ImportError:
        PUBLIC = None
    return board_config.NAME, board_config.CHIP, getattr(sys.implementation, "_mpy", 0), PUBLIC


class Update:
    """One update on its way."""

    def __init__(self, slots, facts, button_held, supply_low=None):
        self._slots = slots
        self._board, self._chip, self._mpy, self._public = facts
        self._button_held = button_held
        self._supply_low = supply_low or (lambda: False)
        self._start = bytearray()  # the two lines, as far as they came
        self._open = False  # the slot takes octets
        self._checked = False
        self.version = None
        self.size = 0  # octets of the image
        self.written = 0

    def feed(self, piece):
        """Take the next octets of the package; returns a fault in words, or None."""
        if self._open:
            return self.write(piece)
        # Line by line, so that nothing of the image is kept twice.
        start = self._start
        had = len(start)
        start.extend(piece[: max(0, _HEAD - had)])
        first = start.find(b"\n")
        end = start.find(b"\n", first + 1) if first >= 0 else -1
        if end < 0:
            return NO_PACKAGE if len(start) >= _HEAD or start[:1] != b"{" else None
        fault = self.begin(bytes(start[: end + 1]))
        self._start = bytearray()
        return fault or self.write(memoryview(piece)[end + 1 - had :])

    def begin(self, head):
        """Look at the manifest and the signature, both lines with their ends, and make the slot ready."""
        gc.collect()
        self._open = self._checked = False
        if self._slots.idle is None:
            return NO_LOADER
        lines = head.split(b"\n")
        try:
            manifest = json.loads(lines[0])
            self._sha256 = unhexlify(manifest["sha256"])
            self._signature = None if lines[1] == b"unsigned" else unhexlify(lines[1])
            self.size = manifest["size"]
            board, chip, mpy = manifest["board"], manifest["chip"], manifest["mpy"]
            files = manifest["files"]
            if manifest["product"] != "hanport" or not self.size > 0 or not files >= 0:
                return NO_PACKAGE
            kind = manifest["kind"]
            version = manifest["version"]
        except (ValueError, KeyError, TypeError, IndexError):
            return NO_PACKAGE
        fault = self._fits(board, chip, mpy, kind)
        if fault:
            return fault
        low = self._low()
        if low:
            return low
        if (self._signature is None or self._public is None) and not self._button_held():
            return HOLD_BUTTON
        self._manifest = sha256(lines[0]).digest()
        self.version = version
        self.written = 0
        try:
            if not self._slots.begin(self.size, files):
                return TOO_LARGE
        except OSError:
            return NOT_WRITTEN
        self._open = True
        return None

    def _low(self):
        """Words when the supply is too low; supply_low() may have better ones than ours."""
        low = self._supply_low()
        return LOW_SUPPLY if low is True else low

    def _fits(self, board, chip, mpy, kind):
        """Words when the update is for another device."""
        if chip != self._chip:
            return OTHER_CHIP % (chip, self._chip)
        if board != self._board:
            return OTHER_BOARD % (board, self._board)
        # Low octet: version of the .mpy files. The six bits above: machine code, 0 for none; then flags.
        code = mpy >> 8 and mpy != self._mpy & 0x3FFF
        if code or mpy & 0xFF != self._mpy & 0xFF or kind != self._slots.kind:
            return OTHER_MICROPYTHON
        return None

    def _stop(self, fault):
        """Take no more octets."""
        self._open = False
        self._slots.close()
        return fault

    def write(self, octets):
        """Take octets of the image; returns a fault in words, or None."""
        if not self._open:
            return NOT_ALLOWED
        self.written += len(octets)
        if self.written > self.size:
            return self._stop(DAMAGED)
        try:
            self._slots.write(octets)
        except ValueError:
            return self._stop(DAMAGED)
        except OSError:
            return self._stop(NOT_WRITTEN)
        return None

    def finish(self):
        """All has come: check what lies in the slot, as it reads back. Returns a fault in words, or None."""
        if not self._open:
            return NOT_ALLOWED if self.version else NO_PACKAGE
        try:
            fault = DAMAGED if self.written != self.size else self._check()
        except ValueError:
            fault = DAMAGED
        except OSError:
            fault = NOT_WRITTEN
        self._checked = fault is None
        return self._stop(fault)

    def _check(self):
        self._slots.end()
        found = sha256(b"")
        for piece in self._slots.octets():
            found.update(piece)
        found = found.digest()
        if found != self._sha256:
            return DAMAGED
        if self._public is not None and self._signature is not None and not self._signed(found):
            return NOT_OURS
        low = self._low()
        if low:
            return low
        return None if self._slots.seal() else NOT_WRITTEN

    def _signed(self, image):
        """Takes some seconds on an ESP8266, and 5.3 kB of heap there."""
        gc.collect()
        import ed25519

        good = ed25519.verify(self._public, self._manifest + image, self._signature)
        del ed25519
        unload("ed25519")
        gc.collect()
        return good

    def activate(self):
        """Mark the new version: the next start is its. Returns a fault in words, or None."""
        if not self._checked:
            return NOT_ALLOWED
        self._checked = False
        try:
            marker.mark(self._slots.idle, marker.TRIAL)
        except OSError:
            return NOT_WRITTEN
        return None

    def progress(self):
        """Octets written and octets in all."""
        return self.written, self.size
