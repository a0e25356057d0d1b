"""What the tests of the local APIs share: a running device, and the judges, clients of other projects.

The clients run in environments of their own (tools/oracle_env.py, host_tests/oracles).
"""

import http.client
import json
import os
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tools"))

import device  # noqa: E402
import oracle_env  # noqa: E402

FRAMES = TOP / "host_tests" / "frames"
WORKERS = TOP / "host_tests" / "oracles"
PATIENCE = 60  # seconds a step may take on a slow and busy machine; nothing is judged by it
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
# What Prometheus asks for.
ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


class Unit:
    """A device with these settings, and a meter that sends these frames."""

    def __init__(self, folder, settings, *frames, meter=("--period", "1")):
        file = folder / "settings.json"
        file.write_text(json.dumps(settings))
        options = ["--settings", str(file), "--speed", "10"]
        if frames:
            options += ["--frames", *(str(FRAMES / frame) for frame in frames), "--meter", *meter]
        self.device = device.Device(device.parser().parse_args(options))
        self.device.start()
        self.host = f"127.0.0.1:{self.device.settings['http_port']}"

    def ask(self, path, method="GET", **headers):
        """(status, headers, text)."""
        connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def json(self, path, status=200, **headers):
        """Parsed body of an answer, with exact numbers."""
        told = self.ask(path, **headers)
        assert told[0] == status, (path, told)
        assert told[1]["Content-Type"] == "application/json"
        return json.loads(told[2], parse_float=Decimal)

    def until(self, wanted):
        """Wait until wanted() holds; the page may not be served yet."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                found = wanted()
            except (OSError, http.client.HTTPException):
                found = None
            if found:
                return found
            assert time.monotonic() < end, "it did not come about"
            time.sleep(0.1)


def judge(library, *rows):
    """Answers of a worker; its environment is made where it is not there yet."""
    # HomeWizard's client asks for a newer Python than it needs.
    os.environ["PIP_IGNORE_REQUIRES_PYTHON"] = "1"
    try:
        python = oracle_env.setup(library.replace("_", "-"))
    finally:
        del os.environ["PIP_IGNORE_REQUIRES_PYTHON"]
    script = WORKERS / f"{library}_worker.py"
    done = subprocess.run(
        [python, str(script)],
        input="".join(json.dumps(row) + "\n" for row in rows),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def samples(answer, plain):
    """{(name, labels): value} of a text that Prometheus' parser took; the families beside it."""
    status, headers, text = answer
    assert status == 200
    assert headers["Content-Type"] == (PLAIN if plain else OPEN)
    (said,) = judge("prometheus", {"text": text, "plain": plain})
    assert "cannot" not in said, said
    found = {(name, *sorted(labels.items())): float(value) for name, labels, value in said["samples"]}
    assert len(found) == len(said["samples"]), "a sample comes twice"
    return found, said["families"]
