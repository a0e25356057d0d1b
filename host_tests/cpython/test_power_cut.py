"""Files survive a power cut at every octet written, and no damaged file is ever taken for a good one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

import settings  # noqa: E402
from app import store  # noqa: E402

KILL = house.ROOT / "host_tests" / "micropython" / "lfs_kill.py"
TEXT = settings.dump(settings.Settings({"mqtt_host": "broker.example", "name": "Zähler", "baud": 2400}))
OLD = settings.dump(settings.Settings({"mqtt_host": "the-old.example"}))


def kill(*words):
    """Run lfs_kill.py; return (exit code, output, cut points, losses)."""
    path = os.pathsep.join(str(house.ROOT / folder) for folder in ("lib", "firmware"))
    command = [house.MICROPYTHON, "-X", "heapsize=8M", KILL, *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env={**os.environ, "MICROPYPATH": path}
    )
    counts = re.search(r"^cut points (\d+), losses (\d+)$", done.stdout, re.MULTILINE)
    assert counts, done.stdout + done.stderr
    return done.returncode, done.stdout, int(counts[1]), int(counts[2])


def test_power_cut_at_every_write():
    """Settings and a history of 900 octets on a real LittleFS: old or new, and the next save works."""
    code, output, cuts, losses = kill()
    print(output)
    assert (code, losses) == (0, 0), output
    steps = [int(n) for n in re.findall(r"(\d+) steps, cut after each", output)]
    assert len(steps) == 6 and min(steps) > 900 and cuts > sum(steps)
    both = re.search(r"the old text (\d+) times, the new one (\d+) times; (\d+) times another", output)
    assert all(int(n) > 100 for n in both.groups()), output


def test_power_cut_can_lose():
    """The same cuts find the losses of a save that removes the file first."""
    code, output, _, losses = kill("naive")
    assert code == 1 and losses > 100, output


@pytest.fixture
def flash(tmp_path, monkeypatch):
    """An empty folder that the store works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(name=store.SETTINGS):
    """What load gives, and what it says."""
    said = []
    return store.load(name, said.append), said


def test_save_and_load(flash):
    """Nothing, one generation, two; another file besides; and no leftovers."""
    assert load() == ("", []) and store.load() == ""
    store.save(store.SETTINGS, OLD)
    assert load() == (OLD, [])
    store.save(store.SETTINGS, TEXT)
    store.save("history", "1 2 3\n4\n")
    store.save("empty", "")
    assert load() == (TEXT, []) and load("history") == ("1 2 3\n4\n", []) and load("empty") == ("", [])
    assert sorted(os.listdir(flash)) == ["empty", "history", "settings.json", "settings.json.old"]
    octets = (flash / "settings.json").read_bytes()
    assert octets.startswith(b"hanport %d " % len(TEXT.encode())) and octets.endswith(b"\n" + TEXT.encode())


def test_forget(flash):
    """After a reset the generation before it is gone too, and the new one stays."""
    store.save(store.SETTINGS, OLD)
    store.save(store.SETTINGS, "{}")
    store.forget(store.SETTINGS)
    store.forget(store.SETTINGS)
    assert os.listdir(flash) == ["settings.json"] and load() == ("{}", [])


def test_a_file_by_hand(flash):
    """JSON without a check, as device.py and people write it, is believed; other texts are not."""
    (flash / "settings.json").write_text('{"name":\n "hand"}\n')
    assert load() == ('{"name":\n "hand"}\n', [])
    (flash / "settings.json").write_text('name = "hand"\n')
    words = "The file settings.json is damaged and there is no other generation of it."
    assert load() == ("", [words])
    (flash / "settings.json").write_bytes(b"{\xff\xfe")
    assert load()[0] == ""


def damaged(octets):
    """Yield every cut, every flip of one bit, of neighbours and of far pairs, and pieces of FF and 00."""
    for n in range(len(octets)):
        yield octets[:n]
        yield octets[:n] + b"\xff" * (len(octets) - n)
        yield octets[:n] + b"\x00" * (len(octets) - n)
        yield octets[:n] + octets[n + 1 :]
        for bit in range(8):
            for other in (n, (n * 7 + 3) % len(octets), (n + 1) % len(octets)):
                bad = bytearray(octets)
                bad[n] ^= 1 << bit
                if other != n:
                    bad[other] ^= 1 << (bit * 3 + n) % 8
                yield bytes(bad)
    yield octets + b"\n"
    yield octets + octets


def test_damage_is_always_seen(flash):
    """Whatever happens to the octets of a file: it is not loaded, and the generation before it is."""
    store.save(store.SETTINGS, OLD)
    store.save(store.SETTINGS, TEXT)
    file = flash / "settings.json"
    good = file.read_bytes()
    count = 0
    for octets in damaged(good):
        assert octets != good
        file.write_bytes(octets)
        said = []
        assert store.load(say=said.append) == OLD, octets
        assert said == ["The file settings.json is damaged; the generation before it is used."]
        count += 1
    assert count > 2500


def test_damage_does_not_spread(flash):
    """A save over a damaged file keeps the good generation; one that was being saved is preferred to it."""
    store.save(store.SETTINGS, OLD)
    store.save(store.SETTINGS, TEXT)
    file = flash / "settings.json"
    octets = file.read_bytes()
    file.write_bytes(octets[:40])
    store.save(store.SETTINGS, TEXT + " ")
    assert load() == (TEXT + " ", [])
    file.write_bytes(octets[:50])
    assert load()[0] == OLD
    # The power went between the two renames.
    file.rename(flash / "settings.json.new")
    (flash / "settings.json.new").write_bytes(octets)
    said = ["The file settings.json is missing; the one that was being saved is used."]
    assert load() == (TEXT, said)
    # It went while the new file was written.
    (flash / "settings.json.new").write_bytes(octets[:60])
    assert load() == (OLD, ["The file settings.json is missing; the generation before it is used."])


def test_full_flash(flash, monkeypatch):
    """A save that fails leaves the file as it was and says so."""
    store.save(store.SETTINGS, OLD)

    class Full:
        """A file on a flash without room."""

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return False

        def write(self, octets):
            raise OSError(28)

    real = open
    monkeypatch.setattr("builtins.open", lambda path, mode: Full() if mode == "wb" else real(path, mode))
    with pytest.raises(OSError):
        store.save(store.SETTINGS, TEXT)
    assert load() == (OLD, [])
