"""firmware/app/mqtt.py as it is, on the real interpreter, against real brokers and badly behaved servers."""

import pathlib
import socket
import sys
import threading
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tools"), str(HERE)]

from mqtt_bench import CONNECTED, FIXTURES, PATIENCE, Watcher  # noqa: E402

from brokers import Broker, free_port, mosquitto  # noqa: E402

device, script, topic, umqtt = FIXTURES
KINDS = (["mosquitto"] if mosquitto() else []) + ["amqtt"]


@pytest.fixture(params=KINDS)
def broker(request):
    with Broker(request.param) as one:
        yield one


@pytest.fixture(params=["1.3.4", "newer"])
def generation(request):
    return request.param


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


@pytest.mark.parametrize("size", [0, 1, 100, 500])
def test_messages_come_whole(broker, device, topic, generation, size):
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


@pytest.mark.parametrize("size", [0, 1, 127, 128, 500, 536, 537, 1500, 20000])
def test_messages_go_whole(broker, device, topic, size):
    watcher = Watcher(broker.port, topic)
    unit = device(broker.port, topic)
    unit.until(CONNECTED)
    payload = bytes(i * 7 % 256 for i in range(size))
    for _ in range(3):
        watcher.client.publish(f"{topic}/command", f"send{size}")
    for _ in range(3):
        assert unit.until(("sent",)) == ["sent", "True"]
        assert watcher.until(f"{topic}/echo") == (f"{topic}/echo", payload, False)
    watcher.close()


def test_confirmed_delivery_is_confirmed(broker, device, topic, generation):
    watcher = Watcher(broker.port, topic)
    unit = device(broker.port, topic, generation=generation, qos=1)
    unit.until(CONNECTED)
    for text in (b"one", b"two"):
        watcher.client.publish(f"{topic}/command", text, qos=1).wait_for_publish(PATIENCE)
        assert watcher.until(f"{topic}/echo")[1] == text
    watcher.close()


def test_a_message_too_long_is_left_out_and_the_next_one_taken(broker, device, topic):
    watcher = Watcher(broker.port, topic)
    unit = device(broker.port, topic)
    unit.until(CONNECTED)
    watcher.client.publish(f"{topic}/command", bytes(100000))
    watcher.client.publish(f"{topic}/command", b"next")
    assert unit.until(("too long",)) == ["too long", f"{topic}/command"]
    assert watcher.until(f"{topic}/echo")[1] == b"next"
    assert all(line[4] == "0" for line in unit.lines if line[0] == "now"), "the link was lost"
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


if mosquitto():

    def test_the_last_word_is_heard_whatever_comes_in(device, topic):
        """Confirmations and messages that are still on their way to a closed socket would undo it."""
        with Broker("mosquitto") as broker:
            watcher = Watcher(broker.port, topic)
            for _ in range(3):
                unit = device(broker.port, topic, qos=1)
                unit.until(CONNECTED)
                for payload in [*["keep"] * 20, "stop", *["x" * 400] * 20]:
                    watcher.client.publish(f"{topic}/command", payload, qos=1)
                unit.until(("ended",))
                watcher.until(f"{topic}/status", b"offline")
            watcher.close()
            assert broker.log().count(f"Received DISCONNECT from hanport-{topic}") == 3


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
    (4, "broker refused: wrong user or password"),
    (5, "broker refused: wrong user or password"),
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
                "broker refused: wrong user or password"
            )
            device(broker.port, topic, user="meter", password="right").until(CONNECTED)


def test_a_server_that_never_answers_holds_up_nothing(script, device, topic):
    silent = threading.Event()
    unit = device(script(lambda *_: silent.wait(PATIENCE)).port, topic)
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


def test_a_link_that_swallows_nothing_is_dropped_and_made_anew(script, device, topic):
    def talk(server, connection, number):
        server.welcome(connection)
        server.heard.put(number)
        if number == 0:
            name = f"{topic}/command".encode()
            message = len(name).to_bytes(2, "big") + name + b"flood"
            connection.sendall(bytes([0x30, len(message)]) + message)

    server = script(talk)
    unit = device(server.port, topic)
    unit.until(CONNECTED)
    unit.until(("flooded",))
    assert unit.error("broker does not answer")[5] == "False"
    unit.until(CONNECTED)
    assert [server.heard.get(timeout=PATIENCE) for _ in range(2)] == [0, 1]


def test_a_ping_without_answer_ends_the_link(script, device, topic):
    def talk(server, connection, number):
        server.welcome(connection)
        while number == 0:
            packet = server.packet(connection)
            server.heard.put(packet)
            if server.heard.qsize() < 3:
                connection.sendall(b"\xd0\0")

    server = script(talk)
    unit = device(server.port, topic, keepalive=2)
    unit.until(CONNECTED)
    assert unit.error("broker does not answer")[3] == "1"
    assert [server.heard.get(timeout=PATIENCE) for _ in range(3)] == [b"\xc0\0"] * 3
    unit.until(CONNECTED)


def test_a_message_in_single_octets_is_one_message(script, device, topic):
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
    device(server.port, topic)
    assert server.heard.get(timeout=PATIENCE).endswith(b"/echo" + b"x" * 200)


def test_a_message_that_breaks_off_ends_the_link(script, device, topic):
    def talk(server, connection, number):
        server.welcome(connection)
        if number == 0:
            connection.sendall(b"\x30\x50\0")

    unit = device(script(talk).port, topic)
    unit.until(CONNECTED)
    unit.error("broker does not answer")
    unit.until(CONNECTED)
