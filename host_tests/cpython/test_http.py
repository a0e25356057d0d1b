"""What the device answers to requests that are none, that it does not know, and to those who never ask."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from local_api import PATIENCE, TOP, Unit  # noqa: E402

import device  # noqa: E402


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    made = Unit(tmp_path_factory.mktemp("http"), {"wifi_ssid": "home"}, "kaifa/list1.hex")
    try:
        made.until(lambda: made.ask("/is-alive")[0] == 200)
        yield made
    finally:
        made.device.stop()


def said(unit, octets):
    """All that comes back for these octets, until the device closes the connection."""
    host, port = unit.host.split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as line:
        line.sendall(octets)
        found = b""
        try:
            while piece := line.recv(4096):
                found += piece
        except ConnectionResetError:
            pass  # what was not read when the answer was known
    return found


@pytest.mark.parametrize(
    "octets, status",
    [
        (b"hello\r\n\r\n", b"400"),
        (b"GET / HTTP\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 4000 + b" HTTP/1.1\r\n\r\n", b"400"),
        (b"\xff\xfe\xfd\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST /api/settings HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"DELETE / HTTP/1.1\r\n\r\n", b"405"),
        (b"OPTIONS / HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /none HTTP/1.1\r\n\r\n", b"404"),
        (b"HEAD /is-alive HTTP/1.1\r\n\r\n", b"200"),
    ],
)
def test_each_has_its_status(unit, octets, status):
    answer = said(unit, octets)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == status, answer
    if status in (b"405", b"200") and octets[:4] != b"HEAD":
        assert b"Allow: GET, HEAD, POST" in head
    assert not body or body.endswith(b"."), "words for people"
    assert unit.ask("/is-alive")[0] == 200


def test_head_has_no_body(unit):
    status, headers, text = unit.ask("/", "HEAD")
    assert status == 200 and headers["Content-Type"].startswith("text/html") and not text


def test_who_never_asks_is_let_go(unit):
    """Half a request and an open connection end with the connection; half a body, too."""
    for octets in (b"", b"GET / HT", b"POST /api/settings HTTP/1.1\r\nContent-Length: 20\r\n\r\n{"):
        assert said(unit, octets) == b""
    assert unit.ask("/is-alive")[0] == 200


def test_who_says_nothing_holds_up_nobody(unit):
    """Browsers connect and do not ask: more of them than there is room for, and a request is answered."""
    host, port = unit.host.split(":")
    idle = [socket.create_connection((host, int(port)), timeout=PATIENCE) for _ in range(4)]
    try:
        assert unit.ask("/is-alive")[0] == 200
        idle[-1].setblocking(False)
        with pytest.raises(BlockingIOError):  # it has not been given up meanwhile
            idle[-1].recv(1)
    finally:
        for line in idle:
            line.close()


def test_a_body_that_is_no_text(unit):
    answer = said(unit, b"POST /api/settings HTTP/1.1\r\nContent-Length: 3\r\nHost: x\r\n\r\n\xff\xfe\xfd")
    assert answer.split()[1] == b"400", answer
    assert unit.ask("/is-alive")[0] == 200


FALLS = """
import asyncio
from app.web import http
class House:
    settings = {"page_password": ""}
    def stray(self, loop, context):
        print("told", type(context["exception"]).__name__)
class Socket:
    lines = [b"G", b"ET /any HTTP/1.0\\r\\n", b"\\r\\n"]
    def read(self, n):
        return self.lines.pop(0)
    readline = read
    def write(self, octets, at=0, n=0):
        print(octets.decode())
        return len(octets)
    def close(self):
        print("closed")
async def main():
    House.keeper = House()
    request = http.Request(Socket(), None)
    assert request.begins()
    await http.one(House(), request)
asyncio.run(main())
"""


def test_an_answer_that_falls_is_told(tmp_path):
    """A fault behind the page costs its request, with a line in the log and words for who asked."""
    (tmp_path / "board_config.py").write_bytes((TOP / "boards" / "host.py").read_bytes())
    path = [TOP / "host_tests" / "fakes", tmp_path, TOP / "firmware", TOP / "lib", device.VENDOR]
    environment = dict(os.environ, MICROPYPATH=":".join([*map(str, path), ".frozen"]))
    command = [device.micropython(), "-c", FALLS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    words = "This could not be done: see the device's log."
    said = done.stdout.split("\n")
    assert said[0] == "told AttributeError" and said[1].startswith("HTTP/1.0 500 "), done.stdout + done.stderr
    assert said[-3:] == [words, "closed", ""]
