"""Scenarios of restarts and of memory, on MicroPython with the fakes:  micropython reasons.py SCENARIO

As supervision.py, of which this is the second half.
"""

import asyncio
import gc
import sys

import machine
import supervision
from supervision import Rig

from app import going


def scenario_boot_octets():
    """boot.py's first 16 octets change while we run: they are handed on as they are at the restart."""
    rig = Rig()
    kept = machine.RTC().memory()
    machine.RTC().memory(b"SECOND ATTEMPT!!" + kept[16:])
    rig.reasons.asked("new settings")


def scenario_note_takes_no_memory():
    """Noting a reason works with no memory left at all."""
    import micropython

    class Memory:
        def __init__(self):
            self.kept = 0

        def memory(self, octets):
            self.kept += 1

    rig = Rig()
    rig.reasons._rtc = memory = Memory()
    micropython.heap_lock()
    rig.reasons.note(1, going.NAMES, 120, 86400, b"", going.MQTT)
    micropython.heap_unlock()
    print("kept:", memory.kept)


def scenario_fell():
    """The program itself falls, as main.py would see it."""
    rig = Rig()

    def inner():
        raise ZeroDivisionError("hunter2")

    try:
        inner()
    except ZeroDivisionError as fault:
        rig.keeper.fell(fault)
    machine.reset()


def scenario_rooms():
    """What heap.py says of the fake's 61440 free octets."""
    from app import heap

    heap.settle()
    print("threshold:", gc.threshold())
    print("system:", heap.system())
    print("small:", heap.room_for(1000))
    print("huge:", heap.room_for(1 << 30))
    print("tls:", heap.room_for_system(40000), heap.room_for_system(70000))


def scenario_growth():
    """Python's own heap is full: may it grow? Only as long as WiFi and TLS keep theirs."""
    from app import heap

    real = heap.gc

    class Full:
        used = 8000

        def collect(self):
            pass

        def mem_free(self):
            return heap.system()[1]  # all that is left is what it could grow by

        def mem_alloc(self):
            return self.used

    heap.gc = full = Full()
    print("small heap:", heap.room_for(5000))
    full.used = 60000
    print("second growth:", heap.room_for(5000))
    heap.gc = real


def scenario_anew():
    """Rooms that begin anew take the place of the old ones, and one that is gone is watched no more."""

    async def life():
        await asyncio.sleep(9)

    rig = Rig({going.MQTT: life})
    keeper = rig.keeper
    keeper.arm()

    async def live():
        for _ in range(20):
            keeper.watch_mqtt(10)
            keeper.keep_going(going.MQTT)
            task = keeper.kept[going.MQTT]
            await asyncio.sleep_ms(1)
            keeper.let_go(going.MQTT)
            await asyncio.sleep_ms(1)
            print("held:", task in keeper.kept, task.done())
        keeper.watch_mqtt(0)
        for _ in range(30):
            keeper.loop_beats()
            supervision.fire(1)
            print("turned")
        keeper.watch_mqtt(10)
        print("rows:", keeper.rows)
        while True:
            keeper.loop_beats()
            supervision.fire(1)

    asyncio.run(live())


def scenario_pauses():
    """A task that has fallen cannot beat: the device is not restarted for the pause, but for a hang."""
    starts = []

    async def falling():
        rig.watchdog.beat()
        starts.append(1)
        if len(starts) < 9:
            raise KeyError
        await asyncio.Event().wait()

    rig = Rig({going.MQTT: falling}, {going.WATCHDOG: lambda: beat()})

    def beat():
        supervision.fire(1)
        print("starts:", len(starts))
        return rig.keeper.loop_beats()

    rig.keeper.watch_mqtt(60)
    rig.keeper.arm()
    asyncio.run(rig.live(lambda: False))


def scenario_names():
    """Every number has its own, and each is a name of the table."""
    names = going.NAMES.decode().split("|")
    print("names:", len(names) == going.COUNT + 1 and len(set(names)) == len(names), names[going.COUNT])
    print("tasks:", names[going.TICKING : going.COUNT])
    print("lengths:", max([len(name) for name in names]) <= 24)


globals()["scenario_" + sys.argv[1]]()
