"""Scenarios of supervision, on MicroPython with the fakes:  micropython supervision.py SCENARIO

Prints what there is to judge, a line "name: value" each; test_supervision.py judges. A scenario that ends in
a reset leaves with the fake's exit status.
"""

import asyncio
import gc
import sys

import machine

from app import diag, going, port, supervisor
from app.supervisor import Supervisor


class Time:
    """Stands for `time`, whose milliseconds pass when the rig says so: rests are for people."""

    now = 1000

    @staticmethod
    def ticks_ms():
        return Time.now

    @staticmethod
    def ticks_add(a, b):
        return a + b

    @staticmethod
    def ticks_diff(a, b):
        return a - b


class Rig:
    """What House would be: tasks and ticks are {number: function}."""

    def __init__(self, tasks=None, ticks=None):
        self.tasks = tasks or {}
        self.ticks = ticks or {}
        self.log = diag.say
        self.keeper = Supervisor(self)
        self.reasons = self.keeper.reasons
        self.watchdog = self.keeper.watchdog

    def coroutine(self, k):
        return self.tasks[k]()

    def tick(self, k):
        return self.ticks[k]()

    async def live(self, until):
        """Keep all going in a time of its own, until until() is true."""
        supervisor.time = Time
        port.up = lambda: Time.now // 1000
        asyncio.get_event_loop().set_exception_handler(self.keeper.stray)
        for k in [going.TASKS] + list(self.tasks) + list(self.ticks):
            self.keeper.keep_going(k)
        while not until():
            wait = self.keeper.turn()
            await asyncio.sleep_ms(2)
            Time.now += wait
        self.keeper.end_all()
        await asyncio.sleep_ms(2)

    def tell(self):
        print("words:", self.reasons.explain())
        print("count:", self.reasons.restarts())
        for _, times, line in diag.log_lines(20):
            print("log:", times, "x", line)
        for row in self.keeper.rows:
            print("row:", row[0], row[1])


def gaps(times):
    """From each to the next."""
    return [times[k + 1] - times[k] for k in range(len(times) - 1)]


def fire(n):
    """Let 5 s pass n times, as the chip's timer sees it."""
    for _ in range(n):
        machine.Timer.timers[0].fire()


def scenario_start():
    """Only start, and tell why."""
    Rig().tell()


def scenario_raises():
    """A task that raises three times, in a function of a function, with a secret in its text."""
    starts = []

    def inner():
        raise ValueError("password hunter2 is wrong")

    async def start():
        starts.append(Time.now // 1000)
        if len(starts) <= 3:
            inner()
        if len(starts) == 9:
            while Time.now < 1000 * (starts[-1] + 650):
                await asyncio.sleep_ms(1)  # it is proven, and then falls
        raise OSError(104, "hunter2")

    rig = Rig({going.MQTT: start})
    asyncio.run(rig.live(lambda: len(starts) > 10))
    print("pauses:", gaps(starts))
    rig.tell()


def scenario_others_run():
    """While one task and something that ticks fall again and again, others go on."""
    turns = []
    beats = []
    fallen = []

    async def bad():
        raise KeyError("x")

    async def good():
        while True:
            turns.append(1)
            await asyncio.sleep_ms(1)

    def ticks_badly():
        fallen.append(Time.now // 1000)
        raise IndexError("hunter2")

    def ticks_well():
        beats.append(Time.now)
        return 200

    rig = Rig(
        {going.WEB: bad, going.CLOCK: good},
        {going.BUTTON: ticks_badly, going.LIGHTS: ticks_well, going.UPDATE: lambda: turns.append(0)},
    )
    asyncio.run(rig.live(lambda: len(fallen) > 3))
    print("good turns:", turns.count(1) > 10)
    print("beats:", set(gaps(beats)))
    print("pauses:", gaps(fallen))
    print("once:", turns.count(0))
    rig.tell()


def scenario_ends():
    """A task that ends by itself, and two that are let go, one while it runs and one while it rests."""
    starts = []
    gone = []

    async def ends():
        starts.append(Time.now // 1000)

    async def runs():
        gone.append("began")
        try:
            await asyncio.sleep(3600)
        finally:
            gone.append("ended")

    async def falls():
        gone.append("fell")
        raise KeyError

    rig = Rig({going.CLOCK: ends, going.MQTT: runs, going.PUBLISHER: falls})

    def until():
        if len(starts) == 2:
            for k in (going.MQTT, going.PUBLISHER):
                rig.keeper.let_go(k)
        return len(starts) > 4

    asyncio.run(rig.live(until))
    print("pauses:", gaps(starts))
    print("gone:", sorted(gone))
    print("kept:", rig.keeper.kept.count(None) == going.COUNT)
    rig.tell()


def scenario_memory():
    """Memory runs out for real; the luxuries go newest first, and the task goes on."""
    done = []
    gc.collect()
    free = gc.mem_free()

    async def hungry():
        buf = bytearray(free * 6 // 10)  # fits without both only
        done.append(len(buf))
        while True:
            await asyncio.sleep_ms(10)

    rig = Rig({going.WEB: hungry})
    held = {"history": bytearray(free // 2), "languages": bytearray(free // 10)}
    for name in ("history", "languages"):
        rig.keeper.luxury(name, lambda name=name: held.pop(name))
    asyncio.run(rig.live(lambda: done))
    print("held:", held)
    rig.tell()


def scenario_hopeless():
    """Nothing left to put aside: the heap is in pieces for good."""

    async def hungry():
        raise MemoryError

    asyncio.run(Rig({going.WEB: hungry}).live(lambda: False))


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
    rig.keeper.watch_mqtt(120)
    rig.keeper.arm()
    fire(1)
    beat = rig.watchdog.beat
    micropython.heap_lock()
    for _ in range(2 * 720):
        beat()
        rig.keeper.loop_beats()
        rig.watchdog.count_down()
    micropython.heap_unlock()
    print("feeds:", machine.WDT.feeds)
    print("timer:", machine.Timer.timers[0].period, machine.Timer.timers[0].hard)
    print("hardware:", [what for what in machine.log if what[0] == "wdt"])


def scenario_hangs():
    """One task waits for ever; the loop and the others go on."""
    rig = Rig()
    rig.keeper.watch_mqtt(120)
    rig.keeper.arm()
    rig.watchdog.beat()
    for turn in range(40):
        rig.keeper.loop_beats()
        if turn == 24:
            print("alive after 24 turns of 5 s:", rig.watchdog.turns[1] * 5)
        fire(1)


def scenario_blocks(tasks=None, ticks=None):
    """A task runs in circles: nobody else gets a turn, only the timer does."""

    async def circles():
        while True:
            fire(1)

    rig = Rig({going.CLOCK: circles} if tasks is None else tasks, ticks)
    rig.keeper.watch_mqtt(300)
    rig.keeper.arm()

    async def live():
        asyncio.create_task(rig.live(lambda: False))
        await asyncio.sleep_ms(20)
        await circles()

    asyncio.run(live())


def scenario_blocks_ticking():
    """The same by what only ticks."""
    scenario_blocks({}, {going.BUTTON: lambda: fire(20)})


def scenario_blocks_nameless():
    """The same by a task that nobody keeps."""
    scenario_blocks({})


def scenario_unix():
    """Without a timer the beat of the loop counts."""
    rig = Rig()
    rig.keeper.watch_mqtt(10)
    rig.keeper.arm()
    for _ in range(9):
        rig.keeper.loop_beats()


def scenario_log():
    """More lines than there is room for; the last two are long, and one comes twice."""
    rig = Rig()
    for n in range(60):
        rig.log("this is line " + str(n))
    rig.log("x" + "\u00e5" * 120)
    rig.log("\u00e5" * 120)
    rig.log("\u00e5" * 120)
    for up, times, words in diag.log_lines(99):
        print("line:", up >= 0, times, words)
    print("newest:", diag.log_lines(1)[0][1])


def scenario_hold():
    """Long work asks for time: the limits wait, then count again."""
    rig = Rig()
    rig.keeper.watch_mqtt(10)
    rig.keeper.arm()
    rig.keeper.grant(300)
    fire(60)
    print("held")
    fire(1)
    fire(1)


if __name__ == "__main__":
    globals()["scenario_" + sys.argv[1]]()
