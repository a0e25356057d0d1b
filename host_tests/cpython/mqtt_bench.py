"""What the tests of MQTT share: the device's side on MicroPython, a subscriber, a server of any behaviour.

The device is a `micropython` process that runs DEVICE below; it is watched from outside by paho-mqtt and
through the lines it prints. Both generations of umqtt.simple are driven: 1.3.4 as published, and a
stand-in with the signature and the habits of the later ones.
"""

import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import uuid

import paho.mqtt.client as paho
import pytest

from app import store

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
PATIENCE = 60  # seconds a step may take on a slow and busy machine; nothing is judged by it
CONNECTED = ("now", "connected", "")

DEVICE = r"""
import asyncio, sys, time
from umqtt import simple

host, port, topic, generation, user, password, keepalive, tls, qos, clock = sys.argv[1:11]

if generation == "newer":
    import unload
    forget = unload.unload
    # the stand-in stays where it was put, as the frozen module would come back the same
    unload.unload = lambda *names: forget(*[name for name in names if not name.startswith("umqtt")])
    class Newer(simple.MQTTClient):
        # connect() with a time limit and closing of the old socket; wait_msg() that tells of messages
        fresh = False
        def connect(self, clean_session=True, timeout=None):
            if self.sock:
                self.sock.close()
            self.sock = simple.socket.socket()
            self.sock.settimeout(timeout)
            return super().connect(clean_session)
        def set_callback(self, f):
            def callback(topic, message):
                self.fresh = True
                f(topic, message)
            super().set_callback(callback)
        def wait_msg(self):
            self.fresh = False
            kind = super().wait_msg()
            return 0x30 if self.fresh else kind
    simple.MQTTClient = Newer

from app.mqtt import Mqtt

if clock != "set":
    from app import port as chip
    now = chip.now
    chip.now = lambda: None

beats = 0

async def beat():
    global beats
    while True:
        beats += 1
        await asyncio.sleep_ms(10)

def say(*words):
    print(*words, sep="|")

life = None

def command(name, payload):
    if payload is None:
        say("too long", name.decode())
    elif payload == b"stop":
        asyncio.create_task(stop())
    elif payload == b"flood":
        asyncio.create_task(flood())
    elif payload == b"keep":
        say("kept", mqtt.publish(mqtt.topic + b"/kept", b"value", True))
    elif payload.startswith(b"send"):
        # The buffer is spoilt at once: what arrives must have been taken before publish() returned.
        buf = bytearray([i * 7 % 256 for i in range(int(payload[4:]))])
        say("sent", mqtt.publish(mqtt.topic + b"/echo", memoryview(buf)))
        for i in range(len(buf)):
            buf[i] = 0
    else:
        say("command", name.decode(), len(payload))
        say("echoed", mqtt.publish(mqtt.topic + b"/echo", payload))

class Reader:
    came = asyncio.Event()

    def topics(self):
        return [mqtt.topic + b"/command"]

    def stir(self):
        self.came.set()

async def listen(reader):
    while True:
        await reader.came.wait()
        reader.came.clear()
        message = mqtt.message()
        if message:
            command(message[0], message[1])
            mqtt.done()

async def stop():
    life.cancel()

async def flood():
    buf = bytearray(1500)
    while mqtt.publish(mqtt.topic + b"/flood", buf):
        await asyncio.sleep_ms(0)
    say("flooded")

async def set_clock():
    await asyncio.sleep(float(clock))
    chip.now = now

async def watch():
    last = None
    while True:
        now = (mqtt.state, mqtt.error, mqtt.connects, mqtt.failures, mqtt.is_connected())
        if now != last:
            say("now", *now, beats)
            last = now
        await asyncio.sleep_ms(5)

async def main():
    global life
    say("warning", mqtt.warning())
    asyncio.create_task(beat())
    asyncio.create_task(watch())
    asyncio.create_task(listen(mqtt.reader))
    if clock != "set":
        asyncio.create_task(set_clock())
    say("early", mqtt.publish(b"x", b"y"))
    life = asyncio.create_task(mqtt.run())
    try:
        await life
    except asyncio.CancelledError:
        say("ended", mqtt.state)

settings = {"mqtt_host": host, "mqtt_port": int(port), "mqtt_client": "hanport-" + topic, "mqtt_user": user}
settings.update(mqtt_password=password, mqtt_topic=topic, mqtt_keepalive=int(keepalive), mqtt_tls=tls)
settings["mqtt_qos"] = int(qos)
mqtt = Mqtt(settings, "", timeout=1)
mqtt.listen(Reader(), 640)
asyncio.run(main())
"""


@pytest.fixture(scope="session", name="umqtt")
def umqtt_folder(tmp_path_factory):
    """A folder with umqtt/simple.py 1.3.4, unmodified."""
    vendor = ROOT / "build" / "vendor"
    if (vendor / "umqtt" / "simple.py").exists():
        return vendor
    from pip._internal.models.index import PyPI

    folder = tmp_path_factory.mktemp("umqtt")
    unearth = shutil.which("unearth") or str(pathlib.Path(sys.executable).with_name("unearth"))
    wanted = "micropython-umqtt.simple==1.3.4"
    subprocess.run(
        [unearth, "-i", PyPI.simple_url, wanted, "--download", str(folder)], check=True, capture_output=True
    )
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("*/umqtt/simple.py")).parents[1]


class Device:
    """The micropython process; `lines` is all it has said.

    files: {name: text} of the device's flash; clock: seconds until it is set; firmware: its folder;
    heap: the size of its heap.
    """

    def __init__(self, folder, umqtt, port, topic, generation="1.3.4", host="127.0.0.1", user="", password="",
                 keepalive=60, tls="off", qos=0, clock="set", files=(), heap="2m",
                 firmware=FIRMWARE):  # fmt: skip
        for name, text in dict(files).items():
            store.save(str(folder / name), text)
        program = folder / "device.py"
        if not program.exists():
            program.write_text(DEVICE)
        command = shutil.which("micropython") or str(pathlib.Path(sys.executable).with_name("micropython"))
        path = [ROOT / "host_tests" / "fakes", firmware, ROOT / "lib", umqtt, ".frozen"]
        arguments = [host, port, topic, generation, user, password, keepalive, tls, qos, clock]
        self.process = subprocess.Popen(
            [command, "-X", f"heapsize={heap}", str(program), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=dict(os.environ, MICROPYPATH=":".join(map(str, path))),
        )
        self.lines = []
        self._queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n").split("|"))
        self._queue.put(None)

    def until(self, wanted):
        """The next line that begins with the words given, or that the function given likes."""
        like = wanted if callable(wanted) else lambda line: line[: len(wanted)] == list(wanted)
        while True:
            try:
                line = self._queue.get(timeout=PATIENCE)
            except queue.Empty:
                line = None
            assert line is not None, f"never came: {wanted}; said so far: {self.lines}"
            self.lines.append(line)
            if like(line):
                return line

    def error(self, sentence):
        """The next state that shows this sentence."""
        return self.until(lambda line: line[0] == "now" and line[2] == sentence)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Watcher:
    """An independent client that listens to everything below a topic; with TLS when a CA (pem) is given."""

    def __init__(self, port, topic, user=None, password=None, ca=None, pem=None):
        self._messages = queue.Queue()
        self.seen = []  # what until() has passed by, and found
        self._ready = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe(topic if topic == "#" else topic + "/#")
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = lambda _c, _u, m: self._messages.put((m.topic, m.payload, bool(m.retain)))
        if user:
            self.client.username_pw_set(user, password)
        if pem:
            (ca / "watcher.pem").write_text(pem)
            self.client.tls_set(str(ca / "watcher.pem"))
        self.client.connect("localhost" if pem else "127.0.0.1", port)
        self.client.loop_start()
        assert self._ready.wait(PATIENCE)

    def until(self, topic, payload=None):
        """The next message of the topic (with the payload): (topic, payload, retained).

        topic may be a function that likes one.
        """
        like = topic if callable(topic) else lambda name: name == topic
        end = time.monotonic() + PATIENCE
        while True:
            message = self._messages.get(timeout=max(0, end - time.monotonic()))
            self.seen.append(message)
            if like(message[0]) and payload in (None, message[1]):
                return message

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class Script:
    """A server that does what a broker should not: `talk(connection, number)` is called per client."""

    def __init__(self, talk, tls=None):
        self._listener = socket.socket()
        # Small, and before listen(), so that what the device sends soon has nowhere to go.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self.heard = queue.Queue()
        self._talk = talk
        self._tls = tls
        self._open = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        number = 0
        while True:
            try:
                connection = self._listener.accept()[0]
                self._open.append(connection)
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                    self._open.append(connection)
                self._talk(self, connection, number)
            except OSError:
                if self._listener.fileno() < 0:
                    return
            number += 1

    def packet(self, connection):
        """One whole MQTT packet, or OSError at the end."""
        head = self.exactly(connection, 2)
        length, shift = head[1] & 0x7F, 7
        while head[-1] & 0x80:
            head += self.exactly(connection, 1)
            length |= (head[-1] & 0x7F) << shift
            shift += 7
        return head + self.exactly(connection, length)

    def exactly(self, connection, n):
        got = b""
        while len(got) < n:
            part = connection.recv(n - len(got))
            if not part:
                raise ConnectionResetError
            got += part
        return got

    def welcome(self, connection):
        """Take CONNECT, the subscription and the birth as a broker would."""
        assert self.packet(connection)[0] == 0x10
        connection.sendall(b"\x20\x02\0\0")
        subscribe = self.packet(connection)
        connection.sendall(b"\x90\x03" + subscribe[2:4] + b"\0")
        birth = self.packet(connection)
        assert birth[0] in (0x31, 0x33)
        return birth

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()


@pytest.fixture(name="device")
def device_starter(tmp_path, umqtt):
    """Start a device; ended with the test."""
    started = []

    def start(port, topic, **more):
        started.append(Device(tmp_path, umqtt, port, topic, **more))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture(name="topic")
def own_topic():
    """A topic of this test alone."""
    return "hanport-" + uuid.uuid4().hex[:8]


@pytest.fixture(name="script")
def script_starter():
    """Start a Script; ended with the test."""
    started = []

    def start(talk, tls=None):
        started.append(Script(talk, tls))
        return started[-1]

    yield start
    for one in started:
        one.close()


# To be bound in a file of tests, whatever the names.
FIXTURES = device_starter, script_starter, own_topic, umqtt_folder
