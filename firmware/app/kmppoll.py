"""A meter that is asked (KMP): requests out over the meter port, readings to the mailbox."""

from app import board, kept, port
from hanport import fault, kmp

_LOOK_MS = 20  # between two looks at the port: 19 octets at 9600 baud


class KmpPoll:
    """One UART with TX, one kmp.Client. Tells the findings what stands between the meter and a number."""

    def __init__(self, house):
        """house: has settings, decoder (the client), findings, box, device and log."""
        self._house = house
        self.client = client = house.decoder
        settings = house.settings
        # Where the settings say nothing, a speed that meters answer at is found by trying.
        self._search = not settings["baud"]
        self._uart, self._baud, self.line = board.open_uart(
            {
                "baud": settings["baud"] or kmp.BAUDS[0],
                "parity": settings["parity"] or kmp.FORMAT,
                "invert": settings["invert"],
            }
        )
        client.wait_ms = kmp.wait_ms(self._baud)
        self._buf = bytearray(64)

    def serve(self):
        """Ask what is due and hear what has come; returns the ms until the next look, None for never."""
        if board.config.TX is None and board.config.CHIP != "unix":
            # Nothing can be asked on this board: say so, and nothing else.
            self._say(fault.KMP_NO_TX, fault.words(fault.KMP_NO_TX))
            return None
        client = self.client
        request = client.next_request(port.up_ms())
        if client.ready or client.fault:
            self._tell(port.up())
        if request:
            self._uart.write(request)
        n = self._uart.readinto(self._buf)
        if n:
            self._hear(n, port.up())
        return 0 if n == len(self._buf) else _LOOK_MS  # a full buffer means that more waits

    def _hear(self, n, up):
        """Give the octets that came to the client."""
        client = self.client
        frames = client.frames
        i = 0
        while i < n:
            i = client.feed(self._buf, i, n)
        self._house.findings.octets_came(n, up)
        if client.frames != frames:
            self._house.findings.last_frame = up

    def _tell(self, up):
        """A round is over: hand on its reading or its fault."""
        client = self.client
        findings = self._house.findings
        if client.ready:
            findings.last_reading = up
            findings.last_fault = 0
            findings.words = ""
            findings.told = ""
            house = self._house
            kept.watch(house.device.totals, client.reading, house.box.state, up, house.log)
            client.reading = house.box.put(client.reading, up)
            return
        self._say(client.fault, client.why())
        if (
            self._search
            and not client.serial
            and client.fault in (fault.KMP_SILENT, fault.NOISE, fault.KMP_CRC)
        ):
            self._other_speed()

    def _say(self, code, words):
        """A finding: its words for the log, the whole sentence with the hint for people."""
        findings = self._house.findings
        # Codes after those of fault.py are told by their sentence alone.
        findings.last_fault = code if code < fault.COUNT else 0
        findings.words = words
        findings.told = "%s%s. %s" % (words[0].upper(), words[1:], fault.hint(code))
        self._house.log(words)

    def _other_speed(self):
        """Go on at the next speed of the list: electricity meters have another one than heat meters."""
        bauds = kmp.BAUDS
        at = bauds.index(self._baud)
        self._baud = bauds[(at + 1) % len(bauds)]
        self._uart.init(self._baud)
        self.client.wait_ms = kmp.wait_ms(self._baud)
        self.line = "%d%s" % (self._baud, self.line[self.line.find(" ") :])
