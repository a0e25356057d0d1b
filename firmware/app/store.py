"""The settings file: read and written whole, old or new but never torn."""

import os

_FILE = "settings.json"


def load():
    """Text of the settings file, or "{}" when there is none."""
    try:
        with open(_FILE) as f:
            return f.read()
    except OSError:
        return "{}"


def save(text):
    """Replace the settings file: the file system renames in one step, so power loss leaves old or new."""
    with open(_FILE + ".new", "w") as f:
        f.write(text)
    os.rename(_FILE + ".new", _FILE)
