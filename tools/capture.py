"""Save what comes from a meter, octet for octet:  python tools/capture.py --port /dev/ttyUSB0

    make capture PORT=/dev/ttyUSB0 [SECONDS=60] [BAUD=2400] [PARITY=8E1] [OUT=file.hex]

For a bug report; wants the meter's line on a serial adapter. Writes hex text with a head, and a line with the
time before each piece (octets without a pause between them), as they come: Ctrl-C ends it early and loses
nothing. Such a file goes into tools/handecode.py and tools/metersim.py as it is. At the end it says in words
what has come. Exit 0: octets came; 1: none came, or a line on stderr says what failed; 2: wrong option.
"""

import re
import sys
import time
from pathlib import Path

import build
import flash_port

sys.path.insert(0, str(build.ROOT / "lib"))

from hanport import Decoder, fault, framing  # noqa: E402

PAUSE_S = 0.05  # of silence: the next octet begins a new piece
ROW = 32  # octets a line
KINDS = {framing.HDLC: "HDLC", framing.MBUS: "M-Bus", framing.P1: "P1", framing.CIPHERED: "a ciphered APDU"}
WARNING = (
    "The telegrams hold the number of the meter and what the house uses and makes: look through the file "
    "before you give it away."
)


def line_settings(text):
    """What pyserial calls the likes of "8E1"; UsageError for others."""
    found = re.fullmatch("([78])([NEO])([12])", text.upper())
    if not found:
        raise build.UsageError(f"PARITY is written like 8E1 or 8N1, not {text!r}")
    return {"bytesize": int(found[1]), "parity": found[2], "stopbits": int(found[3])}


def record(cable, seconds, out):
    """Write what comes to out until the time is over or Ctrl-C; return (octets, pieces)."""
    come, pieces, row = bytearray(), 0, 0
    started = time.monotonic()
    last = started - 1
    try:
        while time.monotonic() - started < seconds:
            octets = cable.read(ROW - row)
            if not octets:
                continue
            now = time.monotonic()
            if now - last > PAUSE_S:
                pieces += 1
                row = 0
                out.write(f"\n# +{now - started:.3f} s\n" if pieces > 1 else f"# +{now - started:.3f} s\n")
            last = now
            come += octets
            out.write(" " * (row > 0) + octets.hex(" ").upper())
            row = (row + len(octets)) % ROW
            if not row:
                out.write("\n")
            out.flush()
    except KeyboardInterrupt:
        pass
    except flash_port.GONE as error:
        print(f"capture: the port is gone ({error}); what came before is kept", file=sys.stderr)
    out.write("\n" if row else "")
    return bytes(come), pieces


def telegrams(octets):
    """(count of good telegrams, names of their kinds, count of readings, {words of a fault: count})."""
    decoder = Decoder(4096)
    at, end, kinds = 0, len(octets), set()
    silent = False
    while at < end or not silent:
        if at >= end:
            silent = True
            decoder.silence()
        while True:
            frames = decoder.frames
            at = decoder.feed(octets, at, end)
            if decoder.frames > frames:
                kinds.add(KINDS.get(decoder.last_kind, "unknown"))
            if not decoder.ready and not decoder.fault:
                break
    faults = {fault.words(code): n for code, n in enumerate(decoder.counts) if n}
    return decoder.frames, sorted(kinds), decoder.readings, faults


def _some(count, what):
    return f"{count:,} {what}" + "s" * (count != 1)


def words(octets, pieces, seconds):
    """Lines that tell what has come."""
    if not octets:
        return [
            f"Nothing came in {seconds:.0f} s. Is the meter's port open (ask the grid company), is its data "
            "line on RX and its ground on GND of the adapter, and does a P1 port get 5 V on its request line?"
        ]
    count, kinds, readings, faults = telegrams(octets)
    lines = [f"{_some(len(octets), 'octet')} came in {seconds:.0f} s, in {_some(pieces, 'piece')}."]
    if count:
        lines.append(f"Recognised: {_some(count, 'telegram')} ({', '.join(kinds)}); readings: {readings}.")
    else:
        lines.append(
            "No telegram was recognised: speed or parity are others, or the line is inverted. Try BAUD "
            "and PARITY: 2400 8E1, 2400 8N1, 115200 8N1, 9600 7E1."
        )
    return lines + [f"{_some(n, 'time')}: {told}." for told, n in faults.items()]


def capture(given):
    """All of it; returns the exit code. Raises FlashError, UsageError, OSError."""
    how = line_settings(given.parity)
    # The wait for a row that does not fill is shorter than a pause.
    cable = flash_port.opened(given.port, given.baud, timeout=PAUSE_S / 2, **how)
    stamp = time.gmtime()
    out = given.out or build.ROOT / "build" / time.strftime("capture-%Y%m%d-%H%M%S.hex", stamp)
    out.parent.mkdir(parents=True, exist_ok=True)
    shown = out.relative_to(build.ROOT) if out.is_relative_to(build.ROOT) else out
    line = f"{given.baud} {given.parity.upper()}"
    print(f"{given.seconds:g} s from {given.port}, {line}, to {shown}; Ctrl-C ends", flush=True)
    started = time.monotonic()
    with out.open("w", encoding="utf-8") as file:
        file.write(f"# Octets of a meter's line as they came: {line}\n")
        file.write(f"# {time.strftime('%Y-%m-%dT%H:%M:%SZ', stamp)}, Hanport {build.version()}\n")
        file.write(f"# {WARNING}\n")
        octets, pieces = record(cable, given.seconds, file)
        told = words(octets, pieces, time.monotonic() - started)
        file.write("".join(f"# {line}\n" for line in told))
    cable.close()
    print("\n".join(told))
    if octets:
        print(f"{shown} goes into the report. {WARNING}")
    return 0 if octets else 1


def main(args):
    """Command line; returns the exit code."""
    parser = build.Parser(prog="capture", description="Save what comes from a meter, octet for octet.")
    parser.add_argument("--port", metavar="PORT", help="serial port with the meter's line")
    parser.add_argument("--seconds", type=float, default=60, metavar="N", help="how long: 60")
    parser.add_argument("--baud", type=int, default=2400, metavar="N", help="speed: 2400")
    parser.add_argument("--parity", default="8E1", metavar="8E1", help="data bits, parity and stop bits: 8E1")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: build/capture-<time>.hex")
    try:
        return capture(parser.parse_args(args))
    except build.UsageError as error:
        print(f"capture: {error}", file=sys.stderr)
        return 2
    except (flash_port.FlashError, build.BuildError, OSError) as error:
        print(f"capture: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
