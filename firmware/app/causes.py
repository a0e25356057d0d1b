"""Why the device started, in words: loaded at the start and dropped."""

# Kinds of restart.py, in order.
_SENTENCES = (
    "\n"
    "The watchdog restarted the device: task %s made no progress for %d s.\n"
    "The watchdog restarted the device: task %s held up all others for %d s.\n"
    "The device restarted itself: memory ran out in task %s.\n"
    "The device restarted itself: the program stopped in %s.\n"
    "The device restarted because it was asked to: %s."
)
# Where nothing was noted, by what the chip tells (reset_cause), number and words.
_CAUSES_8266 = (
    "0|Power was switched on.\n1|The chip's hardware watchdog restarted the device.\n"
    "2|The chip's software crashed and restarted the device.\n"
    "3|The chip's software watchdog restarted the device: something held up everything for 3 s.\n"
    "4|The device was restarted.\n5|The device woke from deep sleep.\n6|The reset key or pin restarted it.\n"
)
_CAUSES_ESP32 = (
    "1|Power was switched on, or the supply fell too low.\n2|The chip's software crashed, or the reset pin.\n"
    "3|The hardware watchdog restarted the device: nothing went on in it for 90 s.\n"
    "4|The device woke from deep sleep.\n5|The device was restarted.\n"
)


def sentence(kind, name, seconds, details):
    """The sentence about a reason that was noted, "" for a kind that there is none for."""
    rows = _SENTENCES.split("\n")
    row = rows[kind] if kind < len(rows) else ""
    if not row:
        return ""
    told = row % ((name, seconds) if row.find("%d") > 0 else (name,))
    return told + " (" + details + ")" if details else told


def cause(chip, machine):
    """The sentence about what the chip tells, by machine.reset_cause()."""
    if chip == "unix":
        return "The program was started."
    number = "%d|" % machine.reset_cause()
    for row in (_CAUSES_8266 if chip == "esp8266" else _CAUSES_ESP32).split("\n"):
        if row.startswith(number):
            return row[len(number) :]
    return "The chip does not tell why it started."
