"""Put Hanport on a board by cable:  python tools/flash.py --board pow_u --port /dev/ttyUSB0

    make flash BOARD=pow_u PORT=/dev/ttyUSB0                        on a board that has MicroPython
    make flash BOARD=... PORT=... FIRMWARE=micropython.bin          MicroPython first
    make flash ... SETTINGS=file                                    and the first settings
    make flash ... FIRMWARE=... ERASE=1                             all of the flash anew, settings too

Settings that are on the board stay unless SETTINGS is given (JSON, or a backup of Hanport or amsreader). An
ESP8266 that runs Hanport gives its cable to the meter: then the image goes through the chip's bootloader into
slot A, and all else stays. Everything is checked before the board is touched. Exit 0: Hanport is on the
board; 1: stderr says what failed and what to do; 2: wrong option.
"""

import sys
from pathlib import Path

import build
import fetch_umqtt
import flash_files
import flash_image
import flash_page
import flash_port
import flash_settings
from flash_chip import SECTOR, SLOT_STARTS, Bootloader
from flash_port import FlashError

OLDEST = (1, 25)
PARTITION = 0x50000
WAIT_S = 60  # for a restart, WiFi and the page
ANEW = "begin anew with FIRMWARE=... ERASE=1"
FIRMWARE = build.ROOT / "firmware"


def refuse(chip, board):
    """Raise FlashError unless this is the chip of the board's file."""
    if chip != board["CHIP"]:
        raise FlashError(
            f"the chip on this cable is {chip}, and {board['NAME']} has {board['CHIP']}: nothing was done. "
            "Is it the right BOARD, and the right PORT?"
        )


def check_python(session, board):
    """Raise FlashError unless Hanport can run on the MicroPython that answers."""
    facts = session.facts
    words = ".".join(map(str, facts["python"]))
    if facts["python"][:2] < OLDEST or facts["mpy"] != 6:
        raise FlashError(f"MicroPython {words} on the board is too old: give FIRMWARE=..., 1.25 or newer")
    if board["CHIP"] == "esp8266" and facts["rom"] < PARTITION:
        raise FlashError(
            "the MicroPython on the board has no ROMFS partition: give FIRMWARE=... "
            f"({flash_image.PAGES['esp8266']})"
        )


class Flash:
    """One board and what is to be put on it."""

    def __init__(self, board, port, python=None, settings=None, erase=False):
        """python: a flash_image.Image or None; settings: Settings or None."""
        self.board = board
        self.port = port
        self.python = python
        self.settings = settings
        self.erase = erase
        self.mac = None
        self._romfs = None
        self._kept = None  # octets of the settings file that an erase would take

    def session(self, patience=None):
        """The board's prompt, its chip checked; None when it has none."""
        try:
            session = flash_files.Session(self.port, patience)
        except flash_files.NoAnswer:
            return None
        chip = session.chip
        if chip or not self.board["CHIP"].startswith(session.facts["platform"]):
            try:
                refuse(chip or session.facts["platform"], self.board)
            except FlashError:
                session.close()
                raise
        return session

    def run(self, image):
        """All of it. image: the ROMFS image of the build. Raises FlashError."""
        self._romfs = image
        session = self.session()
        if self.python:
            session = self._lay_python(session)
        elif session is None:
            self._no_prompt()
        if session is None:
            return  # it is all done by the bootloader
        try:
            self._lay_files(session)
        finally:
            session.close()

    def _bootloader(self):
        chip = Bootloader(self.port)
        self.mac = chip.mac
        try:
            refuse(chip.chip, self.board)
        except FlashError:
            chip.leave()
            raise
        return chip

    def _lay_python(self, session):
        """Write MicroPython; returns the new prompt, None when Hanport was written along with it."""
        keep = not self.erase
        if session:
            if keep and session.exists(flash_settings.FILE):
                self._kept = session.read(flash_settings.FILE)
            session.close()
        chip = self._bootloader()
        self._check_size(chip)
        if session is None and keep and chip.runs_hanport():
            self._by_bootloader(chip)
            return None
        if keep and chip.chip == "esp8266":
            keep = session is not None and session.facts["rom"] >= PARTITION
        elif keep:  # where its file system lies, and where the new one looks for it
            here = session.facts["files"] if session else chip.files()
            keep = here is not None and here == self.python.files
        if keep:
            self._kept = None  # it stays where it is
        chip.write([(self.python.offset, self.python.octets)], erase=not keep)
        session = self.session(patience=60)
        if session is None:
            raise FlashError(
                "MicroPython is written and does not answer: unplug the board, plug it in again, and give "
                "the same command without FIRMWARE"
            )
        return session

    def _check_size(self, chip):
        """Raise FlashError when the chip's flash is too small."""
        needed = 2 << 20 if self.board["CHIP"] == "esp8266" else sum(self.python.files or (0,))
        if chip.size and chip.size < needed:
            chip.leave()
            sizes = f"{chip.size >> 10:,} KiB, and {needed >> 10:,} are needed"
            raise FlashError(f"the flash of this board has {sizes}: nothing was done")

    def _no_prompt(self):
        """Without a prompt and without FIRMWARE there is one way left. Raises FlashError when it is none."""
        if self.board["CHIP"] != "esp8266":
            raise FlashError(
                f"no MicroPython answers on {self.port}: if there is none on the board, give FIRMWARE=...; "
                "if there is, press its reset key and try again"
            )
        print("prompt    none: looking whether Hanport has the cable")
        chip = self._bootloader()
        if not chip.runs_hanport():
            chip.leave()
            raise FlashError(
                "there is neither a prompt of MicroPython nor Hanport on this board: give FIRMWARE=... "
                f"({flash_image.PAGES['esp8266']})"
            )
        self._by_bootloader(chip)

    def _by_bootloader(self, chip):
        """An ESP8266 with Hanport: the image into slot A, and slot B out of the way. All else stays."""
        if self.settings:
            chip.leave()
            raise FlashError(
                "Hanport runs on this board, and its settings cannot be reached by cable then; nothing was "
                f"changed. Restore them on its page (/settings), or {ANEW}"
            )
        parts = [(self.python.offset, self.python.octets)] if self.python else []
        # boot.py finds no head in slot B and starts slot A, whatever its marker says.
        parts += [(SLOT_STARTS[0], self._romfs.read_bytes()), (SLOT_STARTS[1], b"\xff" * SECTOR)]
        chip.write(parts)
        print("settings  as they were; if the board does not start, unplug it and plug it in again")

    def _lay_files(self, session):
        """Hanport through the prompt, the settings, the restart."""
        check_python(session, self.board)
        self.mac = session.facts["mac"]
        session.stay()
        if self.board["CHIP"] == "esp8266":
            flash_files.put_romfs(session, self._romfs)
        else:
            home = self._romfs.parent
            stream, _ = build.slot_stream(home / "tree")
            flash_files.put_tree(session, home / "tree", (home / "index").read_bytes(), stream)
        session.forget_markers()
        found = self._lay_settings(session)
        for name in ("main.py", "boot.py"):  # boot.py last: with it the cable of an ESP8266 is gone
            session.write(name, (FIRMWARE / name).read_bytes())
        print("start     main.py, boot.py")
        self._restart(session, found)

    def _lay_settings(self, session):
        """Write the settings, or leave them; returns what the board has then."""
        octets = flash_settings.stored(self.settings) if self.settings else self._kept
        if octets:
            session.replace(flash_settings.FILE, octets)
            print("settings  " + ("written" if self.settings else "kept over the erase"))
            return flash_settings.kept(octets)
        if session.exists(flash_settings.FILE):
            print("settings  as they were on the board")
            return flash_settings.kept(session.read(flash_settings.FILE))
        return flash_settings.kept(b"{}")

    def _restart(self, session, found):
        """Restart the board, and tell where its page is."""
        chip = self.board["CHIP"]
        cable = session.reset()
        ethernet = self.board["ETH_PHY"] is not None
        joins = flash_settings.joins(found, ethernet)
        mute = chip == "esp8266"  # its cable belongs to the meter now
        if mute and not joins:
            cable.close()
            print("set-up    " + flash_settings.first_run(found, self.mac))
            return
        pages = flash_settings.pages(found, chip) if joins else []
        print("restart   waiting for the board, up to a minute", flush=True)
        kind, words = flash_page.wait(cable, pages, found["http_port"], build.version(), WAIT_S)
        if kind == "page":
            print(f"page      {words}")
        elif kind == "told":
            print(f"page      {words} (it does not answer here: is this computer in the same network?)")
        elif kind == "set-up":
            print(f"set-up    {words}")
        elif mute or joins:
            who = f"{found['hostname'] or found['name']} or {self.mac.hex(':')}"
            print(
                f"page      not seen from here: look for {who} in your router's list. "
                f"If it does not come, {flash_settings.first_run(found, self.mac)}"
            )
        else:
            raise FlashError(
                "Hanport is on the board, and nothing is heard of it: look with make console PORT=...; "
                "if it runs, " + flash_settings.first_run(found, self.mac)
            )


def options():
    """The command line."""
    parser = build.Parser(prog="flash", description="Put Hanport on a board by cable.")
    parser.add_argument("--board", metavar="NAME", help="which board (make flash BOARD=NAME)")
    parser.add_argument("--port", metavar="PORT", help="serial port of the board")
    parser.add_argument("--firmware", metavar="FILE", type=Path, help="image of MicroPython to write first")
    parser.add_argument("--settings", metavar="FILE", type=Path, help="settings for the board")
    parser.add_argument("--erase", action="store_true", help="with --firmware: all of the flash first")
    return parser


def main(args):
    """Command line; returns the exit code."""
    try:
        given = options().parse_args(args)
        board = build.read_board(given.board)
        if board["CHIP"] == "unix":
            raise build.UsageError(f"{given.board} is no board with a cable")
        if given.erase and not given.firmware:
            raise build.UsageError("ERASE=1 goes with FIRMWARE=...: it takes MicroPython too")
        settings, notes = flash_settings.read(given.settings) if given.settings else (None, [])
        python = flash_image.read(given.firmware, board["CHIP"]) if given.firmware else None
        flash_port.check(given.port)
        for note in notes:
            print(f"settings  {note}")
        image = build.build(given.board)
        Flash(board, given.port, python, settings, given.erase).run(image)
    except build.UsageError as error:
        print(f"flash: {error}", file=sys.stderr)
        return 2
    except (FlashError, build.BuildError, fetch_umqtt.FetchError, OSError) as error:
        print(f"flash: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("flash: interrupted; give the same command again", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
