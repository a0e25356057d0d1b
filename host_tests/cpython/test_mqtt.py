"""firmware/app/mqtt.py as it is, on the real interpreter, against real brokers and badly behaved servers.

The device is a `micropython` process that runs DEVICE below; it is watched from outside by paho-mqtt and
through the lines it prints. Both generations of umqtt.simple are driven: 1.3.4 as published, and a
stand-in with the signature and the habits of the later ones.
"""

import datetime
import os
import pathlib
import queue
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tarfile
import threading
import time
import uuid

import paho.mqtt.client as paho
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from brokers import Broker, free_port, mosquitto  # noqa: E402

KINDS = (["mosquitto"] if mosquitto() else []) + ["amqtt"]
PATIENCE = 60  # seconds a step may take on a slow and busy machine; nothing is judged by it

DEVICE = r"""
import asyncio, sys, time
from umqtt import simple

host, port, topic, generation, user, password, keepalive, cadata = sys.argv[1:9]

if generation == "newer":
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

tls = None
if cadata != "-":
    import ssl
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.verify_mode = ssl.CERT_REQUIRED
    with open(cadata, "rb") as f:
        tls.load_verify_locations(cadata=f.read())

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
    payload = bytes(payload)
    if payload == b"stop":
        asyncio.create_task(stop())
    elif payload == b"flood":
        asyncio.create_task(flood())
    elif payload == b"stumble":
        raise KeyError("command")
    else:
        say("command", name.decode(), len(payload))
        # The buffer is spoilt at once: what arrives must have been taken before publish() returned.
        buf = bytearray(payload)
        say("echoed", mqtt.publish(mqtt.topic + b"/echo", memoryview(buf)))
        for i in range(len(buf)):
            buf[i] = 0

async def stop():
    life.cancel()

async def flood():
    buf = bytearray(1500)
    while mqtt.publish(mqtt.topic + b"/flood", buf):
        await asyncio.sleep_ms(0)
    say("flooded")

async def watch():
    last = None
    while True:
        now = (mqtt.state, mqtt.error, mqtt.connects, mqtt.failures, mqtt.up.is_set())
        if now != last:
            say("now", *now, beats)
            last = now
        await asyncio.sleep_ms(5)

async def main():
    global life
    asyncio.create_task(beat())
    asyncio.create_task(watch())
    say("early", mqtt.publish(b"x", b"y"))
    life = asyncio.create_task(mqtt.run())
    try:
        await life
    except asyncio.CancelledError:
        say("ended", mqtt.state)

mqtt = Mqtt(host, int(port), "hanport-" + topic, user or None, password or None, topic.encode(),
            int(keepalive), timeout=1, tls=tls, on_message=command)
asyncio.run(main())
"""


@pytest.fixture(scope="session")
def umqtt(tmp_path_factory):
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
    """The micropython process; `lines` is all it has said."""

    def __init__(self, folder, umqtt, port, topic, generation="1.3.4", host="127.0.0.1", user="", password="",
                 keepalive=60, ca="-"):  # fmt: skip
        program = folder / "device.py"
        program.write_text(DEVICE)
        command = shutil.which("micropython") or str(pathlib.Path(sys.executable).with_name("micropython"))
        path = [ROOT / "host_tests" / "fakes", ROOT / "firmware", ROOT / "lib", umqtt, ".frozen"]
        arguments = [host, port, topic, generation, user, password, keepalive, ca]
        self.process = subprocess.Popen(
            [command, str(program), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
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


@pytest.fixture
def device(tmp_path, umqtt):
    """Start a device; ended with the test."""
    started = []

    def start(port, topic, **more):
        started.append(Device(tmp_path, umqtt, port, topic, **more))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def topic():
    return "hanport-" + uuid.uuid4().hex[:8]


class Watcher:
    """An independent client that listens to everything below a topic."""

    def __init__(self, port, topic):
        self._messages = queue.Queue()
        self._ready = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe(topic + "/#")
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = lambda _c, _u, m: self._messages.put((m.topic, m.payload, bool(m.retain)))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._ready.wait(PATIENCE)

    def until(self, topic, payload=None):
        """The next message of the topic (with the payload): (topic, payload, retained)."""
        while True:
            message = self._messages.get(timeout=PATIENCE)
            if message[0] == topic and payload in (None, message[1]):
                return message

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(params=KINDS)
def broker(request):
    with Broker(request.param) as one:
        yield one


@pytest.fixture(params=["1.3.4", "newer"])
def generation(request):
    return request.param


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
        """Take CONNECT, the birth and the subscription as a broker would."""
        assert self.packet(connection)[0] == 0x10
        connection.sendall(b"\x20\x02\0\0")
        assert self.packet(connection)[0] == 0x31
        subscribe = self.packet(connection)
        connection.sendall(b"\x90\x03" + subscribe[2:4] + b"\0")

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()


@pytest.fixture
def script():
    started = []

    def start(talk, tls=None):
        started.append(Script(talk, tls))
        return started[-1]

    yield start
    for one in started:
        one.close()


CONNECTED = ("now", "connected", "")


def test_birth_and_will_are_retained(broker, device, topic, generation):
    watcher = Watcher(broker.port, topic)
    unit = device(broker.port, topic, generation=generation)
    assert unit.until(("early",)) == ["early", "False"]
    assert watcher.until(f"{topic}/status")[1] == b"online"
    line = unit.until(CONNECTED)
    assert line[3:6] == ["1", "0", "True"]
    late = Watcher(broker.port, topic)
    assert late.until(f"{topic}/status") == (f"{topic}/status", b"online", True)
    unit.kill()
    assert watcher.until(f"{topic}/status")[1] == b"offline"
    late.close()
    late = Watcher(broker.port, topic)
    assert late.until(f"{topic}/status") == (f"{topic}/status", b"offline", True)
    late.close()
    watcher.close()


@pytest.mark.parametrize("size", [0, 1, 100, 500, 536, 537, 1500])
def test_messages_pass_whole_both_ways(broker, device, topic, generation, size):
    watcher = Watcher(broker.port, topic)
    unit = device(broker.port, topic, generation=generation)
    unit.until(CONNECTED)
    payload = bytes(i * 7 % 256 for i in range(size))
    for _ in range(3):
        watcher.client.publish(f"{topic}/command", payload)
    for _ in range(3):
        assert unit.until(("command",)) == ["command", f"{topic}/command", str(size)]
        assert unit.until(("echoed",)) == ["echoed", "True"]
        assert watcher.until(f"{topic}/echo") == (f"{topic}/echo", payload, False)
    watcher.close()


def test_confirmed_delivery_is_confirmed(broker, device, topic, generation):
    watcher = Watcher(broker.port, topic)
    unit = device(broker.port, topic, generation=generation)
    unit.until(CONNECTED)
    for text in (b"one", b"two"):
        watcher.client.publish(f"{topic}/command", text, qos=1).wait_for_publish(PATIENCE)
        assert watcher.until(f"{topic}/echo")[1] == text
    watcher.close()


def test_a_message_too_large_is_left_out_and_the_next_one_taken(broker, device, topic, generation):
    watcher = Watcher(broker.port, topic)
    unit = device(broker.port, topic, generation=generation)
    unit.until(CONNECTED)
    watcher.client.publish(f"{topic}/command", bytes(40000))
    unit.error("a message was too large and was left out")
    watcher.client.publish(f"{topic}/command", b"next")
    assert watcher.until(f"{topic}/echo")[1] == b"next"
    watcher.close()


def test_a_command_that_stumbles_does_not_cost_the_connection(broker, device, topic):
    watcher = Watcher(broker.port, topic)
    unit = device(broker.port, topic)
    unit.until(CONNECTED)
    watcher.client.publish(f"{topic}/command", b"stumble")
    line = unit.error("a command could not be carried out")
    assert line[1] == "connected"
    watcher.client.publish(f"{topic}/command", b"next")
    assert watcher.until(f"{topic}/echo")[1] == b"next"
    watcher.close()


def test_the_device_returns_after_the_broker_did(broker, device, topic, generation):
    unit = device(broker.port, topic, generation=generation)
    unit.until(CONNECTED)
    broker.stop()
    unit.error("broker closed the connection")
    unit.error("broker refuses connections on this port")
    broker.start()
    watcher = Watcher(broker.port, topic)
    assert watcher.until(f"{topic}/status")[1] == b"online"
    line = unit.until(CONNECTED)
    assert line[3] == "2" and line[5] == "True"
    watcher.client.publish(f"{topic}/command", b"still there")
    assert watcher.until(f"{topic}/echo")[1] == b"still there"
    watcher.close()


def test_cancelled_it_says_offline_itself(broker, device, topic, generation):
    watcher = Watcher(broker.port, topic)
    unit = device(broker.port, topic, generation=generation)
    unit.until(CONNECTED)
    watcher.client.publish(f"{topic}/command", b"stop")
    assert unit.until(("ended",)) == ["ended", "off"]
    assert watcher.until(f"{topic}/status", b"offline")
    late = Watcher(broker.port, topic)
    assert late.until(f"{topic}/status") == (f"{topic}/status", b"offline", True)
    late.close()
    watcher.close()


def test_the_parting_is_a_disconnect_so_that_no_will_is_needed(script, device, topic):
    def talk(server, connection, _):
        server.welcome(connection)
        name = f"{topic}/command".encode()
        connection.sendall(bytes([0x30, 2 + len(name) + 4]) + len(name).to_bytes(2, "big") + name + b"stop")
        server.heard.put(server.packet(connection))
        server.heard.put(server.packet(connection))

    server = script(talk)
    device(server.port, topic)
    farewell = server.heard.get(timeout=PATIENCE)
    assert farewell[0] == 0x31 and farewell.endswith(b"/statusoffline")
    assert server.heard.get(timeout=PATIENCE) == b"\xe0\0"


REFUSALS = [
    (1, "broker refused the protocol version"),
    (2, "broker refused the client name"),
    (3, "broker is not ready"),
    (4, "broker refused the user name or password"),
    (5, "broker refused the user name or password"),
    (77, "broker refused the connection"),
]


@pytest.mark.parametrize("code, sentence", REFUSALS)
def test_a_refusal_is_told_in_words(script, device, topic, code, sentence):
    def talk(server, connection, _):
        server.packet(connection)
        connection.sendall(bytes([0x20, 2, 0, code]))

    unit = device(script(talk).port, topic, user="meter", password="hush-hush")
    unit.error(sentence)
    assert "hush" not in str(unit.lines)


if mosquitto():

    def test_wrong_and_right_password(device, topic):
        with Broker("mosquitto", users={"meter": "right"}) as broker:
            device(broker.port, topic, user="meter", password="wrong").error(
                "broker refused the user name or password"
            )
            device(broker.port, topic, user="meter", password="right").until(CONNECTED)


def test_a_server_that_never_answers_holds_up_nothing(script, device, topic, generation):
    silent = threading.Event()
    unit = device(script(lambda *_: silent.wait(PATIENCE)).port, topic, generation=generation)
    before = unit.until(("now", "connecting"))
    after = unit.error("broker does not answer")
    silent.set()
    assert int(after[-1]) - int(before[-1]) > 10, "the other task stood still"
    assert after[1] == "waiting" and after[5] == "False"


def test_no_listener_and_no_such_host(device, topic):
    device(free_port(), topic).error("broker refuses connections on this port")
    device(1883, topic, host="no-such-host.invalid").error("host name not found")


def test_a_server_of_another_kind(script, device, topic):
    unit = device(script(lambda _, c, n: c.sendall(b"SSH-2.0-Hello\r\n")).port, topic)
    unit.error("broker does not speak MQTT")


def test_a_link_that_swallows_nothing_is_dropped_and_made_anew(script, device, topic, generation):
    def talk(server, connection, number):
        server.welcome(connection)
        server.heard.put(number)
        if number == 0:
            name = f"{topic}/command".encode()
            message = len(name).to_bytes(2, "big") + name + b"flood"
            connection.sendall(bytes([0x30, len(message)]) + message)

    server = script(talk)
    unit = device(server.port, topic, generation=generation)
    unit.until(CONNECTED)
    unit.until(("flooded",))
    assert unit.error("broker does not answer")[5] == "False"
    unit.until(CONNECTED)
    assert [server.heard.get(timeout=PATIENCE) for _ in range(2)] == [0, 1]


def test_a_ping_without_answer_ends_the_link(script, device, topic, generation):
    def talk(server, connection, number):
        server.welcome(connection)
        while number == 0:
            packet = server.packet(connection)
            server.heard.put(packet)
            if server.heard.qsize() < 3:
                connection.sendall(b"\xd0\0")

    server = script(talk)
    unit = device(server.port, topic, generation=generation, keepalive=2)
    unit.until(CONNECTED)
    assert unit.error("broker does not answer")[3] == "1"
    assert [server.heard.get(timeout=PATIENCE) for _ in range(3)] == [b"\xc0\0"] * 3
    unit.until(CONNECTED)


def test_a_message_in_single_octets_is_one_message(script, device, topic, generation):
    def talk(server, connection, _):
        server.welcome(connection)
        name = f"{topic}/command".encode()
        message = len(name).to_bytes(2, "big") + name + b"x" * 200
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in b"\x30" + bytes([len(message) & 0x7F | 0x80, len(message) >> 7]) + message:
            connection.sendall(bytes([octet]))
            time.sleep(0.0005)
        server.heard.put(server.packet(connection))

    server = script(talk)
    device(server.port, topic, generation=generation)
    assert server.heard.get(timeout=PATIENCE).endswith(b"/echo" + b"x" * 200)


def test_a_message_that_breaks_off_ends_the_link(script, device, topic, generation):
    def talk(server, connection, number):
        server.welcome(connection)
        if number == 0:
            connection.sendall(b"\x30\x50\0")

    unit = device(script(talk).port, topic, generation=generation)
    unit.until(CONNECTED)
    unit.error("broker does not answer")
    unit.until(CONNECTED)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """(PEM certificate, PEM key, DER certificate) of a server called localhost."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "cert.der").write_bytes(made.public_bytes(serialization.Encoding.DER))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "cert.pem", folder / "key.pem", folder / "cert.der"


def test_tls(script, device, topic, generation, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate[:2])

    def talk(server, connection, _):
        server.welcome(connection)
        name = f"{topic}/command".encode()
        message = len(name).to_bytes(2, "big") + name + b"x" * 1500
        message = b"\x30" + bytes([len(message) & 0x7F | 0x80, len(message) >> 7]) + message
        connection.sendall(message * 2)  # two messages, one record
        server.heard.put(server.packet(connection))
        server.heard.put(server.packet(connection))

    server = script(talk, context)
    unit = device(server.port, topic, generation=generation, host="localhost", ca=certificate[2])
    unit.until(CONNECTED)
    for _ in range(2):
        assert server.heard.get(timeout=PATIENCE).endswith(b"/echo" + b"x" * 1500)


def test_a_silent_server_holds_up_nothing_in_a_handshake_either(script, device, topic, certificate):
    silent = threading.Event()
    server = script(lambda *_: silent.wait(PATIENCE))
    unit = device(server.port, topic, host="localhost", ca=certificate[2])
    before = unit.until(("now", "connecting"))
    after = unit.error("broker does not answer")
    silent.set()
    assert int(after[-1]) - int(before[-1]) > 10, "the other task stood still"


def test_tls_with_the_wrong_name(script, device, topic, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate[:2])
    server = script(lambda *_: None, context)
    device(server.port, topic, host="127.0.0.1", ca=certificate[2]).error("secure connection failed")
