"""All settings as Markdown tables, one a group, from the schema: for the README.

    python tools/settings_doc.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import settings  # noqa: E402
import settingwords  # noqa: E402

_KINDS = {"key": "32 hex digits", "zone": "name of a zone", "ip": "address", "flag": "on, off"}


def _cell(text):
    return text.replace("|", "\\|")


def values(kind, bounds):
    """Words for what a setting may be."""
    if kind == "int":
        return bounds.replace("..", " to ")
    if kind == "pick":
        return ", ".join(word or "(empty)" for word in bounds.split(","))
    if kind in ("text", "host", "topic"):
        return f"{bounds.replace('..', ' to ')} letters" if ".." in bounds else f"up to {bounds} letters"
    return _KINDS[kind]


def tables():
    """Yield the lines."""
    last = ""
    for fields in settings.rows():
        key, group, kind, default, bounds, secret, label, words = fields + settingwords.words(fields[0])
        if group != last:
            if last:
                yield ""
            last = group
            yield f"### {group}"
            yield ""
            yield "| setting | key | values | default | what it is for |"
            yield "| --- | --- | --- | --- | --- |"
        shown = [label, f"`{key}`", values(kind, bounds), f"`{default}`" if default else "", words]
        if secret:
            shown[2] += "; secret"
        yield "| " + " | ".join(map(_cell, shown)) + " |"


def main():
    """Print the tables."""
    print("\n".join(tables()))


if __name__ == "__main__":
    main()
