"""One run of the firmware for bar_memory.py: its process, its meter, its broker and those who look at it."""

import collections
import gzip
import http.client
import json
import os
import queue
import shutil
import socket
import subprocess
import threading

import paho.mqtt.client as paho

import bar_micropython as bar
import build
import device
from brokers import Broker

FRAMES = build.ROOT / "host_tests" / "frames"
# In turn: several makers, lists with and without counters, plain and encrypted, and P1.
NAMES = (
    "aidon/list1 aidon/list2-3p4w kaifa/at16-sc30 aidon/list3-3p4w kaifa/list2-3p kamstrup/dk-65-encrypted "
    "kaifa/list3-3p kamstrup/list2-3p p1/belgian iskraemeco/list18 landis-gyr/e450-burgenland-14 "
    "sagemcom/noe35-length-01 kamstrup/dk-65 landis-gyr/e450-burgenland-14-encrypted "
    "p1/dsmr5-3p-four-submeters kamstrup/list1-3p-encrypted"
).split()
KEYS = {"key": "000102030405060708090A0B0C0D0E0F", "auth_key": "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"}
EVERY = 20  # frames from one look at the page to the next
# Frames after which all that is kept is kept: whole turns of NAMES, as all counts of frames. Two of them, for
# what lies on the stack may by chance hold what was let go.
FIRST = 560, 640
LAST = 80  # from the look before the last to the end
SAVES = 240, 5240  # frames after which the settings are saved: what that loads is kept
PAGE = ("/", "/www/page.css", "/www/page.js")
API = ("/api/reading", "/api/status")
PATIENCE = 30  # seconds for what is under way
ANSWER = 15  # seconds for a page: who asked is left waiting when memory ran out over the answer


class Failed(bar.BarError):
    """What did not hold, in one line."""


def octets(name):
    """One of our own frames."""
    path = FRAMES / f"{name}.hex"
    if not path.exists():
        return path.with_suffix(".txt").read_bytes()
    return bytes.fromhex("".join(line.split("#")[0] for line in path.read_text().split("\n")))


class Unit:
    """A device in bench.folder with so much heap of its own."""

    def __init__(self, bench, heap, frames, say=None):
        folder = bench.folder
        self.frames = frames
        self._say = say
        self._cycle = [octets(name) for name in NAMES]
        self._looks = [*(n for n in FIRST if n < frames - LAST), max(EVERY, frames - LAST), frames]
        self._lines = queue.Queue()
        self._last = collections.deque(maxlen=30)
        self._errors = 0
        self._messages = 0
        self._online = threading.Semaphore(0)
        self.port = device.free_port()
        for path in folder.iterdir():  # of the run before: a device with its files in flash
            if path.name.startswith(("settings.json", "totals.bin", "line")):
                path.unlink()
        self._meter = socket.create_server(("127.0.0.1", 0))
        self._meter.settimeout(0.5)
        self._line = None
        (folder / "line").write_text(str(self._meter.getsockname()[1]))
        self.broker = Broker()
        self._settings(folder)
        bench.write_run(EVERY, self._looks)
        self._listen()
        self.process = subprocess.Popen(
            [*bar.command(bench.heapsize(heap), False), "boot.py"],
            cwd=folder,
            env={**os.environ, "HANPORT_CHIP": "esp8266" if bench.make == "image" else "esp32"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _settings(self, folder):
        values = {"http_port": self.port, "mqtt_host": "127.0.0.1", "mqtt_port": self.broker.port, **KEYS}
        values.update(mqtt_format="homeassistant", baud=115200, wifi_ssid="home", ntp_host="")
        (folder / "settings.json").write_text(json.dumps(values))

    def _listen(self):
        client = self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.on_connect = lambda c, *_: c.subscribe("#")
        client.on_message = self._message
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()

    def _message(self, _client, _userdata, message):
        self._messages += 1
        if message.topic == "hanport/status" and message.payload == b"online":
            self._online.release()

    def _read(self):
        for line in self.process.stdout:
            self._last.append(line.rstrip())
            self._errors += "MemoryError" in line
            self._lines.put(line.split())
        self._lines.put(None)

    def _short(self):
        """The line that tells that memory ran out, "" when it did not."""
        return ([line.strip() for line in self._last if "MemoryError" in line] or [""])[-1]

    def _told(self, *words):
        """The rest of the next line that begins with these words."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise Failed(f"nothing came for {PATIENCE} s, waiting for {words}") from None
            if line is None:
                raise Failed(f"it ended, waiting for {words}: {self._last[-1] if self._last else ''}")
            if line[: len(words)] == list(words):
                return line[len(words) :]

    def _ask(self, path, method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            data = answer.read()
            packed = answer.getheader("Content-Encoding") == "gzip"
            data = gzip.decompress(data) if packed else data  # one that is cut short is refused
        except (OSError, EOFError, http.client.HTTPException) as e:
            raise Failed(f"{path}: {self._short() or type(e).__name__}") from None
        finally:
            connection.close()
        if answer.status != 200:
            raise Failed(f"{path}: status {answer.status} {self._short()}")
        try:
            return json.loads(data) if path.startswith("/api") else data
        except ValueError:
            raise Failed(f"{path}: no JSON") from None

    def _look(self, number):
        for path in PAGE:
            self._ask(path)
        told = self._ask(API[number // EVERY % len(API)])
        if "log" in told:
            for line in told["log"]:
                if "emory" in line["words"] or " fell (" in line["words"]:
                    raise Failed(line["words"])
            if told["mqtt"]["failures"]:
                raise Failed(f"MQTT was lost: {told['mqtt'].get('error', '')}")
            if told["port"]["faults"]:
                raise Failed(f"telegrams were refused: {told['port']['faults']}")
        if self._errors:
            raise Failed(self._short())

    def _wait(self, done, what):
        """Wait until done() while the device lives."""
        for _ in range(2 * PATIENCE):
            if done():
                return
            if self.process.poll() is not None:
                break
        raise Failed(f"{what}: {self._last[-1] if self._last else 'nothing was said'}")

    def _accepted(self):
        try:
            line = self._meter.accept()[0]
        except TimeoutError:
            return False
        if self._line:
            self._line.close()
        self._line = line
        return True

    def _connected(self):
        """Wait until a port is opened and the broker is told."""
        self._wait(self._accepted, "no port is opened")
        self._wait(lambda: self._online.acquire(timeout=0.5), "the broker hears nothing")

    def _save(self, number):
        self._ask("/api/settings", "POST", json.dumps({"mqtt_keepalive": 50 + number % 7}))
        self._connected()

    def run(self):
        """The whole run; returns its figures. Raises Failed."""
        self._connected()
        free = {}
        at = 0
        for number in range(EVERY, self.frames + 1, EVERY):
            for _ in range(EVERY):
                self._line.sendall(self._cycle[at])
                at = (at + 1) % len(self._cycle)
            if number in self._looks:
                free[number] = int(self._told("free", str(number))[0])
                if self._say:
                    self._say(f"  free heap after {number:,} frames: {free[number]:,}")
            self._told("readings", str(number))
            self._look(number)
            if number in SAVES:
                self._save(number)
        status = self._ask("/api/status")
        if self._messages < self.frames:
            raise Failed(f"only {self._messages} messages came for {self.frames} readings")
        return {
            "frames": self.frames,
            "messages": self._messages,
            "MemoryErrors": self._errors,
            "lowest": status["device"]["lowest_free_heap"],
            "first": self._looks[0],
            "free": max(free[number] for number in self._looks[:-2] or self._looks),
            "end": max(free[number] for number in self._looks[-2:]),
        }

    def close(self):
        """End all."""
        self.process.kill()
        self.process.wait()
        self._client.loop_stop()
        self.broker.close()
        self._meter.close()
        if self._line:
            self._line.close()
        shutil.rmtree(self.broker._folder.name, ignore_errors=True)
