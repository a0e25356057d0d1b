"""Commands to this device by MQTT, where the settings allow them; imported for each and dropped after.

Each command is answered at <topic>/result. What a command is, and what may be set, is decided by
lib/commands.py.
"""

import asyncio

import commands
import settings as schema
from app import store
from unload import unload


def carry(house, mqtt, came):
    """Do what a message asks for and answer it. came: (topic, payload or None, kept by the broker)."""
    publisher = house.publisher
    topic, payload, kept = came
    allowed = house.settings["mqtt_commands"]
    try:
        asked, wrong = commands.parse(payload, kept)
        if not allowed or topic != mqtt.topic + b"/command":
            wrong = "Commands are taken at another topic: nothing was done."
        ok, words, more = (False, wrong, None) if wrong else _carry_out(house, asked)
        answer = commands.answer(asked, ok, words, more)
    finally:
        unload("commands", "app.commands")
    if ok:
        publisher.carried += 1
        house.log("Command by MQTT: " + words)
    else:
        publisher.refused += 1
    if allowed:
        mqtt.publish(mqtt.topic + b"/result", answer, False, True)


def _carry_out(house, asked):
    """(done, words, dict of more or None)."""
    name = asked["command"]
    if name == "set":
        return _set(house, asked)
    if name == "reboot":
        house.restart_soon("a command by MQTT")
        return True, "Restarting.", None
    if name == "republish":
        if house.publisher.again():
            return True, "Published again.", None
        return False, "There is no reading yet.", None
    if name == "discovery":
        found = False
        for topic in house.publisher.topics():
            # as when Home Assistant has started
            found = house.publisher.tell_formats(topic, b"online") or found
        if found:
            return True, "Announcing again.", None
        return False, "No format is chosen that announces anything.", None
    version = getattr(house.device, "version", None) or b"?"
    newest = getattr(house.device, "newest", None)
    if newest:
        more = {"version": version.decode(), "newest": newest.decode()}
        return True, "Newest known version: %s." % more["newest"], more
    more = {"version": version.decode()}
    return True, "This device does not look for newer versions by itself.", more


def _set(house, asked):
    publisher = house.publisher
    if publisher.changing:
        return False, "Other settings are being taken over: try again.", None
    new, wrong = commands.changed(house.settings, asked)
    if wrong:
        return False, wrong, None
    try:
        store.save(store.SETTINGS, schema.dump(new))
    except OSError:
        return False, "The settings could not be saved: the flash is full.", None
    publisher.changing = True  # until another stands in its place
    if any([schema.row(key)[1] == "Network" for key in asked["settings"]]):
        house.settings = new  # so that nobody saves the old ones over them
        house.restart_soon("new settings of the network")
    else:
        asyncio.create_task(house.apply(new))  # begins when the answer has left
    return True, "Set: %s." % ", ".join(asked["settings"]), None
