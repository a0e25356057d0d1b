#!/usr/bin/env python3
"""The device on this machine: the unmodified firmware on MicroPython's unix port.

Only `machine`, `network` and the chip modules are fakes (host_tests/fakes); the meter port is a
pseudo-terminal, HTTP and MQTT are real sockets. Prints one line a reading and a summary at the end.

    device.py --frames host_tests/frames/aidon --broker mqtt://localhost:1883 --http 8080 --seconds 20
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlparse

TOP = Path(__file__).resolve().parent.parent
VENDOR = TOP / "build" / "vendor"


LOG = re.compile(r" *\d+ s  ")  # as firmware/app/diag.py prints it for who listens at the cable


class Refused(Exception):
    """A wrong option or file, in one line."""


def free_port():
    """A TCP port that nobody uses now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def micropython():
    """Path of the `micropython` command: beside this Python, or on the path."""
    here = Path(sys.executable).parent / "micropython"
    found = str(here) if here.exists() else shutil.which("micropython")
    if not found:
        raise Refused("no micropython command: run `make test` once, it makes the environment")
    return found


def settings_of(options):
    """The settings file's values: those of --settings, overridden by the other options."""
    values = {}
    if options.settings:
        try:
            values = json.loads(Path(options.settings).read_text())
        except (OSError, ValueError):
            raise Refused(f"cannot read settings from {options.settings}") from None
        if not isinstance(values, dict):
            raise Refused(f"{options.settings} holds no JSON object")
    if options.broker:
        url = urlparse(options.broker)
        try:
            port = url.port or 1883
        except ValueError:
            port = 0
        if url.scheme != "mqtt" or not url.hostname or not port:
            raise Refused(f"--broker wants mqtt://host:port, not {options.broker}")
        values.update(mqtt_host=url.hostname, mqtt_port=port)
        if url.username:
            values.update(mqtt_user=url.username, mqtt_password=url.password or "")
    for option, key in (("key", "key"), ("auth_key", "auth_key")):
        text = getattr(options, option)
        if text:
            from hanport import keys

            if keys.parse(text) is None:
                raise Refused(f"--{option.replace('_', '-')} wants 32 hex digits")
            values[key] = text
    values["http_port"] = options.http or values.get("http_port") or free_port()
    return values


# With --image the code runs in place from two ROMFS images, as on a chip: the firmware's, and one with the
# fakes and the watcher. Unlike flash they take heap here, so the heap is made larger by just their size.
BOOT = """
import os, sys, vfs
for image, place in (("tools.romfs", "/tools"), ("app.romfs", "/rom")):
    octets = bytearray(os.stat(image)[6])
    with open(image, "rb") as f:
        f.readinto(octets)
    vfs.mount(vfs.VfsRom(octets), place)
sys.path[:] = ["/tools", "/rom", "/rom/lib", ".frozen"]
import device_run
"""
FAKES = TOP / "host_tests" / "fakes"
WATCHER = TOP / "tools" / "device_run.py"


def heap_octets(text):
    """Octets of a heap size such as 76k or 2M."""
    factor = {"k": 1 << 10, "m": 1 << 20}.get(text[-1:].lower(), 1)
    digits = text[:-1] if factor > 1 else text
    if not digits.isdigit() or not 16 << 10 <= int(digits) * factor <= 1 << 30:
        raise Refused(f"--heap wants a size such as 76k, not {text}")
    return int(digits) * factor


class Device:
    """One simulated device: its flash folder, its meter and its process."""

    def __init__(self, options):
        self.options = options
        self.meter = None
        self.process = None
        self.flash = Path(tempfile.mkdtemp(prefix="hanport-device-"))
        self.settings = settings_of(options)
        (self.flash / "settings.json").write_text(json.dumps(self.settings))

    @property
    def url(self):
        """Address of the device's page."""
        return f"http://127.0.0.1:{self.settings['http_port']}/"

    def start(self):
        """Start the meter, when frames are given, and the firmware."""
        options = self.options
        pty = options.uart
        if options.frames or options.meter:
            command = [sys.executable, str(TOP / "tools" / "metersim.py"), *options.frames]
            command += ["--speed", str(options.speed), "--loop", *options.meter]
            self.meter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
            first = self.meter.stdout.readline().split()
            if len(first) != 2:
                raise Refused("the simulated meter did not start; see the line above")
            pty = first[1]
        board = TOP / "boards" / f"{options.board}.py"
        if not board.exists():
            names = ", ".join(sorted(p.stem for p in board.parent.glob("*.py") if p.stem != "manifest"))
            raise Refused(f"no board {options.board}; there are: {names}")
        script = WATCHER
        heap = heap_octets(options.heap) if options.heap else 0
        if options.image:
            script = self.flash / "boot_images.py"
            script.write_text(BOOT)
            heap = (heap or 1 << 20) + self.images()
            path = []
        else:
            shutil.copy(board, self.flash / "board_config.py")
            path = [FAKES, self.flash, TOP / "firmware", TOP / "lib", VENDOR]
        environment = dict(os.environ, MICROPYPATH=":".join([*map(str, path), ".frozen"]))
        environment.pop("PYTHONPATH", None)
        if pty:
            environment["HANPORT_UART"] = pty
        (self.flash / "run.json").write_text(json.dumps({"seconds": options.seconds}))
        command = [micropython()]
        if heap:
            command += ["-X", f"heapsize={heap}"]
        command.append(str(script))
        self.process = subprocess.Popen(
            command,
            cwd=self.flash,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def images(self):
        """Put both images into the flash folder; returns the octets of heap they take."""
        import build

        shutil.copy(self.options.image, self.flash / "app.romfs")
        stage = self.flash / "stage"
        fakes = [path for path in sorted(FAKES.glob("*.py")) if not path.stem.startswith(("fast_", "on_"))]
        for source in [*fakes, WATCHER]:
            build.compile_file(source, source.name, stage / f"{source.stem}.mpy")
        build.write_image(stage, self.flash / "tools.romfs")
        return sum((self.flash / name).stat().st_size + 64 for name in ("app.romfs", "tools.romfs"))

    def lines(self):
        """Lines that the device prints, without its log and the summary, which is kept in .summary."""
        self.summary = None
        for line in self.process.stdout:
            if line.startswith("summary "):
                self.summary = json.loads(line[8:])
            elif not LOG.match(line):
                yield line.rstrip()

    def stop(self):
        """End all processes and remove the flash folder; may be called twice."""
        for process in (self.process, self.meter):
            if process and process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.flash, ignore_errors=True)


def parser():
    """The options, each as in the issue of this tool."""
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument(
        "--frames", nargs="+", metavar="PATH", default=[], help="start a simulated meter with these"
    )
    p.add_argument("--uart", metavar="PTY", help="pseudo-terminal of a meter that runs already")
    p.add_argument("--broker", metavar="URL", help="mqtt://host:port")
    p.add_argument("--http", type=int, metavar="PORT", help="port of the page; a free one by default")
    p.add_argument("--heap", metavar="SIZE", help="MicroPython heap; 76k here is 38 KiB on a chip")
    p.add_argument("--speed", type=float, default=1, help="times the true line speed; 0 as fast as it goes")
    p.add_argument("--seconds", type=float, default=0, help="end after so long; 0: until Ctrl-C")
    p.add_argument("--settings", metavar="FILE", help="JSON of settings; the options above go before it")
    p.add_argument("--image", metavar="ROMFS", help="run from this image instead of the source")
    p.add_argument("--key", metavar="HEX", help="encryption key of the meter")
    p.add_argument("--auth-key", metavar="HEX", help="authentication key of the meter")
    p.add_argument("--board", default="host", help="board file to use (boards/NAME.py)")
    p.add_argument("--meter", nargs=argparse.REMAINDER, default=[], help="further options for metersim.py")
    return p


def main(argv=None):
    """Run one device until its time is over or Ctrl-C."""
    options = parser().parse_args(argv)
    device = None
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for path in [*options.frames, options.image, options.uart]:
            if path and not os.path.exists(path):
                raise Refused(f"there is no {path}")
        if not (VENDOR / "umqtt").exists():
            raise Refused("build/vendor is not there: run `make test` once, it fetches umqtt")
        device = Device(options)
        device.start()
        print(f"page {device.url}", flush=True)
        for line in device.lines():
            print(line, flush=True)
        code = device.process.wait()
    except Refused as e:
        print(f"device.py: {e}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        code = 0
        if device and device.process:
            device.process.send_signal(signal.SIGINT)
            for line in device.lines():
                print(line, flush=True)
    finally:
        if device:
            device.stop()
    report(device.summary)
    return code


def report(summary):
    """The closing lines."""
    if not summary:
        return
    faults = ", ".join(f"{n} {name}" for name, n in summary["faults"].items()) or "none"
    print(
        f"frames {summary['frames']}, readings {summary['readings']}, faults {faults}, "
        f"published {summary['published']}, lowest free heap {summary['lowest_free_heap']} octets"
    )
    print(summary["sentence"])


sys.path.insert(0, str(TOP / "lib"))

if __name__ == "__main__":
    sys.exit(main())
