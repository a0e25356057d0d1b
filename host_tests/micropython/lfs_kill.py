"""The power goes at every octet that a save writes to flash, on a real LittleFS over RAM: nothing is lost.

    MICROPYPATH=lib:firmware micropython host_tests/micropython/lfs_kill.py [naive]

Flash as a chip has it: blocks of 4096 octets, erased to FF as a whole, programmed in pieces. A cut tears the
write it falls into: the octets before it are in flash, those after it are not, and the octet itself keeps
only some of its bits; an erase stops half way. From then on nothing reaches the flash. Then a fresh VfsLfs2
is mounted over what is left, and load() must give the text before or the text after, never anything else;
and the next save must work. Prints the count of cut points and of losses; ends with 1 when there are losses.

"naive" saves by removing the file and writing it anew: to see that this test does find losses.
"""

import json
import os
import sys

import vfs

import settings
from app import store

BLOCKS = 16
SIZE = 4096
ENDLESS = 1 << 30


class Flash:
    """A block device that counts what is written and loses its power at a chosen octet."""

    def __init__(self, octets=None):
        self.octets = bytearray(octets) if octets else bytearray(b"\xff" * (BLOCKS * SIZE))
        self.left = ENDLESS  # steps until the power goes: a step is an octet, or a third of an erase
        self.steps = 0
        self.writes = 0  # programs and erases begun

    def _last(self, wanted):
        """How many of these steps still happen."""
        if self.left < 0:
            return 0
        self.writes += 1
        done = min(wanted, self.left)
        self.steps += done
        self.left -= wanted
        return done

    def readblocks(self, block, buf, offset=0):
        """Read, for as long as there is power; the number returned becomes the OSError of whoever asked."""
        if self.left < 0:
            return -5
        at = block * SIZE + offset
        buf[:] = self.octets[at : at + len(buf)]
        return 0

    def writeblocks(self, block, buf, offset=None):
        """Program; without an offset the block is erased first."""
        if offset is None:
            self.ioctl(6, block)
            offset = 0
        if self.left < 0:
            return -5
        done = self._last(len(buf))
        at = block * SIZE + offset
        self.octets[at : at + done] = buf[:done]
        if self.left < 0:
            if done < len(buf):
                # Programming only clears bits: some of this octet's are cleared already.
                self.octets[at + done] &= buf[done] | 0x55
            return -5
        return 0

    def ioctl(self, op, arg):
        """Count of blocks, their size, erase."""
        if op == 4:
            return BLOCKS
        if op == 5:
            return SIZE
        if op == 6:
            done = self._last(3)
            at = arg * SIZE
            n = (0, SIZE // 3, SIZE // 2 + 1, SIZE)[done]
            self.octets[at : at + n] = b"\xff" * n
        return -5 if self.left < 0 else 0


def mounted(flash):
    """Mount and go there, as a device stands in the root of its flash."""
    vfs.mount(vfs.VfsLfs2(flash), "/flash")
    os.chdir("/flash")


def left():
    """Unmount; after a power cut the file system has nothing more to say."""
    os.chdir("/")
    vfs.umount("/flash")


def naive_save(name, text):
    """What must fail this test."""
    try:
        os.remove(name)
    except OSError:
        pass
    with open(name, "w") as f:
        f.write(text)


class Kill:
    """Cuts saves and counts."""

    def __init__(self, save):
        self.save = save
        self.cuts = 0
        self.losses = 0
        self.old = 0
        self.new = 0
        self.told = 0

    def _cut(self, before, name, texts, following, steps):
        """Save texts[1] over texts[0] with this many steps of power; True when the save came to its end."""
        flash = Flash(before)
        mounted(flash)
        flash.left = steps
        try:
            self.save(name, texts[1])
            ended = flash.left >= 0
        except OSError:
            ended = False
        left()
        after = Flash(flash.octets)
        try:
            mounted(after)
            said = []
            got = store.load(name, said.append)
            good = got in texts and (got == texts[1] or not ended)
            if good:
                self.old += got == texts[0]
                self.new += got == texts[1]
                self.told += len(said)
                # The device goes on as if nothing had been.
                self.save(name, following)
                good = store.load(name) == following
            left()
        except OSError:
            good = False
        if not ended:
            self.cuts += 1
        if not good:
            self.losses += 1
            if self.losses < 5:
                print("lost", name, "after", steps, "steps")
        return ended

    def everywhere(self, flash, name, old, new, steps=0, every=1):
        """Cut the save of `new` over `old` after these steps and each `every`th from there; then let it be.

        Returns how many steps and writes it took.
        """
        while not self._cut(flash.octets, name, (old, new), new + " ", steps):
            steps += every
        mounted(flash)
        writes = flash.writes
        begun = flash.steps
        self.save(name, new)
        left()
        return flash.steps - begun, flash.writes - writes


def config(n):
    """Text of a settings file of about 900 octets, another for each n."""
    given = {"wifi_ssid": f"network {n}", "mqtt_host": f"broker-{n}.example"}
    for key, length in (
        ("wifi_password", 63),
        ("mqtt_user", 90),
        ("mqtt_password", 250),
        ("mqtt_topic", 100),
        ("page_password", 64),
        ("name", 32),
        ("hostname", 32),
    ):
        given[key] = chr(97 + n % 26) * length
    s = settings.Settings(given)
    assert not s.problems
    return settings.dump(s)


def history(n):
    """A history of 900 octets: a hundred hours."""
    return json.dumps({"h": n}) + "".join(f" {n * 1000 + k:07d}" for k in range(111))


def main(save):
    """Run all saves; return the exit code."""
    kill = Kill(save)
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash)
    # The first save ever, the second (no generation before yet), and the third: at every octet.
    texts = [("settings.json", config), ("history", history)]
    for name, make in texts:
        old = ""
        for n in range(3):
            new = make(n)
            steps, writes = kill.everywhere(flash, name, old, new)
            print(f"{name}, save {n}: {len(new)} octets, {writes} writes, {steps} steps, cut after each")
            old = new
    # Then many more, to meet what the file system does seldom (its log of a folder is full and is moved).
    for n in range(3, 30):
        for name, make in texts:
            kill.everywhere(flash, name, make(n - 1), make(n), n, 37)
    print(f"after a cut: the old text {kill.old} times, the new one {kill.new} times;", end=" ")
    print(f"{kill.told} times another generation was told of")
    print(f"cut points {kill.cuts}, losses {kill.losses}")
    return 1 if kill.losses else 0


if __name__ == "__main__":
    sys.exit(main(naive_save if sys.argv[1:] == ["naive"] else store.save))
