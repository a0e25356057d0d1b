#!/usr/bin/env python3
"""The whole way on this machine: a simulated meter, the firmware on MicroPython, a broker, a subscriber.

Meters of three makers take turns on one line at its true speed. Each reading is printed as a subscriber of
the broker sees it. Ends after --seconds or with Ctrl-C and leaves no process behind.
"""

import argparse
import json
import queue
import signal
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "tools"), str(TOP / "lib")]

import device  # noqa: E402
from brokers import Broker  # noqa: E402

FRAMES = [
    "aidon/list2-3p4w.hex",
    "kaifa/list2-3p.hex",
    "kamstrup/list1-3p.hex",
    "aidon/list3-3p4w.hex",
    "kaifa/list3-3p.hex",
    "kamstrup/list2-3p.hex",
    "kaifa/list1.hex",
]


def phases(data, letter):
    """ "231.1/229.8/230.5" of the phases that are there."""
    return "/".join(f"{data[letter + n]:g}" for n in "123" if letter + n in data)


def neat(payload):
    """One line of a classic JSON message: time, meter, power, volts, amps, energy."""
    message = json.loads(payload)
    data = message["data"]
    when = datetime.fromtimestamp(data.get("rtc", message["t"]), timezone.utc)
    parts = [f"{when:%H:%M:%S}Z"]
    if "lv" in data:
        parts.append(f"{data['lv']} {data.get('type', '')} {data.get('meterId', '')}")
    parts.append(f"{data['P']} W" if "P" in data else "")
    if "U1" in data:
        parts.append(f"{phases(data, 'U')} V  {phases(data, 'I')} A")
    if "tPI" in data:
        parts.append(f"{data['tPI']:.2f} kWh in, {data.get('tPO', 0):.2f} out")
    return "  ".join(part for part in parts if part)


def subscribe(port, inbox):
    """A paho client that puts (topic, payload) of everything into inbox."""
    import paho.mqtt.client as mqtt

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "demo")
    client.on_connect = lambda c, *_: c.subscribe("#")
    client.on_message = lambda c, u, m: inbox.put((m.topic, m.payload.decode()))
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def main(argv=None):
    """Run the demo; exit code 0 when readings came."""
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--seconds", type=float, default=0, help="end after so long; 0: until Ctrl-C")
    p.add_argument("--http", type=int, help="port of the page; a free one by default")
    given = p.parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    frames = [str(TOP / "host_tests" / "frames" / name) for name in FRAMES]
    command = ["--frames", *frames, "--meter", "--period", "0.5"]
    if given.http:
        command = ["--http", str(given.http), *command]
    inbox = queue.Queue()
    unit = client = None
    lines = 0
    with Broker(kind="amqtt") as broker:
        try:
            client = subscribe(broker.port, inbox)
            unit = device.Device(
                device.parser().parse_args(["--broker", f"mqtt://127.0.0.1:{broker.port}", *command])
            )
            unit.start()
            print(f"The device's page: {unit.url}    (Ctrl-C ends the demo)", flush=True)
            end = time.monotonic() + given.seconds if given.seconds else None
            while end is None or time.monotonic() < end:
                try:
                    topic, payload = inbox.get(timeout=0.2)
                except queue.Empty:
                    if unit.process.poll() is not None:
                        print("demo: the device stopped", file=sys.stderr)
                        return 1
                    continue
                reading = payload.startswith("{") and '"data"' in payload
                if payload.startswith("{") and not reading:
                    continue  # what the format says of the device itself, once a minute
                line = neat(payload) if reading else payload
                lines += reading
                print(f"{topic}  {line}", flush=True)
        except KeyboardInterrupt:
            print()
        except device.Refused as e:
            print(f"demo: {e}", file=sys.stderr)
            return 2
        finally:
            if unit:
                unit.stop()
            if client:
                client.loop_stop()
    print(f"{lines} readings came over MQTT.")
    return 0 if lines else 1


if __name__ == "__main__":
    sys.exit(main())
