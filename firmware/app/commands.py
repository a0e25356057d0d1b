"""Who reads the broker's messages: commands to this device, where the settings allow them, and the formats.

Each command is answered at <topic>/result. What a command is, and what may be set, is decided by
lib/commands.py, imported for each and dropped.
"""

import asyncio

import settings as schema
from app import store
from unload import unload


class Commands:
    """To read: carried and refused, the counts of commands."""

    def __init__(self, house):
        self.carried = self.refused = 0
        self._house = house
        self._changing = False
        base = house.settings["mqtt_topic"].encode()
        self._topic = base + b"/command" if house.settings["mqtt_commands"] else None
        self._result = base + b"/result"
        self._topics = house.publisher.subscriptions()
        if self._topic:
            self._topics.append(self._topic)
        house.mqtt.inbox.subscribe(self._topics)

    async def run(self):
        """Read for ever."""
        inbox = self._house.mqtt.inbox
        while True:
            topic, payload, kept = await inbox.message()
            try:
                if topic != self._topic and topic in self._topics:
                    if payload is not None:
                        self._house.publisher.heard(topic, payload)
                else:
                    self._command(topic, payload, kept)
            finally:
                inbox.done()

    def _command(self, topic, payload, kept):
        import commands

        try:
            asked, wrong = commands.parse(payload, kept)
            if topic != self._topic:
                wrong = "Commands are taken at another topic: nothing was done."
            ok, words, more = (False, wrong, None) if wrong else self._carry_out(commands, asked)
            answer = commands.answer(asked, ok, words, more)
        finally:
            unload("commands")
        if ok:
            self.carried += 1
            self._house.log("Command by MQTT: " + words)
        else:
            self.refused += 1
        if self._topic:
            self._house.mqtt.publish(self._result, answer, False, True)

    def _carry_out(self, commands, asked):
        """(done, words, dict of more or None)."""
        house = self._house
        name = asked["command"]
        if name == "set":
            return self._set(commands, asked)
        if name == "reboot":
            house.restart_soon("a command by MQTT")
            return True, "Restarting.", None
        if name == "republish":
            if house.publisher.again():
                return True, "Published again.", None
            return False, "There is no reading yet.", None
        if name == "discovery":
            topics = house.publisher.subscriptions()
            for topic in topics:
                house.publisher.heard(topic, b"online")  # as when Home Assistant has started
            if topics:
                return True, "Announcing again.", None
            return False, "No format is chosen that announces anything.", None
        version = getattr(house.device, "version", None) or b"?"
        newest = getattr(house.device, "newest", None)
        if newest:
            more = {"version": version.decode(), "newest": newest.decode()}
            return True, "Newest known version: %s." % more["newest"], more
        more = {"version": version.decode()}
        return True, "This device does not look for newer versions by itself.", more

    def _set(self, commands, asked):
        house = self._house
        if self._changing:
            return False, "Other settings are being taken over: try again.", None
        new, wrong = commands.changed(house.settings, asked)
        if wrong:
            return False, wrong, None
        try:
            store.save(store.SETTINGS, schema.dump(new))
        except OSError:
            return False, "The settings could not be saved: the flash is full.", None
        self._changing = True  # until others stand in our place
        if any([schema.row(key)[1] == "Network" for key in asked["settings"]]):
            house.settings = new  # so that nobody saves the old ones over them
            house.restart_soon("new settings of the network")
        else:
            asyncio.create_task(house.apply(new))  # begins when the answer has left
        return True, "Set: %s." % ", ".join(asked["settings"]), None
