"""Files that are old or new but never torn, whenever the power goes: settings and totals.

A file is one line of check and then the text, or whatever octets:

    hanport 123 1a2b 3c4d       how many octets, their CRC-16/X-25 and CRC-16/ARC in hex
    {"mqtt_host": ...

The check stands first, so that no cut can take it away and leave a text that looks as if it never had one.
Two 16-bit sums of different polynomials stand in for a CRC-32, which the ESP8266's build does not have and
which would need numbers beyond its small ints; both are there anyway for the meters' frames. A text that
begins with "{" and has no check is one that a person or a tool put there: it is believed as it is.

Saving: NAME.new is written and closed, NAME becomes NAME.old, NAME.new becomes NAME. The file system
(LittleFS) does each of these wholly or not at all. Loading takes the first that is whole of NAME, NAME.new
(the power went between the two renames) and NAME.old.
"""

import os

from hanport import octets

SETTINGS = "settings.json"
# What TLS to the broker needs, in PEM: of the CA to trust, and of this device.
CERTIFICATES = "mqtt_ca.pem mqtt_cert.pem mqtt_key.pem"
TOTALS = "totals.bin"
_MARK = b"hanport "


def _line(text):
    """The line of check for these octets."""
    n = len(text)
    return b"%s%d %04x %04x\n" % (_MARK, n, octets.crc_x25(text, 0, n), octets.crc_arc(text, 0, n))


def _read(path):
    """Octets of a file that is whole; None when it is not; OSError when there is no such file."""
    with open(path, "rb") as f:
        line = f.readline()
        rest = f.read()
    if line.startswith(b"{"):
        rest = line + rest
        try:
            str(rest, "utf-8")
        except UnicodeError:
            return None  # an unchecked file of other octets
        return rest
    return rest if line == _line(rest) else None


def _whole(path):
    try:
        return _read(path) is not None
    except OSError:
        return False


def load(name="", say=None):
    """Text of a file, "" when there is none; say(sentence) is told when it is not the newest one.

    Of the settings when no name is given.
    """
    return str(load_octets(name or SETTINGS, say), "utf-8")


def load_octets(name, say=None):
    """As load(), for octets that are no text; b"" when there is no such file."""
    damaged = False
    for ending in ("", ".new", ".old"):
        try:
            found = _read(name + ending)
        except OSError:
            continue  # no such file
        if found is None:
            damaged = damaged or not ending
            continue
        if ending and say:
            fault = "damaged" if damaged else "missing"
            age = "generation before it" if ending == ".old" else "one that was being saved"
            say("The file %s is %s; the %s is used." % (name, fault, age))
        return found
    if damaged and say:
        say("The file %s is damaged and there is no other generation of it." % name)
    return b""


def save(name, what):
    """Replace a file by this text or these octets; OSError when the flash is full: then it is as it was."""
    if isinstance(what, str):
        what = what.encode()
    with open(name + ".new", "wb") as f:
        f.write(_line(what))
        f.write(what)
    del what
    # A damaged file must not push out the good generation before it.
    if _whole(name):
        os.rename(name, name + ".old")
    os.rename(name + ".new", name)


def forget(name):
    """Remove the generations before the newest: after a reset nobody's passwords stay behind in them."""
    for ending in (".new", ".old"):
        try:
            os.remove(name + ending)
        except OSError:
            continue  # there was none


def remove(name):
    """Remove a file with all its generations."""
    forget(name)
    try:
        os.remove(name)
    except OSError:
        pass  # there was none
