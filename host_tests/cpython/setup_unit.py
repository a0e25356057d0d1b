"""What the tests of set-up mode share: the whole firmware (tools/device.py) from factory state.

Its settings file holds the port of its page and nothing else. The networks around it are a JSON file
(host_tests/fakes/wlan_script.py).
"""

import http.client
import json
import socket
import sys
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

import device  # noqa: E402

PATIENCE = 60  # seconds a step may take on a slow and busy machine; nothing is judged by it
PASSWORD = "furu og gran"
NETWORKS = [
    {"ssid": "Granlia 14", "password": PASSWORD, "rssi": -71},
    {"ssid": "Granlia 14", "password": PASSWORD, "rssi": -52},
    {"ssid": "Kafé åpen", "rssi": -67},
    {"ssid": "Stille", "password": PASSWORD, "rssi": -80, "behaviour": "no dhcp"},
    {"ssid": "Skjult", "password": PASSWORD, "rssi": -60, "hidden": True},
]
FRAME = TOP / "host_tests" / "frames" / "aidon" / "list2-3p4w.hex"


def free_udp_port():
    """A UDP port that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Unit:
    """One device in scripted surroundings, from these settings on."""

    def __init__(self, folder, monkeypatch, settings=None, networks=NETWORKS):
        air = folder / "wlan.json"
        everywhere = "127.0.0.1"  # the set-up network and the home network are one machine here
        air.write_text(
            json.dumps({"networks": networks, "address": everywhere, "ap_address": everywhere, "join_s": 0.5})
        )
        monkeypatch.setenv("HANPORT_WLAN", str(air))
        self.dns = free_udp_port()
        monkeypatch.setenv("HANPORT_DNS", str(self.dns))
        self.port = device.free_port()
        file = folder / "settings.json"
        file.write_text(json.dumps({"http_port": self.port, **(settings or {})}))
        options = [
            "--settings",
            str(file),
            "--frames",
            str(FRAME),
            "--speed",
            "10",
            "--meter",
            "--period",
            "0.5",
        ]
        self.device = device.Device(device.parser().parse_args(options))
        self.device.start()
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.device.lines():
            self.lines.append(line)

    def ask(self, method, path, body=None, host=None, headers=None):
        """(status, headers, body) of one request; host: what the Host header says."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        host = host or f"127.0.0.1:{self.port}"
        sent = {"Host": host, **(headers or {})}
        if isinstance(body, dict):
            sent = {"Content-Type": "application/json", "Origin": f"http://{host}", **sent}
            body = json.dumps(body)
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        told = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return told

    def json(self, method, path, body=None, **more):
        """(status, parsed body)."""
        status, _, text = self.ask(method, path, body, **more)
        return status, json.loads(text)

    def until(self, wanted, words):
        """Wait until wanted() is true."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                found = wanted()
            except (OSError, http.client.HTTPException):
                found = None
            if found:
                return found
            time.sleep(0.2)
        raise AssertionError(f"{words} did not come; the device said:\n" + "\n".join(self.lines[-20:]))

    def ready(self):
        """Wait for set-up mode."""
        self.until(lambda: self.ask("GET", "/api/setup")[0] == 200, "set-up mode")
        return self

    def tried(self, ssid, password):
        """The outcome of a password."""
        status, now = self.json("POST", "/api/try", {"ssid": ssid, "password": password})
        assert (status, now["state"]) == (202, "trying")
        end = time.monotonic() + PATIENCE
        while now["state"] == "trying" and time.monotonic() < end:
            time.sleep(0.3)
            now = self.json("GET", "/api/try")[1]
        return now

    def saved(self):
        """The settings file, None when it is as it was at the start."""
        text = (self.device.flash / "settings.json").read_text()
        return json.loads(text.split("\n", 1)[1]) if text.startswith("hanport ") else None
