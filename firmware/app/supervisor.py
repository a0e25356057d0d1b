"""Keeps going what is to go on: the tasks, which wait, and the rounds, in which what only ticks takes turns.

What falls is told, counted and starts again, later each time; the others go on meanwhile.
"""

import asyncio
import gc
import io
import sys
import time

import machine
from micropython import const

from app import port, restart
from app.board import config
from app.going import COUNT, MQTT, NAMES, TASKS, TICKING
from app.watchdog import LIMIT, LOOP, LOOP_S, TASK, TICK_S, Watchdog

_LOOK_MS = const(1000)  # between two looks at the tasks
_FIRST_S = const(5)
_SLOWEST_S = const(300)
_PROVEN_S = const(600)  # what ran so long is started again soon
_FRAMES = const(4)  # of the traceback, innermost first
_HARDWARE_MS = const(90000)
_HOPELESS = const(6)  # falls in a row for want of memory with nothing left to put aside


def words(fault):
    """An exception in a few words: its class, and its number where it has one. None: a task's own end.

    Its text is left out: it may quote what was given, and so a password.
    """
    if fault is None:
        return "it ended"
    code = fault.args[0] if fault.args else None
    name = type(fault).__name__
    return "%s %d" % (name, code) if isinstance(code, int) else name


def trace(fault):
    """Where it came from, innermost first: "link.py:90 read < mqtt.py:231 _serve"; "" when not known."""
    if fault is None:
        return ""
    try:
        text = io.StringIO()
        sys.print_exception(fault, text)
        places = []
        for line in text.getvalue().split("\n"):
            # '  File "app/link.py", line 90, in read': parts 1 and 2 around the quotes.
            parts = line.split('"')
            if len(parts) == 3 and "File" in parts[0]:
                tail = parts[2].split(" ")
                if len(tail) >= 5:
                    place = "%s:%s %s" % (parts[1].split("/")[-1], tail[2].rstrip(","), tail[4])
                    places.insert(0, place)
        return " < ".join(places[:_FRAMES])
    except MemoryError:
        return ""


class Supervisor:
    """Read: rows, one [name, falls, uptime of the last, seconds of rest after it] of all that has fallen.

    kept, by number: the ticks in ms at which it is due, the task that runs, or None for what is not wanted.
    turning: the number of what ticks just now, between two turns that of "without a name".
    """

    def __init__(self, house):
        """house: has log, tick(k), task(k): see House."""
        self._house = house
        self.reasons = restart.Restart()
        self.watchdog = Watchdog(self)
        self.rows = []
        self.kept = [None] * COUNT
        self.turning = COUNT
        self._luxuries = ()
        self._short = 0

    def luxury(self, name, drop):
        """Something to do without when memory runs out: drop() frees it. The newest goes first."""
        self._luxuries += ((name, drop),)

    def drop_luxury(self):
        """Put the newest luxury aside; returns its name, None when there is none."""
        if not self._luxuries:
            return None
        name, drop = self._luxuries[-1]
        self._luxuries = self._luxuries[:-1]
        try:
            drop()
        except Exception as fault:
            self._house.log("%s could not be put aside (%s)" % (name, words(fault)))
        gc.collect()
        return name

    def keep_going(self, k):
        """Keep the one of this number going from now on."""
        if k < TICKING:
            self.kept[k] = time.ticks_ms()
        else:
            self.kept[k] = asyncio.create_task(self._house.coroutine(k))

    def let_go(self, k):
        """Keep it going no longer; a task is cancelled and held no more."""
        task = self.kept[k]
        self.kept[k] = None
        if task is not None and not isinstance(task, int):
            task.cancel()

    def end_all(self):
        """Keep nothing going."""
        for k in range(COUNT):
            self.let_go(k)

    def turn(self):
        """Do what is due; returns the ms until something is again. What raises rests, the others go on."""
        now = time.ticks_ms()
        wait = _LOOK_MS
        k = TICKING
        while k:
            k -= 1
            due = self.kept[k]
            if due is None:
                continue
            left = time.ticks_diff(due, now)
            if left <= 0:
                self.turning = k
                try:
                    left = self._look(now) if k == TASKS else self._house.tick(k)
                except Exception as fault:
                    left = self._fell(k, fault)
                now = time.ticks_ms()
                self.kept[k] = None if left is None else time.ticks_add(now, left)
            if left is not None and left < wait:
                wait = left
        self.turning = COUNT
        return wait

    def _look(self, now):
        """Begin the tasks that have rested, and tell of those that ended by themselves."""
        for k in range(TICKING, COUNT):
            task = self.kept[k]
            if isinstance(task, int):
                if time.ticks_diff(task, now) <= 0:
                    self.keep_going(k)
            # Of one that fell asyncio is about to tell stray().
            elif task is not None and task.done() and isinstance(task.data, StopIteration):
                self.kept[k] = time.ticks_add(now, self._fell(k, None))
        return _LOOK_MS

    def stray(self, _, context):
        """Exception handler for the event loop: a task fell, one of ours or one such as a page request."""
        fault = context.get("exception")
        task = context.get("future")
        # asyncio's own dict would hold both until the next fall.
        context["exception"] = context["future"] = None
        if task is not None and task in self.kept:
            k = self.kept.index(task)
            self.kept[k] = time.ticks_add(time.ticks_ms(), self._fell(k, fault))
            return
        if isinstance(fault, MemoryError):
            gc.collect()
            self._fell_short("a request")
        where = trace(fault)
        self._house.log("a request fell (%s)%s" % (words(fault), ": " + where if where else ""))

    def _fell(self, k, fault):
        """Tell and count a fall; returns the ms until it starts again. fault None: it has ended."""
        name = NAMES.split(b"|")[k].decode()
        if isinstance(fault, MemoryError):
            gc.collect()
            self._fell_short(name)
        up = port.up()
        for row in self.rows:
            if row[0] == name:
                break
        else:
            row = [name, 0, 0, 0]
            self.rows.append(row)
        pause = min(max(_FIRST_S, 2 * row[3]), _SLOWEST_S)
        if up - row[2] - row[3] >= _PROVEN_S:
            pause = _FIRST_S
            self._short = 0
        row[1] += 1
        row[2] = up
        row[3] = pause
        turns = self.watchdog.turns
        if k == MQTT and turns[LIMIT]:
            turns[TASK] = min(255, turns[LIMIT] + pause // TICK_S)  # it cannot beat meanwhile
        try:
            where = trace(fault)
            self._house.log(
                "%s fell (%s) and starts again%s" % (name, words(fault), ": " + where if where else "")
            )
        except MemoryError:
            pass  # it starts again all the same
        return 1000 * pause

    def _fell_short(self, name):
        aside = self.drop_luxury()
        if aside:
            self._house.log("memory was short: %s was put aside" % aside)
            self._short = 0
            return
        self._short += 1
        if self._short >= _HOPELESS:
            # The heap is in pieces for good, and a fresh one is better than none.
            self.reasons.reset(restart.MEMORY, name.encode(), 0, port.up())

    def watch_mqtt(self, limit_s):
        """Watch MQTT's task, which must beat at least every limit_s (5 to 1265) seconds; 0: there is none."""
        turns = self.watchdog.turns
        limit = limit_s and limit_s // TICK_S + 1  # the first turn may come at once
        turns[TASK] = limit
        turns[LIMIT] = limit

    def grant(self, seconds):
        """Grant so long for work that holds up everything, such as writing an update."""
        most = min(255, seconds // TICK_S + 1)
        turns = self.watchdog.turns
        turns[LOOP] = max(turns[LOOP], most)
        if turns[LIMIT]:
            turns[TASK] = max(turns[TASK], most)

    def arm(self):
        """From now on silence costs a restart."""
        dog = self.watchdog
        chip = config.CHIP
        if chip == "unix":
            return  # no timer there: loop_beats() takes its place
        hard = chip == "esp8266"
        try:
            timer = machine.Timer(-1 if hard else 0)
            every = {"period": 1000 * TICK_S, "mode": machine.Timer.PERIODIC, "callback": dog.count_down}
            try:
                # From the interrupt: runs even while callbacks are locked out.
                timer.init(hard=hard, **every)
            except TypeError:
                timer.init(**every)  # before MicroPython 1.27
            dog.timer = timer
        except (ValueError, OSError):
            pass  # loop_beats() takes its place
        if not hard:
            dog.hardware = machine.WDT(timeout=_HARDWARE_MS)

    def loop_beats(self):
        """The beat of the event loop; tells of a task that is about to cost a restart."""
        dog = self.watchdog
        turns = dog.turns
        turns[LOOP] = LOOP_S // TICK_S
        if dog.timer is None:
            dog.count_down()
        if turns[LIMIT] and turns[TASK] <= 1:
            self._house.log("task mqtt made no progress; the device restarts soon")
        return 1000 * TICK_S

    def fell(self, fault):
        """The whole program fell: note where, for the start that follows."""
        gc.collect()
        told = words(fault)
        where = trace(fault)
        details = told + " at " + where if where else told
        self.reasons.note(restart.FELL, b"the main program", 0, port.up(), details.encode())
