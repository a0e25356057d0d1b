"""Which of the two versions runs, and the word of the running one that it is well. See firmware/boot.py."""

import hashlib

import machine

TRIAL = 4  # boot.py counts it down

# firmware/boot.py has the same formats and is never updated: they are for ever.


def _record(magic, slot, count, serial):
    body = magic + bytes((slot, count)) + serial.to_bytes(4, "little")
    return body + hashlib.sha256(body).digest()[:4]


def _parts(octets, magic):
    """(slot, count, serial) of a whole record, else None."""
    if len(octets) == 12 and octets[2] < 2:
        parts = octets[2], octets[3], int.from_bytes(octets[4:8], "little")
        if _record(magic, parts[0], parts[1], parts[2]) == octets:
            return parts
    return None


def marked():
    """(slot, count, serial) of the newest whole marker; slot 0 and confirmed when there is none."""
    newest = (0, 0, 0)
    for name in ("slot.0", "slot.1"):
        try:
            with open(name, "rb") as f:
                found = _parts(f.read(16), b"HM")
        except OSError:
            continue
        if found and found[2] > newest[2]:
            newest = found
    return newest


def running():
    """The slot that boot.py has started, 0 or 1; None when it has not."""
    found = _parts(bytes(machine.RTC().memory()[:12]), b"HR")
    return found[0] if found else None


def mark(slot, count):
    """Mark a slot: it is started from now on. Raises OSError when that cannot be written."""
    serial = marked()[2] + 1
    with open("slot.%d" % (serial & 1), "wb") as f:
        f.write(_record(b"HM", slot, count, serial))
    if marked() != (slot, count, serial):
        raise OSError(5)


def trial():
    """True while the running version has not confirmed itself."""
    slot, count, _ = marked()
    return count > 0 and slot == running()


def confirm():
    """The running version is well: it stays. To be called when network and page are up; costs a read."""
    if trial():
        mark(running(), 0)
