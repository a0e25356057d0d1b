"""The front door: where the objects are built and the tasks started. The only file that sees them all."""

import asyncio
import gc

import localtime
import settings as schema
from app import board, going, kept, led, marker, page, port, power, store
from app.clock import Clock
from app.diag import Device, say
from app.mailbox import Mailbox
from app.meterport import MeterPort
from app.mqtt import Mqtt
from app.net import Net
from app.publisher import Publisher
from app.supervisor import Supervisor
from hanport import Decoder
from hanport.doctor import Findings
from payload import formats
from payload.writer import Writer
from unload import unload

_SURE_S = 5  # the network is there so long: this version is one to keep
# Octets of the largest message: with 4096 Home Assistant is told of a device as a whole.
_ROOM = 2048 if board.config.CHIP == "esp8266" else 4096


class House:
    """Everything that runs on one device."""

    def __init__(self):
        self.log = say
        self.keeper = Supervisor(self)
        self.log(self.keeper.reasons.explain())
        self.settings = s = schema.parse(store.load(say=self.log))
        for problem in s.problems:
            self.log(problem)
        self.box = Mailbox()
        self.device = Device(s["name"])
        self.device.totals = kept.load(self.log)
        self.net = None
        self.writer = None
        self._outside()
        self._furnish()
        self.clock = Clock(self)
        self.net = self.device.net = Net(self)

    def _outside(self):
        """Lights, button and supply, where the board has them."""
        self.led = self.power = None
        # A board without lights may still have a button: the lights then do nothing.
        if (
            board.config.LED is not None
            or board.config.LED_RED is not None
            or board.config.BUTTON is not None
        ):
            self.led = led.Led(board.config)
            self.led.notice(led.START)
            if board.config.BUTTON is not None:
                from app.button import Button

                self.led.button = Button(self)
        if board.config.VCC_INTERNAL or board.config.VCC_PIN is not None:
            self.power = power.begin(self.log)
            power.wait(self.power, self.log)  # before any radio
            self.device.power = self.power

    def supply_low(self):
        """A sentence why the flash must not be written now, or an empty one."""
        return self.power.update_refused() if self.power else ""

    def factory(self):
        """The button, held for ten seconds: all settings back to what they were when new."""
        store.save(store.SETTINGS, "{}")
        store.forget(store.SETTINGS)
        for name in store.CERTIFICATES.split():
            store.remove(name)
        self.restart_soon("the button, to start as new")

    def restart_soon(self, why):
        """Restart in a second, so that an answer can still leave."""
        self.log("restarting for " + why)
        kept.save(self.device.totals, self.log)
        asyncio.create_task(self._restart(why))

    async def _restart(self, why):
        await asyncio.sleep(1)
        if self.mqtt:
            self._stop()
            await asyncio.sleep_ms(100)  # MQTT says goodbye
        self.keeper.reasons.asked(why)

    def _furnish(self):
        """Build the rooms that depend on the settings."""
        s = self.settings
        # Let go of all that was there before anything new is made: there is no room for both.
        self.decoder = self.port = self.mqtt = self.publisher = None
        self.device.decoder = self.device.findings = self.findings = None
        gc.collect()
        self.findings = Findings()
        # The big buffers first, while the heap is still in one piece.
        if s["protocol"] != "kmp" or not self._open_kmp(s):
            self.decoder = Decoder(s["buffer"], s.key("key"), s.key("auth_key"), localtime.zone(s["zone"]))
            self.port = MeterPort(self)
        self.device.findings = self.findings
        self.device.decoder = self.decoder
        if not self.writer:
            self.writer = Writer(_ROOM)
        if s["mqtt_host"]:
            name = s["name"] + "-" + self.device.ident.decode().replace(":", "")[-6:]
            self.mqtt = Mqtt(s, name)
            first, second = s["mqtt_format"], s["mqtt_format2"]
            made = [formats.start(first, s, self.decoder)]
            if second and second != first:
                made.append(formats.start(second, s, self.decoder))
            self.publisher = Publisher(self, self.mqtt, made)

    def _open_kmp(self, s):
        """A meter that must be asked: its client takes the decoder's place in all that is told of it."""
        try:
            from app.kmppoll import KmpPoll
            from hanport.kmp import Client
        except ImportError:
            self.log("This board's image goes without KMP: it waits for a meter that sends by itself.")
            return False
        self.decoder = Client()
        self.port = KmpPoll(self)
        return True

    def every(self):
        """Seconds between two readings that are published: what is wished, and what the supply allows."""
        return max(self.settings["mqtt_interval"], self.power.publish_s() if self.power else 0)

    def _begin(self):
        """Start the rooms that depend on the settings."""
        keeper = self.keeper
        mqtt = self.mqtt
        keeper.keep_going(going.METER)
        keeper.watch_mqtt(300 if mqtt else 0)
        if mqtt:
            mqtt.beat = keeper.watchdog.beat
            mqtt.way = self.net  # without it a broker's name would be looked up for nothing, and long
            for k in range(going.PUBLISHER, going.COUNT):
                keeper.keep_going(k)

    async def _leave(self, old, new):
        """Take back what is retained at the broker and will not be renewed."""
        kept = [new["mqtt_format"], new["mqtt_format2"]]
        gone = old["ha_host"] != new["ha_host"] or any(
            old[key] and old[key] not in kept for key in ("mqtt_format", "mqtt_format2")
        )
        base = old["mqtt_topic"] != new["mqtt_topic"]
        if gone or base:
            await self.publisher.take_back(gone, base)

    def _stop(self):
        """End the rooms that depend on the settings and hold nothing of them."""
        self.keeper.let_go(going.METER)
        for k in range(going.PUBLISHER, going.COUNT):
            self.keeper.let_go(k)

    def apply(self, settings):
        """Live by new settings from now on; returns a coroutine, to be run, that renews what depends on them.

        The page, the network, the log and the newest reading stay.
        """
        old = self.settings
        self.settings = settings  # at once: who saves again meanwhile changes these
        self.device.name = settings["name"].encode()
        return self._renew(old, settings)

    async def _renew(self, old, settings):
        if self.mqtt and self.mqtt.is_connected():
            await self._leave(old, settings)
        if self.settings is not settings:
            return  # somebody has saved again, and begins the rooms
        self._stop()
        await asyncio.sleep_ms(100)  # MQTT says goodbye
        if self.settings is not settings:
            return
        self._furnish()
        self._begin()

    def coroutine(self, k):
        """The coroutine of the task of this number."""
        if k == going.WEB:
            return page.run(self)
        if k == going.WAY:
            return self.net.path.run()
        if k == going.PORTAL:
            return self.net.be_set_up()
        if k == going.CLOCK:
            return self.clock.run()
        if k == going.PUBLISHER:
            return self.publisher.run()
        return self.mqtt.run()

    def tick(self, k):
        """Do what ticks under this number; returns the ms until it is due again, None for never."""
        if k == going.PLAYER:
            return self.led.play(self.settings["led"])
        if k == going.BUTTON:
            return self.led.button.watch_key()
        if k == going.LIGHTS:
            self.led.show_faults(self)
            return led.LOOK_MS
        if k == going.METER:
            return self.port.serve()
        if k == going.MAIN:
            self.device.free()
            unload()  # of what was loaded for a call, nothing stays at rest
            if self.power and not self.net.portal:
                self.net.path.ease(self.power.radio_may())
            return 2000
        if k == going.SUPPLY:
            power.take(self.power, self.log)
            return power.EVERY_MS
        if k == going.WATCHDOG:
            return self.keeper.loop_beats()
        if k == going.NETWORK:
            return self.net.look_after()
        if k == going.UPDATE:
            return self._confirm()
        return self._minute()

    def _minute(self):
        """What is looked at once a minute: the totals, kept once an hour for the flash's sake."""
        self.keeper.reasons.refresh()
        kept.save_when_due(self.device.totals, self.log)
        return 60000

    def _confirm(self):
        """A version on trial is kept once the network is there and the page is served."""
        if not self.net.is_up() or port.up() - self.net.path.since < _SURE_S:
            return 1000
        try:
            marker.confirm()
        except OSError:
            self.log("this version could not be confirmed: the flash is full")
        return None

    async def main(self):
        """Start all tasks and stay, to do what only ticks."""
        keeper = self.keeper
        asyncio.get_event_loop().set_exception_handler(keeper.stray)
        for k in range(going.TASKS, going.PLAYER):
            keeper.keep_going(k)
        keeper.keep_going(going.WEB)
        keeper.keep_going(going.CLOCK)
        if self.led:
            keeper.keep_going(going.PLAYER)
            keeper.keep_going(going.LIGHTS)
            if self.led.button:
                keeper.keep_going(going.BUTTON)
        if self.power:
            keeper.keep_going(going.SUPPLY)
        self._begin()
        if board.config.CHIP.startswith("esp32"):
            from app import heap

            heap.settle()
        keeper.arm()
        try:
            while True:
                await asyncio.sleep_ms(keeper.turn())
        finally:
            keeper.end_all()
            await asyncio.sleep_ms(0)

    def run(self):
        """Run until the power goes."""
        try:
            asyncio.run(self.main())
        except Exception as fault:
            self.keeper.fell(fault)
            raise
