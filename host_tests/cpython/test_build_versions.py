"""The version of a build: from git where there is one, else from pyproject.toml, the same for a commit."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build_version

ROOT = Path(build_version.__file__).resolve().parent.parent
WRITTEN = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)[1]


def git(folder, *arguments):
    """Run git in a folder as somebody; return what it says."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", *who, "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repo(tmp_path):
    """A small repository with one commit."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.py").write_text("a = 1\n")
    (tmp_path / "notes").write_text("a\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.3.7"\n')
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "a")
    return tmp_path


def short(folder):
    """The first eight digits of the commit."""
    return git(folder, "rev-parse", "HEAD")[:8]


def test_no_tag(repo):
    assert build_version.version(repo) == f"0.3.7-g{short(repo)}"


def test_tag_and_after(repo):
    git(repo, "tag", "v1.2.0")
    assert build_version.version(repo) == "1.2.0"
    (repo / "notes").write_text("b\n")
    git(repo, "commit", "-q", "-a", "-m", "b")
    assert build_version.version(repo) == f"1.2.0-1-g{short(repo)}"


def test_tag_with_words_is_a_version_too_and_other_tags_are_none(repo):
    git(repo, "tag", "-a", "v2.0.0-rc.1", "-m", "a")
    assert build_version.version(repo) == "2.0.0-rc.1"
    git(repo, "tag", "-d", "v2.0.0-rc.1")
    git(repo, "tag", "nightly/today")
    assert build_version.version(repo) == f"0.3.7-g{short(repo)}"


@pytest.mark.parametrize("name", ["lib/a.py", "lib/new.py", "boards/new.py", "tools/build_tree.py"])
def test_dirty_where_the_image_is_made_from(repo, name):
    (repo / name).parent.mkdir(exist_ok=True)
    (repo / name).write_text("a = 2\n")
    assert build_version.version(repo) == f"0.3.7-g{short(repo)}-dirty"


def test_clean_where_the_image_is_not_made_from(repo):
    (repo / "notes").write_text("b\n")
    (repo / "new").write_text("b\n")
    assert build_version.version(repo) == f"0.3.7-g{short(repo)}"


def test_same_in_a_clone(repo, tmp_path_factory):
    git(repo, "tag", "v1.2.0")
    (repo / "notes").write_text("b\n")
    git(repo, "commit", "-q", "-a", "-m", "b")
    clone = tmp_path_factory.mktemp("clone") / "elsewhere"
    git(repo, "clone", "-q", str(repo), str(clone))
    assert build_version.version(clone) == build_version.version(repo) == f"1.2.0-1-g{short(repo)}"


def test_sources_without_git(repo, monkeypatch):
    shutil.rmtree(repo / ".git")
    assert build_version.version(repo) == "0.3.7"
    outer = repo / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    shutil.copytree(repo / "lib", outer / "copy" / "lib")
    shutil.copy(repo / "pyproject.toml", outer / "copy")
    git(outer, "add", ".")
    git(outer, "commit", "-q", "-m", "somebody else's")
    assert build_version.version(outer / "copy") == "0.3.7"
    monkeypatch.setenv("GIT_DIR", str(outer / ".git"))  # as in a hook of that repository
    assert build_version.version(repo) == "0.3.7"


def test_no_git_program(repo, monkeypatch):
    monkeypatch.setenv("PATH", str(repo))
    assert build_version.version(repo) == "0.3.7"


def test_no_commit_yet(repo):
    shutil.rmtree(repo / ".git")
    git(repo, "init", "-q")
    assert build_version.version(repo) == "0.3.7"


def test_no_version(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(build_version.VersionError, match="no version"):
        build_version.version(tmp_path)


def test_copy_without_history_builds(tmp_path):
    """The sources alone, in a folder of another name: built, and the modules have the octets of here."""
    copy = tmp_path / "hanport-0"
    for room in ("lib", "firmware", "boards", "tools", "host_tests/fakes"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    shutil.copytree(ROOT / "build" / "vendor", copy / "build" / "vendor")
    trees = {}
    for top in (copy, ROOT):
        command = [sys.executable, str(top / "tools" / "build.py"), "--board", "generic_esp32"]
        env = {name: value for name, value in os.environ.items() if name != "HANPORT_BUILDS"}
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stderr
        tree = top / "build" / "generic_esp32" / "tree"
        trees[top] = {path.relative_to(tree): path.read_bytes() for path in tree.rglob("*.mpy")}
    assert (copy / "build" / "generic_esp32" / f"hanport-{WRITTEN}.romfs").is_file()
    differ = {path.name for path, octets in trees[copy].items() if octets != trees[ROOT].get(path)}
    assert set(trees[copy]) == set(trees[ROOT])
    assert differ <= {"hanport_version.mpy", "hanport_key.mpy"}
