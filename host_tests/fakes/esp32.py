"""Fakes of the ESP32's `esp32`: heap figures, non-volatile storage and the running partition."""

HEAP_DATA = 4
HEAP_EXEC = 1
WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True


def idf_heap_info(_=HEAP_DATA):
    """Regions of (total, free, largest, least free ever), as an idle ESP32 has them."""
    return [(113840, 61440, 53248, 50000)]


def mcu_temperature():
    return 41


def raw_temperature():
    return 106


class NVS:
    """Fakes a namespace of non-volatile storage: kept in the process, shared by equal names."""

    spaces = {}

    def __init__(self, namespace):
        self._values = NVS.spaces.setdefault(namespace, {})

    def _get(self, key):
        if key not in self._values:
            raise OSError(-4354, "ESP_ERR_NVS_NOT_FOUND")
        return self._values[key]

    def set_i32(self, key, value):
        self._values[key] = value

    def get_i32(self, key):
        return self._get(key)

    def set_blob(self, key, value):
        self._values[key] = bytes(value)

    def get_blob(self, key, buf):
        value = self._get(key)
        buf[: len(value)] = value
        return len(value)

    def erase_key(self, key):
        self._get(key)
        del self._values[key]

    def commit(self):
        pass


class Partition:
    """Fakes the one application partition of a board without a second slot."""

    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id=RUNNING):
        self.id = id

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=4096):
        return [Partition()] if type == Partition.TYPE_APP else []

    @staticmethod
    def mark_app_valid_cancel_rollback():
        pass

    def info(self):
        return (0, 0, 0x10000, 0x1F0000, "factory", False)

    def get_next_update(self):
        raise OSError(-261, "ESP_ERR_NOT_FOUND")
