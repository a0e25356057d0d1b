"""The meter port of a pin that no UART reaches: a hard interrupt notes each edge, hanport.edges reads them.

Used where board_config.RX_KIND is "edges": on the ESP8266 only, as the other chips route any pin to a UART
and have no hard pin interrupts. It stands in for a UART: readinto(buf) takes what is in the ring, which holds
what comes between two looks.

The handler is bytecode in flash: call stop() before writing to flash and start() after it, or an edge that
comes while the flash is away may take the chip down. What is sent meanwhile is lost.
"""

from time import ticks_us

from hanport.edges import Edges, new_ring


class EdgeReader:
    """A receiver on one pin. `edges` has the counters; `overruns`: edges that found the ring full."""

    def __init__(self, pin, baud, parity="8E1", invert=False, size=512):
        """pin: a machine.Pin set as input. size: entries of the ring, a power of two, 4 octets each.

        A character has 2 to 10 edges, mostly 5: 512 entries hold half a second at 2400 baud.
        """
        self.edges = Edges(baud, parity, invert)
        self.overruns = 0
        self._pin = pin
        self._ring = new_ring(size)
        self._mask = size - 1
        self._head = 0  # next entry to write; only the interrupt moves it
        self._tail = 0  # next entry to read; only readinto() moves it
        self._handler = self._note  # bound once: the interrupt must not allocate
        self.start()

    def start(self):
        """Listen, with a clean slate."""
        self._tail = self._head
        self.edges.restart()
        self._pin.irq(self._handler, hard=True)  # both edges are the default

    def stop(self):
        """Stop listening."""
        self._pin.irq(None)

    def _note(self, pin):
        """The interrupt, with the heap locked: small ints only."""
        us = ticks_us()
        head = self._head
        after = (head + 1) & self._mask
        if after == self._tail:
            self.overruns += 1
        else:
            self._ring[head] = us & 0x3FFFFFFE | pin()  # hanport.edges.TIME
            self._head = after

    def readinto(self, buf):
        """Write what octets there are to buf; return how many, at once."""
        edges = self.edges
        now = ticks_us()  # before the look at the ring: flush() wants to know up to when it was empty
        tail = self._tail
        count = (self._head - tail) & self._mask
        n = edges.drain(self._ring, tail, count, buf, 0)
        self._tail = (tail + edges.used) & self._mask
        if edges.used == count:
            n = edges.flush(now, buf, n)
        return n
