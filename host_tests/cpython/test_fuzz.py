"""tools/fuzz.py: 20,000 damaged telegrams keep the law, and a decoder that breaks it is found out."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def test_the_law_holds():
    """A reading or a fault, never anything else; both cores, the same telegrams every time."""
    command = [sys.executable, TOOLS / "fuzz.py", "--count", "20000", "--seed", "20261125"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = done.stdout.splitlines()[-1]
    assert summary.startswith("the law held: 20,000 telegrams, ") and "seed 20261125" in summary, summary
    numbers = [int(word.replace(",", "")) for word in summary.split() if word[0].isdigit()]
    # Most telegrams are broken for good, but the inner layers must have been reached: both kinds of event.
    assert numbers[1] > 2000 and numbers[2] > 10000, summary


# Ways to break the decoder, one statement each, and the words that must come out.
BREAKS = {
    "an exception": ("from hanport import axdr\naxdr.size = lambda tag: [4][tag]", "IndexError"),
    "a checksum not looked at": (
        "from hanport import hdlc\n"
        "def judge(arena, a, b, last, real=hdlc.judge):\n"
        "    r = real(arena, a, b, last)\n"
        "    return ((arena[a + 1] & 7) << 8 | arena[a + 2]) + 2 if r == -3 else r\n"
        "hdlc.judge = judge",
        "HDLC frame",
    ),
    "a tag not looked at": (
        "from hanport.ciphering import Ciphering\nCiphering.verify = lambda *given: True",
        "read with a wrong tag",
    ),
    "bounds": (
        "from hanport import framing\n"
        "def feed(self, data, i, n, real=framing.Framing.feed):\n"
        "    at = real(self, data, i, n)\n"
        "    self.have += 5000 * (self.fault > 0)\n"
        "    return at\n"
        "framing.Framing.feed = feed",
        "broken bounds",
    ),
    "an endless line": (
        "from hanport import Decoder\n"
        "def feed(self, data, i, n, real=Decoder.feed):\n"
        "    at = real(self, data, i, n)\n"
        "    self.fault = self.fault or 1\n"
        "    return at\n"
        "Decoder.feed = feed",
        "calls of feed",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_decoder_is_found_out(name):
    """Within a few thousand telegrams, told with the seed and the octets."""
    statement, words = BREAKS[name]
    script = f"import fuzz\n{statement}\nprint(fuzz.chunk((1, 6000))[-1])"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=TOOLS, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert words in told[0] and "seed" in told[1] and bytes.fromhex(told[2].strip()), done.stdout[:500]


def test_command_line():
    """Wrong options are told in one line with exit code 2; --seconds ends it."""
    for wrong in (["--count", "0"], ["--seconds", "x"], ["--what"]):
        done = subprocess.run([sys.executable, TOOLS / "fuzz.py", *wrong], capture_output=True, text=True)
        assert done.returncode == 2 and "fuzz.py: error" in done.stderr, done
    done = subprocess.run(
        [sys.executable, TOOLS / "fuzz.py", "--seconds", "0.2", "--seed", "9"], capture_output=True, text=True
    )
    assert done.returncode == 0 and "the law held" in done.stdout, done.stdout + done.stderr
