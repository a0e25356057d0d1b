"""Commands over MQTT: what a message asks for, and the answer as JSON. Nothing is carried out here.

    {"command": "set", "settings": {"led": "quiet"}, "id": 7}
    {"command": "set", "ok": true, "words": "Set: led.", "id": 7}

A message that is no such command changes nothing; its answer says why. "id", a number or a short text, is
handed back as it came, so that who asks can tell the answers apart.
"""

import json

import settings as schema

MOST = 512  # octets of a command
NAMES = "reboot republish discovery set update_check"

# Whoever may send commands must not be able to have the secrets sent to a broker of their own.
_BARRED = ("mqtt_host", "mqtt_port", "mqtt_tls")
_MOST_WORDS = 400


def parse(payload, kept=False):
    """(command as a dict, None), or (what is known of it, the sentence that says what is wrong with it).

    payload: octets, or None for a message that was too long; kept: the broker had it since before.
    """
    if payload is None or len(payload) > MOST:
        return {}, "The command is too long: at most %d octets." % MOST
    try:
        asked = json.loads(str(payload, "utf-8"))
    except ValueError:  # UnicodeError is one
        asked = None
    if not isinstance(asked, dict):
        return {}, 'That is no JSON object such as {"command": "republish"}.'
    name = asked.get("command")
    if not isinstance(name, str) or name not in NAMES.split():
        return {"id": asked.get("id")}, "There is no such command; there are: %s." % NAMES.replace(" ", ", ")
    if kept:
        # It would be carried out at every connection: a restart, for ever.
        return asked, "Commands must not be retained: this one was not carried out."
    for key in asked:
        if key not in ("command", "id") and not (key == "settings" and name == "set"):
            return asked, "The command %s takes no %s." % (name, key)
    return asked, None


def changed(settings, asked):
    """(new settings, None) for what "set" asks, or (None, the sentences on all that does not fit)."""
    given = asked.get("settings")
    if not isinstance(given, dict) or not given:
        return None, 'Say which: {"command": "set", "settings": {"led": "quiet"}}.'
    problems = []
    for key in given:
        wrong = _wrong(key, given[key])
        if wrong:
            problems.append(wrong)
    if problems:
        return None, " ".join(problems)
    new = settings.changed(given)
    return (None, " ".join(new.problems)) if new.problems else (new, None)


def _wrong(key, value):
    """What is wrong with one setting, as a sentence, or None; a value of None asks for the default."""
    try:
        secret = schema.row(key)[5]
    except (KeyError, TypeError):  # MicroPython takes keys that are no text
        return "%s is no setting." % key
    if secret:
        return "%s is a secret: set it on the device's page." % key
    if key in _BARRED:
        return "%s decides who gets the password: set it on the device's page." % key
    return None if value is None else schema.check(key, value)[1]


def answer(asked, ok, words, more=None):
    """Octets of the answer; more: dict of what else it tells."""
    said = {"ok": ok, "words": words[:_MOST_WORDS]}
    name = asked.get("command")
    if isinstance(name, str) and name in NAMES.split():
        said["command"] = name
    ident = asked.get("id")
    if (type(ident) is int and abs(ident) <= 1 << 53) or (isinstance(ident, str) and len(ident) <= 64):
        said["id"] = ident
    said.update(more or {})
    return json.dumps(said).encode()
