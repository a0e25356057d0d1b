"""Freezes all of Hanport into your MicroPython: after `make build BOARD=pow_u`, in your board's manifest

    include("$(PORT_DIR)/boards/manifest.py")
    include("/path/to/hanport/boards/manifest.py", board="pow_u")

What is frozen takes no heap but for its objects. The pages cannot be frozen: copy build/pow_u/tree/www to the
device's file system as /www. A device with all of it frozen is updated by flashing it anew.
"""

options.defaults(board="generic_esp32")

# Compiled already, with the board's constants, its version and the machine code of its chip.
tree = "../build/" + options.board + "/tree"

freeze(tree + "/lib")
for room in ("app", "board_config.mpy"):
    freeze(tree, room)

# umqtt comes with the port's own manifest.
module("boot.py", base_path="../firmware", opt=3)
module("main.py", base_path="../firmware", opt=3)
