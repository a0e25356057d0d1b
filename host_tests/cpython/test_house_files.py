"""No file of the repository tells where it was made, names a package registry, or holds a captured frame."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

SHARED = house.ROOT.parent / "shared" / "frames"
# Folders that every machine has: their names alone tell nothing.
COMMON = ("/", "/home", "/tmp", "/usr", "/opt", "/var", "/srv", "/mnt", "/builds")


def machine_paths(root=house.ROOT, home=None):
    """Patterns of this machine's folders: the one around the checkout, and the home folder."""
    folders = {str(root.parent), str(home or Path.home())} - set(COMMON)
    return [re.compile(r"(?<![\w.-])" + re.escape(folder.rstrip("/")) + r"(?![\w.-])") for folder in folders]


def registry_hosts():
    """Patterns of package registries: the well-known ones, and those that pip is told of here."""
    hosts = {
        "pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "crates" + ".io", "ruby" + "gems.org",
        "proxy." + "golang.org", "ana" + "conda.org", "npm" + "js.com",
    }  # fmt: skip
    config = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(config, capture_output=True, text=True).stdout.splitlines()
    told += [value for name, value in os.environ.items() if name.upper().endswith(("INDEX_URL", "REGISTRY"))]
    for url in re.findall(r"https?://[^\s'\",]+", "\n".join(told)):
        host = urlsplit(url).hostname or ""
        if "." in host and not host.startswith("127."):
            hosts.add(host)
    return [re.compile(r"(?<![\w-])" + re.escape(host) + r"(?![\w-])", re.IGNORECASE) for host in hosts]


def mentions(files, patterns, what):
    """Complaints about lines of (name, text) files that hold a pattern; the line is not shown."""
    return [
        f"{name}:{number}: {what}"
        for name, text in files
        for number, line in enumerate(text.splitlines(), 1)
        if any(pattern.search(line) for pattern in patterns)
    ]


def texts():
    """Yield (path, text) of every file of the repository."""
    for path in house.tracked():
        yield path.relative_to(house.ROOT).as_posix(), path.read_bytes().decode("utf-8", "replace")


def needles(name, raw):
    """What of a captured frame must not be met: all, and each half of a long one, as bare hex digits."""
    if name.endswith(".hex"):
        lines = (line.split(b"#")[0] for line in raw.splitlines())
        digits = re.sub(r"\s", "", b"".join(lines).decode()).upper()
    else:
        digits = re.sub(rb"\s", b"", raw).hex().upper()
    if len(digits) < 320:
        return [digits] if len(digits) >= 60 else []
    half = len(digits) // 4 * 2
    return [digits[:half], digits[half:]]


def forms(raw):
    """A file's octets, its text without white space and the hex digits it spells, each as bare hex digits."""
    text = re.sub(rb"0[xX]|\\x", b"", raw)
    yield raw.hex().upper()
    yield re.sub(rb"\s", b"", raw).hex().upper()
    yield re.sub(rb"[^0-9A-Fa-f]", b"", text).decode().upper()


def captured(files, frames):
    """Complaints about (name, octets) files that hold one of the (name, octets) frames."""
    wanted = [(name, needle) for name, raw in frames for needle in needles(name, raw)]
    found = []
    for file, raw in files:
        hits = {name for form in forms(raw) for name, needle in wanted if needle in form}
        found += [f"{file}:1: holds the captured frame {name}" for name in sorted(hits)]
    return found


def shared_frames():
    """(name, octets) of the captured frames, none where the folder is not; public/ may be kept."""
    for path in sorted(SHARED.rglob("*")):
        name = path.relative_to(SHARED).as_posix()
        if path.suffix in (".hex", ".txt", ".bin") and not name.startswith("public/"):
            yield name, path.read_bytes()


def test_no_machine_paths():
    """A path that is right on one machine only is wrong in the repository."""
    house.tell(mentions(texts(), machine_paths(), "a path of this machine"))


def test_no_registry_hosts():
    """Where packages come from is the user's own setting."""
    house.tell(mentions(texts(), registry_hosts(), "the host of a package registry"))


def test_no_captured_frames():
    """People's frames hold their meters' numbers; only our own frames are kept."""
    files = [(path.relative_to(house.ROOT).as_posix(), path.read_bytes()) for path in house.tracked()]
    house.tell(captured(files, list(shared_frames())))


def test_tracked_files_are_seen():
    """The list is not empty by accident."""
    names = {path.relative_to(house.ROOT).as_posix() for path in house.tracked()}
    assert {"pyproject.toml", "lib/hanport/registers.py", ".ci/run"} <= names
    assert not any(name.startswith((".venv/", "build/")) for name in names)


@pytest.mark.parametrize("line", ["cd /somewhere/deep/main", "p='/somewhere/deep'", "see /people/anna/notes"])
def test_machine_paths_can_fail(line):
    """The folder around the checkout, and the home folder."""
    patterns = machine_paths(Path("/somewhere/deep/main"), Path("/people/anna"))
    assert mentions([("bad.md", "well\n" + line)], patterns, "a path") == ["bad.md:2: a path"]


def test_machine_paths_let_pass():
    """Longer names, relative paths, and folders that every machine has."""
    patterns = machine_paths(Path("/somewhere/deep/main"), Path("/people/anna"))
    assert not mentions([("good.md", "/somewhere/deeper a/somewhere/deep /people/annab")], patterns, "a path")
    assert not machine_paths(Path("/tmp/main"), Path("/"))


@pytest.mark.parametrize("line", ["https://files.python{}hosted.org/x", "see pypi{}.org", "PYPI{}.ORG"])
def test_registry_hosts_can_fail(line):
    """In a link, alone, in capitals; the names are put together here, for this file is looked at too."""
    assert mentions([("bad.md", line.format(""))], registry_hosts(), "a host") == ["bad.md:1: a host"]


def test_captured_frames_can_fail():
    """As hex in any layout, as octets, and as P1 text."""
    frame = random.Random(7).randbytes(200)
    line = b"/ABC5 test\r\n\r\n1-0:1.8.0(012345.678*kWh)\r\n1-0:2.8.0(000000.001*kWh)\r\n!1234\r\n"
    frames = [("maker/a.hex", frame.hex(" ").encode()), ("maker/b.txt", line)]
    rows = [frame.hex(" ")[at : at + 60] for at in range(0, 600, 60)]
    for bad in (
        "\n".join(rows).encode(),
        ('"' + '"\n    "'.join(rows) + '"').encode(),
        "".join(f"0x{octet:02X}, " for octet in frame).encode(),
        b"\x00\x01" + frame,
        frame[100:].hex().encode(),
        line.replace(b"\r\n", b"\n"),
    ):
        assert captured([("bad", bad)], frames), bad
    assert not captured([("good", bytes(reversed(frame)))], frames)
