"""MQTT brokers for the demo and tests: mosquitto where it is installed, else amqtt; processes of their own.

    with Broker() as broker:
        ... broker.port ...
        broker.stop(); broker.start()       # same port; nothing retained survives

Also a program (`python brokers.py PORT`), which is how the amqtt broker is run.
"""

import asyncio
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time


def free_port():
    """A TCP port of this host that nobody listens on at the moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def mosquitto():
    """The path of mosquitto, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


class Broker:
    """A broker on 127.0.0.1:port, started by the constructor and by start(), ended by stop().

    kind: "mosquitto" or "amqtt"; None takes mosquitto when present. users: {name: password}, then
    nobody else is let in (mosquitto only). tls: (certificate file, key file) (mosquitto only).
    """

    def __init__(self, kind=None, users=None, tls=None):
        self.kind = kind or ("mosquitto" if mosquitto() else "amqtt")
        if self.kind == "amqtt" and (users or tls):
            raise ValueError("users and TLS are for mosquitto")
        self.port = free_port()
        self.process = None
        self._folder = tempfile.TemporaryDirectory(prefix="hanport-broker-")
        folder = pathlib.Path(self._folder.name)
        self._log = folder / "log"
        if self.kind == "mosquitto":
            lines = [
                f"listener {self.port} 127.0.0.1",
                "persistence false",
                "log_dest stderr",
                "log_type all",
            ]
            if os.getuid() == 0:
                lines.append("user root")  # else it could not read what this process made
            if users:
                for name, password in users.items():
                    file = folder / "passwords"
                    create = [] if file.exists() else ["-c"]
                    subprocess.run(["mosquitto_passwd", "-b", *create, str(file), name, password], check=True)
                lines += ["allow_anonymous false", f"password_file {folder / 'passwords'}"]
            else:
                lines.append("allow_anonymous true")
            if tls:
                lines += [f"certfile {tls[0]}", f"keyfile {tls[1]}"]
            (folder / "conf").write_text("\n".join(lines) + "\n")
            self._command = [mosquitto(), "-c", str(folder / "conf")]
        else:
            self._command = [sys.executable, __file__, str(self.port)]
        self.start()

    def start(self):
        """Start it (again, at the same port) and return once it takes connections."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{self.kind} does not start:\n{self.log()}")

    def stop(self):
        """End it at once, as a power cut would. Does nothing when it is not running."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log(self):
        """What the broker has written so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def close(self):
        """Stop it and remove its files."""
        self.stop()
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


async def serve(port):
    """Run amqtt in this process for ever."""
    from amqtt.broker import Broker as Amqtt

    settings = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    await Amqtt(settings).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
