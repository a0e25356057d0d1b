"""Make the key pair that signs updates:  python tools/keys.py [--dir build/keys]

Writes update.key, the private key (PEM, readable by its owner only), and update.pub, 64 hex digits that every
later build bakes into its image: a device takes a package only when the key of its own image has signed it.
An existing key is never touched: devices that trust it would take no update any more. `make clean` removes
build/, so keep a copy of update.key in a safe place. Exit 0: there is a key; 1: one line says what failed;
2: wrong option.
"""

import argparse
import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "keys"
PRIVATE, PUBLIC = "update.key", "update.pub"


class BadKey(Exception):
    """What is wrong with a key file, as one line."""


def load(file):
    """Return the private key of a file. Raises BadKey, OSError."""
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{file} holds no Ed25519 private key")
    return key


def public_digits(key):
    """Return the public half as 64 hex digits."""
    return key.public_key().public_bytes_raw().hex()


def make(folder):
    """Make a pair in folder unless there is one; return (public key as hex, whether it is new)."""
    folder.mkdir(parents=True, exist_ok=True)
    private = folder / PRIVATE
    new = not private.exists()
    if new:
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        # Made with its mode, so that there is no moment in which others can read it.
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(pem)
    digits = public_digits(load(private))
    (folder / PUBLIC).write_text(digits + "\n", encoding="utf-8")
    return digits, new


def main(args):
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="keys", description="Make the key pair that signs updates.")
    parser.add_argument("--dir", metavar="FOLDER", type=Path, default=FOLDER, help="default: build/keys")
    given = parser.parse_args(args)
    try:
        digits, new = make(given.dir)
    except (BadKey, OSError) as error:
        print(f"keys: {error}", file=sys.stderr)
        return 1
    folder = given.dir.resolve()
    shown = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    done = "made" if new else "kept, it was there already"
    print(f"{done}: {shown / PRIVATE} (private: keep a copy elsewhere)")
    print(f"public key {digits}: the next build trusts it")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
