"""The version of what lies here, from git:  build_version.version()

    0.2.0                   the commit that carries the tag v0.2.0
    0.2.0-3-g1a2b3c4d       three commits later
    0.1.0-g1a2b3c4d         no tag before this commit: the version of pyproject.toml
    ...-dirty               what the image is made from differs from the commit
    0.1.0                   no git, or no history: pyproject.toml alone

The same commit gives the same text on each machine, but a clone without tags or with a part of the history
does not know how far the last tag is: it says what "no tag" says.
"""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TAGS = "v[0-9]*"
HASH = 8  # digits of the commit: given, since git's own choice grows with the repository

# What goes into an image or makes it: a change of anything else leaves the version as it is.
MADE_FROM = ("lib", "firmware", "boards", "pyproject.toml", "requirements/run.txt")
TOOLS = "tools/build*.py", "tools/shrink*.py", "tools/fetch_umqtt.py"


class VersionError(Exception):
    """Why there is no version, as one line."""


def written(root=ROOT):
    """Return the version text of pyproject.toml (read by eye: Python 3.10 has no tomllib)."""
    found = re.search(r'^version = "([^"]+)"', (root / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    if not found:
        raise VersionError("pyproject.toml has no version")
    return found.group(1)


def _git(root, *arguments):
    """What git says, without the end of the line; None when it fails or is not there."""
    # Within a hook these would name the repository that the hook runs for.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        command = ["git", "--no-optional-locks", *arguments]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=outside)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def version(root=ROOT):
    """Return the version of the sources under root. Raises VersionError."""
    # A copy of the sources inside of another repository must not be given that one's version.
    commit = _git(root, "rev-parse", f"--short={HASH}", "HEAD") if (root / ".git").exists() else None
    if commit is None:
        return written(root)
    told = _git(root, "describe", "--tags", f"--abbrev={HASH}", "--match", TAGS)
    told = told[1:] if told else f"{written(root)}-g{commit}"
    if _git(root, "status", "--porcelain", "--", *MADE_FROM, *TOOLS) != "":
        told += "-dirty"
    return told
