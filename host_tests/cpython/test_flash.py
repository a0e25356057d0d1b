"""make flash with the real mpremote and the real esptool: from an empty board to a page that answers.

The board is host_tests/micropython/board_standin.py with the true firmware on it, its bootloader is
bootloader.py.
"""

import json
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import python_images  # noqa: E402
from board_unit import Board  # noqa: E402
from bootloader import Bootloader  # noqa: E402
from flash_unit import Plugged, marker, run, settings_file, version_at  # noqa: E402
from setup_unit import NETWORKS, free_udp_port  # noqa: E402

import build  # noqa: E402
import device  # noqa: E402
import flash  # noqa: E402
import flash_files  # noqa: E402
import flash_page  # noqa: E402
import flash_settings  # noqa: E402
import label  # noqa: E402

MAC = b"\x24\x0a\xc4\x00\x00\x01"  # of host_tests/fakes/network.py


@pytest.fixture
def plugged():
    """What is put in here is switched off at the end."""
    with Plugged() as all_of_them:
        yield all_of_them


def files_of(folder):
    """{name: octets} of all files below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_esp32(tmp_path, plugged, capsys):
    """An empty board gets files, settings and a start; the next flash replaces what runs and keeps them."""
    board = plugged.add(Board(tmp_path, "esp32s2"))
    file, url = settings_file(tmp_path)
    code, out, err = run(capsys, "pow_u", board.port, settings=file)
    assert code == 0, out + err
    assert f"page      {url}\n" in out and "settings  written" in out
    assert version_at(url) == build.version()
    home = build.PLACE / "pow_u"
    assert files_of(board.files / "a") == {**files_of(home / "tree"), "index": (home / "index").read_bytes()}
    for name in ("boot.py", "main.py"):
        assert (board.files / name).read_bytes() == (build.ROOT / "firmware" / name).read_bytes()

    # An update in slot B is what runs, by its marker; there is something left of the version in A.
    kept = (board.files / "settings.json").read_bytes()
    (board.files / "b").mkdir()
    (board.files / "b" / "index").write_bytes(b"\0")
    (board.files / "slot.0").write_bytes(marker(1, 6))
    (board.files / "slot.1").write_bytes(b"torn")
    (board.files / "a" / "app" / "rest.mpy").write_bytes(b"M")
    code, out, err = run(capsys, "pow_u", board.port)
    assert code == 0, out + err
    assert f"page      {url}\n" in out and "settings  as they were" in out
    assert version_at(url) == build.version()
    assert (board.files / "settings.json").read_bytes() == kept
    assert not list(board.files.glob("slot.*")) and not (board.files / "a" / "app" / "rest.mpy").exists()


def test_first_run(tmp_path, plugged, capsys):
    """Without a WiFi the board opens its own network; what it says of it is what its label says."""
    air = tmp_path / "wlan.json"
    air.write_text(json.dumps({"networks": NETWORKS, "ap_address": "127.0.0.1"}))
    board = Board(tmp_path, "esp32", HANPORT_WLAN=str(air), HANPORT_DNS=str(free_udp_port()))
    plugged.add(board)
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"http_port": device.free_port(), "country": "NO"}))
    code, out, err = run(capsys, "generic_esp32", board.port, settings=file)
    assert code == 0, out + err
    words = f"join the WiFi {label.network(MAC)}, password {label.password(MAC)}, then open http://127.0.0.1"
    assert f"set-up    {words}" in out
    told = flash_settings.first_run(flash_settings.kept(file.read_bytes()), MAC)
    assert label.network(MAC) in told and label.password(MAC) in told and "http://192.168.4.1:" in told


def test_esp8266(tmp_path, plugged, capsys, monkeypatch):
    """By its prompt while it has one; later, when Hanport has the cable, by its bootloader into slot A."""
    monkeypatch.setattr(flash_files, "PATIENCE_S", 1)
    board = plugged.add(Board(tmp_path, "esp8266"))
    file, url = settings_file(tmp_path)
    code, out, err = run(capsys, "pow_u_uart0", board.port, settings=file)
    assert code == 0, out + err
    assert "octets in slot A" in out and f"page      {url}\n" in out
    assert version_at(url) == build.version()
    image = build.build("pow_u_uart0").read_bytes()
    octets = bytearray((tmp_path / "flash.bin").read_bytes())
    assert octets[0xB0000 : 0xB0000 + len(image)] == image
    with pytest.raises(flash_files.NoAnswer):
        flash_files.Session(board.port, 1)  # the cable is the meter's now
    plugged.pop().close()

    # Some time later slot B runs, and A holds what is old. This way cannot reach the marker's file.
    (board.files / "slot.1").write_bytes(marker(1, 7))
    octets[0xD8000 : 0xD8000 + 9000] = image[:9000]
    octets[0xB0000 : 0xB0000 + 9000] = b"\xd2\xcd\x31" + bytes(8997)
    chip = plugged.add(Bootloader("esp8266", octets))
    code, out, err = run(capsys, "pow_u_uart0", chip.port, settings=file)
    assert code == 1 and "Restore them on its page" in err
    assert not chip.changes
    python = tmp_path / "python.bin"
    python.write_bytes(python_images.python("esp8266"))
    code, out, err = run(capsys, "pow_u_uart0", chip.port, firmware=python)
    assert code == 0, out + err
    done = [what.split()[:2] for what in chip.changes]
    assert done == [["write", "0x0"], ["write", "0xb0000"], ["write", "0xd8000"]]
    (tmp_path / "flash.bin").write_bytes(chip.flash)
    plugged.add(Board(tmp_path, "esp8266"))
    end = time.monotonic() + 30
    while not flash_page.answers(url) and time.monotonic() < end:
        time.sleep(0.2)
    assert version_at(url) == build.version()


def test_firmware(tmp_path, plugged, capsys, monkeypatch):
    """MicroPython by esptool, then Hanport on it, on one cable; what the flash held is erased."""
    monkeypatch.setattr(flash_files, "PATIENCE_S", 1)
    chip = Bootloader("esp32s2", b"\xa5" * (4 << 20), once=True)
    threading.Thread(target=lambda: plugged.add(Board(tmp_path, "esp32s2", chip.left())), daemon=True).start()
    python = tmp_path / "python.bin"
    python.write_bytes(python_images.python("esp32s2"))
    file, url = settings_file(tmp_path)
    code, out, err = run(capsys, "pow_u", chip.port, firmware=python, settings=file)
    assert code == 0, out + err
    assert "by esptool, and read back" in out and f"page      {url}\n" in out
    assert chip.changes[0] == "erase all" and chip.changes[1].startswith("write 0x1000 ")
    size = python.stat().st_size
    assert chip.flash[0x1000 : 0x1000 + size] == python.read_bytes()
    assert chip.flash[0x200000:0x200010] == b"\xff" * 16
    assert version_at(url) == build.version()


def test_firmware_where_nobody_answers(tmp_path, plugged, capsys, monkeypatch):
    """A MicroPython that is held up leaves its file system: the settings are on it."""
    monkeypatch.setattr(flash_files, "PATIENCE_S", 1)
    python = tmp_path / "python.bin"
    python.write_bytes(python_images.python("esp32s2"))
    old = bytearray(b"\xff" * (4 << 20))
    old[0x1000 : 0x1000 + python.stat().st_size] = python.read_bytes()
    old[0x200008:0x200010] = b"littlefs"
    file, url = settings_file(tmp_path)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "settings.json").write_bytes(file.read_bytes())
    chip = Bootloader("esp32s2", old, once=True)
    threading.Thread(target=lambda: plugged.add(Board(tmp_path, "esp32s2", chip.left())), daemon=True).start()
    code, out, err = run(capsys, "pow_u", chip.port, firmware=python)
    assert code == 0 and "settings  as they were" in out and f"page      {url}\n" in out, out + err
    assert len(chip.changes) == 1 and chip.changes[0].startswith("write 0x1000 ")
    assert version_at(url) == build.version()


@pytest.mark.parametrize("what", ["same", "moved", "erase"])
def test_firmware_on_a_board_in_use(tmp_path, plugged, capsys, monkeypatch, what):
    """Its file system stays where the new MicroPython looks for it; else the settings come along.

    ERASE=1 takes all.
    """
    monkeypatch.setattr(flash_files, "PATIENCE_S", 5)
    board = plugged.add(Board(tmp_path, "esp32s2"))
    file, url = settings_file(tmp_path)
    octets = flash_settings.stored(flash_settings.read(file)[0])
    (board.files / "settings.json").write_bytes(octets)
    (board.files / "notes.txt").write_text("mine")
    chips = []

    def after(chip):
        cable = chip.left()
        if "erase all" in chip.done:
            for path in board.files.iterdir():
                path.unlink()
        plugged.add(Board(tmp_path, "esp32s2", cable))

    def enter(port):
        plugged.clear()
        chips.append(Bootloader("esp32s2", once=True, cable=board.pull()))
        threading.Thread(target=after, args=chips, daemon=True).start()
        return real(port)

    real = flash.Bootloader
    monkeypatch.setattr(flash, "Bootloader", enter)
    if what == "moved":
        monkeypatch.setattr(python_images, "FILES", (0x210000, 0x1F0000))
    python = tmp_path / "python.bin"
    python.write_bytes(python_images.python("esp32s2"))
    options = {}
    if what == "erase":
        file, url = settings_file(tmp_path)
        options = {"erase": True, "settings": file}
    code, out, err = run(capsys, "pow_u", board.port, firmware=python, **options)
    assert code == 0 and f"page      {url}\n" in out, out + err
    assert version_at(url) == build.version()
    assert ((board.files / "settings.json").read_bytes() == octets) is (what != "erase")
    assert ("kept over the erase" in out) is (what == "moved")
    assert ("erase all" in chips[0].done) is (what != "same")
    assert (board.files / "notes.txt").exists() is (what == "same")
