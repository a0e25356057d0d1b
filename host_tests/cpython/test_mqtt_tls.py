"""TLS to the broker: firmware/app/mqtt.py and tls.py on MicroPython against mosquitto, with good and bad
certificates on both sides; users and rights.
"""

import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import threading

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tools"), str(HERE)]

from certs_bench import Certificate  # noqa: E402
from mqtt_bench import CONNECTED, FIXTURES, PATIENCE, ROOT, Watcher  # noqa: E402

from brokers import Broker  # noqa: E402

device, script, topic, umqtt = FIXTURES

NO_CA = "refused: no CA is known here"
UNSIGNED = "the certificate is not signed by the CA"
EXPIRED = "certificate expired"


class Mosquitto(Broker):
    """mosquitto with further lines of configuration, and a plain port beside the one with TLS."""

    def __init__(self, lines=(), **more):
        self._lines = lines
        super().__init__("mosquitto", **more)

    def start(self):
        """Start it; the first time the lines are added to its file."""
        if self._lines:
            with (pathlib.Path(self._folder.name) / "conf").open("a") as conf:
                conf.write("\n".join(self._lines) + "\n")
            self._lines = ()
        super().start()

    def users(self, users):
        """Other passwords from the next start on."""
        for name, password in users.items():
            file = pathlib.Path(self._folder.name) / "passwords"
            subprocess.run(["mosquitto_passwd", "-b", str(file), name, password], check=True)


@pytest.fixture(scope="module")
def certs():
    """Certificates by name."""
    ca = Certificate("CA", authority=True)
    other = Certificate("Other CA", authority=True)
    middle = Certificate("Middle", ca, authority=True)
    old = Certificate("Old CA", authority=True, days=(-20, -1))
    here = ["localhost"]
    return {
        "ca": ca,
        "other": other,
        "middle": middle,
        "old ca": old,
        "below old": Certificate("localhost", old, names=here),
        "server": Certificate("localhost", ca, names=here),
        "rsa": Certificate("localhost", ca, names=here, kind="rsa"),
        "old": Certificate("localhost", ca, days=(-20, -1), names=here),
        "new": Certificate("localhost", ca, days=(2, 20), names=here),
        "below": Certificate("localhost", middle, names=here),
        "address": Certificate("broker", ca, names=["127.0.0.1"]),
        "elsewhere": Certificate("elsewhere", ca, names=["elsewhere.example"]),
        "client": Certificate("meter", ca),
        "client rsa": Certificate("meter", ca, kind="rsa"),
        "client old": Certificate("meter", ca, days=(-20, -1)),
        "client other": Certificate("meter", other),
    }


def flash(certs, ca=None, shown=None, key=None):
    """The device's files with these certificates."""
    files = {}
    if ca:
        files["mqtt_ca.pem"] = certs[ca].pem
    if shown:
        files["mqtt_cert.pem"] = certs[shown].pem
    if key or shown:
        files["mqtt_key.pem"] = certs[key or shown].key
    return files


def told(unit, words):
    """Wait for a sentence that begins so; "" is for being connected."""
    if not words:
        return unit.until(CONNECTED)
    line = unit.until(lambda line: line[0] == "now" and line[2].startswith(words))
    assert line[1] == "waiting" and line[5] == "False", line
    return line


SERVERS = [
    # the broker's certificate, the CA on the device, its host name, how the sentence begins
    ("server", "ca", "localhost", ""),
    ("rsa", "ca", "localhost", ""),
    ("address", "ca", "127.0.0.1", ""),
    ("below", "ca", "localhost", ""),
    ("server", None, "localhost", NO_CA),
    ("server", "other", "localhost", UNSIGNED),
    ("old", "ca", "localhost", EXPIRED),
    ("old", "other", "localhost", UNSIGNED),
    ("below old", "old ca", "localhost", EXPIRED),
    ("new", "ca", "localhost", "the certificate is not valid yet"),
    ("server", "ca", "127.0.0.1", "the certificate is for another name"),
    ("elsewhere", "ca", "localhost", "the certificate is for another name"),
]


@pytest.mark.parametrize("server, ca, host, words", SERVERS)
def test_only_the_right_broker_is_believed(device, topic, tmp_path, certs, server, ca, host, words):
    chain = certs["middle"].pem if server == "below" else ""
    with Mosquitto(tls=certs[server].files(tmp_path, "server", chain)) as broker:
        unit = device(broker.port, topic, host=host, tls="checked", files=flash(certs, ca))
        assert unit.until(("warning",)) == ["warning", ""]
        told(unit, words)
        if words:
            assert topic not in broker.log(), "the device has said its name, or more, to a wrong broker"


def test_a_ca_that_is_no_ca_or_no_text(device, topic, certs):
    for name, text in (("no pem", "hello"), ("no der", certs["ca"].pem.replace("MII", "MIX"))):
        unit = device(1, topic, tls="checked", files={"mqtt_ca.pem": text})
        assert told(unit, "the CA certificate on this device cannot be read"), name


def test_unchecked_is_only_by_its_own_word_and_warned_of(device, topic, tmp_path, certs):
    with Mosquitto(tls=certs["old"].files(tmp_path, "server")) as broker:
        unit = device(broker.port, topic, host="127.0.0.1", tls="unchecked")
        line = unit.until(("warning",))
        assert "not checked" in line[1]
        told(unit, "")


CLIENTS = [
    # what the device shows, whose key, how the sentence begins
    ("client", None, ""),
    ("client rsa", None, ""),
    (None, None, "broker broke off the secure connection: it may have no TLS on this port, or want a client"),
    (
        "client other",
        None,
        "broker broke off the secure connection: it may not accept the client certificate",
    ),
    ("client", "client other", "broker broke off the secure connection: it may not accept"),
    ("client old", None, "the client certificate has expired"),
    (None, "client", "of client certificate and key only one is here"),
]


@pytest.mark.parametrize("shown, key, words", CLIENTS)
def test_a_broker_that_wants_a_certificate(device, topic, tmp_path, certs, shown, key, words):
    ca_file = certs["ca"].files(tmp_path, "ca")[0]
    lines = [f"cafile {ca_file}", "require_certificate true", "use_identity_as_username true"]
    with Mosquitto(lines, tls=certs["server"].files(tmp_path, "server")) as broker:
        files = flash(certs, "ca", shown, key)
        unit = device(broker.port, topic, host="localhost", tls="checked", files=files)
        told(unit, words)
        assert words or "u'meter'" in broker.log()


def test_tls_where_there_is_none_and_none_where_there_is(device, topic, tmp_path, certs):
    with Mosquitto() as plain:
        unit = device(plain.port, topic, host="localhost", tls="checked", files=flash(certs, "ca"))
        told(unit, "broker broke off the secure connection: it may have no TLS on this port")
    with Mosquitto(tls=certs["server"].files(tmp_path, "server")) as secure:
        told(device(secure.port, topic), "broker closed the connection at once: it may want TLS on this port")


def test_the_clock_is_waited_for(device, topic, tmp_path, certs):
    with Mosquitto(tls=certs["server"].files(tmp_path, "server")) as broker:
        files = flash(certs, "ca")
        unit = device(broker.port, topic, host="localhost", tls="checked", files=files, clock=2)
        told(unit, "waiting for the clock")
        assert told(unit, "")[4] == "0", "waiting is no failure"
        unit = device(broker.port, topic, host="localhost", tls="unchecked", clock=600)
        told(unit, "")


def test_a_board_without_tls_says_so_and_never_speaks_plainly(script, device, topic, tmp_path, certs):
    firmware = tmp_path / "firmware"
    shutil.copytree(
        ROOT / "firmware", firmware, ignore=shutil.ignore_patterns("tls.py", "certs.py", "__pycache__")
    )
    for mode in ("checked", "unchecked"):
        server = script(lambda server, *_: server.heard.put("a connection"))
        unit = device(server.port, topic, tls=mode, firmware=firmware, files=flash(certs, "ca"))
        told(unit, "TLS is not on this board")
        assert server.heard.empty()


def test_users_and_rights(device, topic, tmp_path, certs):
    """A wrong password, the right one, and no more rights than the device needs."""
    rights = tmp_path / "rights"
    rights.write_text(
        f"user meter\ntopic write {topic}/#\ntopic read {topic}/command\n\nuser admin\ntopic readwrite #\n"
    )
    users = {"meter": "right", "admin": "right"}
    secure = certs["server"].files(tmp_path, "server")
    with Mosquitto([f"acl_file {rights}"], users=users, tls=secure) as broker:
        more = {"host": "localhost", "tls": "checked", "files": flash(certs, "ca"), "qos": 1}
        unit = device(broker.port, topic, user="meter", password="hush-hush", **more)
        told(unit, "broker refused: wrong user or password")
        assert "hush" not in str(unit.lines)
        unit = device(broker.port, topic, user="meter", password="right", **more)
        told(unit, "")
        admin = {"user": "admin", "password": "right", "ca": tmp_path, "pem": certs["ca"].pem}
        watcher = Watcher(broker.port, topic, **admin)
        watcher.client.publish(f"{topic}/command", "echo this", qos=1)
        assert watcher.until(f"{topic}/echo")[1] == b"echo this"
        watcher.client.publish(f"{topic}/command", "keep", qos=1)
        assert watcher.until(f"{topic}/kept") == (f"{topic}/kept", b"value", False)
        watcher.close()
        late = Watcher(broker.port, topic, **admin)
        assert late.until(f"{topic}/kept") == (f"{topic}/kept", b"value", True)
        late.close()
        assert f"(d0, q1, r1, m2, '{topic}/status'" in broker.log(), "the birth is not confirmed"


def test_the_password_changes_while_the_device_runs(device, topic, tmp_path, certs):
    with Mosquitto(users={"meter": "first"}, tls=certs["server"].files(tmp_path, "server")) as broker:
        more = {"host": "localhost", "tls": "checked", "files": flash(certs, "ca")}
        unit = device(broker.port, topic, user="meter", password="first", **more)
        told(unit, "")
        broker.stop()
        told(unit, "broker closed the connection")
        broker.users({"meter": "second"})
        broker.start()
        told(unit, "broker refused: wrong user or password")
        broker.stop()
        broker.users({"meter": "first"})
        broker.start()
        line = told(unit, "")
        assert line[3] == "2"


def test_the_certificate_expires_while_the_device_runs(device, topic, tmp_path, certs):
    with Mosquitto(tls=certs["server"].files(tmp_path, "server")) as broker:
        unit = device(broker.port, topic, host="localhost", tls="checked", files=flash(certs, "ca"))
        told(unit, "")
        broker.stop()
        certs["old"].files(tmp_path, "server")
        broker.start()
        told(unit, EXPIRED)
        broker.stop()
        certs["rsa"].files(tmp_path, "server")
        broker.start()
        told(unit, "")


def server_context(certs, folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certs["server"].files(folder, "server"))
    return context


def test_messages_share_a_record(script, device, topic, tmp_path, certs):
    """Two messages in one TLS record: the socket below knows nothing any more of the second."""

    def talk(server, connection, _):
        server.welcome(connection)
        name = f"{topic}/command".encode()
        message = len(name).to_bytes(2, "big") + name + b"x" * 500
        message = b"\x30" + bytes([len(message) & 0x7F | 0x80, len(message) >> 7]) + message
        connection.sendall(message * 2)
        server.heard.put(server.packet(connection))
        server.heard.put(server.packet(connection))

    server = script(talk, server_context(certs, tmp_path))
    unit = device(server.port, topic, host="localhost", tls="checked", files=flash(certs, "ca"))
    unit.until(CONNECTED)
    for _ in range(2):
        assert server.heard.get(timeout=PATIENCE).endswith(b"/echo" + b"x" * 500)


def test_large_messages_go_whole(device, topic, tmp_path, certs):
    with Mosquitto(tls=certs["server"].files(tmp_path, "server")) as broker:
        unit = device(broker.port, topic, host="localhost", tls="checked", files=flash(certs, "ca"))
        told(unit, "")
        watcher = Watcher(broker.port, topic, ca=tmp_path, pem=certs["ca"].pem)
        for size in (4000, 70000):
            watcher.client.publish(f"{topic}/command", f"send{size}")
            assert unit.until(("sent",)) == ["sent", "True"]
            expected = bytes(i * 7 % 256 for i in range(size))
            assert watcher.until(f"{topic}/echo")[1] == expected
        watcher.close()


def test_a_silent_server_holds_up_nothing_in_a_handshake(script, device, topic, certs):
    silent = threading.Event()
    server = script(lambda *_: silent.wait(PATIENCE))
    unit = device(server.port, topic, host="localhost", tls="checked", files=flash(certs, "ca"))
    before = unit.until(("now", "connecting"))
    after = unit.error("broker does not answer")
    silent.set()
    assert int(after[-1]) - int(before[-1]) > 10, "the other task stood still"


def test_a_link_that_swallows_nothing_with_tls(script, device, topic, tmp_path, certs):
    """What is kept for a slow network is offered again as TLS wants it; then the link is given up."""
    go_on = threading.Event()

    def talk(server, connection, number):
        server.welcome(connection)
        if number:
            return
        name = f"{topic}/command".encode()
        message = len(name).to_bytes(2, "big") + name + b"flood"
        connection.sendall(bytes([0x30, len(message)]) + message)
        go_on.wait(PATIENCE)
        while True:
            packet = server.packet(connection)
            server.heard.put(packet[-1500:] == bytes(1500) and len(packet) == packet_length)

    packet_length = 1 + 2 + 2 + len(f"{topic}/flood") + 1500
    server = script(talk, server_context(certs, tmp_path))
    unit = device(server.port, topic, host="localhost", tls="checked", files=flash(certs, "ca"))
    unit.until(("flooded",))
    unit.error("broker does not answer")
    go_on.set()
    for _ in range(50):
        assert server.heard.get(timeout=PATIENCE) is True
    unit.until(CONNECTED)


def test_closed_sockets_are_told_apart(script, device, topic, certs):
    """A server that closes in the handshake, one that speaks something else."""

    def text(server, connection, _):
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)

    more = {"host": "localhost", "tls": "checked", "files": flash(certs, "ca")}
    told(device(script(text).port, topic, **more), "broker does not speak TLS on this port")
