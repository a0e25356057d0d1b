"""What make flash refuses, and that it does so before anything on the board has changed."""

import errno
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import python_images  # noqa: E402
from board_unit import Board  # noqa: E402
from bootloader import Bootloader  # noqa: E402
from flash_unit import SECRET, Plugged, run, settings_file  # noqa: E402

import flash  # noqa: E402
import flash_chip  # noqa: E402
import flash_files  # noqa: E402
import flash_port  # noqa: E402
import flash_settings  # noqa: E402
from app import store  # noqa: E402


@pytest.fixture
def plugged():
    """What is put in here is switched off at the end."""
    with Plugged() as all_of_them:
        yield all_of_them


@pytest.fixture(autouse=True)
def in_haste(monkeypatch):
    """Nobody is waited for who does not come."""
    monkeypatch.setattr(flash_files, "PATIENCE_S", 1)
    real = flash_chip.Bootloader._run

    def once(self, *words, **how):
        return real(self, "--connect-attempts", "1", *words, **how)

    monkeypatch.setattr(flash_chip.Bootloader, "_run", once)


def test_wrong_chip(tmp_path, plugged, capsys):
    """By the prompt, and by the bootloader: both are named."""
    board = plugged.add(Board(tmp_path, "esp32"))
    chip = plugged.add(Bootloader("esp32"))
    code, _, err = run(capsys, "pow_u", board.port)
    assert code == 1 and "is esp32, and pow_u has esp32s2" in err and "right BOARD" in err
    assert not list(board.files.iterdir())
    python = tmp_path / "python.bin"
    python.write_bytes(python_images.python("esp32s2"))
    code, _, err = run(capsys, "pow_u", chip.port, firmware=python)
    assert code == 1 and "is esp32, and pow_u has esp32s2" in err
    assert chip.done == []
    small = Bootloader("esp32s2")
    plugged.add(small).resize(0x15)
    code, _, err = run(capsys, "pow_u", small.port, firmware=python)
    assert code == 1 and "has 2,048 KiB, and 4,096 are needed" in err
    assert small.done == []


def test_image_and_settings(tmp_path, plugged, capsys):
    """A damaged image and settings that do not fit are seen before the port is even opened."""
    chip = plugged.add(Bootloader("esp32s2"))
    python = tmp_path / "python.bin"
    python.write_bytes(python_images.python("esp32s2")[:-100])
    code, _, err = run(capsys, "pow_u", chip.port, firmware=python)
    assert code == 1 and "damaged or cut off" in err
    file = tmp_path / "my.json"
    for text, words in (
        (json.dumps({"mqtt_port": 99999, "wifi_password": SECRET}), "Port of the broker must be a whole"),
        (json.dumps({"wifi_passwort": SECRET}), "wifi_passwort is no setting"),
        ('{"wifi_ssid": "home",}', "no proper JSON"),
        ("wifi_ssid = home\n", "no backup of Hanport's settings"),
        ("version = 2\nwifi_ssid = home\n", "a part of it is missing"),
        ("\0\0", "no backup of Hanport's settings"),
    ):
        file.write_text(text)
        code, _, err = run(capsys, "pow_u", chip.port, settings=file)
        assert code == 1 and words in err, (text, err)
    code, _, err = run(capsys, "pow_u", chip.port, settings=tmp_path / "none.json")
    assert code == 1 and "none.json cannot be read" in err
    assert chip.done == []


def test_settings_as_the_board_reads_them(tmp_path):
    """The file that is written is a checked one of the store; each form that may be given says the same."""
    path = tmp_path / "settings.json"
    for text in (
        '{"wifi_ssid": "home", "mqtt_host": "broker"}',
        "version = 2\nwifi_ssid = home\nmqtt_host = broker\nend\n",
        "amsconfig\nssid home\nmqttHost broker\n",
    ):
        file = tmp_path / "given"
        file.write_text(text)
        found, _ = flash_settings.read(file)
        path.write_bytes(flash_settings.stored(found))
        values = json.loads(store.load(str(path)))
        assert (values["wifi_ssid"], values["mqtt_host"]) == ("home", "broker")
        assert flash_settings.kept(path.read_bytes())["mqtt_host"] == "broker"
    path.write_bytes(path.read_bytes()[:-1])
    assert store.load(str(path)) == "", "a torn file is seen"


def test_no_room(tmp_path, plugged, capsys):
    """Seen before the old version is taken away; what that holds is counted."""
    board = plugged.add(Board(tmp_path, "esp32s2", HANPORT_BLOCKS="20"))
    (board.files / "a").mkdir()
    (board.files / "a" / "index").write_bytes(b"\0")
    code, _, err = run(capsys, "pow_u", board.port)
    assert code == 1 and "not enough room" in err and "and 86,016 are free" in err
    assert (board.files / "a" / "index").exists() and not (board.files / "boot.py").exists()


def test_prompt(tmp_path, plugged):
    """What a board says of itself names its chip; a watchdog that Hanport has left behind is put off."""
    board = plugged.add(Board(tmp_path, "esp32s2"))
    session = flash_files.Session(board.port)
    session.stay()
    assert "('wdt', 1800000)" in session.run("import machine\nprint(machine.log)")
    for machine, chip in (
        ("Generic ESP32S2 module with ESP32S2", "esp32s2"),
        ("LOLIN_S2_MINI with ESP32-S2FN4R2", "esp32s2"),
        ("ESP32C3 module with ESP32C3", "esp32c3"),
        ("Generic ESP32 module with ESP32", "esp32"),
        ("Generic ESP32 module with SPIRAM with ESP32-D0WDQ6", "esp32"),
        ("Generic ESP32S3 module with Octal-SPIRAM with ESP32S3", "esp32s3"),
        ("A board of my own", None),
    ):
        session.facts["machine"] = machine
        assert session.chip == chip
    session.facts.update(platform="esp8266", machine="ESP module with ESP8266")
    assert session.chip == "esp8266"
    session.close()


def test_old_python(tmp_path, plugged, capsys, monkeypatch):
    """A MicroPython that cannot run it, or an ESP8266 without the partition: what is needed is told."""
    board = plugged.add(Board(tmp_path, "esp8266"))
    real = flash_files.FACTS
    monkeypatch.setattr(flash_files, "FACTS", real + "\nd['python'] = (1, 22, 0)\nprint(d)\n")
    code, _, err = run(capsys, "pow_u_uart0", board.port)
    assert code == 1 and "MicroPython 1.22.0 on the board is too old" in err
    monkeypatch.setattr(flash_files, "FACTS", real + "\nd['rom'] = 0\nprint(d)\n")
    code, _, err = run(capsys, "pow_u_uart0", board.port)
    assert code == 1 and "no ROMFS partition" in err and "FLASH_2M_ROMFS" in err
    assert not list(board.files.iterdir())


def test_bad_cable(tmp_path, plugged, capsys, monkeypatch):
    """What does not arrive as it was sent never starts: the folder has no index, the prompt stays."""
    board = plugged.add(Board(tmp_path, "esp32s2"))
    real = flash_files.Session.write

    def mangled(self, name, octets, tick=None):
        real(self, name, octets[:-1] + b"?" if name == "a/app/house.mpy" else octets, tick)

    monkeypatch.setattr(flash_files.Session, "write", mangled)
    code, out, err = run(capsys, "pow_u", board.port)
    assert code == 1 and "did not arrive as they were sent" in err
    assert not (board.files / "a" / "index").exists() and not (board.files / "boot.py").exists()
    file, _ = settings_file(tmp_path)

    def gone(self, name, octets, tick=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(flash_files.Session, "write", gone)
    code, out, err = run(capsys, "pow_u", board.port, settings=file)
    assert code == 130 and "give the same command again" in err


def test_no_answer(tmp_path, plugged, capsys, monkeypatch):
    """Nobody at the other end, or a chip that has neither: what to press, by what the board can be."""
    chip = plugged.add(Bootloader("esp8266"))
    code, _, err = run(capsys, "pow_u", chip.port)
    assert code == 1 and "no MicroPython answers" in err and "FIRMWARE=" in err
    code, _, err = run(capsys, "pow_u_uart0", chip.port)
    assert code == 1 and "neither a prompt of MicroPython nor Hanport" in err and "FLASH_2M_ROMFS" in err
    chip.pull()
    code, _, err = run(capsys, "pow_u_uart0", chip.port)
    assert code == 1 and "hold the board's button" in err


def test_ports(tmp_path, plugged, capsys):
    """Missing, busy, not allowed, gone; and what is wrong with the command."""
    code, _, err = run(capsys, "pow_u", str(tmp_path / "ttyNONE"))
    assert code == 1 and "there is no " in err and "ttyNONE" in err
    code, _, err = run(capsys, "pow_u", None)
    assert code == 1 and "say PORT=" in err
    chip = plugged.add(Bootloader("esp32"))
    with flash_port.opened(chip.port):
        code, _, err = run(capsys, "pow_u", chip.port)
        assert code == 1 and "in use by another program" in err
    assert "dialout" in flash_port.why(PermissionError(errno.EACCES, "Permission denied"), "/dev/ttyUSB0")
    assert "plug the board in again" in flash_port.why(OSError(errno.EIO, "I/O error"), "/dev/ttyUSB0")
    for words in ("--board none", "--board host", "", "--board pow_u --erase", "--bord x"):
        assert flash.main(words.split()) == 2
        said = capsys.readouterr().err
        assert said.startswith("flash: ") and said.count("\n") == 1
