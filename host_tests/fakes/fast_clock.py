"""Virtual time for MicroPython's unix port: install() puts it in the place of `time` and `select`.

Time stands while code runs and jumps to whatever is due next when all tasks wait: a day takes as long as what
happens in it. Call install() before asyncio or the firmware is imported. What is outside the firmware (a
meter, a broker, the weather) is made of callbacks: at(ms, call).

What is polled must answer ioctl(3, flags), as sockets and ports do; those of the C library cannot take part.
"""

import sys
import time as _real

POLLIN, POLLOUT, POLLERR, POLLHUP = 1, 4, 8, 16

# Tasks that are woken at once are queued with the true ticks, by C code: they must lie in the past.
_AHEAD = 24 * 3600 * 1000

now = start = _real.ticks_ms() + _AHEAD  # virtual milliseconds
_due = []  # [ms, number, call], the soonest last
_count = 0
_made = 0  # calls made: without one, nothing outside has changed


class Stuck(Exception):
    """All wait, and nothing will ever happen."""


def since():
    """Virtual milliseconds since the start."""
    return now - start


def at(ms, call):
    """Have call() called in ms milliseconds; returns what cancel() takes."""
    global _count
    _count += 1
    row = [now + max(0, ms), _count, call]
    k = len(_due)
    while k and (_due[k - 1][0], _due[k - 1][1]) < (row[0], row[1]):
        k -= 1
    _due.insert(k, row)
    return row


def cancel(row):
    """Forget a call that has not been made."""
    if row in _due:
        _due.remove(row)


def changed():
    """Something outside is other than before, though no call was made."""
    global _made
    _made += 1


def run_until(ms):
    """Let time go to this moment, making the calls that are due on the way."""
    global now, _made
    while _due and _due[-1][0] <= ms:
        row = _due.pop()
        if row[0] > now:
            now = row[0]
        _made += 1
        row[2]()
    if ms > now:
        now = ms


class Poll:
    """select.poll() whose waiting takes virtual time."""

    def __init__(self):
        self._rows = []  # [object, its ioctl, flags]
        self._seen = -1  # calls made when all were asked

    def register(self, what, flags=POLLIN | POLLOUT):
        self._seen = -1
        for row in self._rows:
            if row[0] is what:
                row[2] = flags
                return
        self._rows.append([what, what.ioctl, flags])

    modify = register

    def unregister(self, what):
        self._rows = [row for row in self._rows if row[0] is not what]

    def poll(self, ms=-1, _=0):
        global now
        end = None if ms < 0 else now + ms
        while True:
            # Most turns end here, or nearly: what was not ready is not, until something happens.
            if self._seen != _made:
                ready = [(what, got) for what, ask, flags in self._rows for got in (ask(3, flags),) if got]
                if ready:
                    self._seen = -1
                    return ready
                self._seen = _made
            if end is not None and now >= end:
                return ()
            if _due and (end is None or _due[-1][0] <= end):
                run_until(_due[-1][0])
            elif end is None:
                raise Stuck
            else:
                now = end
                return ()

    ipoll = poll


class Select:
    """Stands for the module `select`."""

    POLLIN, POLLOUT, POLLERR, POLLHUP = POLLIN, POLLOUT, POLLERR, POLLHUP
    poll = Poll


class Time:
    """Stands for the module `time`. The date is not set at the start, as on a chip."""

    ticks_diff = staticmethod(_real.ticks_diff)
    ticks_add = staticmethod(_real.ticks_add)
    gmtime = staticmethod(_real.gmtime)
    localtime = staticmethod(_real.localtime)
    mktime = staticmethod(_real.mktime)

    @staticmethod
    def ticks_ms():
        return now

    @staticmethod
    def ticks_us():
        return now * 1000

    ticks_cpu = ticks_us

    @staticmethod
    def time():
        return since() // 1000

    @staticmethod
    def sleep_ms(ms):
        run_until(now + ms)

    @staticmethod
    def sleep(seconds):
        run_until(now + int(seconds * 1000))

    @staticmethod
    def sleep_us(us):
        run_until(now + us // 1000)


def install():
    """From now on `import time` and `import select` give the virtual ones."""
    if "asyncio" in sys.modules:
        raise RuntimeError("asyncio has the true clock already")
    sys.modules["time"] = Time
    sys.modules["select"] = Select
