"""From counters and faults to what a person can understand: four lamps and one plain sentence.

The lamps are never mixed: *line* (octets come), *framing* (telegrams are recognised: wiring, speed, parity
and inversion are right), *decryption* and *list* (values are understood).
"""

import unload
from hanport import fault

OFF = "off"  # nothing known yet
GOOD = "good"
BAD = "bad"
LAMPS = ("line", "framing", "decryption", "list")

_CIPHER = (fault.NO_KEY, fault.TAG, fault.WRONG_KEY, fault.SECURITY, fault.CIPHER_LENGTH)
_FIRST = 25  # seconds from the first octets on, for a whole telegram: the slowest push comes every 10
_PATIENCE = 60  # seconds without a telegram before it is called silence; hourly lists come on top of others


class Findings:
    """The state of the four lamps, kept up to date by the meter port at no cost per octet."""

    def __init__(self):
        self.octets = 0
        self.first_octet = 0
        self.last_octet = None  # uptime in seconds of the newest octet, frame and reading
        self.last_frame = None
        self.last_reading = None
        self.last_fault = 0
        self.words = ""  # the newest fault as a sentence
        self.told = ""  # a whole sentence from a protocol that knows better than the lamps

    def octets_came(self, count, up):
        """`count` octets came at uptime `up`."""
        if not self.octets:
            self.first_octet = up
        self.octets += count
        self.last_octet = up

    def event(self, decoder, up):
        """The decoder stopped at a reading or a fault."""
        if decoder.ready:
            self.last_reading = up
            self.last_frame = up
            self.last_fault = 0
            self.words = ""
        else:
            self.last_fault = decoder.fault
            self.words = decoder.why()
            if decoder.framing.end:
                self.last_frame = up

    def lamps(self, up):
        """(line, framing, decryption, list), each OFF, GOOD or BAD, at uptime `up`."""
        line = self._fresh(self.last_octet, up)
        framing = self._fresh(self.last_frame, up) if line == GOOD else OFF
        if framing == BAD and self.last_frame is None and up - self.first_octet < _FIRST:
            framing = OFF
        if framing != GOOD:
            return line, framing, OFF, OFF
        if self._fresh(self.last_reading, up) == GOOD:
            return line, framing, GOOD, GOOD
        if self.last_fault in _CIPHER:
            return line, framing, BAD, OFF
        return line, framing, GOOD, BAD

    def _fresh(self, when, up):
        if when is None:
            return BAD if up > _PATIENCE or self.octets else OFF
        return GOOD if up - when <= _PATIENCE else BAD

    def sentence(self, up):
        """Why there is no number yet, in one sentence; "Readings come." when there is."""
        if self.told:
            return self.told
        line, framing, _, values = self.lamps(up)
        if values == GOOD:
            unload.unload("hanport.hints")
            return "Readings come."
        from hanport import hints

        return hints.sentence(self, line, framing)
