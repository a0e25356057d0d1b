"""The settings: schema, bounds, secrets, backup and restore, moves between versions, the ancestor's backup.

Every sample of a backup, key and password here is made up.
"""

import json

import amsconfig
import backup
import presets
import settings
import settingwords
from localtime import zone

KEY = "00112233445566778899AABBCCDDEEFF"
SECRETS = {
    "key": KEY,
    "auth_key": KEY[16:] + KEY[:16],
    "wifi_password": "wlan-geheim",
    "mqtt_password": "broker-hemlig",
    "page_password": "side-salaisuus",
    "ap_password": "portal-tajna",
}
KINDS = ("text", "int", "flag", "pick", "key", "zone", "host", "ip", "topic")


def some():
    """Settings with a value of each kind and all secrets."""
    given = {
        "name": "Zähler im Keller",
        "baud": 2400,
        "mqtt_commands": True,
        "grid": "IT",
        "zone": "Europe/Helsinki",
        "hostname": "meter-1",
        "address": "192.168.1.20",
        "mqtt_user": ' "quoted" # not a comment = value ',
    }
    given.update(SECRETS)
    made = settings.Settings(given)
    assert not made.problems and made["mqtt_user"] == given["mqtt_user"]
    return made


def same(a, b):
    """True when two Settings hold the same values."""
    return all(a[fields[0]] == b[fields[0]] for fields in settings.rows())


def test_schema():
    """Rows are whole, keys differ, each default fits, and groups are not scattered."""
    rows = list(settings.rows())
    assert len(rows) > 30 and all(len(fields) == 6 for fields in rows)
    assert len({fields[0] for fields in rows}) == len(rows)
    assert len({settings.label(fields[0]) for fields in rows}) == len(rows), "two labels are alike"
    groups = []
    fresh = settings.Settings()
    for fields in rows:
        key, group, kind, default, bounds, secret = fields
        label, words = settingwords.words(key)
        assert kind in KINDS and group in ("Meter", "Network", "MQTT", "Device"), key
        assert label and label[0] == label[0].upper() and words.endswith("."), key
        assert secret in ("", "secret") and (key.find("password") < 0 or secret), key
        if not groups or groups[-1] != group:
            groups.append(group)
        value, wrong = settings.check(key, default)
        assert wrong is None and fresh[key] == value, key
        assert settings.row(key) == fields
        assert kind != "pick" or default in bounds.split(","), key
    assert len(groups) == len(set(groups)) == 4
    assert list(fresh.given()) == [] and not fresh.problems


def test_names_that_others_read():
    """The keys that house.py and its rooms ask for, in the type they expect."""
    s = settings.Settings()
    for key in "name protocol parity invert key auth_key energy_unit zone mqtt_host mqtt_user".split():
        assert isinstance(s[key], str), key
    for key in "baud buffer mqtt_port mqtt_keepalive http_port wifi_power".split():
        assert isinstance(s[key], int), key
    assert s["mqtt_commands"] is False and s.key("key") is None and s["mqtt_format"] == "amsjson"
    for key in ("no_such", "", "a|b", "baud|Meter", "country\nbaud"):
        try:
            s[key]
        except KeyError:
            continue
        raise AssertionError(key)


GOOD = (
    ("baud", "115200", 115200),
    ("baud", 921600, 921600),
    ("mqtt_port", " 1 ", 1),
    ("mqtt_commands", "on", True),
    ("mqtt_commands", 0, False),
    ("mqtt_commands", "No", False),
    # A flag in the first versions: whoever wanted TLS gets the strict kind.
    ("mqtt_tls", True, "checked"),
    ("mqtt_tls", "on", "checked"),
    ("mqtt_tls", "1", "checked"),
    ("mqtt_tls", False, "off"),
    ("mqtt_tls", "unchecked", "unchecked"),
    ("parity", "", ""),
    ("energy_unit", "10 Wh", "10 Wh"),
    ("key", "0x" + KEY.lower(), KEY),
    ("key", " ".join(KEY[k : k + 2] for k in range(0, 32, 2)), KEY),
    ("key", "SECHZEHN_Zeichen", "53454348" + "5A45484E5F5A65696368656E"),
    ("key", "0" * 32, ""),
    ("zone", "Europe/Zagreb", "Europe/Zagreb"),
    ("hostname", "Meter-7", "Meter-7"),
    ("address", "10.0.0.255", "10.0.0.255"),
    ("address", "", ""),
    ("wifi_ssid", "å" * 16, "å" * 16),
    ("wifi_password", "12345678", "12345678"),
    ("wifi_password", "", ""),
    ("mqtt_topic", "house/meter å", "house/meter å"),
)
BAD = (
    ("mqtt_topic", "", "Topic takes 1 to 100 letters, none of them # or +, and no / at the ends."),
    ("mqtt_topic", "a/#", "none of them"),
    ("mqtt_topic", "a/+/b", "none of them"),
    ("mqtt_topic", "/a", "no / at the ends"),
    ("mqtt_topic", "a/", "no / at the ends"),
    ("mqtt_topic", "å" * 51, "1 to 100"),
    ("baud", 921601, "Speed of the meter port must be a whole number from 0 to 921600."),
    ("baud", -1, "whole number"),
    ("baud", "fast", "whole number"),
    ("baud", 2400.5, "whole number"),
    ("baud", True, "whole number"),
    ("baud", None, "whole number"),
    ("baud", [1], "whole number"),
    ("mqtt_port", 0, "Port of the broker must be a whole number from 1 to 65535."),
    ("mqtt_port", "", "whole number"),
    ("mqtt_commands", "perhaps", "Commands must be on or off."),
    ("mqtt_commands", 2, "on or off"),
    ("mqtt_tls", "", "TLS must be one of: off, checked, unchecked."),
    ("mqtt_tls", 2, "one of"),
    ("mqtt_tls", "on off", "one of"),
    ("parity", "9X9", "must be one of: 8N1, 8E1, 8O1, 8N2, 7E1, 7N1."),
    ("grid", "", "Grid must be one of: auto, TN, IT."),
    ("grid", "auto,TN", "one of"),
    ("protocol", 1, "one of"),
    ("key", KEY[:31], "Encryption key must be 32 hex digits."),
    ("key", 5, "32 hex digits"),
    ("zone", "Mars", "Time zone is none that is known here; write it like Europe/Oslo."),
    ("zone", "", "none that is known"),
    ("hostname", "my meter", "Host name takes letters, digits and inner hyphens, at most 32."),
    ("hostname", "-a", "inner hyphens"),
    ("hostname", "a" * 33, "at most 32"),
    ("hostname", "zähler", "letters"),
    ("address", "192.168.1", "Fixed address must be four numbers with points"),
    ("address", "1.2.3.256", "four numbers"),
    ("address", "1.2.3.-4", "four numbers"),
    ("address", "1.2.3.", "four numbers"),
    ("wifi_ssid", "å" * 17, "Name of the WiFi takes one line of at most 32 letters"),
    ("wifi_password", "short", "Password of the WiFi takes one line of 8 to 63 letters"),
    ("name", "two\nlines", "one line"),
    ("name", {}, "one line"),
    ("no_such", 1, "no_such is no setting."),
)


def test_bounds():
    """What fits is taken in its proper type; what does not gives a sentence and leaves the default."""
    for key, value, expected in GOOD:
        got, wrong = settings.check(key, value)
        assert got == expected and type(got) is type(expected) and wrong is None, (key, value)
        assert settings.Settings({key: value})[key] == expected
    for key, value, words in BAD:
        got, wrong = settings.check(key, value)
        assert got is None and wrong.find(words) >= 0 and wrong.endswith("."), (key, value, wrong)
        s = settings.Settings({key: value})
        assert len(s.problems) == 1 and s.problems[0].startswith(wrong) and list(s.given()) == []


def test_only_what_differs_is_kept():
    """Defaults are neither in memory nor in the file."""
    s = settings.Settings({"baud": "0", "zone": "Europe/Oslo", "mqtt_port": 1884, "mqtt_tls": False})
    assert list(s.given()) == ["mqtt_port"]
    assert json.loads(settings.dump(s)) == {"mqtt_port": 1884, "version": settings.VERSION}


def test_changes():
    """New ones over the old; None puts the default back; the old Settings stay as they were."""
    s = some()
    t = s.changed({"baud": "9600", "grid": None, "mqtt_port": 0})
    assert t["baud"] == 9600 and t["grid"] == "auto" and t["key"] == KEY and t["mqtt_port"] == 1883
    assert len(t.problems) == 1 and t.problems[0].startswith("Port of the broker must be")
    assert s["baud"] == 2400 and s["grid"] == "IT"


def test_file_round_trip():
    """What is dumped is parsed to the same, secrets too."""
    again = settings.parse(settings.dump(some()))
    assert same(again, some()) and not again.problems
    assert not settings.parse("").problems and same(settings.parse(""), settings.Settings())
    for text in ("no json", "[1]", "3", '{"version": "x"}', '{"baud": 2400'):
        s = settings.parse(text)
        assert s.problems == ("The settings file is damaged; defaults are used.",), text
        assert same(s, settings.Settings())


def no_secret(text):
    """Fail when a made-up secret, or half of one, is in the text."""
    for key, value in SECRETS.items():
        for part in (value, value[:8], value[-8:]):
            assert text.find(part) < 0, key


def test_secrets_stay_inside():
    """public(), the form, the backup and every sentence tell a secret only as set or not."""
    s = some()
    public = s.public()
    no_secret(json.dumps(public))
    assert len(public) == len(list(settings.rows())) and public["baud"] == 2400
    for fields, value in settings.form_rows(s):
        assert value is (fields[0] in SECRETS) or not fields[5]
        assert public[fields[0]] == value
        no_secret(str(value))
    assert all(public[key] is True for key in SECRETS)
    assert settings.Settings().public()["key"] is False
    no_secret(backup.to_text(s))
    assert backup.to_text(s).find("# mqtt_password is set, and left out here") > 0
    for key, value in SECRETS.items():
        bad = settings.Settings({key: value * 10 + "\n"})
        assert bad.problems
        no_secret(bad.problems[0])
    # Nor does a line that lost its sign.
    _, wrong = backup.from_text("version = 2\nkey\n" + KEY + "\nend\n")
    assert len(wrong) == 2
    no_secret(" ".join(wrong))


def test_backup_round_trip():
    """With secrets all comes back, on any device; without them those of the device stay."""
    s = some()
    text = backup.to_text(s, secrets=True)
    values, wrong = backup.from_text(text)
    assert wrong == [] and same(settings.Settings(values), s)
    assert values["mqtt_user"] == ' "quoted" # not a comment = value ' and values["mqtt_commands"] is True
    # From another system: other ends of lines, and as lines.
    assert backup.from_text(text.replace("\n", "\r\n")) == (values, [])
    assert backup.from_text(backup.lines(s, True)) == (values, [])
    other = settings.Settings({"baud": 9600, "key": KEY.replace("F", "0"), "led": "off"})
    back, wrong = backup.restored(other, text)
    assert wrong == [] and same(back, s)
    back, wrong = backup.restored(other, backup.to_text(s))
    assert wrong == [] and back["key"] == other["key"] and back["baud"] == 2400 and back["led"] == "on"
    assert back["mqtt_password"] == ""
    # A backup with secrets tells that there was none, too.
    back, wrong = backup.restored(other, backup.to_text(settings.Settings(), secrets=True))
    assert wrong == [] and same(back, settings.Settings())


def test_backup_is_commented():
    """Help for each setting, groups, defaults as comments."""
    text = backup.to_text(settings.Settings({"baud": 2400}))
    for fields in settings.rows():
        assert text.find("# %s: %s\n" % tuple(settingwords.words(fields[0]))) > 0, fields[0]
    assert text.find("\nbaud = 2400\n") > 0 and text.find("\n# mqtt_port = 1883\n") > 0
    assert text.find("\n# === Network ===\n") > 0 and text.find("\nversion = 2\n") > 0
    assert backup.from_text(text) == ({"baud": 2400}, [])


def test_backup_that_is_none():
    """A text that is no backup changes nothing; a part of one says that it is a part."""
    s = some()
    for text in ("", "amsconfig\nmqttPort 1\n", "baud = 1\nend\n", '{"baud": 1}'):
        back, wrong = backup.restored(s, text)
        assert back is None and wrong == ["This is no backup of Hanport's settings."], text
    text = backup.to_text(s, secrets=True)
    for cut in range(len(text) - 5):
        values, wrong = backup.from_text(text[:cut])
        assert wrong and not values, cut
    values, wrong = backup.from_text("version = 2\nbaud = 7 8\ncolour = red\nled = off\nend\n")
    assert values == {"led": "off"} and len(wrong) == 2
    assert wrong[0].startswith("Speed of the meter port") or wrong[1].startswith("Speed of the meter port")
    values, wrong = backup.from_text("version = 99\nled = off\nend\n")
    assert values == {"led": "off"} and wrong[0].startswith("The backup is of a newer version")


def test_moves_between_versions():
    """Renamed and dropped keys, by the version they came with; a newer file is read as far as it is known."""
    moves = "2|speed|baud\n3|colour|\n3|broker|mqtt_host\n"
    old = {"speed": 2400, "colour": "red", "broker": "b", "led": "off"}
    new = {"baud": 2400, "mqtt_host": "b", "led": "off"}
    assert settings.migrate(old.copy(), 1, moves) == new
    assert settings.migrate(old.copy(), 2, moves) == {"speed": 2400, "mqtt_host": "b", "led": "off"}
    assert settings.migrate(old.copy(), 3, moves) == old
    assert settings.migrate({"speed": 1, "baud": 2}, 1, moves) == {"baud": 2}
    # The first files have no version in them.
    s = settings.parse('{"mqtt_host": "b", "baud": 2400}')
    assert not s.problems and s["baud"] == 2400
    s = settings.parse('{"version": 99, "mqtt_host": "b", "novel": 1}')
    assert s["mqtt_host"] == "b" and len(s.problems) == 2 and s.problems[1].find("newer version") > 0


AMSCONFIG = """amsconfig
version v2.5.7
boardType 7
hostname ams-1a2b
ssid Hjemme hos oss
psk made up pass=word
ip 192.168.4.7
gateway 192.168.4.1
subnet 255.255.255.0
dns1 0.0.0.0
mdns 1
use11b 0
mqttHost broker.example
mqttPort 8883
mqttClientId ams-1a2b
mqttPublishTopic amsleser
mqttSubscribeTopic amsleser/command
mqttUsername anna
mqttPassword made-up
mqttPayloadFormat 4
mqttSsl 1
mqttTimeout 1000
mqttKeepalive 60
mqttRebootMinutes 0
domoticzElidx 41
domoticzVl1idx 42
domoticzVl2idx 0
homeAssistantDiscoveryPrefix homeassistant
webSecurity 1
webUsername admin
webPassword side
meterBaud 2400
meterParity 8E1
meterInvert 1
meterDistributionSystem 1
meterMainFuse 63
meterEncryptionKey 00112233445566778899aabbccddeeff
meterAuthenticationKey 00000000000000000000000000000000
meterWattageMultiplier 1.000
meterAmperageMultiplier 0.5
gpioHanPin 16
gpioApPin 0
ntpEnable 1
ntpTimezone Europe/Stockholm
ntpServer pool.ntp.org
priceModifier 0 "nett" import fixed 0.1
dayplot 3 1700000000 1 2 3
energyaccounting 6 11
"""


def test_ancestors_backup():
    """Its keys become ours; what has no place here is told in a sentence, once."""
    values, left = amsconfig.take(AMSCONFIG)
    expected = {
        "hostname": "ams-1a2b", "wifi_ssid": "Hjemme hos oss", "wifi_password": "made up pass=word",
        "address": "192.168.4.7", "gateway": "192.168.4.1", "mask": "255.255.255.0", "dns": "",
        "mqtt_host": "broker.example", "mqtt_port": 8883, "mqtt_client": "ams-1a2b", "mqtt_topic": "amsleser",
        "mqtt_user": "anna", "mqtt_password": "made-up", "mqtt_tls": "checked", "mqtt_keepalive": 60,
        "page_password": "side", "baud": 2400, "parity": "8E1", "invert": "on", "grid": "IT", "key": KEY,
        "auth_key": "", "domoticz_energy": "41", "domoticz_u1": "42", "domoticz_u2": "",
        "zone": "Europe/Stockholm", "ntp_host": "pool.ntp.org",
        "mqtt_format": "homeassistant", "ha_host": "ams-1a2b",
    }  # fmt: skip
    assert values == expected, values
    s = settings.Settings().changed(values)
    assert not s.problems and s.key("key") == bytes(17 * k for k in range(16)) and s.key("auth_key") is None
    told = " ".join(left)
    for word in ("commands", "time-out", "user name", "fuse",
                 "factors", "Pins", "prices", "history", "running month"):  # fmt: skip
        assert told.find(word) > 0, word
    assert len(left) == len(set(left)) == 9 and told.find("Domoticz") < 0 and told.find("made") < 0
    assert amsconfig.take(AMSCONFIG.replace("\n", "\r\n"))[0] == expected
    assert amsconfig.take(iter(AMSCONFIG.split("\n"))) == (values, left)


def test_ancestors_backup_of_other_kinds():
    """Without secrets, with nothing set, with what does not fit, and a file of another kind."""
    values, left = amsconfig.take("amsconfig\nmqttPort 1883\nntpServer x\nntpEnable 0\nmeterParity 7E2\n")
    assert values == {"mqtt_port": 1883, "ntp_host": ""}
    assert len(left) == 2 and left[0].startswith("Data bits, parity and stop bits must be one of")
    assert left[0].endswith("what the backup has was not taken.") and left[1].find("without secrets") > 0
    values, left = amsconfig.take("amsconfig\nssid x\nwebPassword p\nwebSecurity 0\nnetmode 3\nnovel 7\n")
    assert values == {"wifi_ssid": "x"} and left[0].find("not on WiFi") > 0
    assert left[1:] == ["novel was not taken."]
    values, left = amsconfig.take("amsconfig\nssid x\npsk hidden\nmeterDistributionSystem 0\n")
    assert values == {"wifi_ssid": "x", "grid": "auto"} and left[0].startswith("Password of the WiFi takes")
    assert left[0].find("hidden") < 0
    for text in ("", "version = 2\nend\n", "{}"):
        assert amsconfig.take(text) == ({}, ["This is no amsconfig backup: its first line is another."])


def test_ancestors_formats():
    """Each number that has a format here gives one that exists."""
    for number, ours in (("0", "amsjson"), ("1", "raw_minimal"), ("2", "raw_full"), ("3", "domoticz"),
                         ("4", "homeassistant"), ("5", "amsmulti"), ("6", "amsflat"),
                         ("255", "framehex")):  # fmt: skip
        values, left = amsconfig.take("amsconfig\nssid x\nmqttPayloadFormat %s\n" % number)
        assert values["mqtt_format"] == ours and left == [], number
        assert settings.check("mqtt_format", ours)[1] is None
    values, left = amsconfig.take("amsconfig\nssid x\nmqttPayloadFormat 7\n")
    assert values == {"wifi_ssid": "x"} and left[0].find("format of number 7") > 0


def test_ancestors_names_for_home_assistant():
    """The ids of its entities begin with the name set for them, or the host name; a topic is not taken."""
    text = "amsconfig\nssid x\nhostname ams-1\nmqttPayloadFormat 4\n"
    assert amsconfig.take(text) == (
        {"wifi_ssid": "x", "hostname": "ams-1", "mqtt_format": "homeassistant", "ha_host": "ams-1"},
        [],
    )
    values, left = amsconfig.take(
        text + "homeAssistantDiscoveryHostname meter\nhomeAssistantDiscoveryPrefix ha\n"
        "homeAssistantDiscoveryNameTag up\n"
    )
    assert values["ha_host"] == "meter"
    assert left == ["The topic and the names for Home Assistant were not taken."]


def test_presets():
    """The countries of the schema and of the table are the same; what a row sets fits."""
    assert settings.row("country")[4].split(",")[1:] == list(presets.countries())
    for country in presets.countries():
        values = presets.values(country)
        s = settings.Settings().changed(values)
        assert not s.problems and all(s[key] == values[key] for key in values), country
        assert zone(values["zone"]) in (9, 17) and presets.lines(country)[0][0] == values["baud"]
        for baud, parity in presets.lines(country):
            assert settings.check("parity", parity)[1] is None and baud in (2400, 9600, 38400, 115200)
        keys, words = presets.advice(country)
        assert keys in ("no", "one", "two", "some") and words.endswith("."), country
    assert presets.values("NO") == {"zone": "Europe/Oslo", "grid": "auto", "baud": 2400, "parity": "8E1"}
    assert presets.values("HU")["buffer"] == 3072 and presets.advice("DK")[0] == "two"
    for none in ("", "XX", "N", "NO|", "|Oslo"):
        assert presets.values(none) == {} and presets.lines(none) == []
