"""Updates over two slots: every refusal in words, three starts on trial, and the power cut at every write."""

import hashlib
import json
import os
import random
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

import build  # noqa: E402
import ed25519  # noqa: E402
import keys  # noqa: E402
import package  # noqa: E402

HOST = house.ROOT / "host_tests"
CHIPS = {"esp8266": "generic_esp8266", "esp32s2": "pow_u"}
KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()
SIZES = {"old": 9000, "new": 19500, "third": 5000}  # octets of data, which end inside of a sector


def staged(folder, version):
    """A small version: a module that names it, and data."""
    stage = folder / version
    (stage / "lib").mkdir(parents=True)
    source = folder / "hanport_version.py"
    source.write_text(f'VERSION = "{version}"\n')
    build.compile_file(source, source.name, stage / "lib" / "hanport_version.mpy")
    data = random.Random(version).randbytes(SIZES[version])
    (stage / "data.bin").write_bytes(data)
    (stage / "empty.bin").write_bytes(b"")
    return stage, data


class Bench:
    """A folder with packages for one chip, and the script that uses them."""

    def __init__(self, folder, chip):
        self.folder = folder
        self.chip = chip
        self.manifest = {
            "product": "hanport",
            "version": "1.2.3",
            "board": CHIPS[chip],
            "chip": chip,
            "mpy": 6,
            "kind": package.kind_of(chip),
            "files": 3,
        }
        self.images = {}
        hashes = {}
        for version in SIZES:
            stage, data = staged(folder, version)
            if chip == "esp8266":
                build.write_image(stage, folder / f"{version}.romfs")
                self.images[version] = (folder / f"{version}.romfs").read_bytes()
            else:
                self.images[version] = package.stream(stage)[0]
            hashes[version] = hashlib.sha256(data).hexdigest()
            self.put(version, self.pack(version))
        facts = {
            "board": CHIPS[chip],
            "chip": chip,
            "public": keys.public_digits(KEY),
            "data": hashes,
            "names": "AB",
        }
        (folder / "facts.json").write_text(json.dumps(facts))

    def pack(self, version="new", key=KEY, image=None, **changed):
        """A package, with some of its manifest changed."""
        image = self.images[version] if image is None else image
        return package.pack({**self.manifest, **changed}, image, key)

    def put(self, name, octets):
        """Write a package."""
        (self.folder / f"{name}.upd").write_bytes(octets)

    def run(self, scenario):
        """Run a scenario; return its lines as {name: value} and all it said."""
        path = [HOST / "fakes", house.ROOT / "firmware", house.ROOT / "lib"]
        environment = {**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"])}
        for name in ("HANPORT_RTC", "HANPORT_FLASH"):
            environment.pop(name, None)
        platform = "esp8266" if self.chip == "esp8266" else "esp32"
        command = [house.MICROPYTHON, "-X", "heapsize=24M", HOST / "micropython" / "update_bench.py"]
        command += [self.folder, platform, scenario, house.ROOT / "firmware" / "boot.py"]
        done = subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stdout + done.stderr
        # MicroPython prints a line for a file that was open when its power went, once that is collected.
        lines = [line.partition(": ") for line in done.stdout.splitlines() if line[:7] != "OSError"]
        return [(name, value) for name, _, value in lines], done.stdout


@pytest.fixture(scope="module", params=CHIPS)
def bench(request, tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("update"), request.param)


def test_there_and_back(bench):
    """A to B to A to B to A, each confirmed; the pieces may have any size."""
    told, _ = bench.run("there")
    assert told[0] == ("fresh", "old")
    wanted = "[('kbd_intr', -1), ('dupterm', None, 1)]" if bench.chip == "esp8266" else "[]"
    assert told[1] == ("console", wanted)
    rows = [value for _, value in told[2:]]
    assert rows == [
        *("A", "new B on trial True", "new", "B", "third A on trial True", "third"),
        *("A", "new B on trial True", "new", "B", "third A on trial True", "third"),
    ]


def test_three_starts_on_trial(bench):
    """Three without confirm(), whether the chip was reset or lost its power; confirmed it stays."""
    told = dict(bench.run("trial")[0])
    assert told["warm"] == "new new new old old old"
    assert told["cold"] == "new new new old old old"
    assert told["mixed"].startswith("new new new") and told["mixed"].endswith("old")
    assert told["confirmed"] == " ".join(["new"] * 12)
    assert told["others"] == "b'1234others'"
    assert told["rubbish in RTC memory"] == "new"


def test_damaged_marker_and_slots(bench):
    """Half a marker leaves the one before it; no marker means A; a slot that is gone leaves the other."""
    told = dict(bench.run("damaged")[0])
    assert told == {"no whole marker": "old", "marked slot gone": "old", "both gone": "None"}


def flipped(octets, at):
    """One bit of it the other way round."""
    changed = bytearray(octets)
    changed[at] ^= 4
    return bytes(changed)


def test_refusals(bench):
    """One plain sentence each; the old version runs on, and only what is right is taken."""
    good = bench.pack()
    head = good.index(b"\n")
    image_at = good.index(b"\n", head + 1) + 1
    other = "pow_u" if bench.chip == "esp8266" else "generic_esp8266"
    unsigned = bench.pack(key=None)
    of_third = bench.pack("third").split(b"\n", 2)[1] + b"\n"
    digit = b"1" if good[image_at - 2] == ord("0") else b"0"
    not_whole = bench.images["new"][:-9]
    native = 6 | 3 << 8 | 9 << 10  # xtensa: this machine runs other code
    no_pack = "This is not a Hanport update file."
    damaged = "The update file arrived damaged or incomplete; please upload it again."
    not_ours = "This update was not signed by the key that this device trusts."
    hold = "This update is not signed: hold the device's button while the upload starts to allow it."
    python = "This update was built for another version of MicroPython than the one on this device."
    low = "The supply voltage is too low to write safely now; try again later."
    board = f"This update is for the board {other}, but this device is {CHIPS[bench.chip]}."
    chip = f"This update is for the chip esp32c3, but this device has {bench.chip}."
    large = "The update does not fit: it is too large for this device."
    cases = [
        ("good", good, "None"),
        ("image", flipped(good, -1000), damaged),
        ("image start", flipped(good, image_at), damaged),
        ("last octet", flipped(good, -1), damaged),
        ("truncated", good[:-1], damaged),
        ("longer", good + b"\0", damaged),
        ("half", good[: len(good) // 2], damaged),
        ("signature", good[: image_at - 2] + digit + good[image_at - 1 :], not_ours),
        ("version in the manifest", good.replace(b"1.2.3", b"1.2.4"), not_ours),
        ("other key", bench.pack(key=OTHER_KEY), not_ours),
        ("other key-held", bench.pack(key=OTHER_KEY), not_ours),
        ("signature of another", good[: head + 1] + of_third + good[image_at:], not_ours),
        ("unsigned", unsigned, hold),
        ("unsigned-held", unsigned, "None"),
        ("unsigned image-held", flipped(unsigned, -1), damaged),
        ("keyless", good, hold),
        ("keyless-held", good, "None"),
        ("board", bench.pack(board=other), board),
        ("chip", bench.pack(chip="esp32c3"), chip),
        ("mpy", bench.pack(mpy=5), python),
        ("native", bench.pack(mpy=native), python),
        ("kind", bench.pack(kind="tar"), python),
        ("product", bench.pack(product="toaster"), no_pack),
        ("low", good, low),
        ("large", bench.pack(image=bytes(2000000)), large),
        ("text", b"#!/bin/sh\n" * 100, no_pack),
        ("page", b"<html>" * 300, no_pack),
        ("empty", b"", no_pack),
        ("manifest of others", b'{"name": 1}\nunsigned\n', no_pack),
        ("no manifest", b"{nonsense\nunsigned\n", no_pack),
        ("negative", good.replace(b'"size":', b'"size":-'), no_pack),
        ("endless", b"{" + b" " * 5000, no_pack),
    ]  # fmt: skip
    if bench.chip != "esp8266":
        evil = {
            "up": b"\x0a../boot.py" + bytes(4) + b"\0",
            "root": b"\x08/boot.py" + bytes(4) + b"\0",
            "deep": b"\x0alib/../a.b" + bytes(4) + b"\0",
            "index": b"\x05index" + bytes(4) + b"\0",
            "name": b"\xc8" + b"a" * 200 + bytes(4) + b"\0",
            "letters": b"\x02\xff\xfe" + bytes(4) + b"\0",
            "after": b"\x01a" + bytes(4) + b"\0more",
            "no end": not_whole,
        }
        cases += [(f"stream {name}", bench.pack(image=image), damaged) for name, image in evil.items()]
    for name, octets, _ in cases:
        bench.put(name, octets)
    (bench.folder / "refused.json").write_text(json.dumps([name for name, _, _ in cases]))
    told = dict(bench.run("refusals")[0])
    wanted = {name: words for name, _, words in cases}
    wanted["nothing sent"] = no_pack
    wanted["not finished"] = "There is no checked update to start."
    wanted["no loader"] = (
        "This device was not started by Hanport's loader (boot.py), so it cannot update itself."
    )
    assert told == wanted


def test_power_cut_at_every_write(bench):
    """Old or new, whole, settings kept; what starts then can confirm itself and take the next update."""
    _, output = bench.run("cuts")
    print(output)
    counts = {word: int(re.search(rf"^{word} (\d+)$", output, re.M)[1]) for word in ("cut points", "losses")}
    assert counts["losses"] == 0, output
    assert counts["cut points"] > 150, output
    parts = dict(re.findall(r"^(.+): (\d+) cut points", output, re.M))
    assert all(int(n) > 0 for n in parts.values()) and len(parts) == 6, output
    assert re.search(r"'old': \d", output) and re.search(r"'new': \d", output), output


def test_real_package(tmp_path):
    """What tools/package.py makes of a true build: it fits, and the manifest tells of machine code."""
    # The ESP8266 leaves the machine code out: it is larger than that chip's room for it.
    for name, native in (("generic_esp8266", 0), ("pow_u", 10)):
        romfs = build.build(name, tmp_path / f"{name}.romfs")
        stage = tmp_path / name
        build.fill_stage(stage, build.read_board(name), build.MARCH[build.read_board(name)["CHIP"]], True)
        octets = package.package(build.read_board(name), stage, romfs, KEY)
        head, signature, image = octets.split(b"\n", 2)
        manifest = json.loads(head)
        assert manifest["mpy"] & 0xFF == 6 and manifest["mpy"] >> 10 & 0xF == native
        assert manifest["size"] == len(image) and manifest["board"] == name
        assert len(head) + len(signature) + 2 <= 640, "firmware/app/update.py takes no longer one"
        assert (image == romfs.read_bytes()) is (manifest["kind"] == "romfs")
        KEY.public_key().verify(
            bytes.fromhex(signature.decode()),
            hashlib.sha256(head).digest() + hashlib.sha256(image).digest(),
        )


def test_signatures_against_cryptography():
    """Another implementation signs; ours agrees, also on what was changed on the way."""
    dice = random.Random(8032)
    for n in range(60):
        key = Ed25519PrivateKey.generate()
        message = dice.randbytes(n * 5)
        signature = bytearray(key.sign(message))
        public = key.public_key()
        assert ed25519.verify(public.public_bytes_raw(), message, signature)
        assert ed25519.sha512(message) == hashlib.sha512(message).digest()
        signature[dice.randrange(64)] ^= 1 << dice.randrange(8)
        assert not ed25519.verify(public.public_bytes_raw(), message, signature)
        with pytest.raises(InvalidSignature):
            public.verify(bytes(signature), message)


def test_small_heap(tmp_path):
    """A check needs at most 12 KiB of a chip's heap, 24 KiB here where objects are twice as large."""
    build.compile_file(house.ROOT / "lib" / "ed25519.py", "ed25519.py", tmp_path / "stage" / "ed25519.mpy")
    build.write_image(tmp_path / "stage", tmp_path / "app.romfs")
    size = (tmp_path / "app.romfs").stat().st_size
    script = tmp_path / "check.py"
    key = Ed25519PrivateKey.generate()
    script.write_text(
        f"import gc, vfs, sys\noctets = bytearray({size})\n"
        "with open('app.romfs', 'rb') as f:\n    f.readinto(octets)\n"
        "vfs.mount(vfs.VfsRom(octets), '/rom')\nsys.path[:] = ['/rom']\n"
        f"public, message = {key.public_key().public_bytes_raw()!r}, {bytes(range(64))!r}\n"
        f"signature = {key.sign(bytes(range(64)))!r}\n"
        "gc.collect()\nprint(gc.mem_free())\nimport ed25519\n"
        "assert ed25519.verify(public, message, signature)\n"
    )
    command = [house.MICROPYTHON, "-X", f"heapsize={size + 24 * 1024}", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) <= 24 * 1024, done.stdout


def test_make_keys(tmp_path, capsys):
    """The private key is its owner's only, is kept when it is there, and the build takes the public one."""
    assert keys.main(["--dir", str(tmp_path)]) == 0
    first = (tmp_path / "update.key").read_bytes()
    assert stat.S_IMODE((tmp_path / "update.key").stat().st_mode) == 0o600
    assert keys.main(["--dir", str(tmp_path)]) == 0
    assert (tmp_path / "update.key").read_bytes() == first
    said = capsys.readouterr().out
    assert "made" in said and "kept" in said and "PRIVATE KEY" not in said
    public = build.public_key(tmp_path / "update.pub")
    assert public.hex() == keys.public_digits(keys.load(tmp_path / "update.key"))
    assert build.public_key(tmp_path / "no.pub") is None
    (tmp_path / "update.pub").write_text("short")
    with pytest.raises(build.BuildError, match="64 hex digits"):
        build.public_key(tmp_path / "update.pub")
    (tmp_path / "update.key").write_text("no key")
    assert keys.main(["--dir", str(tmp_path)]) == 1


def test_no_private_key_in_the_repository():
    """A key that is known to all signs for nobody."""
    mark = b"-----BEGIN " + b"PRIVATE KEY"
    assert not [path for path in house.tracked() if mark in path.read_bytes()]
