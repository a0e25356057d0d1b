"""The MicroPython side of tools/bar_memory.py: the firmware's own house, read from a socket at full speed.

Of the house only what tools/device_run.py also uses is touched: an image may have other names for the rest.
Lines printed: "readings N" at every so many, and "free N OCTETS" where the heap is to be looked at, after a
collection. All else is seen from outside, by HTTP and MQTT.
"""

import asyncio
import gc
import socket

import machine
import network

_kept = []  # the line in use, and the driver's buffer


def port(*_, rxbuf=0, **__):
    """Stands for machine.UART: a connection that waits for its reader instead of losing octets.

    On ESP8266 the buffer of the driver lies in Python's heap, and so it does here.
    """
    if _kept:
        _kept[0].close()
    else:
        _kept.append(None)
        _kept.append(bytearray(rxbuf + 1 if machine.CHIP == "esp8266" else 0))
    with open("line") as f:
        number = int(f.read())
    _kept[0] = line = socket.socket()
    line.connect(socket.getaddrinfo("127.0.0.1", number)[0][-1])
    line.setblocking(False)
    return line


def _nothing(*_):
    pass


# On a chip neither the port nor the log of a fake lies in Python's heap.
machine.UART = port
machine.note = network.note = _nothing


async def most_free():
    """Octets of free heap at rest: the most within six seconds, for what ticks loads code now and then."""
    most = 0
    for _ in range(60):
        await asyncio.sleep_ms(100)
        gc.collect()
        most = max(most, gc.mem_free())
    return most


async def watch(house, every, looks):
    """Tell of the readings as they come."""
    seen = 0
    told = every
    while True:
        seen = await house.box.newer(seen)
        if seen < told:
            continue
        if told in looks:
            print("free", told, await most_free())
        print("readings", told)
        told += every


async def live(every, looks):
    """Run the house until the process is ended."""
    from app.house import House

    house = House()
    asyncio.create_task(watch(house, every, looks))
    await house.main()


def main(every, looks):
    """every: readings between two lines; looks: readings after which the heap is looked at."""
    asyncio.run(live(every, looks))
