"""The settings: one schema of rows that drives file, form, API, backup and docs; no file is touched here.

A row: key|group|kind|default|bounds|secret. Its label and help are in settingwords.py, loaded when they are
to be shown. Kinds: text (bounds: most octets, or least..most when it is not empty), int (bounds: least..
most), flag (on or off), pick (bounds: the words to choose from), key (32 hex digits, or empty), zone (a name
that localtime knows), host (letters, digits and hyphens; bounds: how many), ip (four numbers, or empty),
topic (of MQTT, without its wildcards; bounds: most octets).

Only what differs from its default is kept in memory and in the file: on the chips a default costs nothing,
and where its row begins stands for a setting's name. Text is looked at by octets, for MicroPython keeps each
single letter for ever.
The backup's text is in backup.py, what is usual in a country in presets.py.
"""

import json

from hanport import keys
from localtime import zone

VERSION = 2

# Octets, not text: MicroPython finds a place in them at once, and they are read where they lie in flash.
_ROWS = (
    b"\n"
    b"country|Meter|pick||,NO,SE,DK,FI,NL,BE,AT,CH,SI,HR,PL,LU,DE,HU|\n"
    b"protocol|Meter|pick|push|push,kmp|\n"
    b"baud|Meter|int|0|0..921600|\n"
    b"parity|Meter|pick||,8N1,8E1,8O1,8N2,7E1,7N1|\n"
    b"invert|Meter|pick||,on,off|\n"
    b"buffer|Meter|int|1024|256..4096|\n"
    b"key|Meter|key|||secret\n"
    b"auth_key|Meter|key|||secret\n"
    b"energy_unit|Meter|pick||,Wh,10 Wh|\n"
    b"grid|Meter|pick|auto|auto,TN,IT|\n"
    b"zone|Meter|zone|Europe/Oslo|32|\n"
    b"wifi_ssid|Network|text||32|\n"
    b"wifi_password|Network|text||8..63|secret\n"
    b"hostname|Network|host||32|\n"
    b"address|Network|ip|||\n"
    b"mask|Network|ip|255.255.255.0||\n"
    b"gateway|Network|ip|||\n"
    b"dns|Network|ip|||\n"
    b"wifi_power|Network|int|0|0..20|\n"
    b"wifi_sleep|Network|pick|performance|none,performance,powersave|\n"
    b"ntp_host|Network|text|pool.ntp.org|127|\n"
    b"http_port|Network|int|80|1..65535|\n"
    b"mqtt_host|MQTT|text||127|\n"
    b"mqtt_port|MQTT|int|1883|1..65535|\n"
    b"mqtt_tls|MQTT|pick|off|off,checked,unchecked|\n"
    b"mqtt_user|MQTT|text||127|\n"
    b"mqtt_password|MQTT|text||255|secret\n"
    b"mqtt_client|MQTT|text||31|\n"
    b"mqtt_topic|MQTT|topic|hanport|100|\n"
    b"mqtt_format|MQTT|pick|amsjson|amsjson,amsmulti,amsflat,raw_minimal,raw_full,domoticz,homeassistant,"
    b"dsmrreader,own,own_values,framehex|\n"
    b"mqtt_format2|MQTT|pick||,amsjson,amsmulti,amsflat,raw_minimal,raw_full,domoticz,homeassistant,"
    b"dsmrreader,own,own_values,framehex|\n"
    b"ha_host|MQTT|host||32|\n"
    b"mqtt_interval|MQTT|int|0|0..3600|\n"
    b"domoticz_energy|MQTT|text||8|\n"
    b"domoticz_u1|MQTT|text||8|\n"
    b"domoticz_u2|MQTT|text||8|\n"
    b"domoticz_u3|MQTT|text||8|\n"
    b"domoticz_current|MQTT|text||8|\n"
    b"mqtt_qos|MQTT|int|1|0..1|\n"
    b"mqtt_commands|MQTT|flag|off||\n"
    b"mqtt_keepalive|MQTT|int|60|5..240|\n"
    b"name|Device|text|hanport|32|\n"
    b"led|Device|pick|on|on,quiet,off|\n"
    b"homewizard|Device|flag|off||\n"
    b"page_password|Device|text||64|secret\n"
    b"ap_password|Device|text||8..63|secret\n"
)

# What other versions called a setting, a row each: the first version without it|old key|new key or empty.
_MOVES = ""


def rows():
    """Yield [key, group, kind, default, bounds, secret], all text."""
    at = 1
    while at < len(_ROWS):
        end = _ROWS.find(b"\n", at)
        yield str(_ROWS[at:end], "utf-8").split("|")
        at = end + 1


def _place(key):
    """Where the row of a key begins; KeyError when there is none."""
    at = _ROWS.find(("\n" + key + "|").encode())
    if at < 0 or "\n" in key or "|" in key:
        raise KeyError(key)
    return at + 1


def row(key):
    """The row of one key, as rows() gives it; KeyError when there is none."""
    at = _place(key)
    return str(_ROWS[at : _ROWS.find(b"\n", at)], "utf-8").split("|")


def _hex(octets):
    """A key in its one spelling."""
    return "".join("%02X" % c for c in octets)


def _range(bounds):
    """(least, most) of bounds such as "8..63" or "63"."""
    least, most = (bounds if ".." in bounds else "0.." + bounds).split("..")
    return int(least), int(most)


def _number(value):
    value = str(value).strip()
    if not (value[1:] if value.startswith("-") else value).isdigit():
        raise ValueError
    return int(value)


def _checked(kind, value, bounds):
    """The value in its proper type; ValueError when it does not fit."""
    if kind == "int":
        least, most = _range(bounds)
        value = _number(value)
        if not least <= value <= most:
            raise ValueError
        return value
    if kind == "flag":
        word = str(value).lower()
        if word not in ("on", "off", "true", "false", "yes", "no", "1", "0", ""):
            raise ValueError
        return word in ("on", "true", "yes", "1")
    if kind == "pick" and bounds.startswith("off,"):
        # It was a flag before; on is the first word after off.
        word = " %s " % str(value).lower()
        if " on true yes 1 ".find(word) >= 0:
            value = bounds.split(",")[1]
        elif " false no 0 ".find(word) >= 0:
            value = "off"
    # A value is one line wherever it is written: in the backup, in the log, in an HTTP header.
    if not isinstance(value, str) or any(c < 32 or c == 127 for c in value.encode()):
        raise ValueError
    good = True
    if kind == "pick":
        good = value in bounds.split(",")
    elif kind == "key":
        octets = keys.parse(value)
        good = not value or octets is not None
        # One spelling of a key wherever it comes from; zeros only are how others write that there is none.
        value = _hex(octets) if octets and any(octets) else ""
    elif kind == "zone":
        good = zone(value) is not None and bool(value)
    elif kind == "ip":
        parts = value.split(".")
        good = not value or (len(parts) == 4 and all(p.isdigit() and int(p) < 256 for p in parts))
    elif kind == "host":
        good = len(value) <= int(bounds) and all(
            97 <= c <= 122 or 48 <= c <= 57 or c == 45 for c in value.lower().encode()
        )
        good = good and not value.startswith("-") and not value.endswith("-")
    elif kind == "topic":
        good = 0 < len(value.encode()) <= int(bounds) and value.find("#") < 0 and value.find("+") < 0
        good = good and not value.startswith("/") and not value.endswith("/")
    elif value:
        least, most = _range(bounds)
        good = least <= len(value.encode()) <= most
    if not good:
        raise ValueError
    return value


def _wanted(kind, bounds):
    """Words for what fits."""
    # What a value of a kind must be; {} stands for the bounds.
    table = (
        "\n"
        "int|must be a whole number from {}\n"
        "flag|must be on or off\n"
        "pick|must be one of: {}\n"
        "key|must be 32 hex digits\n"
        "zone|is none that is known here; write it like Europe/Oslo\n"
        "ip|must be four numbers with points, such as 192.168.1.20\n"
        "host|takes letters, digits and inner hyphens, at most {}\n"
        "topic|takes 1 to {} letters, none of them # or +, and no / at the ends\n"
        "text|takes one line of {} letters (those outside English count double)\n"
    )
    at = table.find("\n" + kind + "|") + len(kind) + 2
    words = table[at : table.find("\n", at)]
    if ".." not in bounds:
        # An empty word to choose is told by its help.
        bounds = "at most " + bounds if kind == "text" else bounds[bounds.startswith(",") :]
    return words.replace("{}", bounds.replace("..", " to ").replace(",", ", "))


def check(key, value):
    """(the value in its proper type, None), or (None, the sentence that says what is wrong with it).

    The sentence does not hold the value, which may be a secret.
    """
    try:
        _, _, kind, _, bounds, _ = row(key)
    except KeyError:
        return None, "%s is no setting." % key
    try:
        return _checked(kind, value, bounds), None
    except (ValueError, TypeError):
        return None, "%s %s." % (label(key), _wanted(kind, bounds))


def migrate(values, version, moves=_MOVES):
    """Rename, in place, what `version` called otherwise; returns the values."""
    for line in moves.split("\n"):
        if line:
            since, old, new = line.split("|")
            if version < int(since) and old in values:
                value = values.pop(old)
                if new and new not in values:
                    values[new] = value
    return values


class Settings:
    """Values by key; what was given but does not fit keeps its default and is named in .problems."""

    def __init__(self, given=None):
        """given: a dict of values, as read from the settings file."""
        self.problems = ()
        self._values = {}  # by place, only those that differ from their default; a key as its octets
        for key in given or ():
            value, wrong = check(key, given[key])
            if wrong:
                self.problems += (wrong + " What was given is not used.",)
            elif value != self[key]:
                self._values[_place(key)] = keys.parse(value) if row(key)[2] == "key" else value

    def __getitem__(self, key):
        return self.of(row(key))

    def of(self, fields):
        """The value of a row that is at hand."""
        key, _, kind, default = fields[:4]
        value = self._values.get(_place(key))
        if value is not None:
            return _hex(value) if kind == "key" else value
        return int(default) if kind == "int" else default == "on" if kind == "flag" else default

    def key(self, name):
        """16 octets of a key, or None when it is not set."""
        return self._values.get(_place(name))

    def changed(self, given):
        """New Settings: these with the given ones over them; None as a value puts the default back.

        Whoever asks for the change looks at .problems before saving, and refuses it when there is one.
        """
        values = {key: self[key] for key in self.given()}
        for key in given:
            values.pop(key, None)
            if given[key] is not None:
                values[key] = given[key]
        return Settings(values)

    def given(self):
        """Yield the keys that differ from their default."""
        for at in self._values:
            yield str(_ROWS[at : _ROWS.find(b"|", at)], "utf-8")

    def public(self):
        """Values without the secrets, which are told only as set or not."""
        return {fields[0]: bool(self.of(fields)) if fields[5] else self.of(fields) for fields in rows()}


def label(key):
    """What people call a setting."""
    from settingwords import words

    return words(key)[0]


def form_rows(settings):
    """Yield (row with label and help, value) of each setting in the order of the form.

    A secret's value is whether it is set.
    """
    from settingwords import words

    for fields in rows():
        value = settings.of(fields)
        fields += words(fields[0])
        yield fields, bool(value) if fields[5] else value


def dump(settings):
    """Text of the settings file: what differs from the defaults, secrets too, and the version."""
    values = {key: settings[key] for key in settings.given()}
    values["version"] = VERSION
    return json.dumps(values)


def parse(text):
    """Settings of a file's text; none for an empty one; no JSON object gives the defaults and a problem."""
    try:
        given = json.loads(text) if text else {}
        if not isinstance(given, dict):
            raise ValueError
        # The first files, and those written by hand, tell no version.
        version = _number(given.pop("version", 1))
    except ValueError:
        settings = Settings()
        settings.problems = ("The settings file is damaged; defaults are used.",)
        return settings
    settings = Settings(migrate(given, version))
    if version > VERSION:
        settings.problems += (
            "The settings were saved by a newer version; what this one does not know is left out.",
        )
    return settings
