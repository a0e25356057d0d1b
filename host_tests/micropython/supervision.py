"""Scenarios of supervision, on MicroPython with the fakes:  micropython supervision.py SCENARIO

Prints what there is to judge, a line "name: value" each; test_supervision.py judges. A scenario that ends in
a reset leaves with the fake's exit status.
"""

import asyncio
import gc
import sys

import machine

from app.diag import Log
from app.restart import Restart
from app.supervisor import Supervisor
from app.watchdog import Watchdog


async def _brief(_):
    # Pauses are for a person's patience, not for a test's.
    await asyncio.sleep_ms(1)


pauses = []


async def _noted(seconds):
    pauses.append(seconds)
    await asyncio.sleep_ms(1)


class Rig:
    """What House would build."""

    def __init__(self):
        self.log = Log()
        self.reasons = Restart()
        self.watchdog = Watchdog(self.reasons, self.log)
        self.keeper = Supervisor(self.log, self.reasons, self.watchdog)

    def tell(self):
        print("words:", self.reasons.words)
        print("fault:", self.reasons.fault)
        print("count:", self.reasons.count)
        for _, times, line in self.log.lines:
            print("log:", times, "x", line)
        for row in self.keeper.rows:
            print("row:", row[0], row[1], row[3])


def fire(n):
    """Let 5 s pass n times, as the chip's timer sees it."""
    for _ in range(n):
        machine.Timer.timers[0].fire()


def scenario_start():
    """Only start, and tell why."""
    Rig().tell()


def scenario_raises():
    """A task that raises three times, in a function of a function, with a secret in its text."""
    rig = Rig()
    asyncio.sleep = _noted
    calls = []

    def inner():
        raise ValueError("password hunter2 is wrong")

    async def start():
        calls.append(1)
        if len(calls) <= 3:
            inner()
        raise OSError(104, "hunter2")

    async def live():
        task = asyncio.create_task(rig.keeper.keep("mqtt", start))
        while len(calls) < 9:
            await asyncio.sleep_ms(5)
        task.cancel()

    asyncio.run(live())
    print("pauses:", pauses)
    rig.tell()


def scenario_others_run():
    """While one task falls again and again, another goes on."""
    rig = Rig()
    asyncio.sleep = _brief
    turns = []

    async def bad():
        raise KeyError("x")

    async def good():
        while True:
            turns.append(1)
            await asyncio.sleep_ms(1)

    async def live():
        for name, start in (("bad", bad), ("good", good)):
            asyncio.create_task(rig.keeper.keep(name, start))
        await asyncio.sleep_ms(100)

    asyncio.run(live())
    print("good turns:", len(turns) > 10)
    rig.tell()


def scenario_memory():
    """Memory runs out for real; the luxuries go newest first, and the task goes on."""
    rig = Rig()
    asyncio.sleep = _brief
    gc.collect()
    free = gc.mem_free()
    held = {"history": bytearray(free // 2), "languages": bytearray(free // 10)}
    for name in ("history", "languages"):
        rig.keeper.luxury(name, lambda name=name: held.pop(name))
    done = []

    async def hungry():
        buf = bytearray(free * 6 // 10)  # fits without both only
        done.append(len(buf))
        while True:
            await asyncio.sleep_ms(10)

    async def live():
        asyncio.create_task(rig.keeper.keep("web page", hungry))
        while not done:
            await asyncio.sleep_ms(1)

    asyncio.run(live())
    print("dropped:", rig.keeper.dropped)
    rig.tell()


def scenario_hopeless():
    """Nothing left to put aside: the heap is in pieces for good."""
    rig = Rig()
    asyncio.sleep = _brief

    async def hungry():
        raise MemoryError

    asyncio.run(rig.keeper.keep("web page", hungry))


def scenario_stray():
    """A task that nobody keeps."""
    rig = Rig()

    async def request():
        raise IndexError("hunter2")

    async def live():
        asyncio.get_event_loop().set_exception_handler(rig.keeper.stray)
        asyncio.create_task(request())
        await asyncio.sleep_ms(10)

    asyncio.run(live())
    rig.tell()


def scenario_fed():
    """Two hours in which all beat: no restart, and the hardware watchdog is fed. Takes no memory."""
    import micropython

    rig = Rig()
    beat = rig.watchdog.register("mqtt", 120)
    rig.watchdog.start()
    heart = rig.watchdog.register("late comer", 5)

    async def live():
        asyncio.create_task(rig.watchdog.run())
        await asyncio.sleep_ms(1)
        fire(1)
        micropython.heap_lock()
        for _ in range(2 * 720):
            beat()
            heart()
            rig.watchdog._left[0] = 12
            rig.watchdog.turn()
        micropython.heap_unlock()

    asyncio.run(live())
    print("feeds:", machine.WDT.feeds)
    print("timer:", machine.Timer.timers[0].period, machine.Timer.timers[0].hard)
    print("hardware:", [what for what in machine.log if what[0] == "wdt"])


def scenario_hangs():
    """One task waits for ever; the loop and the others go on."""
    rig = Rig()
    beat = rig.watchdog.register("mqtt", 120)
    other = rig.watchdog.register("silence watch", 60)
    rig.watchdog.start()

    async def stuck():
        beat()
        await asyncio.Event().wait()

    async def live():
        asyncio.create_task(rig.watchdog.run())
        asyncio.create_task(rig.keeper.keep("mqtt", stuck))
        await asyncio.sleep_ms(1)
        for turn in range(40):
            other()
            rig.watchdog._left[0] = 12
            if turn == 24:
                print("alive after 24 turns of 5 s:", rig.watchdog.left(1))
            fire(1)
            await asyncio.sleep_ms(0)

    asyncio.run(live())


def scenario_blocks(name="price fetch"):
    """A task runs in circles: nobody else gets a turn, only the timer does."""
    rig = Rig()
    rig.watchdog.register("mqtt", 300)
    rig.watchdog.start()

    async def circles():
        while True:
            fire(1)

    async def live():
        asyncio.create_task(rig.watchdog.run())
        if name:
            await rig.keeper.keep(name, circles)
        await circles()

    asyncio.run(live())


def scenario_blocks_nameless():
    """The same by a task that nobody keeps."""
    scenario_blocks(None)


def scenario_unix():
    """Without a timer the watchdog's own task counts."""
    rig = Rig()
    rig.watchdog.register("mqtt", 10)
    rig.watchdog.start()
    asyncio.sleep = _brief
    asyncio.run(rig.watchdog.run())


def scenario_hold():
    """Long work asks for time: the limits wait, then count again."""
    rig = Rig()
    rig.watchdog.register("mqtt", 10)
    rig.watchdog.start()
    rig.watchdog.hold(300)
    fire(60)
    print("held")
    fire(1)
    fire(1)


if __name__ == "__main__":
    globals()["scenario_" + sys.argv[1]]()
