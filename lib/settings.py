"""The settings: one schema of rows, checked and migrated; nothing here touches a file.

A row: key|kind|default|bounds|secret|help. Kinds: text (bounds: most characters), int (bounds: least..most),
flag (on or off), pick (bounds: the words to choose from), key (32 hex digits, or empty).
"""

import json

from hanport import keys
from localtime import zone

VERSION = 1

_ROWS = (
    "name|text|hanport|32||Name of this device on the network and in its messages.\n"
    "protocol|pick|push|push,kmp||push: the meter sends by itself; kmp: a Kamstrup to be asked.\n"
    "baud|int|0|0..921600||Speed of the meter port, 0 for the board's own.\n"
    "parity|pick||,8N1,8E1,8O1,8N2,7E1,7N1||Data bits, parity and stop bits, empty for the board's own.\n"
    "invert|pick||,on,off||Whether the port's signal is inverted, empty for the board's own.\n"
    "buffer|int|1024|256..4096||Octets of the largest telegram.\n"
    "key|key|||secret|Encryption key of the meter, 32 hex digits, from your grid company.\n"
    "auth_key|key|||secret|Authentication key of the meter, if you were given one.\n"
    "energy_unit|pick||,Wh,10 Wh||Unit of counters that the meter sends without one; empty to find out.\n"
    "zone|text|Europe/Oslo|32||Time zone of the meter.\n"
    "mqtt_host|text||127||Name or address of the MQTT broker; empty for none.\n"
    "mqtt_port|int|1883|1..65535||Port of the broker.\n"
    "mqtt_user|text||127||User name at the broker.\n"
    "mqtt_password|text||255|secret|Password at the broker.\n"
    "mqtt_client|text||31||Client id at the broker; empty to use the device's name.\n"
    "mqtt_topic|text|hanport|100||Topic to publish to.\n"
    "mqtt_keepalive|int|60|5..240||Seconds of silence after which the broker gives us up.\n"
    "http_port|int|80|1..65535||Port of this device's web page.\n"
)


def rows():
    """Yield (key, kind, default, bounds, secret, help), all text."""
    for row in _ROWS.split("\n"):
        if row:
            yield row.split("|")


def _checked(kind, value, bounds):
    """The value in its proper type; ValueError when it does not fit."""
    if kind == "int":
        least, most = bounds.split("..")
        value = int(value)
        if not int(least) <= value <= int(most):
            raise ValueError
    elif kind == "flag":
        value = value in (True, 1, "1", "on", "true")
    else:
        if not isinstance(value, str):
            raise ValueError
        if kind == "pick":
            if value not in bounds.split(","):
                raise ValueError
        elif kind == "key":
            if value and keys.parse(value) is None:
                raise ValueError
        elif len(value) > int(bounds):
            raise ValueError
    return value


class Settings:
    """Values by key; what was given but does not fit keeps its default and is named in .problems."""

    def __init__(self, given=None):
        """given: a dict of values, as read from the settings file."""
        self.problems = []
        self._values = {}
        given = given or {}
        for key, kind, default, bounds, _, _ in rows():
            value = _checked(kind, default, bounds)
            if key in given:
                try:
                    value = _checked(kind, given[key], bounds)
                except (ValueError, TypeError):
                    self.problems.append("setting %s does not fit and was left at its default" % key)
            self._values[key] = value
        if zone(self._values["zone"]) is None:
            self.problems.append("time zone is not known; Europe/Oslo is used")
            self._values["zone"] = "Europe/Oslo"

    def __getitem__(self, key):
        return self._values[key]

    def key(self, name):
        """16 octets of a key, or None when it is not set."""
        return keys.parse(self._values[name])

    def public(self):
        """Values without the secrets, which are told only as set or not."""
        return {
            key: (bool(self._values[key]) if secret else self._values[key])
            for key, _, _, _, secret, _ in rows()
        }


def parse(text):
    """Settings of a file's text; a file that is no JSON object gives the defaults and a problem."""
    try:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise ValueError
    except ValueError:
        settings = Settings()
        settings.problems.append("the settings file is damaged; defaults are used")
        return settings
    return Settings(given)
