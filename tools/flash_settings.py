"""The first settings of a board: a file, checked before anything is touched; and what settings tell."""

import json
import sys
from pathlib import Path

from flash_page import address
from flash_port import FlashError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import amsconfig  # noqa: E402
import backup  # noqa: E402
import label  # noqa: E402
import settings as schema  # noqa: E402
from hanport import octets  # noqa: E402

FILE = "settings.json"  # as in firmware/app/store.py


def _values(text):
    """(dict of values, sentences on what does not fit, sentences to know) of all three kinds of file."""
    if text.lstrip().startswith("{"):
        given = schema.parse(text)
        return {key: given[key] for key in given.given()}, given.problems, []
    if text.startswith("amsconfig"):
        values, sentences = amsconfig.take(text)
        # What the other firmware has and ours does not is no fault of the file.
        return values, [] if values else sentences, sentences
    return *backup.from_text(text), []


def read(path):
    """(Settings, sentences to know) of a file: JSON, a backup of Hanport's page, or one of amsreader.

    Raises FlashError when anything in it does not fit.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise FlashError(f"{path} cannot be read: {why}") from None
    if text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except ValueError as error:
            raise FlashError(f"{path} is no proper JSON: {error}") from None
    values, wrong, notes = _values(text)
    found = schema.Settings(values)
    wrong = [*wrong, *found.problems]
    if wrong:
        raise FlashError(f"{path} was not taken, nothing was changed:\n  " + "\n  ".join(wrong))
    return found, notes


def stored(found):
    """The octets of the settings file on a board, with the line of check that firmware/app/store.py wants."""
    text = schema.dump(found).encode()
    n = len(text)
    return b"hanport %d %04x %04x\n" % (n, octets.crc_x25(text, 0, n), octets.crc_arc(text, 0, n)) + text


def kept(data):
    """The Settings of a board's file; the defaults when it cannot be read."""
    text = data if data.startswith(b"{") else data.partition(b"\n")[2]
    return schema.parse(text.decode("utf-8", "replace"))


def joins(found, ethernet):
    """True when a board with these settings goes to a network by itself."""
    return bool(found["wifi_ssid"]) or ethernet


def pages(found, chip):
    """Addresses at which the page may be, the surest first."""
    name = found["hostname"] or label.host(found["name"])
    # The ESP8266 does not announce its name; a router may know it.
    hosts = [found["address"], name + ".local" if chip != "esp8266" else "", name]
    return [address(host, found["http_port"]) for host in hosts if host]


def first_run(found, mac):
    """Words for how to reach a board that opens its own network."""
    password = "the one of your settings (ap_password)" if found["ap_password"] else label.password(mac)
    page = address("192.168.4.1", found["http_port"])
    return f"join its WiFi {label.network(mac)}, password {password}, then open {page}"
