"""A day in the life of a device in virtual time, by run.json:

    {"hours": 24, "seed": 1, "breaks": true, "every_ms": [2500, 10000], "settings": {...},
     "frames": [hex, ...], "hourly": hex}

The real firmware, from House down, with a meter, an access point, a broker and a person who looks at the page
and at times saves the settings (host_tests/fakes/fast_*.py). The network comes minutes after the power, is
gone a third of the time in pieces, the broker is restarted 50 times a day, the meter is unplugged twice.
breaks: a connection does not outlive that of the WiFi. every_ms: least and most from telegram to telegram; a
meter slower than the readings are to come is never unplugged. Prints one line of JSON with what there is to
judge.
"""

import sys

import fast_clock as clock

clock.install()

import fast_net as net  # noqa: E402

net.install()

import asyncio  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402

import fast_air as air  # noqa: E402
import fast_meter as meters  # noqa: E402
import machine  # noqa: E402
import network  # noqa: E402
from fast_broker import Broker  # noqa: E402
from fast_person import Person  # noqa: E402

from app import diag, going  # noqa: E402
from app.house import House  # noqa: E402
from app.restart import Restart  # noqa: E402
from hanport import octets  # noqa: E402

LIMIT_MS = 15000
GRACE_MS = 1000  # a telegram younger than that may be under way still
UTC = 1767225600  # 2026-01-01
DAY = 24
RESTARTS = 50  # of the broker, a day
LATE_MS = 400000  # from the power to the network
MOST = 60  # late returns kept

NAMES = ("access point", "way behind it", "broker", "meter")


def chance(n):
    """A random number below n."""
    return random.randint(0, n - 1)


def outage_ms():
    """One outage: most are short, some so long that set-up mode opens."""
    k = chance(100)
    low, high = (3, 30) if k < 40 else (30, 180) if k < 70 else (180, 840) if k < 95 else (960, 2700)
    return 1000 * low + chance(1000 * (high - low))


def weather(hours):
    """[(ms, which of NAMES, 0 gone, 1 back, 2 gone without a word)], in order."""
    whole = hours * 3600000
    downs = []
    left = whole // 3 - LATE_MS
    while left > 0:
        downs.append(min(left, outage_ms()))
        left -= downs[-1]
    weights = [20 + chance(100) for _ in range(len(downs) + 1)]
    up = whole - whole // 3 - 25000 * len(weights)
    rows = [(0, 0, 0), (LATE_MS, 0, 1)]
    at = LATE_MS
    for k in range(len(downs)):
        at += 25000 + up * weights[k] // sum(weights)
        which = chance(3) // 2  # twice as often the access point as what lies behind
        rows.append((at, which, 0))
        at += downs[k]
        rows.append((at, which, 1))
    ups = [row[0] for row in rows if row[2]]
    for which, count, low, high in ((2, RESTARTS * hours // DAY, 1000, 30000), (3, 2, 240000, 900000)):
        for k in range(count):
            slot = whole // count
            gone = low + chance(min(high, slot // 2) - low)
            at = 20000 + slot * k + chance(slot - gone - 40000)
            back = at + gone
            if which == 3:  # while there is a network to tell of it
                back = min([up for up in ups if up > back] or [back]) + 5000
            rows.append((at, which, 2 * chance(2)))
            rows.append((back, which, 1))
    rows.sort()
    return rows


class Judge:
    """Looks from outside: how long after each return the newest reading is at the broker."""

    def __init__(self, rows, house, meter):
        self.rows = rows
        self.house = house
        self.meter = meter
        self.broker = Broker(1883, self.told)
        self.next = 0
        self.back = 0  # when all came back, 0: not now, or the newest reading has come
        self.which = 0
        self.came = [0] * 4  # returns, by NAMES
        self.worst = [0] * 4
        self.short = 0  # returns that did not last
        self.messages = 0
        self.newest = 0  # number in the newest message
        self.late = []
        self.broker.start()
        self._wait()

    def _wait(self):
        if self.next < len(self.rows):
            clock.at(self.rows[self.next][0] - clock.since(), self._change)

    def _change(self):
        _, which, what = self.rows[self.next]
        self.next += 1
        if which == 0:
            air.change(access_point=what == 1)
        elif which == 1:
            air.change(behind=what == 1)
        elif which == 3:
            self.meter.plugged = what == 1
        elif what == 1:
            self.broker.start()
        else:
            self.broker.stop(what == 0)
        if self.back:
            self._end(True)
        if self.fair():
            self.back = clock.now
            self.which = which
            clock.at(LIMIT_MS + 1, self._look(self.next))
        self._wait()

    def fair(self):
        """True while nothing is missing."""
        return air.air.there and air.air.way and self.broker.up and self.meter.plugged

    def _look(self, number):
        def look():
            if not self.back or number != self.next:
                return
            if self.newest >= self.meter.newest(GRACE_MS):  # no telegram has come since the one known
                self.back = 0
                self.came[self.which] += 1
            elif len(self.late) < MOST:
                h = self.house
                portal = "set-up mode" if h.net.portal else ""
                told = (h.net.path.state, h.mqtt.state, h.mqtt._pause, h.mqtt.error, portal)
                self.late.append([clock.since() // 1000, NAMES[self.which], 0, told])

        return look

    def _end(self, cut):
        past = clock.now - self.back
        self.back = 0
        if cut and past <= LIMIT_MS:
            self.short += 1
            return
        self.came[self.which] += 1
        self.worst[self.which] = max(self.worst[self.which], past)
        if past > LIMIT_MS and self.late and not self.late[-1][2]:
            self.late[-1][2] = past

    def told(self, topic, payload):
        """What the broker is told."""
        at = payload.find(b'"P":') + 4
        if topic != b"hanport" or at < 4:
            return
        end = at
        while 48 <= payload[end] < 58:
            end += 1
        self.messages += 1
        self.newest = int(payload[at:end])
        if self.back and self.newest >= self.meter.newest(GRACE_MS):
            self._end(False)


times_asked = []


def time_server(query):
    """SNTP."""
    times_asked.append(query[1])
    answer = bytearray(48)
    answer[0], answer[1] = 0x24, 1
    answer[24:32] = query[40:48]
    answer[40:44] = (UTC + clock.since() // 1000 + 2208988800).to_bytes(4, "big")
    return bytes(answer)


class Random:
    """Stands for `os` where the firmware wants random octets: the same ones in each run."""

    @staticmethod
    def urandom(n):
        return bytes(chance(256) for _ in range(n))


def timer():
    """The watchdog's, of the chip."""
    clock.at(5000, timer)
    for one in machine.Timer.timers:
        one.fire()


def dead(what):
    """A task that is kept, but runs no more."""
    return what is not None and not isinstance(what, int) and what.done()


async def measured(judge, house):
    """Octets free once nothing is missing any more, and after a collection."""
    while not judge.fair() or judge.back or house.net.portal or not house.mqtt.is_connected():
        await asyncio.sleep(5)
    # What the fakes remember is no loss of the firmware's.
    machine.log.clear()
    network.log.clear()
    gc.collect()
    return gc.mem_free()


async def live(run, heap):
    """Run the house, noting the free octets at each full hour."""
    house = House()
    sys.modules["app.mqtt"].os = Random
    frames = [bytes.fromhex(text) for text in run["frames"]]
    meter = meters.Meter(frames, bytes.fromhex(run["hourly"]), octets.crc_x25, chance, run["every_ms"])
    rows = weather(len(heap))
    if run["every_ms"][1] > LIMIT_MS:
        rows = [row for row in rows if row[1] != 3]  # its first telegram would not come in time
    judge = Judge(rows, house, meter)
    person = Person()
    timer()
    task = asyncio.create_task(house.main())
    await asyncio.sleep(5)
    gc.threshold(1 << 20)  # a collection at every 16 KB, as on the chip, takes the run three times as long
    for hour in range(len(heap)):
        await asyncio.sleep_ms((hour + 1) * 3600000 - clock.since())
        heap[hour] = await measured(judge, house)
        if task.done():
            await task
    names = going.NAMES.decode().split("|")
    return {
        "hours": clock.since() // 3600000,
        "outages": {NAMES[k]: len([1 for row in rows if row[1] == k and row[2] != 1]) for k in range(4)},
        "falls": {row[0]: row[1:] for row in house.keeper.rows},
        "kept": [names[k] for k in range(going.COUNT) if house.keeper.kept[k] is not None],
        "dead": [names[k] for k in range(going.COUNT) if dead(house.keeper.kept[k])],
        "sent": meter.sent,
        "readings": house.box.count,
        "dropped": meters.Port.now.dropped,
        "messages": judge.messages,
        "connects": judge.broker.connects,
        "wrong": judge.broker.wrong,
        "joins": air.air.joins,
        "came": {NAMES[k]: judge.came[k] for k in range(4)},
        "worst_ms": {NAMES[k]: judge.worst[k] for k in range(4)},
        "short": judge.short,
        "late": judge.late,
        "answers": person.answers,
        "clock": len(times_asked),
        "heap": heap,
        "log": [line[1:] for line in diag.log_lines(20)],
    }


def main():
    with open("run.json") as f:
        run = json.load(f)
    random.seed(run["seed"])
    net.names["broker.home"] = net.names["pool.ntp.org"] = "192.168.1.3"
    net.datagrams[123] = time_server
    net.breaks = run["breaks"]
    with open("settings.json", "w") as f:
        json.dump(run["settings"], f)
    try:
        told = asyncio.run(live(run, [0] * run["hours"]))
    except SystemExit:  # the device has restarted itself
        told = {"restarted_s": clock.since() // 1000, "why": Restart().explain()}
    json.dump(told, sys.stdout)
    print()


main()
