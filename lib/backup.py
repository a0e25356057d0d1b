"""The settings as one text file to keep and to read: `key = value` lines with their help as comments.

Secrets are in it only when asked for. What stands at its default is written as a comment: it shows what can
be set, and restoring it later leaves it to the defaults of that day. Imported when asked for.
"""

from settings import VERSION, Settings, check, migrate, rows
from settingwords import words

_END = "end"  # the last line: a file that was cut off on its way does not have it


def _written(value):
    """Text of a value; quotes keep the spaces at its ends."""
    if isinstance(value, bool):
        return "on" if value else "off"
    value = str(value)
    return '"' + value + '"' if value != value.strip() or value.startswith('"') else value


def lines(settings, secrets=False):
    """Yield the lines of the backup, so that a small device can send it without holding it."""
    yield "# Hanport settings. Lines that begin with # are comments."
    yield "version = %d" % VERSION
    group = ""
    differing = set(settings.given())
    for fields in rows():
        key = fields[0]
        label, help = words(key)
        if fields[1] != group:
            group = fields[1]
            yield ""
            yield "# === %s ===" % group
        yield "# %s: %s" % (label, help)
        if fields[5] and not secrets:
            yield "# %s is %s" % (key, "set, and left out here" if settings.of(fields) else "not set")
        else:
            # A secret is written even when it is empty: without its line a restore keeps the one there is.
            shown = "" if key in differing or fields[5] else "# "
            yield (shown + key + " = " + _written(settings.of(fields))).rstrip(" ")
    yield ""
    yield _END


def to_text(settings, secrets=False):
    """The backup as one text."""
    return "\n".join(lines(settings, secrets)) + "\n"


def from_text(text):
    """(dict of values, list of sentences on what could not be taken) of a backup's text or its lines."""
    found = {}
    wrong = []
    key = "the first"
    version = 0
    ended = False
    for line in text.split("\n") if isinstance(text, str) else text:
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        ended = line == _END
        if ended:
            continue
        if "=" not in line:
            # Not shown: it may be the second half of a secret.
            wrong.append("A line after %s is no setting." % key)
            continue
        key, value = line.split("=", 1)
        key = key.strip()
        value = value.strip()
        if len(value) > 1 and value.startswith('"') and value.endswith('"'):
            value = value[1:-1]
        if key == "version":
            version = int(value) if value.isdigit() else 0
        else:
            found[key] = value
    if not version:
        return {}, ["This is no backup of Hanport's settings."]
    if not ended:
        return {}, ["The backup ends too early: a part of it is missing. Nothing was changed."]
    if version > VERSION:
        wrong.append("The backup is of a newer version; what this one does not know is left out.")
    values = {}
    for key, value in migrate(found, version).items():
        value, sentence = check(key, value)
        if sentence:
            wrong.append(sentence)
        else:
            values[key] = value
    return values, wrong


def restored(settings, text):
    """(new Settings, sentences): all from the backup, only secrets that it leaves out stay as they are.

    None for the Settings when nothing can be taken.
    """
    values, wrong = from_text(text)
    if not values and wrong:
        return None, wrong
    for fields in rows():
        if fields[5] and fields[0] not in values:
            values[fields[0]] = settings.of(fields)
    return Settings(values), wrong
