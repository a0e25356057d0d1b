"""Starts one of the two versions on the device. Lies beside main.py and is never updated: keep it small.

A version lies in a slot: on ESP8266 half of the ROMFS partition, elsewhere the folder a or b. The marker says
which slot runs. It is kept in two files that are written in turn, the newer one counts: one that was torn by
a power cut leaves the other. A new version is on trial until it confirms itself (app/marker.py); after three
starts without that the other slot is marked again. The format below is for ever.

record  magic(2) slot(1) count(1) serial(4, little-endian) and the first 4 octets of the SHA-256 of these 8
marker  files slot.0 and slot.1, magic HM; count 0: confirmed, 4..1: on trial
RTC     first 12 octets of RTC memory, magic HR: the slot that runs, the starts of this trial, the serial
"""

import os
import sys

import micropython

if sys.platform == "esp8266":
    # The meter's octets arrive where the console listens, and 03 among them would be Ctrl-C.
    micropython.kbd_intr(-1)
    os.dupterm(None, 1)

from hashlib import sha256  # noqa: E402  (the console first)

import vfs  # noqa: E402
from machine import RTC  # noqa: E402


def _record(magic, slot, count, serial):
    body = magic + bytes((slot, count)) + serial.to_bytes(4, "little")
    return body + sha256(body).digest()[:4]


def _parts(octets, magic):
    """(slot, count, serial) of a whole record, else None."""
    if len(octets) == 12 and octets[2] < 2:
        parts = octets[2], octets[3], int.from_bytes(octets[4:8], "little")
        if _record(magic, *parts) == octets:
            return parts
    return None


def _marked():
    """What the newest whole marker says; slot A and confirmed when there is none."""
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


def _mark(slot, count, serial):
    try:
        with open("slot.%d" % (serial & 1), "wb") as f:
            f.write(_record(b"HM", slot, count, serial))
    except OSError:
        pass  # a full file system must not keep the device from starting


def _start(slot):
    """Put a slot where modules are looked for; False when it holds no whole version."""
    try:
        if sys.platform == "esp8266":
            at = slot * 0x28000
            rom = vfs.VfsRom(memoryview(vfs.rom_ioctl(2, 0))[at : at + 0x28000])
            try:
                vfs.umount("/rom")  # MicroPython itself has mounted slot A there, if that is whole
            except OSError:
                pass
            vfs.mount(rom, "/rom")
        else:
            folder = os.getcwd()
            folder += ("" if folder[-1] == "/" else "/") + "ab"[slot]
            os.stat(folder + "/index")
            at = sys.path.index(".frozen") + 1 if ".frozen" in sys.path else 0
            sys.path[at:at] = [folder, folder + "/lib"]
        return True
    except OSError:
        return False


def _choose():
    slot, count, serial = _marked()
    rtc = RTC()
    kept = bytes(rtc.memory())
    starts = 1
    order = (slot, 1 - slot)
    if count:
        known = _parts(kept[:12], b"HR")
        if known and known[2] == serial:
            starts = min(known[1] + 1, 255)
        elif count == 1:
            starts = 4
        else:
            # The first start, or the power was gone and with it the number of starts: count in the marker.
            count -= 1
            serial += 1
            _mark(slot, count, serial)
        if starts > 3:
            order = (1 - slot, slot)
    for runs in order:
        if _start(runs):
            if runs != slot:
                _mark(runs, 0, serial + 1)
            rtc.memory(_record(b"HR", runs, starts, serial) + kept[12:])
            return


_choose()
# main.py runs in the same name space: leave nothing in it that holds memory.
for _name in ("_choose", "_start", "_mark", "_marked", "_parts", "_record", "sha256", "vfs", "RTC", "_name"):
    globals().pop(_name)
