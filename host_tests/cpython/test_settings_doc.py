"""The tables of settings in firmware/README.md are those of the schema."""

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent


def test_tables_are_current():
    made = subprocess.run(
        [sys.executable, str(TOP / "tools" / "settings_doc.py")], capture_output=True, text=True, check=True
    ).stdout
    text = (TOP / "firmware" / "README.md").read_text(encoding="utf-8")
    assert made.strip() in text, "run tools/settings_doc.py and put what it says into firmware/README.md"
