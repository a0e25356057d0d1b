"""Where the newest reading lies. Slow consumers skip; nothing queues."""

import asyncio

from hanport.reading import Reading, State


class Mailbox:
    """One producer, any number of consumers that each remember the count they have seen."""

    def __init__(self):
        self.latest = Reading()
        self.state = State()  # the merged state of the meter
        self.count = 0
        self._event = asyncio.Event()

    def put(self, reading, up):
        """Take the decoder's reading; returns another one for it to fill, so that nothing is copied."""
        free = self.latest
        self.latest = reading
        self.state.merge(reading, up)
        self.count += 1
        self._event.set()
        self._event.clear()
        return free

    async def newer(self, seen):
        """Wait until count is not `seen`; returns it."""
        while self.count == seen:
            await self._event.wait()
        return self.count
