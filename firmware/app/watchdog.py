"""The watchdog: a task that makes no progress, or that keeps the others from it, restarts the device.

Tasks beat; a timer of the chip counts down between the beats, also while Python code runs in circles. Where
the chip has a hardware watchdog that can wait long enough (ESP32), it is fed by that timer, and so bites when
even the timer's turn never comes. The ESP8266's own would bite at each slow DNS answer and is left alone.
"""

import asyncio
from asyncio import core

import machine
from micropython import const

from app import restart
from app.board import config

_TICK_S = const(5)
_HARDWARE_MS = const(90000)
_LOOP_S = const(60)  # the event loop itself: more than the longest wait for DNS and a connection
_REFRESH = const(12)  # turns between two looks at boot.py's octets


class Watchdog:
    """Register tasks before start(). Read: names, and left(k) of each in seconds."""

    def __init__(self, reasons, log):
        """reasons: the restart.Restart that keeps the reason; log: where it is told before the restart."""
        self._reasons = reasons
        self._log = log
        # Octets, for the timer's callback may not make any; number 0 is the event loop.
        self.names = [b"without a name"]
        self._tasks = [None]
        self._limits = bytearray((_LOOP_S // _TICK_S,))
        self._left = bytearray(self._limits)
        self._ticks = 0
        self._timer = None
        self._hardware = None

    def register(self, name, limit_s):
        """Watch a task; returns the function that it must call at least every limit_s (5 to 1270) seconds.

        It takes the place of a task of this name that was watched before. With limit_s 0 none is.
        """
        k = self._place(name)
        turns = limit_s and min(254, max(1, limit_s // _TICK_S)) + 1  # the first turn may come at once
        left = self._left
        left[k] = turns  # before the limit, for turn() may come between the two
        limits = self._limits
        limits[k] = turns
        tasks = self._tasks

        def beat():
            left[k] = limits[k]
            tasks[k] = core.cur_task

        return beat

    def know(self, name):
        """Tell the name of the task that calls this: it is known when it holds up others, watched or not."""
        self._tasks[self._place(name)] = core.cur_task

    def release(self, tasks):
        """Forget tasks that end, and with them all that they hold."""
        for k in range(len(self._tasks)):
            if self._tasks[k] in tasks:
                self._tasks[k] = None

    def rest(self, name, seconds):
        """Grant one task so long on top of its limit: it has fallen and starts again then."""
        k = self._place(name)
        self._left[k] = min(255, self._limits[k] + seconds // _TICK_S)

    def _place(self, name):
        """The number of the task of this name: rooms come and go with the settings, their names stay."""
        name = name.encode()
        if name not in self.names:
            self.names.append(name)
            self._tasks.append(None)
            self._limits.append(0)
            self._left.append(0)
        return self.names.index(name)

    def left(self, k):
        """Seconds that the task number k may still be silent."""
        return self._left[k] * _TICK_S

    def hold(self, seconds):
        """Grant all tasks so long for work that holds up everything, such as writing an update."""
        turns = min(255, seconds // _TICK_S + 1)
        for k in range(len(self._left)):
            if self._left[k] < turns:
                self._left[k] = turns

    def start(self):
        """Arm it: from now on a silent task costs a restart."""
        chip = config.CHIP
        if chip == "unix":
            return  # no timer there: run() takes its place
        try:
            self._timer = machine.Timer(-1 if chip == "esp8266" else 0)
            self._arm(chip == "esp8266")
        except (ValueError, OSError):
            self._timer = None
        if chip != "esp8266":
            self._hardware = machine.WDT(timeout=_HARDWARE_MS)

    def _arm(self, hard):
        turn = self.turn
        if hard:
            try:
                # From the interrupt: runs even while callbacks are locked out.
                self._timer.init(period=_TICK_S * 1000, mode=machine.Timer.PERIODIC, callback=turn, hard=True)
                return
            except TypeError:
                pass  # before MicroPython 1.27
        self._timer.init(period=_TICK_S * 1000, mode=machine.Timer.PERIODIC, callback=turn)

    def turn(self, _=None):
        """Every 5 s, from an interrupt: takes no memory, neither while all is well nor before the reset."""
        self._ticks += 1
        left = self._left
        limits = self._limits
        late = -1
        k = len(left)
        while k:
            k -= 1
            if limits[k]:
                if left[k]:
                    left[k] -= 1
                if not left[k]:
                    late = k
        if late < 0:
            if self._hardware is not None:
                self._hardware.feed()
            return
        self._end(late)

    def _end(self, late):
        kind = restart.LATE
        if not late:
            # The loop stands: who has the processor? A task that never beats is not known by name.
            kind = restart.HELD_UP
            running = core.cur_task
            k = len(self._tasks)
            while k > 1:
                k -= 1
                if running is not None and self._tasks[k] is running:
                    late = k
        seconds = (self._limits[0] if kind == restart.HELD_UP else self._limits[late] - 1) * _TICK_S
        self._reasons.note(kind, self.names[late], seconds, self._ticks * _TICK_S)
        machine.reset()

    def _slowest(self):
        """The registered task that is nearest to its end, when it has only one turn left; else 0."""
        for k in range(1, len(self._left)):
            if self._limits[k] and self._left[k] <= 1:
                return k
        return 0

    async def run(self):
        """The beat of the event loop; tells of a task that is about to cost a restart."""
        told = 0
        turns = 0
        while True:
            self._left[0] = self._limits[0]
            await asyncio.sleep(_TICK_S)
            if self._timer is None:
                self._left[0] = self._limits[0]
                self.turn()
            k = self._slowest()
            if k and k != told:
                self._log("task %s made no progress; the device restarts soon" % self.names[k].decode())
            told = k
            turns += 1
            if turns % _REFRESH == 0:
                self._reasons.refresh()
