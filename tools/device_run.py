"""The MicroPython side of tools/device.py: starts the firmware's own house and watches its mailbox.

Run by device.py with run.json in the working folder, which is the device's flash. Prints a line a reading
and, at the end, one line "summary {...}".
"""

import asyncio
import json


def neat(r):
    """One line of a reading: clock, maker, id, powers, volts, amps, energy."""
    from hanport import reading, registers
    from payload.writer import Writer

    w = Writer(300)
    if r.facts[reading.FORM]:
        w.padded(r.facts[5], 2)
        for k in (6, 7):
            w.raw(":")
            w.padded(r.facts[k], 2)
        w.raw("  ")
    for slot in (reading.MAKER, reading.METER_ID):
        if r.text(slot):
            w.raw(r.text(slot))
            w.raw("  ")
    for register, count, words in (
        (registers.P_IMPORT, 1, " W in"),
        (registers.P_EXPORT, 1, " W out"),
        (registers.U_L1, 3, " V"),
        (registers.I_L1, 3, " A"),
        (registers.E_IMPORT, 1, " kWh in"),
        (registers.E_EXPORT, 1, " kWh out"),
    ):
        said = False
        for k in range(count):
            if r.have[register + k]:
                w.raw(" / " if said else "")
                w.number(r.value(register + k), registers.decimals(register), True)
                said = True
        if said:
            w.raw(words)
            w.raw("  ")
    return bytes(w.octets()).decode().rstrip()


async def observe(house):
    """Print each reading as it comes."""
    seen = 0
    while True:
        seen = await house.box.newer(seen)
        print(neat(house.box.latest))


def summary(house):
    """What was done, as a dict."""
    from hanport import fault

    counts = house.decoder.counts
    return {
        "octets": house.findings.octets,
        "frames": house.decoder.frames,
        "readings": house.decoder.readings,
        "faults": {fault.name(c): counts[c] for c in range(1, fault.COUNT) if counts[c]},
        "published": house.mqtt.published if house.mqtt else 0,
        "lowest_free_heap": house.device.lowest,
        "sentence": house.findings.sentence(house.device.up()),
    }


async def live(house, seconds):
    """Run the house for so many seconds, 0 for ever."""
    tasks = [asyncio.create_task(house.main()), asyncio.create_task(observe(house))]
    try:
        if seconds:
            await asyncio.sleep(seconds)
        else:
            await tasks[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(50)


def main():
    """Read run.json and live."""
    with open("run.json") as f:
        run = json.load(f)
    from app.house import House

    house = House()
    try:
        asyncio.run(live(house, run["seconds"]))
    except KeyboardInterrupt:
        if house.mqtt:
            house.mqtt._farewell()
    print("summary " + json.dumps(summary(house)))


main()
