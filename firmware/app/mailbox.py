"""Where the newest reading lies. Slow consumers skip; nothing queues."""

import asyncio

from hanport.reading import Reading


class Mailbox:
    """One producer, any number of consumers that each remember the count they have seen."""

    def __init__(self):
        self.state = Reading(merged=True)  # what is known of the meter by now
        self.latest = Reading(self.state)
        self.count = 0
        self.news = asyncio.Event()  # set for a moment by wake()

    def put(self, reading, up):
        """Take the decoder's reading; returns the one for it to fill next."""
        self.state.merge(reading, up)
        self.latest.show(reading, self.state)
        self.count += 1
        self.wake()
        return reading

    def wake(self):
        """Wake all who wait for news: there may be some."""
        self.news.set()
        self.news.clear()

    async def newer(self, seen):
        """Wait until count is not `seen`; returns it."""
        while self.count == seen:
            await self.news.wait()
        return self.count
