"""Keeps the tasks alive: one that falls starts again, later each time, and what it fell over is told."""

import asyncio
import gc
import io
import sys

from micropython import const

from app import port, restart

_FIRST_S = const(5)
_SLOWEST_S = const(300)
_PROVEN_S = const(600)  # a task that ran so long is started again soon
_FRAMES = const(4)  # of the traceback, innermost first
_HOPELESS = const(6)  # falls in a row for want of memory with nothing left to put aside


def words(fault):
    """An exception in a few words: its class, and its number where it has one.

    Its text is left out: it may quote what was given, and so a password.
    """
    code = fault.args[0] if fault.args else None
    name = type(fault).__name__
    return "%s %d" % (name, code) if isinstance(code, int) else name


def trace(fault):
    """Where it came from, innermost first: "link.py:90 read < mqtt.py:231 _serve"; "" when not known."""
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
    """Read: rows, one [name, falls, uptime of the last fall, its words] a task; dropped: names put aside."""

    def __init__(self, log, reasons, watchdog=None):
        """reasons: the restart.Restart that keeps why the device gives up."""
        self._log = log
        self._reasons = reasons
        self._watchdog = watchdog
        self.rows = []
        self.dropped = []
        self._luxuries = []
        self._short = 0

    def luxury(self, name, drop):
        """Something to do without when memory runs out: drop() frees it. The newest goes first."""
        self._luxuries.append((name, drop))

    def drop_luxury(self):
        """Put the newest luxury aside; returns its name, None when there is none."""
        if not self._luxuries:
            return None
        name, drop = self._luxuries.pop()
        try:
            drop()
        except Exception as fault:
            self._log("%s could not be put aside (%s)" % (name, words(fault)))
        self.dropped.append(name)
        gc.collect()
        return name

    async def keep(self, name, start):
        """Run the task that start() makes for ever."""
        for row in self.rows:  # one that begins anew with other settings goes on in its row
            if row[0] == name:
                break
        else:
            row = [name, 0, 0, ""]
            self.rows.append(row)
        if self._watchdog is not None:
            self._watchdog.know(name)
        pause = _FIRST_S
        while True:
            began = port.up()
            try:
                await start()
                row[3] = "it ended"
                where = ""
            except MemoryError as fault:
                gc.collect()
                self._fell_short(name)
                row[3] = words(fault)
                where = trace(fault)
            except Exception as fault:
                row[3] = words(fault)
                where = trace(fault)
            up = port.up()
            row[1] += 1
            row[2] = up
            if up - began >= _PROVEN_S:
                pause = _FIRST_S
                self._short = 0
            self._log("%s fell (%s) and starts again%s" % (name, row[3], ": " + where if where else ""))
            if self._watchdog is not None:
                self._watchdog.rest(name, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _SLOWEST_S)

    def stray(self, _, context):
        """Exception handler for the event loop: a task fell that nobody keeps, such as a page request."""
        fault = context.get("exception")
        if isinstance(fault, MemoryError):
            gc.collect()
            self._fell_short("a request")
        where = trace(fault)
        self._log("a request fell (%s)%s" % (words(fault), ": " + where if where else ""))

    def _fell_short(self, name):
        aside = self.drop_luxury()
        if aside:
            self._log("memory was short: %s was put aside" % aside)
            self._short = 0
            return
        self._short += 1
        if self._short >= _HOPELESS:
            # The heap is in pieces for good, and a fresh one is better than none.
            self._reasons.reset(restart.MEMORY, name.encode(), 0, port.up())

    def fell(self, fault):
        """The whole program fell: note where, for the start that follows."""
        gc.collect()
        told = words(fault)
        where = trace(fault)
        details = told + " at " + where if where else told
        self._reasons.note(restart.FELL, b"the main program", 0, port.up(), details.encode())
