"""make console and make capture on a pseudo-terminal, and what make flash makes of a board's first words."""

import http.server
import io
import json
import os
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

import capture  # noqa: E402
import console  # noqa: E402
import flash_page  # noqa: E402
import flash_port  # noqa: E402
import handecode  # noqa: E402

FRAMES = house.ROOT / "host_tests" / "frames"


class Cable:
    """A pseudo-terminal; say(octets) is what the board says."""

    def __init__(self):
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)

    def say(self, octets, after=0.0):
        """Octets to who listens; after so many seconds when it has yet to open the port, which empties it."""
        if after:
            threading.Timer(after, self.say, (octets,)).start()
        else:
            os.write(self._master, octets)

    def close(self):
        """Unplug it."""
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def cable():
    """One cable."""
    one = Cable()
    yield one
    one.close()


def waited(cable, said, pages=(), number=80, seconds=2, version="1.2.3"):
    """What flash_page.wait makes of these lines."""
    opened = flash_port.opened(cable.port)
    cable.say(said)
    return flash_page.wait(opened, pages, number, version, seconds)


def test_set_up(cable, capsys):
    """The words of the set-up network, and before them the first line of the log."""
    said = b"rst:0x1 (POWERON)\r\n     0 s  Power was switched on.\r\n"
    said += b"Set-up: join the WiFi Hanport-0001, password abc, then open http://192.168.4.1/\r\n"
    words = "join the WiFi Hanport-0001, password abc, then open http://192.168.4.1/"
    assert waited(cable, said, seconds=30) == ("set-up", words)
    assert "started   Power was switched on." in capsys.readouterr().out


def test_address_of_the_log(cable):
    """A board that names its address is asked there; when it is out of reach, that is told."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            code = 200 if self.path == "/api/status" else 404
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps({"device": {"version": "1.2.3"}}).encode())

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    number = server.server_address[1]
    said = b"     4 s  WiFi: connected, address 127.0.0.1\r\n"
    assert waited(cable, said, number=number, seconds=30) == ("page", f"http://127.0.0.1:{number}/")
    # Another version is not the one that was flashed.
    told = waited(cable, said, number=number, version="1.2.4", seconds=1)
    assert told == ("told", f"http://127.0.0.1:{number}/")
    server.shutdown()
    server.server_close()
    assert waited(cable, b"", [f"http://127.0.0.1:{number}/"], seconds=0.3) == (None, "")


def test_restarts(cable):
    """A board that never gets up is not waited for; its last words are shown."""
    said = b"rst:0xc (SW_CPU_RESET)\r\nTraceback (most recent call last):\r\nImportError: no module 'app'\r\n"
    with pytest.raises(flash_port.FlashError, match="again and again(.|\n)*no module 'app'(.|\n)*ERASE=1"):
        waited(cable, said * 4, seconds=30)


def test_cable_that_is_gone(cable):
    """A chip with USB of its own leaves at a restart: the same name is opened again."""
    opened = flash_port.opened(cable.port)
    listener = flash_port.Console(opened)
    opened.close()
    cable.say(b"back\r\nhal", after=0.2)
    assert listener.lines(0.6) == ["back"]
    cable.say(b"f\xff\r\n")
    assert listener.lines(0.3) == ["half\ufffd"]
    listener.close()


def test_console(cable, capsys, monkeypatch):
    """What the board says, as it comes, and a hint when it says nothing; nothing is sent to it."""
    monkeypatch.setattr(console, "QUIET_S", 0.3)
    cable.say("     0 s  Kafé åpen\r\n".encode(), after=0.6)
    assert console.main(["--port", cable.port, "--seconds", "1"]) == 0
    said = capsys.readouterr()
    assert said.out == "     0 s  Kafé åpen\n"
    assert said.err.count("an ESP8266 says nothing") == 1
    assert console.main(["--port", cable.port + "0000"]) == 1
    assert "there is no " in capsys.readouterr().err
    assert console.main(["--baud", "fast"]) == 2


def metersim(*options):
    """A simulated meter; returns (process, the name of its terminal)."""
    command = [sys.executable, house.ROOT / "tools" / "metersim.py", *map(str, options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().split()[1]


def test_capture(tmp_path, capsys):
    """Octets and times of two telegrams; the file goes into the decoder and the simulated meter as it is."""
    frame = FRAMES / "aidon" / "list2-3p4w.hex"
    process, port = metersim(frame, "--period", "1", "--count", "2", "--speed", "4", "--baud", "9600")
    out = tmp_path / "new" / "kept.hex"
    code = capture.main(["--port", port, "--seconds", "2", "--parity", "8e1", "--out", str(out)])
    process.kill()
    process.wait()
    said = capsys.readouterr().out
    assert code == 0, said
    assert "Recognised: 2 telegrams (HDLC); readings: 2." in said and "number of the meter" in said
    text = out.read_text()
    octets = handecode.load(str(frame))
    assert handecode.octets_of(text.encode()) == octets * 2
    assert text.count("\n# +") == 2 and "2400 8E1" in text and "number of the meter" in text
    first, second = (float(line.split()[1]) for line in text.splitlines() if line.startswith("# +"))
    assert second - first > 0.05
    process, port = metersim(out, "--speed", "0")
    process.kill()
    process.wait()


def test_capture_words(cable, tmp_path, capsys):
    """Nothing, noise, a telegram without its key, and P1: each is told apart."""
    out = str(tmp_path / "kept.hex")
    assert capture.main(["--port", cable.port, "--seconds", "0.2", "--out", out]) == 1
    assert "Nothing came in 0 s. Is the meter's port open" in capsys.readouterr().out
    assert "No telegram was recognised" in "\n".join(capture.words(bytes(range(100)), 1, 10))
    locked = FRAMES / "kamstrup" / "list1-3p-encrypted.hex"
    told = "\n".join(capture.words(handecode.load(str(locked)), 1, 10))
    assert "Recognised: 1 telegram (HDLC); readings: 0." in told and "encrypted and no key is set" in told
    p1 = sorted((FRAMES / "p1").glob("*.txt"))[0]
    told = "\n".join(capture.words(handecode.load(str(p1)), 3, 10))
    assert "(P1); readings: 1." in told and "in 3 pieces" in told
    assert capture.main(["--port", cable.port, "--parity", "9Q1"]) == 2
    assert "PARITY is written like 8E1" in capsys.readouterr().err


def test_capture_that_is_ended(cable, tmp_path, monkeypatch):
    """Ctrl-C, or a port that is pulled out: what came before is kept."""
    opened = flash_port.opened(cable.port, timeout=0.02)
    cable.say(bytes(range(40)))
    real, calls = opened.read, []

    def read(count):
        calls.append(count)
        if len(calls) > 5:
            raise KeyboardInterrupt
        return real(count)

    monkeypatch.setattr(opened, "read", read)
    out = io.StringIO()
    started = time.monotonic()
    octets, pieces = capture.record(opened, 60, out)
    assert (octets, pieces) == (bytes(range(40)), 1) and time.monotonic() - started < 30
    rows = [bytes(range(32)).hex(" ").upper(), bytes(range(32, 40)).hex(" ").upper()]
    assert out.getvalue().split("\n")[1:3] == rows
