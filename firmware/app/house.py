"""The front door: where the objects are built and the tasks started. The only file that sees them all."""

import asyncio
import gc

import localtime
import settings as schema
from app import board, marker, store
from app.clock import Clock
from app.diag import Device, Log
from app.kept import Kept
from app.mailbox import Mailbox
from app.meterport import MeterPort
from app.mqtt import Mqtt
from app.net import Net
from app.publisher import Publisher
from app.restart import Restart
from app.supervisor import Supervisor
from app.watchdog import Watchdog
from hanport import Decoder
from hanport.doctor import Findings
from payload import formats
from payload.writer import Writer

# Octets of the largest message: with 4096 Home Assistant is told of a device as a whole.
_ROOM = 2048 if board.config.CHIP == "esp8266" else 4096


class House:
    """Everything that runs on one device."""

    def __init__(self):
        self.log = Log()
        self.reasons = Restart()
        self.log(self.reasons.words)
        self.watchdog = Watchdog(self.reasons, self.log)
        self.keeper = Supervisor(self.log, self.reasons, self.watchdog)
        self.keep = self.keeper.keep
        self.settings = s = schema.parse(store.load(say=self.log))
        for problem in s.problems:
            self.log(problem)
        self.box = Mailbox()
        self.device = Device(s["name"])
        self.kept = Kept(self.log)
        self.device.totals = self.kept.totals
        self.net = None
        self.writer = None
        self._outside()
        self._furnish()
        self.clock = Clock(self)
        self.net = self.device.net = Net(self)
        self.site = None
        self._tasks = []  # of the rooms that depend on the settings

    def _outside(self):
        """Lights, button and supply, where the board has them."""
        self.led = self.button = self.power = None
        # A board without lights may still have a button: the lights then do nothing.
        if (
            board.config.LED is not None
            or board.config.LED_RED is not None
            or board.config.BUTTON is not None
        ):
            from app import led

            self.led = led.Led(board.config, lambda: self.settings["led"])
            self.led.event(led.START)
            if board.config.BUTTON is not None:
                from app.button import Button

                self.button = Button(board.config, self.led, self._set_up, self._factory)
        if board.config.VCC_INTERNAL or board.config.VCC_PIN is not None:
            from app.power import Power

            self.power = Power(board.config, self.log)
            self.power.wait()  # before any radio
            self.device.vcc = lambda: self.power.mv

    def supply_low(self):
        """A sentence why the flash must not be written now, or an empty one."""
        return self.power.supply.update_refused() if self.power else ""

    def _set_up(self):
        self.net.setup()

    def _factory(self):
        """The button, held for ten seconds: all settings back to what they were when new."""
        store.save(store.SETTINGS, "{}")
        store.forget(store.SETTINGS)
        for name in store.CERTIFICATES.split():
            store.remove(name)
        self.restart_soon("the button, to start as new")

    def restart_soon(self, why):
        """Restart in a second, so that an answer can still leave."""
        self.log("restarting for " + why)
        self.kept.save()
        asyncio.create_task(self._restart(why))

    async def _restart(self, why):
        await asyncio.sleep(1)
        if self.mqtt:
            for task in self._tasks:
                task.cancel()
            await asyncio.sleep_ms(100)  # MQTT says goodbye
        self.reasons.asked(why)

    def _furnish(self):
        """Build the rooms that depend on the settings."""
        s = self.settings
        # Let go of all that was there before anything new is made: there is no room for both.
        self.decoder = self.port = self.mqtt = self.publisher = self.commands = None
        self.device.decoder = self.device.findings = self.findings = None
        gc.collect()
        self.findings = Findings()
        # The big buffers first, while the heap is still in one piece.
        if s["protocol"] != "kmp" or not self._open_kmp(s):
            self.decoder = Decoder(s["buffer"], s.key("key"), s.key("auth_key"), localtime.zone(s["zone"]))
            self.port = MeterPort(s, self.decoder, self.box, self.findings, self.log, self.kept)
        self.device.findings = self.findings
        self.device.decoder = self.decoder
        if not self.writer:
            self.writer = Writer(_ROOM)
        if s["mqtt_host"]:
            self.mqtt = Mqtt(
                s["mqtt_host"],
                s["mqtt_port"],
                s["mqtt_client"] or s["name"] + "-" + self.device.ident.decode().replace(":", "")[-6:],
                s["mqtt_user"] or None,
                s["mqtt_password"] or None,
                s["mqtt_topic"],
                s["mqtt_keepalive"],
                tls=s["mqtt_tls"],
                qos=s["mqtt_qos"],
            )
            first, second = s["mqtt_format"], s["mqtt_format2"]
            made = [formats.start(first, s, self.decoder)]
            if second and second != first:
                made.append(formats.start(second, s, self.decoder))
            self.publisher = Publisher(
                self.box, self.mqtt, self.device, self.writer, self.mqtt.topic, made, self._every
            )
            if s["mqtt_commands"] or self.publisher.subscriptions():
                from app.commands import Commands

                self.commands = Commands(self)

    def _open_kmp(self, s):
        """A meter that must be asked: its client takes the decoder's place in all that is told of it."""
        try:
            from app.kmppoll import KmpPoll
            from hanport.kmp import Client
        except ImportError:
            self.log("This board's image goes without KMP: it waits for a meter that sends by itself.")
            return False
        self.decoder = Client()
        self.port = KmpPoll(s, self.decoder, self.box, self.findings, self.log, self.kept)
        return True

    def _every(self):
        """Seconds between two readings that are published: what is wished, and what the supply allows."""
        return max(self.settings["mqtt_interval"], self.power.supply.publish_s if self.power else 0)

    async def _tell(self):
        await self.publisher.tell(self.findings)

    def _start(self, *rows):
        """A task for each (name, start) whose start is given."""
        return [asyncio.create_task(self.keep(name, start)) for name, start in rows if start]

    def _begin(self):
        """Start the rooms that depend on the settings."""
        mqtt = self.mqtt
        watch = getattr(self.port, "watch", None)
        # Without one, that of the settings before is watched no more.
        beat = self.watchdog.register("mqtt", 300 if mqtt else 0)
        self.port.beat = self.watchdog.register("silence watch", 60 if watch else 0)
        if mqtt:
            mqtt.beat = beat
            mqtt.way = self.net.up  # without it a broker's name would be looked up for nothing, and long
        self._tasks = self._start(
            ("meter port", self.port.run),
            ("silence watch", watch),
            ("publisher", self.publisher.run if self.publisher else None),
            ("finding", self._tell if self.publisher else None),
            ("mqtt", mqtt.run if mqtt else None),
            ("commands", self.commands.run if self.commands else None),
        )

    async def _leave(self, old, new):
        """Take back what is retained at the broker and will not be renewed."""
        kept = [new["mqtt_format"], new["mqtt_format2"]]
        gone = old["ha_host"] != new["ha_host"] or any(
            old[key] and old[key] not in kept for key in ("mqtt_format", "mqtt_format2")
        )
        base = old["mqtt_topic"] != new["mqtt_topic"]
        if gone or base:
            await self.publisher.leave(gone, base)

    def _stop(self):
        """End the rooms that depend on the settings and hold nothing of them; returns the new tasks."""
        for task in self._tasks:
            task.cancel()
        self.watchdog.release(self._tasks)
        self._tasks = []
        return self._tasks

    async def apply(self, settings):
        """Live by new settings from now on: the page, the network, the log and the newest reading stay."""
        old = self.settings
        self.settings = settings  # at once: who saves again meanwhile changes these
        if self.mqtt and self.mqtt.up.is_set():
            await self._leave(old, settings)
        tasks = self._stop()
        await asyncio.sleep_ms(100)  # MQTT says goodbye
        if self._tasks is not tasks:
            return  # somebody has saved again, and begins the rooms
        self.device.name = self.settings["name"].encode()
        self._furnish()
        self._begin()

    async def main(self):
        """Start all tasks and stay."""
        from app import web

        asyncio.get_event_loop().set_exception_handler(self.keeper.stray)
        self.site = web.Site(self)
        lasting = self._start(
            ("web page", self.site.run),
            ("network", self.net.run),
            ("clock", self.clock.run),
            ("watchdog", self.watchdog.run),
            ("light player", self.led.run if self.led else None),
            ("lights", self._shine if self.led else None),
            ("button", self.button.run if self.button else None),
            ("supply", self.power.run if self.power else None),
            ("totals", self.kept.run),
            ("update", self._confirm),
        )
        self._begin()
        if board.config.CHIP.startswith("esp32"):
            from app import heap

            heap.settle()
        beat = self.watchdog.register("main", 60)
        self.watchdog.start()
        try:
            while True:
                beat()
                self.device.free()
                if self.power and not self.net.portal:
                    self.net.path.ease(self.power.supply.radio)
                await asyncio.sleep(2)
        finally:
            for task in lasting + self._tasks:
                task.cancel()
            await asyncio.sleep_ms(0)

    async def _shine(self):
        """Readings and faults to the lights."""
        from app import led as lights

        seen = self.box.count
        while True:
            await asyncio.sleep_ms(200)
            if self.box.count != seen:
                seen = self.box.count
                self.led.event(lights.READING)
            self.led.set(lights.SETUP, self.net.portal is not None)
            self.led.look(self.findings, self.net.up.is_set(), self.mqtt.up.is_set() if self.mqtt else None)

    async def _confirm(self):
        """A version on trial is kept once the network is there and the page is served."""
        await self.net.up.wait()
        await asyncio.sleep(5)
        try:
            marker.confirm()
        except OSError:
            self.log("this version could not be confirmed: the flash is full")
        while True:
            await asyncio.sleep(3600)

    def run(self):
        """Run until the power goes."""
        try:
            asyncio.run(self.main())
        except Exception as fault:
            self.keeper.fell(fault)
            raise
