"""Bring the library of others that runs on the device to build/vendor:  python tools/fetch_umqtt.py

It is umqtt/simple.py, unmodified, from the source archive in the package index. The chips have it frozen in
their MicroPython; the host runs and the images for them need this copy. pip refuses the archive (it has no
setup.py), so `unearth` fetches it.

Once there, nothing is fetched. Exit 0: there; 1: one line on stderr says what failed; 2: wrong option.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "build" / "vendor"

UMQTT = "micropython-umqtt.simple==1.3.4"
UMQTT_SHA256 = "8555d2f654deb8eb0d724f79b0811a78cc94029d070f3d96bbd74288653d63a5"  # of umqtt/simple.py


class FetchError(Exception):
    """What could not be brought, as one line."""


def package_index():
    """Return the address of the package index that pip uses here."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    pip = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    asked = subprocess.run(pip, capture_output=True, text=True)
    if asked.returncode == 0 and asked.stdout.strip():
        return asked.stdout.strip()
    from pip._internal.models.index import PyPI

    return PyPI.simple_url


def write_whole(path, data):
    """Write octets to a file so that a stop in between leaves the old one or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(part, path)


def download_umqtt():
    """Return the octets of umqtt/simple.py out of the source archive. Raises FetchError."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "unearth", "-i", package_index(), UMQTT, "--download", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        archives = list(Path(folder).glob("*.tar.gz"))
        if done.returncode != 0 or not archives:
            said = (done.stderr.strip().splitlines() or ["no such archive in the index"])[-1]
            raise FetchError(f"cannot fetch {UMQTT}: {said}")
        with tarfile.open(archives[0]) as archive:
            for member in archive:
                if member.isfile() and member.name.endswith("/umqtt/simple.py"):
                    return archive.extractfile(member).read()
    raise FetchError(f"no umqtt/simple.py in the archive of {UMQTT}")


def bring(vendor=VENDOR):
    """Put umqtt/simple.py under vendor, unless it lies there unharmed. Raises FetchError."""
    path = vendor / "umqtt" / "simple.py"
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == UMQTT_SHA256:
        return
    data = download_umqtt()
    if hashlib.sha256(data).hexdigest() != UMQTT_SHA256:
        raise FetchError(f"umqtt/simple.py of {UMQTT} is not the one we know (SHA-256 differs)")
    write_whole(path, data)


def main(args):
    """Command line; returns the exit code."""
    if args:
        print(f"fetch_umqtt: takes no options, got {args[0]!r}", file=sys.stderr)
        return 2
    try:
        bring()
    except (FetchError, OSError, tarfile.TarError) as error:
        print(f"fetch_umqtt: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
