"""Build an update for the page of a device:  python tools/package.py --board pow_u

Writes build/<board>/hanport-<version>-<board>.upd, one file of three parts:

    {"product":"hanport","version":...}     the manifest, a line of JSON
    0123...                                 its signature, 128 hex digits, or the word unsigned
    ...                                     the image: ROMFS for ESP8266, for others a stream of files

Signed (Ed25519) are the SHA-256 of the manifest's line and the SHA-256 of the image, 64 octets. A file in the
stream is: length of its name (1), name, length (4, low octet first), octets; a 0 ends the stream. Without a
key in build/keys (`make keys`) the package is unsigned, and a device takes it only while its button is held.
Exit 0: built; 1: one line on stderr says what failed; 2: wrong option or board.
"""

import hashlib
import json
import sys
from pathlib import Path

import build
import fetch_umqtt
import keys

stream = build.slot_stream


def kind_of(chip):
    """How a chip's slots take an image: "romfs" or "files"."""
    return "romfs" if chip == "esp8266" else "files"


def pack(manifest, image, key=None):
    """Return the package of an image; fills in its size and hash. key: an Ed25519 private key or None."""
    hashed = hashlib.sha256(image).digest()
    manifest = {**manifest, "size": len(image), "sha256": hashed.hex()}
    line = json.dumps(manifest, separators=(",", ":")).encode()
    signature = key.sign(hashlib.sha256(line).digest() + hashed).hex() if key else "unsigned"
    return line + b"\n" + signature.encode() + b"\n" + image


def package(board, stage, romfs, key=None):
    """Return the package of a built board: its constants, its stage folder, its ROMFS image."""
    kind = kind_of(board["CHIP"])
    image, count = (romfs.read_bytes(), 1) if kind == "romfs" else build.slot_stream(stage)
    manifest = {
        "product": "hanport",
        "version": build.version(),
        "board": board["NAME"],
        "chip": board["CHIP"],
        "mpy": build.mpy_of(stage),
        "kind": kind,
        "files": count,
    }
    return pack(manifest, image, key)


def main(args):
    """Command line; returns the exit code."""
    parser = build.Parser(prog="package", description="Build an update for the page of a device.")
    parser.add_argument("--board", metavar="NAME", help=f"one of: {', '.join(build.board_names())}")
    parser.add_argument("--key", metavar="FILE", type=Path, default=keys.FOLDER / keys.PRIVATE)
    parser.add_argument("--unsigned", action="store_true", help="do not sign, though there is a key")
    parser.add_argument("--host", action="store_true", help="for MicroPython on this machine")
    parser.add_argument("--without-umqtt", action="store_true", help="chips have it frozen")
    try:
        given = parser.parse_args(args)
        key = keys.load(given.key) if given.key.is_file() and not given.unsigned else None
        board = build.read_board(given.board)
        romfs = build.build(given.board, None, given.host, not given.without_umqtt)
        octets = package(board, romfs.parent / "tree", romfs, key)
        out = romfs.parent / f"hanport-{build.version()}-{board['NAME']}.upd"
        out.write_bytes(octets)
    except build.UsageError as error:
        print(f"package: {error}", file=sys.stderr)
        return 2
    except (build.BuildError, fetch_umqtt.FetchError, keys.BadKey, OSError) as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    how = "signed" if key else "unsigned: a device takes it only while its button is held"
    print(f"package   {out.relative_to(build.ROOT)}: {len(octets):,} octets, {how}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
