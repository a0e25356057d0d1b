"""What all tests need, also where they run side by side."""

import os
from pathlib import Path

import hypothesis

hypothesis.settings.register_profile("hanport", deadline=None)  # no test judges the speed of the machine
hypothesis.settings.load_profile("hanport")

# Each worker of pytest-xdist builds into a folder of its own: tests look at what they have built.
if "PYTEST_XDIST_WORKER" in os.environ:
    top = Path(__file__).resolve().parent.parent.parent
    os.environ["HANPORT_BUILDS"] = str(top / "build" / ("tests-" + os.environ["PYTEST_XDIST_WORKER"]))
