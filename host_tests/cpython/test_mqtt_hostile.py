"""Brokers that lie, drip, flood or fall silent; a link that swallows everything while a meter is read."""

import json
import pathlib
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tools"), str(HERE)]

from mqtt_bench import CONNECTED, FIXTURES, PATIENCE, ROOT, Watcher  # noqa: E402

import device as simulated  # noqa: E402
from brokers import Broker  # noqa: E402

device, script, topic, umqtt = FIXTURES

NO_MQTT = "broker does not speak MQTT"
SILENT = "broker does not answer"


def length(n):
    """Remaining length, MQTT 3.1.1 clause 2.2.3."""
    made = b""
    while True:
        n, digit = n // 128, n % 128
        made += bytes([digit | (128 if n else 0)])
        if not n:
            return made


def message(topic, payload, head=0x30, number=b""):
    """A PUBLISH packet."""
    body = len(topic).to_bytes(2, "big") + topic.encode() + number + payload
    return bytes([head]) + length(len(body)) + body


# Instead of CONNACK.
GREETINGS = {
    "length of CONNACK": b"\x20\x03\0\0\0",
    "flags of CONNACK": b"\x20\x02\x40\0",
    "a message first": message("t/command", b"reboot"),
    "an answer first": b"\xd0\0",
    "another protocol": b"HTTP/1.0 400 Bad Request\r\n\r\n",
    "zeros": bytes(20),
    "endless": b"\x30\xff\xff\xff\x7f" + bytes(100),
}
# After a proper welcome.
LATER = {
    "CONNACK again": b"\x20\x02\0\0",
    "five octets of length": b"\x30\x80\x80\x80\x80\x01",
    "256 MiB": b"\x30\xff\xff\xff\x7f\0\x09",
    "topic beyond the packet": b"\x30\x04\x20\x00ab",
    "no topic": b"\x30\x02\0\0",
    "QoS 2": message("t", b"x", 0x34, b"\0\x01"),
    "an answer with a tail": b"\xd0\x01\0",
    "a client's packet": b"\x82\x06\0\x01\0\x01t\0",
    "TLS": b"\x15\x03\x03\0\x02\x02\x28",
}


def test_lies_end_the_connection_with_a_reason(script, device, topic):
    """All at once, each by a server of its own, which is a proper broker from the second time on."""

    def liar(lie, welcome):
        def talk(server, connection, number):
            if number or welcome:
                server.welcome(connection)
            else:
                server.packet(connection)
            if number == 0:
                connection.sendall(lie)
            server.heard.put(number)
            while True:
                server.packet(connection)

        return talk

    units = []
    for name, lie in [*GREETINGS.items(), *LATER.items()]:
        server = script(liar(lie, name in LATER))
        units.append((name, server, device(server.port, topic)))
    for name, server, unit in units:
        line = unit.error(NO_MQTT)
        assert line[1] == "waiting" and line[4] == "1" and line[5] == "False", name
        unit.until(CONNECTED)
        assert [server.heard.get(timeout=PATIENCE) for _ in range(2)] == [0, 1], name
        assert not [line for line in unit.lines if line[0] in ("command", "too long")], name


def test_a_liar_is_tried_ever_more_seldom(script, device, topic):
    tried = queue.Queue()

    def talk(server, connection, _):
        tried.put(time.monotonic())
        server.welcome(connection)
        connection.sendall(b"\xff")

    device(script(talk).port, topic)
    times = [tried.get(timeout=PATIENCE) for _ in range(3)]
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert gaps[0] >= 1 and gaps[1] >= 2, gaps


def test_a_packet_that_drips_is_given_up(script, device, topic):
    """It never stops for long, yet at this pace it would take hours."""

    def talk(server, connection, number):
        server.welcome(connection)
        if number == 0:
            connection.sendall(b"\x30" + length(1000000) + b"\0\x01t")
            while True:
                connection.sendall(b"x")
                time.sleep(0.02)

    unit = device(script(talk).port, topic)
    unit.until(CONNECTED)
    unit.error(SILENT)
    unit.until(CONNECTED)


def test_a_flood_instead_of_an_answer_is_given_up(script, device, topic):
    """There is always more to take in: time passes and the other tasks run all the same."""

    def talk(server, connection, number):
        if number == 0:
            server.packet(connection)
            connection.sendall(b"\x20\x02\0\0")
            while True:
                connection.sendall(b"\xd0\0" * 2048)
        server.welcome(connection)
        while True:
            server.packet(connection)

    unit = device(script(talk).port, topic)
    unit.error(SILENT)
    unit.until(CONNECTED)


@pytest.mark.parametrize("what", ["SUBACK", "PUBACK"])
def test_what_is_never_confirmed(script, device, topic, what):
    def talk(server, connection, number):
        if number == 0 and what == "SUBACK":
            server.packet(connection)
            connection.sendall(b"\x20\x02\0\0")
            server.packet(connection)
        else:
            birth = server.welcome(connection)
            at = 4 + int.from_bytes(birth[2:4], "big")
            if number:
                connection.sendall(b"\x40\x02" + birth[at : at + 2])
        while True:
            if server.packet(connection)[0] == 0xC0:  # it does answer pings
                connection.sendall(b"\xd0\0")

    unit = device(script(talk).port, topic, qos=1, keepalive=2)
    unit.error(SILENT)
    unit.until(CONNECTED)


def test_a_refused_topic_costs_no_connection(script, device, topic):
    def talk(server, connection, _):
        server.packet(connection)
        connection.sendall(b"\x20\x02\0\0")
        subscribe = server.packet(connection)
        connection.sendall(b"\x90\x03" + subscribe[2:4] + b"\x80")
        server.heard.put(server.packet(connection))

    server = script(talk)
    unit = device(server.port, topic)
    line = unit.until(("now", "connected"))
    assert line[2] == "broker refused the topics that this device wants to read"
    assert server.heard.get(timeout=PATIENCE).endswith(b"/statusonline")


def test_floods_take_no_memory(device, topic):
    """A megabyte in one message, and 100 kB thirty times, to a device whose heap is smaller."""
    with Broker() as broker:
        watcher = Watcher(broker.port, topic)
        unit = device(broker.port, topic, heap="420k")
        unit.until(CONNECTED)
        watcher.client.publish(f"{topic}/command", bytes(1000000))
        for _ in range(30):
            watcher.client.publish(f"{topic}/command", bytes(100000))
        watcher.client.publish(f"{topic}/command", b"next")
        for _ in range(31):
            unit.until(("too long",))
        assert watcher.until(f"{topic}/echo")[1] == b"next"
        shown = [line for line in unit.lines if line[0] == "now"]
        assert {line[4] for line in shown} == {"0"}, "the link was lost"
        for n in range(500):
            watcher.client.publish(f"{topic}/command", b"%d" % n)
        for n in range(500):
            assert watcher.until(f"{topic}/echo")[1] == b"%d" % n
        watcher.close()


class Way:
    """The way to a broker, which can be made to swallow everything in both directions."""

    def __init__(self, port):
        self._to = port
        self._open = []
        self.swallows = threading.Event()
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                near = self._listener.accept()[0]
            except OSError:
                return
            self._open.append(near)
            if self.swallows.is_set():
                continue  # it has a connection, and will never hear of it again
            far = socket.create_connection(("127.0.0.1", self._to))
            self._open.append(far)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, target):
        try:
            while True:
                octets = source.recv(4096)
                if self.swallows.is_set():
                    return  # nor does the other end learn that this one has closed
                if not octets:
                    break
                target.sendall(octets)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            one.close()


FRAME = ROOT / "host_tests" / "frames" / "kaifa" / "list2-3p.hex"


def swallowed(tmp_path, seconds):
    """A device at a line of 2400 baud, whose broker is out of reach for so long."""
    log = tmp_path / "sent"
    command = [sys.executable, str(ROOT / "tools" / "metersim.py"), str(FRAME), "--loop", "-v"]
    with log.open("w") as sent:
        meter = subprocess.Popen(
            [*command, "--period", "2.5"], stdout=subprocess.PIPE, stderr=sent, text=True
        )
    with Broker() as broker:
        way = Way(broker.port)
        (tmp_path / "settings.json").write_text(json.dumps({"mqtt_keepalive": 5}))
        options = ["--uart", meter.stdout.readline().split()[1], "--broker", f"mqtt://127.0.0.1:{way.port}"]
        options += ["--settings", str(tmp_path / "settings.json")]
        unit = simulated.Device(simulated.parser().parse_args(options))
        try:
            unit.start()
            threading.Thread(target=lambda: list(unit.lines()), daemon=True).start()
            watch(unit, way, broker, lambda: len(log.read_text().splitlines()), seconds)
        finally:
            unit.stop()
            way.close()
            meter.kill()
            meter.wait()


def watch(unit, way, broker, sent, seconds):
    """Print what was measured; fail when the line lost anything or the device did not come back."""
    watcher = Watcher(broker.port, "hanport")
    watcher.until("hanport/status", b"online")
    watcher.until("hanport")
    answers = []

    def status():
        begun = time.monotonic()
        with urllib.request.urlopen(unit.url + "api/status", timeout=PATIENCE) as answer:
            found = json.loads(answer.read())
        answers.append((time.monotonic() - begun, found["mqtt"]["state"]))
        return found

    def quiet():
        """(frames sent, counters of the device) between the ends of two frames."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            before = sent()
            time.sleep(0.5)
            port = status()["port"]
            if before == sent() and port["frames"] > 1:
                return before, port
        raise AssertionError("the line is never quiet")

    sent_before, port_before = quiet()
    answers.clear()
    way.swallows.set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status()
        time.sleep(0.1)
    count, slow, seen = len(answers), max(answers)[0], {state for _, state in answers}
    way.swallows.clear()
    end = time.monotonic() + 2 * PATIENCE
    while status()["mqtt"]["connects"] < 2:
        assert time.monotonic() < end, "the device does not return to the broker"
        time.sleep(0.1)
    watcher.until("hanport")
    watcher.close()
    sent_after, port = quiet()
    print(f"{count} answers, the slowest after {slow:.3f} s; {sent_after - sent_before} frames sent; {port}")
    assert {"connected", "waiting", "connecting"} <= seen, seen
    assert port["frames"] - port_before["frames"] == sent_after - sent_before
    assert port["readings"] == port["frames"] and port["faults"] == {}


def test_a_broker_out_of_reach_costs_no_frame(tmp_path):
    swallowed(tmp_path, 12)


@pytest.mark.slow
def test_a_broker_out_of_reach_for_five_minutes_costs_no_frame(tmp_path):
    swallowed(tmp_path, 300)
