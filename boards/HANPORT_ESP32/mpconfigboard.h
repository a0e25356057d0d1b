#include "../ESP32_GENERIC/mpconfigboard.h"

#undef MICROPY_HW_BOARD_NAME
#define MICROPY_HW_BOARD_NAME "Hanport on an ESP32"

// Mounted at /rom before anything runs: partition "romfs" of partitions.csv.
#define MICROPY_VFS_ROM (1)
