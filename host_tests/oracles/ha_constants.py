"""What Home Assistant itself says of classes, units and keys, read out of the source of its package.

The package is fetched once, by requirements/oracle-homeassistant.txt, and only the few files below are kept
in build/oracles/homeassistant. It is not installed: it wants a newer Python than ours.
"""

import ast
import enum
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

TOP = Path(__file__).resolve().parents[2]
PINS = TOP / "requirements" / "oracle-homeassistant.txt"
FOLDER = TOP / "build" / "oracles" / "homeassistant"
FILES = ["const.py", "components/sensor/const.py"] + [
    f"components/mqtt/{name}.py" for name in "abbreviations config const schemas sensor update".split()
]


class FetchError(Exception):
    """The package could not be had, in one line."""


def fetch():
    """Have the files, at once where they already are."""
    made = FOLDER / "made"
    if made.exists() and made.read_text() == PINS.read_text():
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--no-deps"]
    # A wheel of pure Python: any version of Python that it says it wants will do.
    wanted = ["--only-binary", ":all:", "--python-version", "3.14.2", "-d", str(FOLDER), "-r", str(PINS)]
    done = subprocess.run(pip + wanted, capture_output=True, text=True)
    wheels = list(FOLDER.glob("homeassistant-*.whl"))
    if done.returncode or len(wheels) != 1:
        (FOLDER / "log").write_text(done.stdout + done.stderr)
        raise FetchError("cannot fetch Home Assistant's package (see build/oracles/homeassistant/log)")
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name in FILES:
            (FOLDER / name.replace("/", ".")).write_bytes(wheel.read("homeassistant/" + name))
    wheels[0].unlink()
    made.write_text(PINS.read_text())


def _tree(name):
    return ast.parse((FOLDER / name.replace("/", ".")).read_text(encoding="utf-8"), name)


class _Text(str, enum.Enum):
    """Stands in for enum.StrEnum, which Python 3.10 has not."""


def _take(tree, names, known):
    """Run those classes and assignments of a tree whose name matches; whatever else it does is left out."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        name = node.name if isinstance(node, ast.ClassDef) else getattr(targets[0], "id", "")
        # A few of these are made of others, which nobody asks for.
        if name.startswith("CONF_") and not isinstance(node.value, ast.Constant):
            continue
        if re.fullmatch(names, name):
            if isinstance(node, ast.AnnAssign):
                node = ast.Assign(targets=[node.target], value=node.value)
            part = ast.fix_missing_locations(ast.Module(body=[node], type_ignores=[]))
            exec(compile(part, "homeassistant", "exec"), known)


def _plain(value):
    """Members of enumerations as text, all through."""
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (set, list, tuple)):
        return {_plain(v) for v in value}
    return value.value if isinstance(value, enum.Enum) else value


def _keys(name, words):
    """Options that the schemas of a file name."""
    found = set()
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
            "Optional", "Required", "Exclusive",
        ):  # fmt: skip
            first = node.args[0]
            found.add(words.get(first.id) if isinstance(first, ast.Name) else ast.literal_eval(first))
    return found - {None}


def load():
    """units and state_classes by device class; abbreviations of all kinds; options by platform."""
    fetch()
    known = {"StrEnum": _Text, "Final": None, "__name__": "homeassistant"}
    constants = r"(UnitOf\w+|CONF_\w+|SIGNAL_STRENGTH_\w+|DEGREE|LIGHT_LUX|PERCENTAGE|CONCENTRATION_\w+)"
    _take(_tree("const.py"), constants, known)
    sensor = r"SensorDeviceClass|SensorStateClass|DEVICE_CLASS_UNITS|DEVICE_CLASS_STATE_CLASSES"
    _take(_tree("components/sensor/const.py"), sensor + r"|NON_NUMERIC_DEVICE_CLASSES", known)
    _take(_tree("components/mqtt/abbreviations.py"), r"\w*ABBREVIATIONS", known)
    _take(_tree("components/mqtt/const.py"), r"CONF_\w+", known)
    # Some files have an option of their own.
    words = {name: value for name, value in known.items() if name.startswith("CONF_")}
    words["CONF_STATE_CLASS"] = "state_class"
    _take(_tree("components/mqtt/update.py"), r"CONF_\w+", words)
    shared = _keys("components/mqtt/schemas.py", words) | _keys("components/mqtt/config.py", words)
    return SimpleNamespace(
        units=_plain(known["DEVICE_CLASS_UNITS"]),
        state_classes=_plain(known["DEVICE_CLASS_STATE_CLASSES"]),
        classes={member.value for member in known["SensorDeviceClass"]},
        texts=_plain(known["NON_NUMERIC_DEVICE_CLASSES"]),
        short=known["ABBREVIATIONS"],
        short_of_device=known["DEVICE_ABBREVIATIONS"],
        short_of_origin=known["ORIGIN_ABBREVIATIONS"],
        options={name: shared | _keys(f"components/mqtt/{name}.py", words) for name in ("sensor", "update")},
        shared=shared,
    )
