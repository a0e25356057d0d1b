"""Waits for a board that has just been restarted: what its console says, and whether its page answers."""

import json
import re
import time
import urllib.error
import urllib.request

from flash_port import Console, FlashError

# Lines of the board's log, and what firmware/app/wifi.py and portal.py say in them or beside them.
LOG = re.compile(r"^ *\d+ s  (.*)")
JOINED = re.compile(r"(?:WiFi|Ethernet): connected, address (\d+\.\d+\.\d+\.\d+)")
SETUP = re.compile(r"^Set-up: (join the WiFi .* then open http\S+)")
RESTARTS = re.compile(r"^rst:0x|^ets .*rst cause")
MANY = 4  # restarts after which no one waits any longer
ASK_S = 0.5


def answers(url, patience=2):
    """The version that the page at this address tells, "?" when it has a password, None: not there."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url + "api/status", timeout=patience) as answer:
            return str(json.load(answer)["device"]["version"])
    except urllib.error.HTTPError as error:
        with error:
            ours = error.code == 401 and "Hanport" in error.headers.get("WWW-Authenticate", "")
            return "?" if ours else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _loop(told):
    """FlashError about a board that restarts again and again."""
    last = [line for line in told if line and not RESTARTS.search(line)][-6:]
    return FlashError(
        "the board restarts again and again; it said last:\n  " + "\n  ".join(last or ["nothing"]) + "\n"
        "Begin anew with FIRMWARE=... ERASE=1; if that does not help, open an issue with these lines"
    )


def address(host, number):
    """Address of a page."""
    return f"http://{host}/" if number == 80 else f"http://{host}:{number}/"


def wait(cable, pages, number, version, seconds):
    """("page", address), ("told", address), ("set-up", words) or (None, ""): what was seen of the board.

    pages: addresses to ask. number: the port of its page. "told": it names its address and this computer does
    not reach it. Raises FlashError when the board restarts again and again.
    """
    console = Console(cable)
    pages = list(pages)
    told, restarts, named, setup, begun = [], 0, None, None, False
    started = time.monotonic()
    try:
        while time.monotonic() - started < seconds:
            for line in console.lines(ASK_S):
                told.append(line)
                restarts += bool(RESTARTS.search(line))
                logged = LOG.search(line)
                if logged and not begun:
                    begun = True
                    print(f"started   {logged[1]}", flush=True)
                joined = JOINED.search(line)
                if joined and named is None:
                    named = address(joined[1], number)
                    pages.insert(0, named)
                    # From here on the network is up: what does not answer soon is out of reach.
                    seconds = min(seconds, time.monotonic() - started + 10)
                found = SETUP.search(line)
                setup = found[1] if found else setup
            if restarts >= MANY:
                raise _loop(told)
            for url in pages:
                if answers(url) in (version, "?"):
                    return "page", url
            if setup:
                return "set-up", setup
    finally:
        console.close()
    return ("told", named) if named else (None, "")
