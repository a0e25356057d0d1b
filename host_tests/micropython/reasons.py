"""Scenarios of restarts and of memory, on MicroPython with the fakes:  micropython reasons.py SCENARIO

As supervision.py, of which this is the second half.
"""

import asyncio
import gc
import sys

import machine
import supervision
from supervision import Rig


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
    names = rig.watchdog.names
    micropython.heap_lock()
    rig.reasons.note(1, names[0], 120, 86400)
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
    rig = Rig()
    dog = rig.watchdog
    dog.start()

    async def life():
        await asyncio.sleep(9)

    async def live():
        for _ in range(20):
            beat = dog.register("mqtt", 10)
            gone = dog.register("silence watch", 5)
            task = asyncio.create_task(rig.keeper.keep("mqtt", life))
            await asyncio.sleep_ms(1)
            held = task in dog._tasks
            task.cancel()
            dog.release([task])
            print("held:", held, task in dog._tasks)
        dog.register("silence watch", 0)
        for _ in range(30):
            beat()
            gone()
            dog._left[0] = 12
            dog.turn()
            print("turned")
        print("names:", [name.decode() for name in dog.names])
        print("rows:", [row[0] for row in rig.keeper.rows])
        while True:
            dog._left[0] = 12
            dog.turn()

    asyncio.run(live())


def scenario_pauses():
    """A task that has fallen cannot beat: the device is not restarted for the pause, but for a hang."""
    rig = Rig()
    dog = rig.watchdog
    dog.start()
    dog._limits[0] = 0  # the loop is not what is looked at
    falls = []

    async def pause(seconds):
        supervision.fire(seconds // 5)

    async def falling():
        dog.register("mqtt", 60)
        falls.append(1)
        if len(falls) < 9:
            raise KeyError
        await asyncio.Event().wait()

    async def live():
        asyncio.create_task(rig.keeper.keep("mqtt", falling))
        await asyncio.sleep_ms(10)
        print("falls:", len(falls))
        supervision.fire(13)

    asyncio.sleep = pause
    asyncio.run(live())


globals()["scenario_" + sys.argv[1]]()
