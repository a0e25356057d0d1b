"""The whole house, started on either interpreter:  python|micropython start_up.py SECONDS

The current folder is the flash, with settings.json and board_config.py. Ends when three readings were
published, and prints the log, the counters of the tasks that fell, and "ok".
"""

import sys

if sys.implementation.name == "cpython":
    import on_cpython

    on_cpython.install()

import asyncio

from app import diag, going
from app.house import House


async def main(house, seconds):
    """Live until it is done."""
    task = asyncio.create_task(house.main())
    for _ in range(seconds * 10):
        await asyncio.sleep(0.1)
        if house.mqtt.is_connected() and house.mqtt.published > 4 and house.box.count >= 3:
            break
    page = await fetch(house.settings["http_port"])
    for _, _, words in diag.log_lines(20):
        print("log", words)
    names = going.NAMES.decode().split("|")
    for k in range(going.COUNT):
        if house.keeper.kept[k] is not None:
            print("kept", names[k])
    for row in house.keeper.rows:
        print("fell", row)
    assert house.mqtt.is_connected() and house.box.count >= 3, house.findings.sentence(9)
    assert b'"sentence":"Readings come."' in page, page
    task.cancel()
    await asyncio.sleep(0.1)
    print("ok")


async def fetch(port):
    """The answer of /api/status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /api/status HTTP/1.0\r\n\r\n")
    await writer.drain()
    page = b""
    while True:
        part = await reader.read(1024)
        if not part:
            return page
        page += part


asyncio.run(main(House(), int(sys.argv[1])))
