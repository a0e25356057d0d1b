"""Show what a board says on its cable:  python tools/console.py --port /dev/ttyUSB0

    make console PORT=/dev/ttyUSB0 [BAUD=115200]

Only listens, until Ctrl-C: the board runs on. An ESP8266 that runs Hanport gives its cable to the meter and
says nothing there; its log is on its page. Exit 0; 1: a line on stderr says what failed; 2: wrong option.
"""

import codecs
import sys
import time

import build
import flash_port

QUIET_S = 15
HINT = (
    f"console: nothing for {QUIET_S} s. A board that runs well says little; one with an ESP8266 says nothing "
    "here (its log is on its page). If odd signs come instead, try another BAUD: an ESP8266 begins in 74880"
)


def show(cable, seconds, out):
    """Copy what comes to out, for so many seconds; 0 for ever."""
    console = flash_port.Console(cable)
    text = codecs.getincrementaldecoder("utf-8")("replace")
    started = heard = time.monotonic()
    told = False
    try:
        while not seconds or time.monotonic() - started < seconds:
            come = console.octets(0.1)
            if come:
                heard = time.monotonic()
                out.write(text.decode(come).replace("\r\n", "\n"))
                out.flush()
            elif not told and time.monotonic() - heard > QUIET_S:
                told = True
                print(HINT, file=sys.stderr, flush=True)
    finally:
        console.close()


def main(args):
    """Command line; returns the exit code."""
    parser = build.Parser(prog="console", description="Show what a board says on its cable.")
    parser.add_argument("--port", metavar="PORT", help="serial port of the board")
    parser.add_argument("--baud", type=int, default=115200, metavar="N", help="speed: 115200")
    parser.add_argument("--seconds", type=float, default=0, metavar="N", help="end after so long")
    try:
        given = parser.parse_args(args)
        cable = flash_port.opened(given.port, given.baud)
        print(f"{given.port}, {given.baud} baud; Ctrl-C ends", file=sys.stderr, flush=True)
        show(cable, given.seconds, sys.stdout)
    except build.UsageError as error:
        print(f"console: {error}", file=sys.stderr)
        return 2
    except (flash_port.FlashError, OSError) as error:
        print(f"console: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
