"""Updates on a simulated flash with firmware/boot.py as it is; started by host_tests/cpython/test_update.py.

    micropython update_bench.py FOLDER CHIP SCENARIO

FOLDER holds the packages and facts.json. The flash is host_tests/fakes/esp.py: LittleFS lies in it as on a
chip, and on ESP8266 the two slots. A boot runs boot.py with a fresh sys.path, then looks which version can be
imported and whether each octet of it is there. Prints "name: value" lines.
"""

import json
import os
import sys
from hashlib import sha256

import esp
import machine
import micropython
import vfs

from app import folderslots, marker, romslots, update

FOLDER, CHIP, SCENARIO = sys.argv[1:4]
HOST_PATH = list(sys.path)
calls = []  # what boot.py asked of the console


class Over:
    """A module with some names replaced."""

    def __init__(self, under, **names):
        self._under = under
        for name in names:
            setattr(self, name, names[name])

    def __getattr__(self, name):
        return getattr(self._under, name)


sys.modules["sys"] = Over(sys, platform=CHIP, path=sys.path)
sys.modules["os"] = Over(os, dupterm=lambda *a: calls.append(("dupterm",) + a))
sys.modules["micropython"] = Over(micropython, kbd_intr=lambda *a: calls.append(("kbd_intr",) + a))
sys.modules["vfs"] = Over(vfs, rom_ioctl=lambda *a: esp.rom() if a == (2, 0) else None)


def read(name):
    """Octets of a file of this machine."""
    with open(FOLDER + "/" + name, "rb") as f:
        return f.read()


with open(sys.argv[4]) as f:
    BOOT = compile(f.read(), "boot.py", "exec")
FACTS = json.loads(read("facts.json"))
PUBLIC = bytes.fromhex(FACTS["public"]) if FACTS["public"] else None
DATA = {name: bytes.fromhex(FACTS["data"][name]) for name in FACTS["data"]}
PACKAGES = {name: read(name + ".upd") for name in ("old", "new", "third")}
SETTINGS = '{"mqtt_host": "broker.example", "history": "' + "0123456789" * 60 + '"}'


class Device:
    """One device; its memory is what the process keeps, its flash is esp.sectors."""

    def __init__(self):
        self.blocks = esp.Blocks()
        self.power_off()
        esp.sectors.clear()
        esp.supply.restore()
        vfs.VfsLfs2.mkfs(esp.Blocks())
        self.mount()
        with open("settings.json", "w") as f:
            f.write(SETTINGS)
        image = body(PACKAGES["old"])
        if CHIP == "esp8266":
            esp.flash_write(esp.ROM, image + bytes(-len(image) % 4))
        else:
            unpack(image, "a")
        self.unmount()

    def mount(self):
        self.blocks = esp.Blocks()
        vfs.mount(vfs.VfsLfs2(self.blocks), "/flash")
        os.chdir("/flash")

    def unmount(self):
        """All files that are still open are gone, as their writers are."""
        self.blocks.dead = True
        os.chdir("/")
        for place in ("/rom", "/flash"):
            try:
                vfs.umount(place)
            except OSError:
                pass

    def reset(self):
        """Restart with RTC memory kept; returns the version that runs, None for none."""
        self.unmount()
        sys.path[:] = ["", ".frozen", "/rom", "/rom/lib"] + HOST_PATH
        for name in ("hanport_version", "hanport_probe"):
            sys.modules.pop(name, None)
        self.mount()
        exec(BOOT, {"__name__": "__main__"})
        try:
            from hanport_version import VERSION
        except ImportError:
            return None
        place = "/rom" if CHIP == "esp8266" else "/flash/" + "ab"[marker.running()]
        with open(place + "/data.bin", "rb") as f:
            assert sha256(f.read()).digest() == DATA[VERSION], "torn " + VERSION
        with open("settings.json") as f:
            assert f.read() == SETTINGS, "settings are lost"
        return VERSION

    def power_off(self):
        """RTC memory is lost; the flash is not."""
        machine.RTC.kept = b""
        self.unmount()

    def state(self):
        """All that survives, to come back to."""
        return {n: bytes(esp.sectors[n]) for n in esp.sectors}, machine.RTC.kept

    def back(self, state):
        """Be as then, switched off."""
        esp.supply.restore()
        self.unmount()
        esp.sectors.clear()
        for n in state[0]:
            esp.sectors[n] = bytearray(state[0][n])
        machine.RTC.kept = state[1]


def body(package):
    """The image of a package."""
    return package[package.index(b"\n", package.index(b"\n") + 1) + 1 :]


def unpack(image, slot):
    """Put a stream of files into a folder, as who installs by cable does."""
    at = 0
    index = bytearray()
    os.mkdir(slot)
    while image[at]:
        n = image[at]
        name = str(image[at + 1 : at + 1 + n], "utf-8")
        size = int.from_bytes(image[at + 1 + n : at + 5 + n], "little")
        index.extend(image[at : at + 5 + n])
        at += 5 + n
        if "/" in name and name.split("/")[0] not in os.listdir(slot):
            os.mkdir(slot + "/" + name.split("/")[0])
        with open(slot + "/" + name, "wb") as f:
            f.write(image[at : at + size])
        at += size
    with open(slot + "/index", "wb") as f:
        f.write(index + b"\0")


def new_update(public=PUBLIC, held=False, low=False):
    """An Update over this chip's slots."""
    slots = romslots.RomSlots() if CHIP == "esp8266" else folderslots.FolderSlots()
    facts = FACTS["board"], FACTS["chip"], sys.implementation._mpy, public
    return update.Update(slots, facts, lambda: held, lambda: low)


def install(package, activate=True, piece=700, **how):
    """Take a package in pieces; returns the fault or None."""
    u = new_update(**how)
    for at in range(0, len(package), piece):
        fault = u.feed(memoryview(package)[at : at + piece])
        if fault:
            assert u.activate() == update.NOT_ALLOWED
            return fault
    return u.finish() or (u.activate() if activate else None)


def there_and_back():
    """old in A, new to B, third to A; in pieces of every kind."""
    d = Device()
    print("fresh:", d.reset())
    print("console:", calls[:2])
    for name, piece in (("new", 1), ("third", 5), ("new", 4096), ("third", 100000)):
        assert install(PACKAGES[name], piece=piece) is None
        print("running before the restart:", FACTS["names"][marker.running()])
        print("then:", d.reset(), FACTS["names"][marker.running()], "on trial", marker.trial())
        marker.confirm()
        assert not marker.trial()
        d.power_off()
        print("after power off:", d.reset())


def trial():
    """Three starts without confirm() fall back, warm or cold; after confirm() none does."""
    for kind in ("warm", "cold", "mixed"):
        d = Device()
        d.reset()
        assert install(PACKAGES["new"]) is None
        seen = []
        for n in range(6):
            if n and (kind == "cold" or (kind == "mixed" and n % 2)):
                d.power_off()
            seen.append(d.reset())
        print(kind + ":", " ".join(seen))
        assert not marker.trial()
    d = Device()
    d.reset()
    assert install(PACKAGES["new"]) is None
    seen = [d.reset(), d.reset(), d.reset()]
    marker.confirm()
    for n in range(9):
        if n % 2:
            d.power_off()
        seen.append(d.reset())
    print("confirmed:", " ".join(seen))
    # RTC memory with other people's octets after the first 16 keeps them.
    machine.RTC().memory(machine.RTC.kept[:12] + b"1234others")
    d.reset()
    print("others:", machine.RTC.kept[12:])
    machine.RTC.kept = b"rubbish" * 9
    print("rubbish in RTC memory:", d.reset())


def damaged():
    """A damaged marker, a damaged slot, none at all."""
    d = Device()
    d.reset()
    assert install(PACKAGES["new"]) is None
    d.reset()
    marker.confirm()
    serial = marker.marked()[2]
    good = d.state()
    for cut in range(12):
        d.back(good)
        d.mount()
        with open(f"slot.{serial & 1}", "wb") as f:
            f.write(b"HM\x01\x00rubbish!"[:cut])
        assert d.reset() == "new", cut  # the marker before says: new, on trial
    d.back(good)
    d.mount()
    for name in ("slot.0", "slot.1"):
        with open(name, "wb") as f:
            f.write(b"\xff" * 12)
    print("no whole marker:", d.reset())
    for slots, words in (((1,), "marked slot gone:"), ((0, 1), "both gone:")):
        d.back(good)
        d.mount()
        for slot in slots:
            if CHIP == "esp8266":
                esp.flash_erase((esp.ROM + slot * romslots.SIZE) // esp.SECTOR)
            else:
                os.remove("ab"[slot] + "/index")
        print(words, d.reset())


def refusals():
    """Each package of refused.json, with the words it gets; afterwards the old version runs."""
    d = Device()
    for name in json.loads(read("refused.json")):
        version = d.reset()
        assert version == "old", name
        how = {"held": name.endswith("-held"), "low": name.startswith("low")}
        if name.startswith("keyless"):
            how["public"] = None
        print(name + ":", install(read(name + ".upd"), **how))
        d.reset()
        if marker.trial():
            d = Device()
    d.reset()
    u = new_update()
    print("nothing sent:", u.finish())
    print("not finished:", u.activate())
    machine.RTC.kept = b""
    print("no loader:", install(PACKAGES["new"]))


class Cuts:
    """Cuts the power at every point of an action and looks what starts then."""

    def __init__(self, device):
        self.device = device
        self.points = self.runs = self.losses = 0

    def every(self, words, action, allowed):
        """From the device's present state, with the slot started. Prints how many points and what came."""
        d = self.device
        start = d.state()
        esp.supply.restore()
        action()
        total = esp.supply.points
        came = {}
        for point in range(total):
            # RTC memory is kept by a reset and lost with the power: both, in long actions by turns.
            for kept in (False, True) if total < 20 else (point % 2 == 0,):
                d.back(start)
                d.mount()
                machine.RTC.kept = start[1]
                esp.supply.restore(point)
                try:
                    action()
                    raise ValueError(f"no cut at point {point}")
                except esp.PowerCut:
                    pass
                rtc = machine.RTC.kept if kept else b""
                d.power_off()
                esp.supply.restore()
                machine.RTC.kept = rtc
                self.runs += 1
                try:
                    version = d.reset()
                    self.goes_on(version)
                except Exception as e:
                    sys.print_exception(e)
                    version = None
                came[version] = came.get(version, 0) + 1
                if version not in allowed:
                    print("lost at point", point, "of", words, "runs", version)
                    self.losses += 1
        self.points += total
        d.back(start)
        print(f"{words}:", total, "cut points,", came)

    def goes_on(self, version):
        """After the cut all must work: confirm, or fall back, or update again."""
        d = self.device
        marker.confirm()
        assert d.reset() == version, "it does not stay"
        assert install(PACKAGES["third"]) is None, "the next update fails"
        assert d.reset() == "third"


def cuts():
    """All that writes: the update, the first start, the confirmation, cold starts, the fall back."""
    d = Device()
    d.reset()
    c = Cuts(d)
    every = c.every

    def whole():
        assert install(PACKAGES["new"]) is None

    every("update", whole, ("old", "new"))
    d.reset()
    whole()
    every("first start", d.reset, ("old", "new"))
    d.reset()
    every("confirm", marker.confirm, ("new",))
    d.power_off()
    every("cold start on trial", d.reset, ("old", "new"))
    d.reset()
    d.reset()
    assert d.reset() == "new"
    every("fall back", d.reset, ("old", "new"))
    assert d.reset() == "old"
    # The second update erases a slot that holds a whole version, and the first marker is written over.
    every("update again", whole, ("old", "new"))
    print("cut points", c.points)
    print("runs", c.runs)
    print("losses", c.losses)


{"there": there_and_back, "trial": trial, "damaged": damaged, "refusals": refusals, "cuts": cuts}[SCENARIO]()
