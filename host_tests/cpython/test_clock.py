"""firmware/app/clock.py as it is, against time servers of our own: good ones, silent ones and liars."""

import socket
import struct
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from path_run import Run  # noqa: E402


@pytest.fixture
def start(tmp_path):
    """start(what, networks, settings, ...): a Run that ends with the test."""
    runs = []

    def start(*args, **more):
        runs.append(Run(tmp_path, *args, **more))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.wait()


class TimeServer:
    """A time server of our own on the loopback; `reply(query)` gives what it sends, None for nothing."""

    def __init__(self, reply):
        self.reply = reply
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.name = f"127.0.0.1:{self.sock.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                query, sender = self.sock.recvfrom(100)
            except OSError:
                return
            answer = self.reply(query)
            if answer is not None:
                self.sock.sendto(answer, sender)


def ntp(query, seconds, first=0x24, stratum=2, nonce=None, fraction=1 << 20):
    """An answer; seconds since 1900 modulo 2^32."""
    head = struct.pack("!BBbb", first, stratum, 6, -20) + bytes(20)
    return (
        head
        + (query[40:48] if nonce is None else nonce)
        + bytes(8)
        + struct.pack("!II", seconds % 2**32, fraction)
    )


@pytest.mark.parametrize(
    ("utc", "date"),
    [(1795000000, "(2026, 11, 18)"), (2085978496, "(2036, 2, 7)"), (2208988800, "(2040, 1, 1)")],
)
def test_clock_is_set(start, utc, date):
    """Also in the second in which the 32 bits run over, and in the era after it."""
    server = TimeServer(lambda query: ntp(query, utc + 2208988800))
    run = start("clock", None, {"ntp_host": server.name})
    run.wait("clock", "not set yet")
    line = run.wait("clock", f"NTP {server.name}, just now")
    assert line[2] == "" and 0 <= int(line[3]) - utc < 5 and line[4] == date
    assert int(line[5]) < 1000


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": bytes(8)},  # somebody else's answer
        {"first": 0xE4},  # has no time itself
        {"first": 0x23},  # a question
        {"stratum": 0},  # "go away"
        {"seconds": 0, "fraction": 0},  # not known
        {"seconds": 1600000000 + 2208988800},  # 2020: before this firmware was
        {"cut": 47},
    ],
)
def test_clock_refuses(start, change):
    change = dict(change)
    cut = change.pop("cut", 48)
    server = TimeServer(lambda query: ntp(query, **{"seconds": 1795000000 + 2208988800, **change})[:cut])
    run = start("clock", None, {"ntp_host": server.name})
    line = run.wait("clock", "the time server's answer makes no sense")
    assert line[2] == line[1], "and it is not set"


def test_clock_without_an_answer(start):
    """Two seconds of patience, in which everything else runs."""
    run = start("clock", None, {"ntp_host": TimeServer(lambda query: None).name})
    assert int(run.wait("clock", "the time server does not answer")[5]) < 1000
