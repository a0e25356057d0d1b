"""lib/commands.py: what a message asks for, what may be set by it, and the answer."""

import json

import commands
import settings

SECRETS = "key auth_key wifi_password mqtt_password page_password ap_password".split()


def refused(payload, words, kept=False):
    """The words why a message is no command; what is known of it comes back for the answer."""
    asked, wrong = commands.parse(payload, kept)
    assert wrong and wrong.find(words) >= 0 and wrong.endswith("."), (payload, wrong)
    told = json.loads(commands.answer(asked, False, wrong))
    assert told["ok"] is False and told["words"] == wrong
    return told


def test_commands_are_known():
    """Each by its name, with an id of its own or none."""
    for name in commands.NAMES.split():
        asked, wrong = commands.parse(json.dumps({"command": name}).encode())
        assert wrong is None and asked == {"command": name}
        told = json.loads(commands.answer(asked, True, "Done."))
        assert told == {"command": name, "ok": True, "words": "Done."}
    for ident in (0, 7, -1, 1 << 53, "a-b", ""):
        asked, wrong = commands.parse(json.dumps({"id": ident, "command": "republish"}).encode())
        assert wrong is None
        told = json.loads(commands.answer(asked, True, "Done.", {"version": "1"}))
        assert told["id"] == ident and told["version"] == "1"


def test_what_is_no_command():
    """Not JSON, not an object, unknown, with more than it takes, kept by the broker, too long."""
    for payload in (
        b"",
        b"{",
        b"reboot",
        b'"reboot"',
        b"[]",
        b"null",
        b"3",
        b"\xff\xfe",
        b"[" * 512,
        b'{"a":',
        b'{"command":"reboot"}}',
        b"\0",
    ):
        assert "id" not in refused(payload, "no JSON object")
    for payload in (
        b"{}",
        b'{"command":null}',
        b'{"command":1}',
        b'{"command":["set"]}',
        b'{"command":"Reboot"}',
        b'{"command":"reboot set"}',
        b'{"command":""}',
        b'{"settings":{"led":"off"}}',
    ):
        assert refused(payload, "no such command; there are: reboot, republish,").get("command") is None
    told = refused(b'{"command":"format","id":5}', "no such command")
    assert told["id"] == 5
    told = refused(b'{"command":"reboot","when":"now"}', "The command reboot takes no when.")
    assert told["command"] == "reboot"
    refused(b'{"command":"reboot","settings":{}}', "takes no settings")
    refused(b'{"command":"reboot"}', "must not be retained", kept=True)
    refused(None, "too long: at most 512 octets")
    refused(b'{"command":"reboot"}' + b" " * 493, "too long")
    assert commands.parse(b'{"command":"reboot"}' + b" " * 492)[1] is None


def test_odd_ids_are_left_out():
    """So that an answer stays small and simple."""
    for ident in ("1.5", "true", "null", "[1]", "{}", '"' + "x" * 65 + '"', "1" * 40):
        asked, wrong = commands.parse(('{"command":"republish","id":%s}' % ident).encode())
        assert wrong is None and "id" not in json.loads(commands.answer(asked, True, "Done."))
    asked = {"command": "set", "id": 'a"\\\n'}
    told = json.loads(commands.answer(asked, False, 'quotes " and \\ and \n'))
    assert told["id"] == asked["id"] and told["words"] == 'quotes " and \\ and \n'
    assert len(commands.answer({}, False, "x" * 5000)) < 500


def change(given, before=None):
    """What "set" makes of these."""
    asked, wrong = commands.parse(json.dumps({"command": "set", "settings": given}).encode())
    assert wrong is None
    return commands.changed(settings.Settings(before), asked)


def test_set():
    """All that fits and is no secret; None puts a default back; the old settings stay as they are."""
    new, wrong = change(
        {"led": "quiet", "baud": 9600, "mqtt_interval": "10"}, {"name": "attic", "led": "off"}
    )
    assert wrong is None and (new["led"], new["baud"], new["mqtt_interval"]) == ("quiet", 9600, 10)
    assert new["name"] == "attic" and not new.problems
    new, wrong = change({"led": None}, {"led": "off"})
    assert wrong is None and new["led"] == "on"


def test_set_takes_all_or_nothing():
    """Each thing that does not fit is told, and nothing of the rest is taken."""
    new, wrong = change({"led": "quiet", "baud": "fast", "no_such": 1, "gone": None, "key": "00" * 16})
    assert new is None
    for words in (
        "Speed of the meter port must be a whole number",
        "no_such is no setting",
        "gone is no setting",
        "key is a secret",
    ):
        assert wrong.find(words) >= 0, wrong
    for given in ({}, None, [], "led", 3):
        assert change(given)[0] is None
    asked, wrong = commands.parse(b'{"command":"set"}')
    assert wrong is None and commands.changed(settings.Settings(), asked)[0] is None
    for value in ([1], {"a": 1}, True, 1.5, "9" * 300, "a\nb"):
        assert change({"baud": value})[0] is None
        assert change({"mqtt_format": value})[0] is None


def test_secrets_are_never_set():
    """Nor taken back; and no setting by which they would go to another broker."""
    secrets = [fields[0] for fields in settings.rows() if fields[5]]
    assert sorted(secrets) == sorted(SECRETS)
    for key in secrets:
        for value in ("", None, "00112233445566778899AABBCCDDEEFF"):
            new, wrong = change({key: value, "led": "off"}, {key: "00112233445566778899AABBCCDDEEFF"})
            assert new is None and wrong.find("secret") > 0 and wrong.find("0011") < 0
    for key, value in (("mqtt_host", "evil"), ("mqtt_port", 1884), ("mqtt_tls", "off"), ("mqtt_tls", None)):
        new, wrong = change({key: value})
        assert new is None and wrong.find("on the device's page") > 0
