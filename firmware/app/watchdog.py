"""The watchdog: a task that makes no progress, or one that keeps the others from it, restarts the device.

The event loop beats, and the task that is watched beside it, MQTT's; a timer of the chip counts down between
the beats, also while Python code runs in circles. Where the chip has a hardware watchdog that can wait long
enough (ESP32), it is fed by that timer, and so bites when even the timer's turn never comes. The ESP8266's
own would bite at each slow DNS answer and is left alone.

All of it but the beat runs in the timer's interrupt. What sets it up is with the supervisor.
"""

from asyncio import core

import machine
from micropython import const

from app import restart
from app.going import COUNT, MQTT, NAMES

TICK_S = const(5)
LOOP_S = const(60)  # the event loop itself: more than the longest wait for DNS and a connection
# In turns.
LOOP = const(0)
TASK = const(1)
LIMIT = const(2)


class Watchdog:
    """Watches the event loop, once the supervisor has armed it, and one task beside it."""

    def __init__(self, keeper):
        """keeper: the supervisor.Supervisor, which knows whose turn it is, and how to keep a reason."""
        self._keeper = keeper
        # Turns that are left to the loop and to the task, and the task's limit: 0 while none is watched.
        self.turns = bytearray((LOOP_S // TICK_S, 0, 0))
        self._ticks = 0
        self.timer = None  # calls count_down()
        self.hardware = None  # a machine.WDT, where the chip has one to use

    def beat(self):
        """The task that is watched makes progress."""
        self.turns[TASK] = self.turns[LIMIT]

    def count_down(self, _=None):
        """Every 5 s, from an interrupt: takes no memory, neither while all is well nor before the reset."""
        self._ticks += 1
        turns = self.turns
        late = False
        k = LIMIT
        while k:
            k -= 1
            if turns[k]:
                turns[k] -= 1
                late = late or not turns[k]
        if late:
            self._end()
        elif self.hardware is not None:
            self.hardware.feed()

    def _end(self):
        keeper = self._keeper
        turns = self.turns
        kind = restart.LATE
        seconds = (turns[LIMIT] - 1) * TICK_S
        late = MQTT
        if not turns[LOOP]:
            # The loop stands: who has the processor? What the supervisor does not keep has no name.
            kind = restart.HELD_UP
            seconds = LOOP_S
            late = keeper.turning
            running = core.cur_task
            k = COUNT
            while k and running is not None:
                k -= 1
                if keeper.kept[k] is running:
                    late = k
        keeper.reasons.note(kind, NAMES, seconds, self._ticks * TICK_S, b"", late)
        machine.reset()
