"""What several test files share while they run side by side."""

import fcntl
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("hanport", deadline=None)  # no test judges the speed of the machine
hypothesis.settings.load_profile("hanport")

BUILD = Path(__file__).resolve().parent.parent.parent / "build"


@pytest.fixture(scope="module")
def build_folder():
    """build/ with the folders of boards, for one test file at a time: they are looked at and replaced."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "tests.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield BUILD
