"""The image build: the same octets every time, all compiled, plain words for wrong options."""

import gzip
import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build
import build_tree
import fetch_umqtt
import shrink_image
import shrink_seldom

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


# Names of our modules that every MicroPython has (MP_QSTR_update is of dict), as they are spelt: by a number.
ALWAYS_KNOWN = {b"update": b"\x82\x3f"}
PRODUCTS = ("tree", "index", "manifest.json")


def folder_of(board):
    """{name: octets} of what a build leaves in build/<board>, but the table of sizes."""
    home = build.PLACE / board
    paths = [path for path in home.rglob("*") if path.is_file()]
    files = {path.relative_to(home).as_posix(): path.read_bytes() for path in paths}
    return {n: octets for n, octets in files.items() if n.split("/")[0] in PRODUCTS or n.endswith(".romfs")}


@pytest.fixture(scope="module")
def every():
    """{board: its files} of all boards, built by one command that says a line each."""
    done = run_build("--board", "all")
    lines = done.stdout.splitlines()[: len(build.board_names())]
    assert [line.split()[0] for line in lines] == build.board_names(), done.stderr
    assert all(re.search(r"[\d,]+ octets", line) for line in lines), done.stdout
    return {board: folder_of(board) for board in build.board_names()}


def test_twice_the_same_octets(every, tmp_path):
    """Another process, and for one board another folder: the same files, octet for octet."""
    run_build("--board", "all")
    for board in build.board_names():
        assert folder_of(board) == every[board], board
    done = run_build("--board", "host", "--out", tmp_path / "other" / "b.romfs")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert (tmp_path / "other" / "b.romfs").read_bytes() == every["host"][f"hanport-{build.version()}.romfs"]
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["b.romfs"]


@pytest.mark.parametrize("board", build.board_names())
def test_manifest(every, board):
    """It tells of each file, and of the chip as the board file and the octets of the modules do."""
    files = dict(every[board])
    told = json.loads(files.pop("manifest.json"))
    assert told.pop("files") == {name: hashlib.sha256(octets).hexdigest() for name, octets in files.items()}
    constants = runpy.run_path(str(ROOT / "boards" / f"{board}.py"))
    native = files.get("tree/lib/hanport/_fast.mpy")
    architecture = {"esp8266": 9, "esp32": 10, "esp32s2": 10, "esp32s3": 10, "esp32c3": 11}
    if native and board != "host":
        assert native[2] >> 2 & 0xF == architecture[constants["CHIP"]]
    assert {octets[:2] for name, octets in files.items() if name.endswith(".mpy")} == {b"M\x06"}
    assert told == {
        "product": "hanport",
        "version": build.version(),
        "board": board,
        "chip": constants["CHIP"],
        "mpy": (native[1] | native[2] << 8) if native else 6,
        "mpy_version": "6.3",
        "machine_code": build.MARCH[constants["CHIP"]] if native else None,
    }


def test_image_holds_the_tree(image):
    """What is mounted from the image is what lies in the folder, name by name."""
    done = run_build("--board", "host", "--host")
    assert done.returncode == 0, done.stderr
    tree = build.PLACE / "host-host" / "tree"
    assert files_in(image) == sorted(p.relative_to(tree).as_posix() for p in tree.rglob("*") if p.is_file())


@pytest.mark.parametrize("board", [name for name in build.board_names() if name != "host"])
def test_image_fits_its_slot(every, board):
    """160 KiB on an ESP8266, where two of them share the ROMFS of 320 KiB that the firmware for 2 MB has."""
    size = len(every[board][f"hanport-{build.version()}.romfs"])
    if build.read_board(board)["CHIP"] == "esp8266":
        print(f"{board}: {160 * 1024 - size:,} octets left")
        assert size <= 160 * 1024
    assert size > 10000


def test_index_makes_a_slot_whole(every):
    """The index beside the tree is the stream of an update without the octets of its files."""
    files = every["pow_u"]
    index, names = files["index"], []
    at = 0
    while index[at]:
        name = index[at + 1 : at + 1 + index[at]].decode()
        at += 1 + index[at]
        assert int.from_bytes(index[at : at + 4], "little") == len(files[f"tree/{name}"]), name
        at += 4
        names.append(f"tree/{name}")
    assert at == len(index) - 1
    assert sorted(names) == sorted(name for name in files if name.startswith("tree/"))


def test_tracebacks_tell_the_module(every):
    """Its last name: its file's, or that with its package, would be one more in the heap for each module."""
    files = every["pow_u"]
    modules = [name for name in files if name.startswith("tree/") and name.endswith(".mpy")]
    assert len(modules) > 20
    for name in modules:
        source = Path(name.removesuffix("/__init__.mpy")).stem.encode()
        # Four octets of head, how many names and how many objects, each in one or two octets, then the names,
        # of which the first is that of the source: twice its length, its octets, a nought.
        spelt = ALWAYS_KNOWN.get(source, bytes([2 * len(source)]) + source + b"\0")
        assert re.match(rb"M\x06..([\x80-\xff]?[\0-\x7f]){2}" + re.escape(spelt), files[name], re.S), name


def test_every_module_is_compiled_and_every_page_packed(image):
    """Each source is a file of the image, or a part of one of the bundles that the resident ones become."""
    board = build.read_board("host")
    sources = build_tree.sources(board, build.MARCH["unix"], True)
    names = {shrink_image.module_of(path): path for path in sources}
    bundles = shrink_image.bundles_of({name: sources[path].decode() for name, path in names.items()})
    inside = {name for package, parts in bundles.items() for name in parts if name != package}
    assert list(bundles) == ["app", "payload.homeassistant"] and len(inside) > 40
    wanted = {str(Path(path).with_suffix(".mpy")) for name, path in names.items() if name not in inside}
    files = files_in(image)
    made = {name for name in files if name.endswith(".mpy")}
    # What programs outside import by its own name is there besides, as an alias, and what runs seldom.
    apart = {name for name in made if name.startswith("lib/_")}
    assert wanted <= made - apart <= {str(Path(path).with_suffix(".mpy")) for path in sources}
    assert len(apart) == len({str(row) for row in shrink_seldom.rows()})
    assert {name[4:-3] for name in files if name.endswith(".gz")} == {
        path.name for path in (ROOT / "firmware" / "www").iterdir()
    }
    assert [f for f in files if not f.endswith((".mpy", ".gz"))] == []


def test_image_runs_in_micropython(image):
    """What programs outside import by its own name is there, the rest is in the one bundle."""
    code = (
        f"sys.path.insert(0, {str(ROOT / 'host_tests' / 'fakes')!r})\n"
        "import board_config, app.house, hanport, umqtt.simple\n"
        "from hanport import registers\n"
        "bundle = [n for n in dir(app) if not n.startswith('__')]\n"
        "print(board_config.CHIP, len(bundle) > 50, registers.obis(registers.P_IMPORT))\n"
    )
    assert in_micropython(image, code) == "unix True 1.7.0\n"


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


def test_pages_go_without_indentation_and_comment_lines():
    script = b"// why\nlet a = 1;\n  // and\n  a += 2; // stays: it may be in a text\n"
    assert build_tree.thinned(script, "a.js") == b"let a = 1;\na += 2; // stays: it may be in a text\n"
    assert build_tree.thinned(b"<p>\n  <b>x</b>\n</p>\n", "a.html") == b"<p>\n<b>x</b>\n</p>\n"
    assert build_tree.thinned(b"<pre>\n  x</pre>", "a.html") == b"<pre>\n  x</pre>"
    with pytest.raises(build.BuildError, match="a.js: a text in backquotes"):
        build_tree.thinned(b"let a = `one\n  two`;\n", "a.js")


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
    (tmp_path / "umqtt" / "simple.py").write_text("not the one we know")
    with pytest.raises(fetch_umqtt.FetchError, match="cannot fetch"):
        fetch_umqtt.bring(tmp_path)
