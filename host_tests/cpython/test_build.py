"""The image build: the same octets every time, all compiled, plain words for wrong options."""

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build
import fetch_umqtt

ROOT = Path(build.__file__).resolve().parent.parent
MICROPYTHON = Path(sys.executable).with_name("micropython")


def run_build(*options, **environment):
    """Run tools/build.py as a person would; return the finished process."""
    command = [sys.executable, str(ROOT / "tools" / "build.py"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The image of the simulated device, for the MicroPython of this machine."""
    out = tmp_path_factory.mktemp("image") / "app.romfs"
    done = run_build("--board", "host", "--host", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "octets" in done.stdout.splitlines()[-1]
    return out


def in_micropython(image, code):
    """Mount the image as a device does and run code; return what it printed."""
    head = (
        "import sys, vfs\n"
        "vfs.mount(vfs.VfsRom(memoryview(open(sys.argv[1], 'rb').read())), '/rom')\n"
        "sys.path[:] = ['.frozen', '/rom', '/rom/lib']\n"
    )
    script = image.with_name("script.py")
    script.write_text(head + code, encoding="utf-8")
    done = subprocess.run([MICROPYTHON, script, image], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_in(image):
    """Return the paths of all files in an image, without the leading /rom/."""
    code = (
        "import os\n"
        "def walk(path):\n"
        "    for entry in os.ilistdir(path):\n"
        "        name = path + '/' + entry[0]\n"
        "        if entry[1] & 0x4000:\n"
        "            walk(name)\n"
        "        else:\n"
        "            print(name[5:])\n"
        "walk('/rom')\n"
    )
    return in_micropython(image, code).split()


@pytest.mark.parametrize("board", build.board_names())
def test_twice_the_same_octets(board, tmp_path):
    images = [tmp_path / "a.romfs", tmp_path / "other" / "b.romfs"]
    for out in images:
        done = run_build("--board", board, "--out", out)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
    assert images[0].read_bytes() == images[1].read_bytes()
    assert not list(tmp_path.rglob("stage"))


def test_every_module_is_compiled_and_every_page_packed(image):
    files = files_in(image)
    wanted = {"board_config.mpy", "lib/hanport_version.mpy", "microdot/microdot.mpy", "umqtt/simple.mpy"}
    for folder, inside in (("lib", "lib/"), ("firmware/app", "app/")):
        for source in (ROOT / folder).rglob("*.py"):
            wanted.add(inside + source.relative_to(ROOT / folder).with_suffix(".mpy").as_posix())
    if build.MARCH["unix"] is None:
        wanted.discard("lib/hanport/_fast.mpy")
    assert wanted <= set(files)
    assert [f for f in files if not f.endswith((".mpy", ".gz"))] == []


def test_image_runs_in_micropython(image):
    code = (
        "import board_config, hanport_version, umqtt.simple\n"
        "from microdot import Microdot\n"
        "print(board_config.CHIP, hanport_version.VERSION, umqtt.simple.MQTTClient, Microdot())\n"
    )
    printed = in_micropython(image, code)
    assert printed.startswith(f"unix {build.version()} <class 'MQTTClient'> <Microdot object")


def test_native_code_only_where_the_chip_is_known(tmp_path):
    source = tmp_path / "lib" / "hanport" / "_fast.py"
    source.parent.mkdir(parents=True)
    source.write_text("import micropython\n@micropython.viper\ndef twice(a: int) -> int:\n    return a * 2\n")
    for chip in ("esp8266", "esp32s2", "esp32c3"):
        assert build.compile_tree(tmp_path / "lib", tmp_path / chip, build.MARCH[chip]) == 1
        head = (tmp_path / chip / "hanport" / "_fast.mpy").read_bytes()[:3]
        arch = {"xtensa": 9, "xtensawin": 10, "rv32imc": 11}[build.MARCH[chip]]
        assert (head[:1], head[2] >> 2 & 0x1F) == (b"M", arch)
    assert build.compile_tree(tmp_path / "lib", tmp_path / "none", None) == 0
    assert not (tmp_path / "none").exists()


def test_gzip_is_plain_and_timeless():
    data = b"<p>hello</p>" * 100
    packed = build.gzipped(data)
    assert gzip.decompress(packed) == data
    assert packed[:10] == bytes.fromhex("1f8b08000000000002ff")


def test_pages_are_packed_one_by_one(tmp_path):
    (tmp_path / "www" / "js").mkdir(parents=True)
    (tmp_path / "www" / "index.html").write_bytes(b"<p>" * 100)
    (tmp_path / "www" / "js" / "live.js").write_bytes(b"let a;")
    (tmp_path / "www" / ".hidden").write_bytes(b"not a page")
    files, before, after = build.pack_pages(tmp_path / "www", tmp_path / "out")
    assert (files, before) == (2, 306)
    packed = sorted(p for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert [p.relative_to(tmp_path / "out").as_posix() for p in packed] == ["index.html.gz", "js/live.js.gz"]
    assert sum(p.stat().st_size for p in packed) == after
    assert gzip.decompress(packed[0].read_bytes()) == b"<p>" * 100


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--board", "toaster"], ["toaster", *build.board_names()]),
        (["--board", "../boards/pow_u"], build.board_names()),
        ([], ["--board", *build.board_names()]),
        (["--bord", "pow_u"], ["--bord"]),
    ],
)
def test_wrong_option_is_one_line(options, words):
    done = run_build(*options)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert all(word in done.stderr for word in words)


def test_libraries_are_fetched_once(tmp_path, monkeypatch):
    shutil.copytree(fetch_umqtt.VENDOR / "umqtt", tmp_path / "umqtt")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
    fetch_umqtt.bring(tmp_path)
    assert sorted(p.name for p in (tmp_path / "microdot").iterdir()) == sorted(fetch_umqtt.MICRODOT_FILES)
    (tmp_path / "umqtt" / "simple.py").write_text("not the one we know")
    with pytest.raises(fetch_umqtt.FetchError, match="cannot fetch"):
        fetch_umqtt.bring(tmp_path)
