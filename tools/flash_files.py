"""Puts Hanport on a board through the prompt of its MicroPython: mpremote's transport, a little code there.

An ESP8266 gets the ROMFS image into slot A of its partition, other chips get the files into folder a. Only
then are the markers removed, so that firmware/boot.py starts what is new; it and main.py come last. Whenever
this is cut off, the board has the old version, the new one, or its prompt.
"""

import argparse
import ast
import base64
import contextlib
import hashlib
import io
import re
import struct
import time

import serial
from mpremote.commands import do_romfs
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from flash_port import Bar, FlashError, why

PIECE = 768  # octets of a file at a time: less than 2 KiB of heap there
WATCHDOG_S = 1800
EVERY_S = 0.02  # boot.py takes longer
PATIENCE_S = 8  # until a prompt comes: a board that restarts takes its time
SLOWEST_S = 60  # for what is asked of a board: it may have a hundred files to remove
MARKERS = ("slot.0", "slot.1")
MANGLED = "did not arrive as they were sent: try again, with another cable if it happens again"

# What is asked of a board; each runs there and prints one line of Python.
FACTS = """
import gc, os, sys
import network
d = {"platform": sys.platform, "python": sys.implementation.version[:3], "mpy": sys.implementation._mpy & 255}
d["machine"] = getattr(sys.implementation, "_machine", "")
d["mac"] = bytes(network.WLAN(network.STA_IF).config("mac"))
s = os.statvfs(os.getcwd())
d["block"] = s[0]
d["names"] = os.listdir()
try:
    import vfs
    d["rom"] = len(vfs.rom_ioctl(2, 0))
except (ImportError, AttributeError, TypeError):
    d["rom"] = 0
try:
    from esp32 import Partition
    d["files"] = Partition.find(Partition.TYPE_DATA, label="vfs")[0].info()[2:4]
except (ImportError, IndexError):
    d["files"] = None
print(d)
"""
REMOVE = """
import os
def remove(path):
    try:
        entries = list(os.ilistdir(path))
    except OSError:
        return
    for e in entries:
        if e[1] & 0x4000:
            remove(path + "/" + e[0])
        else:
            os.remove(path + "/" + e[0])
    try:
        os.rmdir(path)
    except OSError:
        pass  # it was not there
def forget(path):
    try:
        os.remove(path)
    except OSError:
        pass
"""
ROOM = """
import os
b = %d
def held(path):
    n = 0
    try:
        for e in os.ilistdir(path):
            p = path + "/" + e[0]
            n += 2 * b + held(p) if e[1] & 0x4000 else -(-os.stat(p)[6] // b) * b
    except OSError:
        pass
    return n
print(os.statvfs(os.getcwd())[3] * b + held("a"))
"""
CHECK_FOLDER = """
import hashlib
h = hashlib.sha256()
b = bytearray(512)
m = memoryview(b)
with open("a/index.new", "rb") as index:
    while True:
        n = index.read(1)
        h.update(n)
        if n in (b"", b"\\0"):
            break
        name = index.read(n[0])
        h.update(name)
        h.update(index.read(4))
        with open("a/" + str(name, "utf-8"), "rb") as f:
            while True:
                n = f.readinto(b)
                if not n:
                    break
                h.update(m[:n])
print(h.digest())
"""
CHECK_ROM = """
import esp, hashlib
h = hashlib.sha256()
b = bytearray(4096)
for a in range(0, %d, 4096):
    esp.flash_read(0xb0000 + a, b)
    h.update(memoryview(b)[:min(4096, %d - a)])
print(h.digest())
"""


class NoAnswer(FlashError):
    """The board has no prompt on this cable."""


class Session:
    """The prompt of a board. facts: what it is and what lies on it."""

    def __init__(self, port, patience=None):
        """Takes the prompt, whatever runs there. Raises NoAnswer, FlashError."""
        try:
            self._board = SerialTransport(port, baudrate=115200, timeout=5)
        except TransportError:
            raise FlashError(why(OSError(0, "busy"), port)) from None
        try:
            self._reach(patience or PATIENCE_S)
            self._board.enter_raw_repl()
        except (TransportError, OSError) as error:
            self.close()
            raise NoAnswer(f"the board's prompt is lost: {error}") from None
        except NoAnswer:
            self.close()
            raise
        self.facts = self.ask(FACTS)

    def _reach(self, patience):
        """Ctrl-C until a prompt comes.

        So often that one falls into boot.py, should the first restart the board: main.py stays out then.
        """
        cable = self._board.serial
        cable.timeout = EVERY_S
        end = time.monotonic() + patience
        said = b""
        turns = 0
        while b">>> " not in said:
            if time.monotonic() > end:
                raise NoAnswer("no prompt of MicroPython on this cable")
            # Ctrl-B: whoever was here before may have left it in the raw mode.
            cable.write(b"\r\x02" if turns % 16 == 15 else b"\x03")
            said = said[-8:] + cable.read(4096)
            turns += 1
        # What is still on its way must not be taken for an answer.
        cable.timeout = 0.2
        while cable.read(4096):
            pass
        cable.timeout = 5

    def close(self):
        """Leave the prompt to others."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._board.close()

    def run(self, code):
        """What code prints there. Raises FlashError."""
        try:
            told, fault = self._board.exec_raw(code, timeout=SLOWEST_S)
        except (TransportError, OSError, struct.error) as error:
            raise FlashError(f"the board does not answer any more ({error}): try another cable") from None
        if fault:
            last = fault.decode("utf-8", "replace").strip().splitlines()[-1]
            raise FlashError(f"the board could not do as told: {last}")
        return told.decode()

    def ask(self, code):
        """The value that the last line of what code prints stands for. Raises FlashError."""
        return ast.literal_eval(self.run(code).strip().splitlines()[-1])

    @property
    def chip(self):
        """Name of its chip, as boards/*.py have it; None when MicroPython does not tell."""
        told = self.facts["machine"].rpartition(" with ")[2].lower().replace("-", "")
        found = re.match("esp32(s2|s3|c2|c3|c5|c6|h2|p4)?|esp8266", told)
        return found[0] if found else "esp8266" if self.facts["platform"] == "esp8266" else None

    def exists(self, name):
        """Whether a file or folder of this name is at the top."""
        return name in self.facts["names"]

    def read(self, name):
        """Octets of a small file."""
        code = f"with open({name!r}, 'rb') as f:\n p = f.read(256)\n while p:\n  print(p)\n  p = f.read(256)"
        return b"".join(ast.literal_eval(line) for line in self.run(code).split("\n") if line.strip())

    def write(self, name, octets, tick=None):
        """Write a file in pieces; tick(n) is told of each."""
        self.run(f"from binascii import a2b_base64 as u\nf = open({name!r}, 'wb')")
        for at in range(0, len(octets), PIECE):
            piece = octets[at : at + PIECE]
            self.run(f"f.write(u({base64.b64encode(piece)!r}))")
            if tick:
                tick(len(piece))
        self.run("f.close()")

    def replace(self, name, octets):
        """Write a file as firmware/app/store.py does, and forget the generation before it."""
        self.write(name + ".new", octets)
        self.run(REMOVE + f"forget({name + '.old'!r})\nos.rename({name + '.new'!r}, {name!r})")

    def stay(self):
        """Keep an ESP32's watchdog, which Hanport may have started, from ending this."""
        if self.facts["platform"] == "esp32":
            self.run(f"import machine\nw = machine.WDT(timeout={WATCHDOG_S * 1000})")

    def forget_markers(self):
        """From now on boot.py starts slot A."""
        self.run(REMOVE + "".join(f"forget({name!r})\n" for name in MARKERS))

    def reset(self):
        """Start the board anew and return its cable, still open. Nothing may be asked any more."""
        try:
            self._board.exec_raw_no_follow("import machine\nmachine.reset()")
        except (TransportError, OSError, struct.error):
            pass  # it may be gone before it has answered
        return self._board.serial


class _Said(io.TextIOBase):
    """What mpremote prints, to a bar."""

    def __init__(self, bar):
        self._bar = bar
        self.text = ""

    def write(self, text):
        self.text += text
        found = re.search(r"Writing at offset (\d+)", text)
        if found:
            self._bar.at(int(found[1]))
        return len(text)


class _State:
    """What mpremote's commands want of their caller."""

    def __init__(self, transport):
        self.transport = transport

    def ensure_raw_repl(self):
        """It is there already."""

    def did_action(self):
        """Nothing is done at the end."""


def put_romfs(session, image):
    """The ROMFS image into slot A of an ESP8266, read back. Raises FlashError."""
    octets = image.read_bytes()
    bar = Bar("romfs", len(octets))
    said = _Said(bar)
    bar.at(0)
    wanted = argparse.Namespace(command=["deploy"], path=str(image), partition=0, mpy=False)
    try:
        with contextlib.redirect_stdout(said):
            do_romfs(_State(session._board), wanted)
    except (Exception, SystemExit) as error:
        bar.failed()
        lines = [line for line in str(error).splitlines() + said.text.splitlines() if line.strip()]
        raise FlashError(f"the image could not be written: {lines[-1] if lines else error}") from None
    if session.ask(CHECK_ROM % (len(octets), len(octets))) != hashlib.sha256(octets).digest():
        bar.failed()
        raise FlashError(f"the image {MANGLED}")
    bar.done(f"{len(octets):,} octets in slot A, and read back")


def put_tree(session, tree, index, stream):
    """The files of a build into folder a, read back; its index last. stream: what the slot then is."""
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    names = [path.relative_to(tree).as_posix() for path in files]
    folders = sorted({"/".join(name.split("/")[:n]) for name in names for n in range(1, name.count("/") + 1)})
    total = sum(path.stat().st_size for path in files)
    block = session.facts["block"]
    free = session.ask(ROOM % block)  # with what lies in the folder now
    needed = sum(-(-path.stat().st_size // block) * block for path in files) + (len(folders) + 4) * 2 * block
    if needed > free:
        raise FlashError(
            f"not enough room on the board: {needed:,} octets are needed and {free:,} are free; remove files "
            "of yours, or begin anew with FIRMWARE=... ERASE=1"
        )
    # The index first: what is half removed must not start.
    session.run(REMOVE + "forget('a/index')\nremove('a')\n")
    session.run("import os\nos.mkdir('a')\n" + "".join(f"os.mkdir({'a/' + name!r})\n" for name in folders))
    bar = Bar("files", total)
    done = 0

    def tick(n):
        nonlocal done
        done += n
        bar.at(done)

    bar.at(0)
    try:
        for path, name in zip(files, names, strict=True):
            session.write("a/" + name, path.read_bytes(), tick)
        session.write("a/index.new", index)
        if session.ask(CHECK_FOLDER) != hashlib.sha256(stream).digest():
            raise FlashError(f"the files {MANGLED}")
        session.run("import os\nos.rename('a/index.new', 'a/index')")
    except FlashError:
        bar.failed()
        raise
    bar.done(f"{len(files)} files, {total:,} octets in folder a, and read back")
