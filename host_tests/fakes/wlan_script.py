"""The networks around a simulated device, from a JSON file that is read again whenever it has changed.

    {"networks": [{"ssid": "home", "password": "let me in", "rssi": -60, "bssid": "020000000001",
                   "behaviour": "", "hidden": false}],
     "join_s": 0.3, "scan_s": 0.05, "address": "192.168.1.50", "ap_address": "192.168.4.1"}

A network without a password is open. behaviour: "no dhcp" takes the station in and gives no address, "mute"
never answers. A network that is taken out of the file is gone for who is connected to it. Several entries of
one name are several access points; without a bssid the first in the file is taken, as the chips do.
"""

import json
import time

import network


class Script:
    """What the station meets; `wlan` is the class whose addresses it sets."""

    def __init__(self, path, wlan):
        self._path = path
        self._wlan = wlan
        self._text = None
        self._looked = 0
        self._values = {}
        self._wish = None  # (ssid, key, bssid) of connect()
        self._since = 0
        self._read()

    def _read(self):
        """Take the file in when it is another than before; one that is half written is passed over."""
        now = time.ticks_ms() if hasattr(time, "ticks_ms") else int(time.time() * 1000)
        if self._text is not None and now - self._looked < 100:
            return
        self._looked = now
        try:
            with open(self._path) as f:
                text = f.read()
            if text == self._text:
                return
            self._values = json.loads(text)
        except (OSError, ValueError):
            return
        self._text = text
        wlan = self._wlan
        for place, key in ((network.STA_IF, "address"), (network.AP_IF, "ap_address")):
            if key in self._values:
                wlan._address[place] = (self._values[key],) + tuple(wlan._address[place][1:])

    def _networks(self):
        self._read()
        return self._values.get("networks", [])

    def _bssid(self, row):
        text = row.get("bssid", "02%010x" % (1 + self._networks().index(row)))
        return bytes(int(text[i : i + 2], 16) for i in range(0, 12, 2))

    def _target(self):
        """The network that is being joined, None when it is not there."""
        ssid, _, bssid = self._wish
        for row in self._networks():
            if row["ssid"] == ssid and bssid in (None, self._bssid(row)):
                return row
        return None

    def connect(self, ssid, key, bssid):
        """Start joining."""
        self._wish = (ssid, key, bssid)
        self._since = time.ticks_ms()

    def disconnect(self):
        """Leave."""
        self._wish = None

    def status(self):
        """One of network.STAT_*."""
        if self._wish is None:
            return network.STAT_IDLE
        if time.ticks_diff(time.ticks_ms(), self._since) < self._values.get("join_s", 0.3) * 1000:
            return network.STAT_CONNECTING
        row = self._target()
        if row is None:
            return network.STAT_NO_AP_FOUND
        if row.get("password") and row["password"] != self._wish[1]:
            return network.STAT_WRONG_PASSWORD
        if row.get("behaviour"):
            return network.STAT_CONNECTING
        return network.STAT_GOT_IP

    def rssi(self):
        """dBm of the network that has taken us in; OSError when none has, as on the ESP32."""
        row = self._target() if self._wish else None
        if row is None or row.get("behaviour") == "mute":
            raise OSError("not connected")
        return row.get("rssi", -60)

    def scan(self):
        """As WLAN.scan(): waits, as the chips do."""
        time.sleep(self._values.get("scan_s", 0.05))
        return [
            (b"" if row.get("hidden") else row["ssid"].encode(), self._bssid(row), 6, row.get("rssi", -60),
             3 if row.get("password") else 0, bool(row.get("hidden")))
            for row in self._networks()
        ]  # fmt: skip
