# MicroPython's generic module of this chip, with a ROMFS partition for Hanport's image.
include(${CMAKE_CURRENT_LIST_DIR}/../ESP32_GENERIC/mpconfigboard.cmake)

list(APPEND SDKCONFIG_DEFAULTS ${MICROPY_BOARD_DIR}/sdkconfig.board)

# The loader is frozen; all else of Hanport lies in the ROMFS. The manifest and the two files that it names are
# put here by tools/make_firmware.py.
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
