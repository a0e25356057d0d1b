"""Fakes of the ESP8266's `esp` (and the part ESP32 shares): a flash of 4 MB that is erased at the start.

Only sectors that were written take memory. As on flash, writing can only clear bits: a write without an
erase before it spoils the data here too.

HANPORT_FLASH in the environment names a file that keeps the flash over restarts of the process.

`supply` can cut the power: it counts three points for every erase and every write: before it, when half of it
is done, and just before its end. From the point `supply.cut` on there is only PowerCut, until restore().
"""

import os

SLEEP_NONE = 0
SLEEP_LIGHT = 1
SLEEP_MODEM = 2

SECTOR = 4096
SIZE = 4 * 1024 * 1024
ROM, ROM_SIZE = 0xB0000, 0x50000  # the ROMFS partition of FLASH_2M_ROMFS
BLANK = b"\xff" * SECTOR
sectors = {}


class PowerCut(BaseException):
    """The power went. No `except Exception` of the firmware may hold it."""


class Supply:
    """Counts the points at which the power could go, and cuts it at one of them."""

    def __init__(self):
        self.restore()

    def restore(self, cut=-1):
        """Power is there, until point `cut`."""
        self.cut = cut
        self.points = 0
        self.gone = False

    def fail(self):
        """The power goes now."""
        self.gone = True
        raise PowerCut

    def parts(self):
        """Called by what is about to change the flash: how many 16ths of it will be done."""
        if self.gone:
            raise PowerCut
        self.points += 3
        left = self.points - self.cut
        if self.cut < 0 or left not in (1, 2, 3):
            return 16
        if left == 3:
            self.fail()
        return 8 if left == 2 else 15


supply = Supply()


def _path():
    return os.getenv("HANPORT_FLASH")


def _load():
    """Take the flash from its file."""
    try:
        with open(_path(), "rb") as f:
            for number in range(SIZE // SECTOR):
                data = f.read(SECTOR)
                if data and data != BLANK:
                    sectors[number] = bytearray(data)
    except OSError:
        with open(_path(), "wb") as f:
            for _ in range(SIZE // SECTOR):
                f.write(BLANK)


def _changed(number):
    if _path():
        with open(_path(), "r+b") as f:
            f.seek(number * SECTOR)
            f.write(sectors.get(number, BLANK))


if _path():
    _load()


def rom():
    """What the ESP8266's vfs.rom_ioctl(2, 0) gives: the ROMFS partition, here as it is now."""
    whole = bytearray(ROM_SIZE)
    for at in range(0, ROM_SIZE, SECTOR):
        whole[at : at + SECTOR] = sectors.get((ROM + at) // SECTOR, BLANK)
    return memoryview(whole)


def flash_size():
    return SIZE


def flash_id():
    return 0x164020


def flash_user_start():
    return 0x100000


def flash_erase(number):
    if not 0 <= number < SIZE // SECTOR:
        raise OSError(5)
    parts = supply.parts()
    if parts < 16:
        if number in sectors:
            n = SECTOR // 16 * parts
            sectors[number][:n] = BLANK[:n]
            _changed(number)
        supply.fail()
    sectors.pop(number, None)
    _changed(number)


def flash_write(offset, data):
    if offset % 4 or len(data) % 4 or offset + len(data) > SIZE:
        raise OSError(22)
    data = bytes(data)
    parts = supply.parts()
    if parts < 16:
        data = data[: len(data) * parts // 16]
    while data:
        number, at = offset // SECTOR, offset % SECTOR
        part = data[: SECTOR - at]
        sector = sectors.setdefault(number, bytearray(BLANK))
        n = len(part)
        old = int.from_bytes(sector[at : at + n], "little")
        sector[at : at + n] = (old & int.from_bytes(part, "little")).to_bytes(n, "little")
        _changed(number)
        data = data[n:]
        offset += n
    if parts < 16:
        supply.fail()


def flash_read(offset, target):
    """Read into a buffer, or return so many octets when given a number, as the chip does."""
    buf = bytearray(target) if isinstance(target, int) else target
    done = 0
    while done < len(buf):
        number, at = (offset + done) // SECTOR, (offset + done) % SECTOR
        n = min(SECTOR - at, len(buf) - done)
        sector = sectors.get(number)
        buf[done : done + n] = (BLANK if sector is None else sector)[at : at + n]
        done += n
    return bytes(buf) if isinstance(target, int) else None


class Blocks:
    """What MicroPython's flashbdev is: the file system's part of the flash, as a block device."""

    def __init__(self, start=0x100000, count=64):
        self.start = start // SECTOR
        self.count = count

        self.dead = False  # set when the power went: files that are still open do nothing when collected

    def readblocks(self, number, buf, offset=0):
        if not self.dead:
            flash_read((self.start + number) * SECTOR + offset, buf)

    def writeblocks(self, number, buf, offset=None):
        if self.dead:
            return
        if offset is None:
            flash_erase(self.start + number)
            offset = 0
        flash_write((self.start + number) * SECTOR + offset, buf)

    def ioctl(self, request, argument):
        if request == 4:
            return self.count
        if request == 5:
            return SECTOR
        if request == 6 and not self.dead:
            flash_erase(self.start + argument)
        return 0


def check_fw():
    return True


def freemem():
    return 13488


def osdebug(*_):
    pass


def sleep_type(_=None):
    return SLEEP_MODEM


def set_native_code_location(start, length):
    pass
