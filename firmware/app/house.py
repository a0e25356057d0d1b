"""The front door: where the objects are built and the tasks started. The only file that sees them all."""

import asyncio

import localtime
import settings as schema
from app import store
from app.diag import Device, Log
from app.mailbox import Mailbox
from app.meterport import MeterPort
from app.mqtt import Mqtt
from app.publisher import Publisher
from hanport import Decoder
from hanport.doctor import Findings
from payload.writer import Writer

_PAUSE = 5  # seconds before a task that failed is started again


class House:
    """Everything that runs on one device."""

    def __init__(self):
        self.log = Log()
        self.settings = s = schema.parse(store.load())
        for problem in s.problems:
            self.log(problem)
        self.box = Mailbox()
        self.device = Device(s["name"])
        self.findings = Findings()
        # The big buffers first, while the heap is still in one piece.
        if s["protocol"] == "kmp":
            self._open_kmp(s)
        else:
            self.decoder = Decoder(s["buffer"], s.key("key"), s.key("auth_key"), localtime.zone(s["zone"]))
            self.port = MeterPort(s, self.decoder, self.box, self.findings, self.log)
        self.writer = Writer(2048)
        self.mqtt = None
        self.publisher = None
        if s["mqtt_host"]:
            self.mqtt = Mqtt(
                s["mqtt_host"],
                s["mqtt_port"],
                s["mqtt_client"] or s["name"] + "-" + self.device.ident.decode().replace(":", "")[-6:],
                s["mqtt_user"] or None,
                s["mqtt_password"] or None,
                s["mqtt_topic"],
                s["mqtt_keepalive"],
            )
            self.publisher = Publisher(
                self.box, self.mqtt, self.device, self.writer, s["mqtt_topic"].encode()
            )

    def _open_kmp(self, s):
        """A meter that must be asked: its client takes the decoder's place in all that is told of it."""
        from app.kmppoll import KmpPoll
        from hanport.kmp import Client

        self.decoder = Client()
        self.port = KmpPoll(s, self.decoder, self.box, self.findings, self.log)

    async def _keep(self, name, start):
        """Run a task for ever; a fault of ours in one room must not stop the others."""
        while True:
            try:
                await start()
            except Exception as e:
                self.log("%s stopped (%s) and starts again" % (name, type(e).__name__))
            await asyncio.sleep(_PAUSE)

    async def _tell(self):
        await self.publisher.tell(self.findings)

    async def main(self):
        """Start all tasks and stay."""
        from app import web

        tasks = [
            asyncio.create_task(self._keep(name, start))
            for name, start in (
                ("meter port", self.port.run),
                ("silence watch", getattr(self.port, "watch", None)),
                ("web page", web.Site(self).run),
                ("publisher", self.publisher.run if self.publisher else None),
                ("finding", self._tell if self.publisher else None),
                ("mqtt", self.mqtt.run if self.mqtt else None),
            )
            if start
        ]
        try:
            while True:
                self.device.free()
                await asyncio.sleep(2)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.sleep_ms(0)

    def run(self):
        """Run until the power goes."""
        asyncio.run(self.main())
