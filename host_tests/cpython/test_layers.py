"""handecode without --json: the same words on CPython and MicroPython, and the right ones.

The frames written out here, with their fields, are the worked ones of the reference for HDLC and DLMS; what
is expected of them was worked out by hand from the standards.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import house  # noqa: E402

TOOL = house.ROOT / "tools" / "handecode.py"
OWN = house.ROOT / "host_tests" / "frames"
SHARED = house.ROOT.parent / "shared" / "frames"
INTERPRETERS = {"cpython": [sys.executable], "micropython": [house.MICROPYTHON]}
EK = "000102030405060708090A0B0C0D0E0F"
AK = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"

KAIFA = (
    "7E A0 27 01 02 01 10 5A 87 E6 E7 00 0F 40 00 00 00 09 0C 07 E8 07 0F 01 0D 05 02 FF 80 00 00 "
    "02 01 06 00 00 04 D2 B7 4F 7E"
)
AIDON = (
    "7E A0 2A 41 08 83 13 04 13 E6 E7 00 0F 40 00 00 00 00 01 01 02 03 09 06 01 00 01 07 00 FF "
    "06 00 00 04 D2 02 02 0F 00 16 1B 19 F2 7E"
)
SEGMENTS = (
    "7E A8 28 CF 02 23 13 7D 7B E6 E7 00 0F 00 00 00 00 0C 07 E8 07 0F 01 0D 05 0A FF 80 00 00 "
    "02 03 0A 0E 4B 61 6D 73 74 6D 06 7E A0 20 CF 02 23 13 05 00 72 75 70 5F 56 30 30 30 31 "
    "09 06 01 01 01 07 00 FF 06 00 00 04 D2 EA B6 7E"
)
BLOCKS = (
    "7E A0 2C CE FF 03 13 F6 3B E6 E7 00 E0 40 00 01 00 00 18 0F 00 00 00 00 0C 07 E8 07 0F 01 0D 05 0A FF "
    "80 00 00 02 03 0A 0E 4B 61 FD E9 7E 7E A0 2A CE FF 03 13 6E 00 E0 C0 00 02 00 00 19 6D 73 74 72 75 70 "
    "5F 56 30 30 30 31 09 06 01 01 01 07 00 FF 06 00 00 04 D2 BF 0A 7E"
)
CIPHERED = (
    "7E A0 35 41 03 13 CE 53 E6 E7 00 DB 08 4B 41 4D 01 02 03 04 05 1E 30 00 00 00 01 "
    "85 2A B8 54 46 AD 3F 9E 6E 54 24 C0 E9 93 8B 51 DF DD C7 2E 99 71 DD 66 54 3E 22 7E"
)
MBUS = (
    "68 19 19 68 53 FF 00 01 67 DB 08 4B 41 4D 01 02 03 04 05 12 20 00 00 00 01 85 2A B8 54 73 16 "
    "68 0E 0E 68 53 FF 11 01 67 46 AD 3F 9E 6E 54 24 C0 E9 2A 16"
)
POLISH = (
    "2F 45 47 4D 35 54 53 54 0D 0A 0D 0A 00 82 00 3A 30 00 00 00 09 3F 96 EA 6E 73 7D 10 BF DE 79 6A 03 78 "
    "1A AB 3A 0B 95 00 4E 8B 4F F6 F7 4F 1E 83 A9 50 C3 85 58 EF 57 54 3B 6E B2 BE BF 47 13 F5 06 58 CC D4 "
    "2F C0 B0 B5 53 73 21 30 32 31 42 0D 0A"
)
P1 = "/TST5MIN\r\n\r\n1-0:1.7.0(00.512*kW)\r\n!6B38\r\n"


def run(interpreter, *args, given=None):
    """Run handecode; return the finished process, its output as text."""
    command = [*INTERPRETERS[interpreter], TOOL, *args]
    done = subprocess.run(command, cwd=house.ROOT, input=given, capture_output=True, timeout=120)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def told(*args, given=None):
    """What both interpreters print, which must be the same, with exit code 0 and nothing on stderr."""
    texts = []
    for interpreter in INTERPRETERS:
        done = run(interpreter, *args, given=given)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        texts.append(done.stdout)
    assert texts[0] == texts[1]
    return texts[0]


def lines(hexes, *options):
    """The lines told of hex text, without their indent."""
    return [line.strip() for line in told(*options, "-", given=hexes.encode()).splitlines()]


def holds(found, *wanted):
    """Fail unless all wanted lines are found, in this order."""
    at = 0
    for line in wanted:
        assert line in found[at:], line + "\nis not, or not here, in\n" + "\n".join(found)
        at = found.index(line, at) + 1


def cases(folder):
    """Parameters (path, options) of every frame in a folder; encrypted ones with their keys and without."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in (".hex", ".txt", ".bin"):
            continue
        yield pytest.param(path, [], id=name)
        truth = path.with_suffix(".json")
        keys = json.loads(truth.read_text()).get("key") if truth.exists() else None
        if keys:
            options = ["--key", keys["ek"]] + (["--auth-key", keys["ak"]] if keys.get("ak") else [])
            yield pytest.param(path, options, id=name + "-keys")


@pytest.mark.parametrize(("path", "options"), [*cases(OWN), *cases(SHARED)])
def test_same_words(path, options):
    """Both interpreters print the same of every frame, and something of each."""
    found = told(*options, str(path))
    assert "frame 1" in found or "no framing" in found or "of no telegram" in found
    assert "reading\n" in found or "fault: " in found


def test_own_frames_are_there():
    """The list above is not empty by accident."""
    assert len(list(cases(OWN))) > 60


@pytest.mark.parametrize(("path", "options"), [*cases(OWN)])
def test_own_frames_give_readings(path, options):
    """Our own frames are whole: with their keys (or none needed) values come and no fault is told."""
    truth = json.loads(path.with_suffix(".json").read_text())
    readable = truth.get("description", {}).get("cipher", {}).get("sc") == "10"  # only authenticated
    if truth["encrypted"] and not options and not readable:
        assert "no key is set" in run("cpython", path).stdout
        return
    found = run("cpython", *options, path).stdout
    assert found.count("reading\n") == len(truth.get("expected_each", [None])), found
    assert "fault: " not in found and "wrong" not in found and "of no telegram" not in found


def test_kaifa():
    """Frame A of the reference: every layer."""
    found = told("-", given=KAIFA.encode()).splitlines()
    assert found == [
        "-: 41 octets",
        "frame 1: HDLC, octets 0 to 40, 41 in all",
        "  format A0 27: type 3, S bit 0, length 39",
        "  destination address 01: upper 0",
        "  source address 02 01: upper 1, lower 0",
        "  control 10: I frame, N(R) 0, N(S) 0, P/F 1",
        "  HCS 5A 87 sent, 5A 87 computed: ok",
        "  FCS B7 4F sent, B7 4F computed: ok",
        "  LLC E6 E7 00: from the meter",
        "    data-notification (0F)",
        "      long-invoke-id-and-priority 40 00 00 00: number 0, confirmed",
        "      date-time 09 0C: 2024-07-15 Monday, 13:05:02, deviation not specified, status 00: valid",
        '      list "Kaifa list 1": order tells what is what',
        "         31  02 01                      structure of 1",
        "         33  06 00 00 04 D2               double-long-unsigned 1234: active power import, x 10^0 W",
        "reading",
        "  timestamp = 2024-07-15T13:05:02",
        "  utc = 2024-07-15T11:05:02Z",
        '  meter_manufacturer = "Kaifa"  (assumed)',
        "  active_power_import_w = 1234 W",
    ]


def test_aidon():
    """Frame B: OBIS code, scaler and unit."""
    holds(
        lines(AIDON),
        "destination address 41: upper 32",
        "source address 08 83: upper 4, lower 65",
        "control 13: UI frame, P/F 1",
        "HCS 04 13 sent, 04 13 computed: ok",
        "date-time 00: none",
        "18  01 01                      array of 1",
        "20  02 03                        structure of 3",
        "22  09 06 01 00 01 07 00 FF        octet-string 1-0:1.7.0.255 active power import",
        "30  06 00 00 04 D2                 double-long-unsigned 1234",
        "35  02 02                          structure of 2, scaler-unit: x 10^0 W",
        "37  0F 00                            integer 0",
        "39  16 1B                            enum 27: unit W",
        "active_power_import_w = 1234 W",
    )


def test_scaler():
    """A scaler of -1 and unit 35."""
    listing = "0F 40 00 00 00 00 02 01 02 03 09 06 01 00 20 07 00 FF 12 09 02 02 02 0F FF 16 23"
    holds(
        lines(listing),
        "no framing: 27 octets",
        "10  09 06 01 00 20 07 00 FF        octet-string 1-0:32.7.0.255 voltage L1",
        "18  12 09 02                       long-unsigned 2306",
        "21  02 02                          structure of 2, scaler-unit: x 10^-1 V",
        "voltage_l1_v = 230.6 V",
    )


def test_segments():
    """Two HDLC segments that share a flag; positions count in the input, also across the joint."""
    holds(
        lines(SEGMENTS),
        "frame 1: HDLC, octets 0 to 41, 42 in all",
        "format A8 28: type 3, S bit 1, more segments follow, length 40",
        "source address 02 23: upper 1, lower 17",
        "frame 2: HDLC, octets 41 to 74, 34 in all",
        "format A0 20: type 3, S bit 0, length 32",
        "HCS 05 00 sent, 05 00 computed: ok",
        "segments joined: 52 octets",
        "LLC E6 E7 00: from the meter",
        '32  0A 0E 4B 61 6D 73 74 72 ..   visible-string "Kamstrup_V0001"',
        "59  09 06 01 01 01 07 00 FF      octet-string 1-1:1.7.0.255 active power import",
        "67  06 00 00 04 D2               double-long-unsigned 1234",
        "active_power_import_w = 1234 W",
    )


def test_blocks():
    """A block transfer: number, last, window."""
    holds(
        lines(BLOCKS),
        "destination address CE FF: upper 103, lower 127",
        "general-block-transfer (E0)",
        "block 1, more follow, streaming yes, window 0",
        "acknowledges block 0, holds 24 octets",
        "LLC: none",
        "block 2, the last, streaming yes, window 0",
        "acknowledges block 0, holds 25 octets",
        "2 blocks joined: 49 octets",
        "data-notification (0F)",
        "active_power_import_w = 1234 W",
    )
    second = BLOCKS[BLOCKS.index("7E 7E") + 3 :]
    holds(
        lines(second),
        "not joined: the block before it is missing",
        "fault: a block of a block transfer is missing",
    )


HEADER = [
    "general-glo-ciphering (DB)",
    'system title 4B 41 4D 01 02 03 04 05: "KAM", Kamstrup',
    "length 30",
    "security control 30: encrypted, authenticated, suite 0 (AES-GCM-128), unicast key set",
    "invocation counter 00 00 00 01: 1",
    "ciphertext: 13 octets",
    "authentication tag: 93 8B 51 DF DD C7 2E 99 71 DD 66 54",
]


@pytest.mark.parametrize(
    ("options", "result", "last"),
    [
        ([], "not decrypted: the telegram is encrypted and no key is set", None),
        (
            ["--key", EK, "--auth-key", AK],
            "decrypted; the authentication tag is right",
            "integrity = verified",
        ),
        (
            ["--key", EK],
            "decrypted; unverified, for there is no authentication key to check the tag with",
            "integrity = unverified",
        ),
        (["--key", EK, "--auth-key", EK], "not decrypted: the authentication tag does not match", None),
        (["--key", AK], "begins with ", None),
    ],
    ids=["no-key", "both", "no-auth-key", "wrong-auth-key", "wrong-key"],
)
def test_ciphering(options, result, last):
    """The header is told whatever the keys; elements only when the octets were decrypted."""
    found = lines(CIPHERED, *options)
    holds(found, *HEADER)
    assert any(line.startswith(result) for line in found), found
    if last:
        holds(found, "data-notification (0F)", "active_power_import_w = 1234 W", last)
        assert any(
            line.endswith("double-long-unsigned 1234: active power import, x 10^0 W") for line in found
        )
    else:
        assert "data-notification (0F)" not in found
        assert any(line.startswith("fault: ") for line in found)
    text = "".join(found).upper().replace(" ", "")
    assert EK not in text and AK not in text


def test_mbus():
    """Two segments, ciphered without a tag."""
    holds(
        lines(MBUS, "--key", EK),
        "frame 1: M-Bus, octets 0 to 30, 31 in all",
        "length 19 19: 25",
        "C field 53: SND-UD, FCB 0",
        "A field FF: broadcast",
        "CI field 00: segment 0, FIN 0, more follow",
        "STSAP 01, DTSAP 67: 103",
        "checksum 73 sent, 73 computed: ok",
        "CI field 11: segment 1, FIN 1, the last",
        "checksum 2A sent, 2A computed: ok",
        "2 segments joined: 29 octets",
        "length 18",
        "security control 20: encrypted, not authenticated, suite 0 (AES-GCM-128), unicast key set",
        "authentication tag: none",
        "decrypted; unverified, for no tag was sent",
        "active_power_import_w = 1234 W",
        "integrity = unverified",
    )


def test_p1():
    """The smallest telegram; with its checksum spoilt; without one."""
    value = "12  1-0:1.7.0(00.512*kW)                active power import = 0.512 kW"
    name = "0  /TST5MIN                            identification"
    reading = "active_power_import_w = 512 W"
    holds(lines(P1), name, value, "CRC 6B38 sent, 6B38 computed: ok", reading)
    broken = lines(P1.replace("6B38", "6B39"))
    holds(
        broken, value, "CRC 6B39 sent, 6B38 computed: wrong", "fault: P1 telegram checksum (CRC16) is wrong"
    )
    assert reading not in broken
    holds(
        lines(P1.replace("6B38", "")),
        "CRC none sent, 6B38 computed",
        reading,
        "integrity = no checksum was sent",
    )


def test_polish():
    """A ciphered part within P1, with a title of length 0 and the maker's own checksum."""
    holds(
        lines(POLISH, "--key", EK, "--auth-key", AK),
        "0  /EGM5TST",
        "system title: none, zeros stand for it",
        "length 58",
        "invocation counter 00 00 00 09: 9",
        "decrypted; the authentication tag is right",
        "33  1-0:1.7.0(00.512*kW)                active power import = 0.512 kW",
        "CRC 6B38 sent, 6B38 computed: ok",
        "CRC 021B sent, 021B computed (CRC-16/X-25, low octet first): ok",
        "active_power_import_w = 512 W",
    )


def test_date_time():
    """A deviation and the bit of daylight saving, as in the reference's example."""
    stamp = "07 E8 07 0F 01 0D 05 0A 00 FF 88 80"
    deviation = "deviation -120 min (UTC+02:00), status 80: daylight saving"
    found = lines(f"0F 00 00 00 07 0C {stamp} 02 01 06 00 00 04 D2")
    holds(found, f"date-time 0C: 2024-07-15 Monday, 13:05:10, {deviation}")
    found = lines(f"0F 00 00 00 07 0C {stamp[:-2]}03 02 01 06 00 00 04 D2")
    assert any(line.endswith("status 03: invalid, doubtful") for line in found)


def test_wrong_checksums():
    """HCS and FCS that are wrong are told with both values; what stands behind a wrong HCS is not told."""
    found = lines(KAIFA.replace("5A 87", "5A 88"))
    holds(found, "format A0 27: type 3, S bit 0, length 39", "HCS 5A 88 sent, 5A 87 computed: wrong")
    holds(found, "fault: HDLC header checksum (HCS) is wrong")
    assert not any("LLC" in line for line in found)
    found = lines(KAIFA.replace("B7 4F", "B8 4F"))
    holds(found, "FCS B8 4F sent, B7 4F computed: wrong", "LLC E6 E7 00: from the meter")
    holds(found, "fault: HDLC frame checksum (FCS) is wrong")
    assert any("double-long-unsigned 1234" in line for line in found)
    assert "active_power_import_w = 1234 W" not in found


def test_cut_short():
    """A frame that is cut short is told as far as it goes."""
    found = lines(AIDON[: 3 * 32 - 1])
    holds(
        found,
        "frame 1 (broken): HDLC, octets 0 to 31, 32 in all",
        "the length says 44 octets, 32 are here",
        "HCS 04 13 sent, 04 13 computed: ok",
        "22  09 06 01 00 01 07 00 FF        octet-string 1-0:1.7.0.255 active power import",
        "30  06 00                          double-long-unsigned (a value runs past the end of the telegram)",
        "stopped: a value runs past the end of the telegram",
        "fault: the telegram was cut short",
        "hint: Octets were lost or the line fell silent; check the cable.",
    )


def test_noise():
    """Octets between frames are counted; fill flags are not noise."""
    found = lines("01 02 03 " + KAIFA + " 7E 7E " + AIDON)
    holds(
        found,
        "at 0: 3 octets of no telegram: 01 02 03",
        "active_power_import_w = 1234 W",
        "frame 2: HDLC, octets 46 to 89, 44 in all",
    )
    assert sum("of no telegram" in line for line in found) == 1
    holds(
        lines("01 02 03 04"),
        "at 0: 4 octets of no telegram: 01 02 03 04",
        "fault: octets that belong to no telegram",
    )


def test_never_raises():
    """Whatever octets come, both print something and end with exit code 0."""
    chance = random.Random(5)
    frames = [bytes.fromhex(text) for text in (KAIFA, AIDON, SEGMENTS, BLOCKS, CIPHERED, MBUS, POLISH)]
    for _ in range(25):
        octets = bytearray(b"".join(chance.sample(frames, 3)))
        for _ in range(chance.randrange(1, 12)):
            at = chance.randrange(len(octets))
            octets[at] = chance.randrange(256)
            if chance.random() < 0.3:
                del octets[at : at + chance.randrange(20)]
        assert told("-", given=octets.hex(" ").encode())


@pytest.mark.parametrize("interpreter", INTERPRETERS)
@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["no-such-file.hex"], "cannot read no-such-file.hex"),
        (["host_tests"], "cannot read host_tests"),
        (["--key", "0011", "LICENSE"], "--key wants 32 hex digits"),
        (["--auth-key", "xyz", "LICENSE"], "--auth-key wants 32 hex digits"),
        (["--key"], "--key wants 32 hex digits"),
        (["--jsn", "LICENSE"], "no such option: --jsn"),
        ([], "usage: handecode.py"),
    ],
)
def test_refusals(interpreter, args, words):
    """One line on stderr, nothing on stdout, exit code 2."""
    done = run(interpreter, *args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and words in done.stderr


def test_several_files():
    """Each file is told after its name."""
    names = ["host_tests/frames/kaifa/list1.hex", "host_tests/frames/aidon/list1.hex"]
    found = told(*names).splitlines()
    assert [line for line in found if line.startswith("host_tests/")] == [
        f"{names[0]}: 41 octets",
        f"{names[1]}: 44 octets",
    ]


def test_reader_gone():
    """Somebody who pipes into head gets no traceback."""
    command = [sys.executable, TOOL, OWN / "aidon" / "swedish27.hex"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 1
