"""What the tests of `make flash` share: the tool run as a person runs it, and the files that it is given."""

import hashlib
import json
import sys
import urllib.request
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "tools"), str(TOP / "host_tests" / "cpython")]

import device  # noqa: E402
import flash  # noqa: E402

SECRET = "furu og gran"


class Plugged(list):
    """Boards and bootloaders that are switched off at the end."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self:
            self.pop().close()

    def add(self, one):
        """Take one in; returns it."""
        self.append(one)
        return one


def settings_file(folder, **more):
    """A file for SETTINGS; returns (its path, the address of the page that it leads to)."""
    number = device.free_port()
    values = {"wifi_ssid": "home", "wifi_password": SECRET, "address": "127.0.0.1", "http_port": number}
    file = folder / "my settings.json"
    file.write_text(json.dumps({**values, **more}))
    return file, f"http://127.0.0.1:{number}/"


def version_at(url):
    """The version that the page at this address tells."""
    with urllib.request.urlopen(url + "api/status", timeout=10) as answer:
        return json.load(answer)["device"]["version"]


def run(capsys, board, port, **options):
    """Run the tool; return (exit code, what it printed, what it complained of)."""
    words = ["--board", board] + (["--port", port] if port else [])
    for name, value in options.items():
        words += [f"--{name}"] + ([] if value is True else [str(value)])
    code = flash.main(words)
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    return code, said.out, said.err


def marker(slot, serial):
    """A marker file of firmware/boot.py: this slot, confirmed."""
    body = b"HM" + bytes((slot, 0)) + serial.to_bytes(4, "little")
    return body + hashlib.sha256(body).digest()[:4]
