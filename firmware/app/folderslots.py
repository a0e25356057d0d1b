"""The two slots of a chip without ROMFS: the folders a and b of its file system.

The image is a stream of files: length of the name (1), name, length (4, little-endian), octets; at the end a
length of 0. The file `index` in a slot holds that stream without the octets; it gets its name last, so a slot
with an index is whole.
"""

import os

from app import marker

_PIECE = 512
_NAME = 64  # longest name


def _remove(path):
    """Remove a folder and all in it; it may be missing."""
    try:
        entries = list(os.ilistdir(path))
    except OSError:
        return
    for entry in entries:
        name = path + "/" + entry[0]
        if entry[1] & 0x4000:
            _remove(name)
        else:
            os.remove(name)
    os.rmdir(path)


def _folder(path):
    try:
        os.mkdir(path)
    except OSError as e:
        if e.errno != 17:  # it is there already
            raise


def _good(name):
    """True for the names that a build makes: they stay inside of the slot."""
    for part in name.split("/"):
        if not part or part[0] == ".":
            return False
    return name != "index" and name != "index.new" and "\\" not in name


class FolderSlots:
    """Writes the slot that does not run."""

    kind = "files"

    def __init__(self):
        self.running = marker.running()
        self.idle = None if self.running is None else 1 - self.running
        self._root = os.getcwd()
        self._path = self._root + ("" if self._root[-1] == "/" else "/") + "ab"[self.idle or 0]
        self._index = None
        self._file = None

    def begin(self, size, files):
        """Empty the slot; False when so many octets in so many files do not fit."""
        self.close()
        try:
            # First of all: nothing of the old version may start from here on.
            os.remove(self._path + "/index")
        except OSError:
            pass
        _remove(self._path)
        state = os.statvfs(self._root)
        if size + files * state[0] > state[0] * state[3]:
            return False
        os.mkdir(self._path)
        self._index = open(self._path + "/index.new", "wb")
        self._head = bytearray(1 + _NAME + 4)
        self._have = 0  # octets of the head
        self._left = 0  # octets of the file
        self._ended = False
        return True

    def close(self):
        """Let go of all files: nothing more comes."""
        for f in (self._file, self._index):
            if f:
                f.close()
        self._file = self._index = None

    def write(self, octets):
        """Take octets as they come. Raises OSError, ValueError."""
        at = 0
        while at < len(octets):
            if self._ended:
                raise ValueError  # something after the end
            if self._file:
                n = min(self._left, len(octets) - at)
                self._file.write(octets[at : at + n])
                self._left -= n
                at += n
            else:
                self._head[self._have] = octets[at]
                self._have += 1
                at += 1
                if not self._headed():
                    continue
            if not self._left:
                self._file.close()
                self._file = None

    def _headed(self):
        """Look at the head so far; True when it is whole and its file open."""
        n = self._head[0]
        if n > _NAME:
            raise ValueError
        if n == 0:
            self._ended = True
            self._index.write(b"\0")
        if n == 0 or self._have < 5 + n:
            return False
        name = str(self._head[1 : 1 + n], "utf-8")
        if not _good(name):
            raise ValueError
        at = name.find("/")
        while at > 0:
            _folder(self._path + "/" + name[:at])
            at = name.find("/", at + 1)
        self._index.write(memoryview(self._head)[: 5 + n])
        self._left = int.from_bytes(self._head[1 + n : 5 + n], "little")
        self._file = open(self._path + "/" + name, "wb")
        self._have = 0
        return True

    def end(self):
        """No more comes. Raises OSError, ValueError."""
        whole = self._ended
        self.close()
        if not whole:
            raise ValueError

    def octets(self):
        """Yield what lies in the slot, in pieces, as the stream that it came from."""
        piece = bytearray(_PIECE)
        view = memoryview(piece)
        with open(self._path + "/index.new", "rb") as index:
            while True:
                head = index.read(1)
                yield head
                if head == b"\0" or not head:
                    return
                name = index.read(head[0])
                yield name
                yield index.read(4)
                with open(self._path + "/" + str(name, "utf-8"), "rb") as f:
                    while True:
                        n = f.readinto(piece)
                        if not n:
                            break
                        yield view[:n]

    def seal(self):
        """The slot is whole and checked: name its index. Raises OSError."""
        os.rename(self._path + "/index.new", self._path + "/index")
        return True
