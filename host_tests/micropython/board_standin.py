"""A board as its cable sees it: boot.py, main.py, and the prompt of MicroPython with its raw mode.

    micropython board_standin.py PLATFORM MACHINE MODE        in the folder that is the board's file system

Started by host_tests/cpython/board_unit.py, which holds the pseudo-terminal that stdin and stdout are, and
starts it anew when it ends: RESET after machine.reset(), SOFT after Ctrl-D in the prompt. The flash with the
ROMFS partition is host_tests/fakes/esp.py, the rest of the chip are the other fakes. The unix port's own
prompt has no raw mode, so here is one, by the protocol of MicroPython's documentation (raw REPL, raw paste).
As on a chip, Ctrl-C ends what runs, and when boot.py falls main.py is not started.
HANPORT_BLOCKS: how many blocks the file system has free.
"""

import asyncio
import builtins
import os
import select
import sys

import esp
import esp32
import micropython
import vfs

PLATFORM, MACHINE, MODE = sys.argv[1:4]
SOFT = 4
WINDOW = 128
CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"

keys = sys.stdin.buffer
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
tell = print
attached = [True]  # whether the prompt has the cable


class Over:
    """A module with some names replaced."""

    def __init__(self, under, **names):
        self._under = under
        for name in names:
            setattr(self, name, names[name])

    def __getattr__(self, name):
        return getattr(self._under, name)


def shown(*words, **how):
    """print(), while the console has the cable."""
    if attached[0]:
        tell(*words, **how)


def send(octets):
    """Octets to the cable, as they are."""
    if attached[0]:
        sys.stdout.buffer.write(octets)


def dupterm(stream, slot=0):
    """os.dupterm of the ESP8266: slot 1 is the cable."""
    attached[0] = stream is not None


def rom_ioctl(request, number=0, *more):
    """vfs.rom_ioctl of an ESP8266 with one partition."""
    if request == 1:
        return 1
    if number:
        return -22
    if request == 2:
        return esp.rom()
    if request == 3:
        for at in range(0, more[0], esp.SECTOR):
            esp.flash_erase((esp.ROM + at) // esp.SECTOR)
        return 4
    if request == 4:
        esp.flash_write(esp.ROM + more[0], more[1])
        return 0
    return -22


Found = esp32.Partition


class Partition(Found):
    """esp32.Partition of a chip whose file system is where MicroPython has it in 4 MB."""

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=4096):
        """The one of that name."""
        return [Partition()] if label == "vfs" else Found.find(type, subtype, label)

    def info(self):
        """(type, subtype, start, size, name, encrypted)."""
        return (1, 0x81, 0x200000, 0x200000, "vfs", False)


def statvfs(path):
    """os.statvfs of a file system with so many blocks free."""
    free = int(os.getenv("HANPORT_BLOCKS") or 500)
    return (4096, 4096, 512, free, free, 0, 0, 0, 0, 255)


def dress():
    """Make the modules what they are on this chip."""
    host = sys.path[2:]  # behind the folder of this file and .frozen
    rom = ["/rom", "/rom/lib"] if PLATFORM == "esp8266" else []
    sys.path[:] = ["", ".frozen"] + rom + ["/lib"] + host
    here = Over(sys.implementation, _machine=MACHINE)
    sys.modules["sys"] = Over(sys, platform=PLATFORM, path=sys.path, implementation=here)
    more = {"dupterm": dupterm} if PLATFORM == "esp8266" else {}
    sys.modules["os"] = Over(os, statvfs=statvfs, **more)
    sys.modules["micropython"] = Over(micropython, kbd_intr=lambda key: None)
    if PLATFORM == "esp32":
        esp32.Partition = Partition
    if PLATFORM == "esp8266":
        sys.modules["vfs"] = Over(vfs, rom_ioctl=rom_ioctl)
        try:
            vfs.mount(vfs.VfsRom(esp.rom()), "/rom")
        except OSError:
            pass
    builtins.print = shown


def pressed():
    """True when Ctrl-C waits on the cable; what else came is gone, as when nobody reads it."""
    found = False
    while poller.poll(0):
        found = keys.read(1) == CTRL_C or found
    return found and attached[0]


async def _listen():
    while True:
        await asyncio.sleep_ms(20)
        if pressed():
            raise KeyboardInterrupt


def watched(run):
    """asyncio.run that Ctrl-C ends."""

    async def both(main):
        asyncio.create_task(_listen())
        return await main

    return lambda main: run(both(main))


def start(name, space):
    """Run boot.py or main.py; False when it fell."""
    try:
        with open(name) as f:
            text = f.read()
    except OSError:
        return True
    try:
        if pressed():
            raise KeyboardInterrupt
        exec(compile(text, name, "exec"), space)
        return True
    except SystemExit:
        raise
    except BaseException as fault:
        complain(fault)
        return False


def complain(fault):
    """A traceback on the cable."""
    if attached[0]:
        sys.print_exception(fault)


class Prompt:
    """Both modes of the prompt."""

    def __init__(self, space, raw):
        self._space = space
        self._raw = raw
        self._line = b""

    def run(self):
        """For ever, until SystemExit."""
        self._greet()
        while True:
            c = keys.read(1)
            if not c:
                raise SystemExit(0)
            if not attached[0]:
                continue
            if self._raw:
                self._raw_key(c)
            else:
                self._friendly_key(c)

    def _greet(self):
        self._line = b""
        if self._raw:
            send(b"raw REPL; CTRL-B to exit\r\n>")
        else:
            send(b"MicroPython v1.29.0 on 2026-08-01; %s\r\n>>> " % MACHINE.encode())

    def _friendly_key(self, c):
        # Enough for who wants the raw mode; what a person types is not run.
        if c == CTRL_D:
            soft_reset("friendly")
        elif c in (CTRL_A, CTRL_B):
            self._raw = c == CTRL_A
            send(b"\r\n")
            self._greet()
        elif c in (b"\r", CTRL_C):
            send(b"\r\n>>> ")

    def _raw_key(self, c):
        if c == CTRL_A and self._line == CTRL_E + b"A":
            self._paste()
        elif c in (CTRL_A, CTRL_B):
            self._raw = c == CTRL_A
            self._greet()
        elif c == CTRL_C:
            self._line = b""
        elif c == CTRL_D:
            send(b"OK")
            if not self._line:
                send(b"\r\n")
                soft_reset("raw")
            self._do(self._line)
        else:
            self._line += c

    def _paste(self):
        """Raw paste: the sender may be two windows ahead."""
        send(b"R\x01" + bytes((WINDOW & 255, WINDOW >> 8)) + b"\x01")
        text = bytearray()
        while True:
            c = keys.read(1)
            if c in (CTRL_C, CTRL_D, b""):
                send(CTRL_D)
                break
            text.extend(c)
            if len(text) % WINDOW == 0:
                send(b"\x01")
        self._do(bytes(text))

    def _do(self, text):
        self._line = b""
        fault = None
        try:
            exec(compile(str(text, "utf-8"), "<stdin>", "exec"), self._space)
        except SystemExit:
            raise
        except BaseException as e:
            fault = e
        send(CTRL_D)
        if fault:
            complain(fault)
        send(CTRL_D + b">")


def soft_reset(mode):
    """End, to be started anew with the heap fresh and RTC memory kept."""
    send(b"MPY: soft reboot\r\n")
    raise SystemExit(SOFT + (mode == "raw"))


def main():
    """As the chip does after a reset."""
    dress()
    space = {"__name__": "__main__"}
    real = asyncio.run
    asyncio.run = watched(real)
    whole = start("boot.py", space)
    if MODE != "raw" and whole:
        start("main.py", space)
    asyncio.run = real
    Prompt(space, MODE == "raw").run()


main()
