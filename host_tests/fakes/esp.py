"""Fakes of the ESP8266's `esp` (and the part ESP32 shares): a flash of 4 MB that is erased at the start.

Only sectors that were written take memory. As on flash, writing can only clear bits: a write without an
erase before it spoils the data here too.
"""

SLEEP_NONE = 0
SLEEP_LIGHT = 1
SLEEP_MODEM = 2

SECTOR = 4096
SIZE = 4 * 1024 * 1024
sectors = {}


def flash_size():
    return SIZE


def flash_id():
    return 0x164020


def flash_user_start():
    return 0x100000


def flash_erase(number):
    if not 0 <= number < SIZE // SECTOR:
        raise OSError(5)
    sectors.pop(number, None)


def flash_write(offset, data):
    if offset % 4 or len(data) % 4 or offset + len(data) > SIZE:
        raise OSError(22)
    for i in range(len(data)):
        number = (offset + i) // SECTOR
        if number not in sectors:
            sectors[number] = bytearray(b"\xff" * SECTOR)
        sectors[number][(offset + i) % SECTOR] &= data[i]


def flash_read(offset, target):
    """Read into a buffer, or return so many octets when given a number, as the chip does."""
    buf = bytearray(target) if isinstance(target, int) else target
    for i in range(len(buf)):
        sector = sectors.get((offset + i) // SECTOR)
        buf[i] = 0xFF if sector is None else sector[(offset + i) % SECTOR]
    return bytes(buf) if isinstance(target, int) else None


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
