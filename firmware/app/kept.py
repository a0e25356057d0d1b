"""The meter's totals between the port and the mailbox: watched, and kept in flash over a restart."""

import asyncio

from app import port, store
from totals import Totals

_LOOK_S = 60


class Kept:
    """Read: totals, a totals.Totals."""

    def __init__(self, log):
        self._log = log
        self.totals = Totals()
        self._restored = False
        octets = store.load_octets(store.TOTALS, log)
        if octets and not self.totals.load(octets):
            log("The kept totals are damaged: the next ones of the meter are taken as they come.")

    def take(self, reading, state, up):
        """Take what is wrong out of a reading, before it is merged into `state`."""
        totals = self.totals
        if totals.watch(reading, up, port.now()):
            # The newest sentence only: the counts in it grow.
            self._log(totals.words()[-1])
        if not self._restored and totals.sure:
            # Once it is known that this is the meter whose totals these are.
            self._restored = True
            totals.restore(state, up)

    def save(self):
        """Keep them now; the flash may be full, which is told and borne."""
        if not self.totals.changed:
            return
        try:
            store.save(store.TOTALS, self.totals.octets(port.up(), port.now()))
        except OSError:
            self._log("the totals could not be kept: the flash is full")

    async def run(self):
        """Keep them once an hour, for the flash's sake, for ever."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self.totals.due(port.up()):
                self.save()
