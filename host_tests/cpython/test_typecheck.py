"""Pyright has no complaint against the stubs of either chip, sees what is not there; no reason is stale."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import side_packages
import typecheck

BOTH = tuple(typecheck.CHIPS)

# Source, words of the complaint, chips that complain.
FAULTS = [
    ("import machine\nmachine.Pinn(1)\n", '"Pinn" is not a known attribute of module "machine"', BOTH),
    ("import network\nnetwork.WLAN().conect()\n", 'Cannot access attribute "conect" for class "WLAN"', BOTH),
    ("import numpy\n", 'Import "numpy" could not be resolved', BOTH),
    ("from hanport import Decodr\n", '"Decodr" is unknown import symbol', BOTH),
    ("from hanport.keys import parse\nparse()\n", 'Argument missing for parameter "text"', BOTH),
    ("import time\ntime.ticks_diff(1)\n", 'No overloads for "ticks_diff"', BOTH),
    ("import board_config\nboard_config.LEDD\n", '"LEDD" is not a known attribute', BOTH),
    ("def f():\n    return who\n", '"who" is not defined', BOTH),
    ("from machine import ADC\nADC(0).read_uv()\n", 'attribute "read_uv" for class "ADC"', ("esp8266",)),
    ("import esp32\nesp32.HEAP_DATA\n", 'Import "esp32" could not be resolved', ("esp8266",)),
    ("from umqtt import simple\nsimple.MQTTClient(1, 2).no_such()\n", 'attribute "no_such"', BOTH),
    ("def f(:\n", "", BOTH),
]


@pytest.fixture(scope="module", autouse=True)
def brought():
    """The checker and the stubs."""
    typecheck.bring_all()


@pytest.fixture(scope="module")
def told():
    """{chip: (complaints, met)} of all sources."""
    return {chip: typecheck.check(chip) for chip in BOTH}


@pytest.mark.parametrize("chip", BOTH)
def test_no_complaints(told, chip):
    complaints, _ = told[chip]
    assert not complaints, "\n".join(complaints)


def test_no_reason_is_stale(told):
    """Each gap of the stubs is still met by a source: one that is not would hide a fault some day."""
    met = set().union(*(found for _, found in told.values()))
    assert [row for n, row in enumerate(typecheck.GAPS) if n not in met] == []


def test_faults_are_seen():
    """Each wrong file gets its complaint against the chips that lack what it asks for, and no other."""
    folder = typecheck.FOLDER / "try"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    files = []
    for n, (text, _, _) in enumerate(FAULTS):
        (folder / f"wrong_{n}.py").write_text(text)
        files.append(f"build/types/try/wrong_{n}.py")
    try:
        rows = {chip: typecheck.run_pyright(chip, files) for chip in BOTH}
        for chip in BOTH:
            complaints, _ = typecheck.judge(chip, rows[chip])
            for n, (text, words, chips) in enumerate(FAULTS):
                mine = [line for line in complaints if f"/wrong_{n}.py:" in line]
                assert bool(mine) == (chip in chips), (chip, text, mine)
                assert not mine or any(words in line for line in mine), (chip, text, mine)
    finally:
        shutil.rmtree(folder)


def test_what_only_cpython_runs_is_passed_over(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(
        "import sys\n"
        "if sys.implementation.name == 'cpython':\n    import a\nelse:\n    import b\n"
        "if sys.implementation.name == 'micropython':\n    import c\nelse:\n    import d\n"
        "try:\n    import e\nexcept ImportError:\n    import f\n"
    )
    lines = path.read_text().splitlines()
    passed = {lines[n - 1].split()[-1] for n in typecheck._cpython_lines(path) if "import " in lines[n - 1]}
    assert passed - {"ImportError:"} == {"a", "d", "f"}


def test_what_an_esp8266_goes_without():
    """Files that exist; on the other chip nothing is left out."""
    assert typecheck.left_out("esp32") == []
    paths = typecheck.left_out("esp8266")
    assert "firmware/app/ether.py" in paths and all((typecheck.ROOT / path).is_file() for path in paths)


def test_every_constant_of_a_board_has_its_types():
    made = (typecheck.FOLDER / "made" / "board_config.pyi").read_text(encoding="utf-8")
    assert re.search(r"^BUTTON: None \| int$", made, re.M) and re.search(r"^CHIP: str$", made, re.M)


@pytest.mark.parametrize("options", [["avr"], ["esp32", "esp8266"]])
def test_wrong_option_is_one_line(options):
    command = [sys.executable, str(Path(typecheck.__file__)), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_no_network_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(side_packages.SideError, match="the package index cannot be reached"):
        side_packages.bring("types-esp32", tmp_path / "stubs")
    assert not (tmp_path / "stubs.made").exists()
