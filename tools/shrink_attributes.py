"""Attributes of our classes get names that every interpreter has, for shrink.py: also those of other objects.

shrink_names.py renames what is only reached through `self`. Here a name gets one other name everywhere, where
all that can have it are classes of the program: one of them gives it; it is no name of the interpreter, of
its libraries or of a chip's modules; nothing outside spells it, and no text does. Two attributes share a name
when no class has both.
"""

import array
import ast
import asyncio
import collections
import hashlib
import io
import json
import re
import select
import socket
import struct
import types

from shrink_names import BUILTINS, FREE, NOT_ATTRIBUTES, reached, read_in
from shrink_trim import PROTOCOL

# What objects of MicroPython's own modules have: machine, network, esp, vfs, asyncio, select, cryptolib.
_CHIP = set(
    "accept active any atten baudrate bind bits block boot broadcast buf callback cancel channel close "
    "collect commit config connect datetime decrypt deepsleep deinit digest disconnect done drain duty "
    "duty_ns duty_u16 encrypt erase_key errno feed flush freq get_blob get_extra_info get_i32 "
    "get_next_update getaddrinfo getsockopt gmtime hexdigest hostname id ifconfig info init invert ioctl "
    "ipconfig ipoll irq isconnected isenabled key level lightsleep listen localtime low high mac "
    "makefile mark_app_valid_cancel_rollback memory mode mount modify name new nodename now off on "
    "parity password period phy_mode pin poll print_exception pull raw_temperature read read_timed read_u16 "
    "read_uv readblocks readexactly readfrom readfrom_mem readinto readline recv recvfrom register "
    "release reset reset_cause rssi run run_forever run_until_complete rxbuf scan script security send "
    "sendall sendbreak sendto server set set_blob set_boot set_exception_handler set_i32 setblocking "
    "setsockopt settimeout sleep sleep_ms ssid start state status stop sysname time timeout timeout_char "
    "toggle txbuf txdone txpower umount unregister update value version wait wait_closed wait_for_ms width "
    "wlan write writeblocks writeto aclose awrite awritestr coro data exc ph_key put get_nowait".split()
)
_KINDS = (
    str, bytes, bytearray, memoryview, dict, list, tuple, set, frozenset, int, float, object, type, range,
    slice, property, BaseException, OSError, ImportError, UnicodeError, StopIteration, array.array,
    collections.deque, collections.OrderedDict, hashlib.sha256(), io, io.BytesIO, io.StringIO, io.FileIO,
    json, re, re.Pattern, re.Match, select, socket, socket.socket, struct, types.GeneratorType,
    types.CoroutineType, asyncio, asyncio.Task, asyncio.Event, asyncio.Lock, asyncio.StreamReader,
    asyncio.StreamWriter, asyncio.Server, asyncio.AbstractEventLoop,
)  # fmt: skip


def world():
    """Names that objects which are not ours may have."""
    found = set(PROTOCOL) | _CHIP
    for kind in _KINDS:
        found.update(dir(kind))
    return found


class _Names:
    """Which names may go, and which classes have them."""

    def __init__(self, program):
        self.program = program
        self.families, self.places, self.others = reached(program)
        self.ours = [f for f in self.places if f in self.families.scopes and f not in self.families.foreign]
        self.taken = {family: set(self.places[family]) for family in self.ours}
        for node, scope in self.families.scopes.items():
            family = self.families.family(node)
            if family in self.taken:
                self.taken[family] |= read_in(scope)
        self.foreign = {
            name for family, mine in self.places.items() if family not in self.taken for name in mine
        }
        self.nodes = {}  # name -> [Attribute]
        for m in program.live:
            for node in m.nodes:
                if isinstance(node, ast.Attribute) and node not in program.resolved:
                    self.nodes.setdefault(node.attr, []).append(node)

    def free(self):
        """Names that only our classes have and that are reached in other ways than through self."""
        program = self.program
        shown = {name for m in program.live if m.name in program.escaped for name in m.scopes.module.names}
        barred = world() | program.external | self.foreign | shown
        found = {name for family in self.ours for name in self.places[family]} & self.others
        return sorted(
            name
            for name in found - barred
            if name[:2] != "__" and name in self.nodes and not program.spelt_in_texts(name)
        )

    def rename(self, name, new):
        """Give a name another one everywhere."""
        for node in self.nodes[name]:
            node.attr = new
        for family in self.ours:
            for node, field, index in self.places[family].get(name, ()):
                if index is None:
                    setattr(node, field, new)
                else:
                    getattr(node, field)[index] = new


def share(program):
    """Rename attributes of our classes."""
    names = _Names(program)
    barred = NOT_ATTRIBUTES | program.strings | program.keep | program.written
    pool = [name for name in [*FREE, *BUILTINS] if name not in barred]
    free = names.free()
    for name in sorted(free, key=lambda name: name not in program.written):  # the most awkward first
        homes = [family for family in names.ours if name in names.taken[family]]
        homes = names.ours if name in program.written else homes
        new = next((new for new in pool if not any(new in names.taken[home] for home in homes)), None)
        if new is None:
            continue
        names.rename(name, new)
        for home in homes:
            names.taken[home].add(new)
