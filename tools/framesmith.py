#!/usr/bin/env python3
"""Build the frame of a smart meter from a small description: the project's second source of frames.

    framesmith.py DESCRIPTION.json [--out FILE.hex]    build one frame, print it as hex
    framesmith.py --list                               name the makers and lists
    framesmith.py --write-corpus host_tests/frames     regenerate the project's own frames

A description names a maker, a list and values in the truth vocabulary, e.g.
    {"maker": "kaifa", "list": "1", "values": {"timestamp": "2024-07-15T13:05:02", "timestamp_status": 0,
     "active_power_import_w": 1234}}
Optional keys: header_time, form, invoke, transport, address, segment, block, cipher; for maker "p1": header,
submeters, extra, crc, cipher; maker "join" puts the descriptions in `frames` one after the other.
Nothing is imported from the firmware: its decoders are tested against these frames.
"""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path

import smith_lists
import smith_p1
from smith_axdr import (
    SmithError,
    array,
    ber_length,
    boolean,
    clock,
    data_notification,
    enum,
    hexoctets,
    i8,
    i16,
    i32,
    null,
    obis,
    octet_string,
    scaler_unit,
    structure,
    u8,
    u16,
    u32,
    u64,
    visible_string,
)
from smith_cipher import (
    DEMO_AK,
    DEMO_EK,
    LUXEMBOURG_AK,
    gcm,
    general_glo,
    p1_luxembourg,
    p1_poland,
)
from smith_link import (
    ADDRESSES,
    crc_arc,
    crc_x25,
    gbt_blocks,
    hdlc,
    hdlc_address,
    hdlc_gbt,
    hdlc_segments,
    join_frames,
    llc,
    mbus,
    mbus_segments,
    mbus_sum,
)
from smith_p1 import p1
from smith_tables import LISTS

# Everything a test needs, under one name.
__all__ = [
    "ADDRESSES", "DEMO_AK", "DEMO_EK", "LUXEMBOURG_AK", "SmithError", "array", "ber_length", "boolean",
    "build", "clock", "crc_arc", "crc_x25", "data_notification", "enum", "expected", "gbt_blocks", "gcm",
    "general_glo", "hdlc", "hdlc_address", "hdlc_gbt", "hdlc_segments", "hex_text", "hexoctets", "i16",
    "i32", "i8", "join_frames", "llc", "mbus", "mbus_segments", "mbus_sum", "null", "obis",
    "octet_string", "p1", "p1_luxembourg", "p1_poland", "scaler_unit", "structure", "u16", "u32", "u64",
    "u8", "visible_string",
]

DLMS_KEYS = {"maker", "list", "values", "header_time", "form", "invoke", "transport", "address", "segment",
             "block", "cipher"}
P1_KEYS = {"maker", "list", "values", "header", "submeters", "extra", "crc", "cipher"}
JOIN_KEYS = {"maker", "frames", "shared_flag"}
TRANSPORTS = {"hdlc": "hdlc", "gbt": "hdlc", "mbus": "mbus", "llc": "llc", "raw": "raw-dlms"}
MBUS_MAKERS = ("kaifa-at", "noe")


def _check(given, allowed, what):
    """Refuse unknown keys: a misspelt key would otherwise be dropped without a word."""
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise SmithError(f"{what} {unknown[0]!r} is not known (one of {', '.join(sorted(allowed))})")


def _spec(description):
    """ListSpec of a DLMS description, with its keys and values checked."""
    maker, name = description.get("maker"), description.get("list")
    if maker not in LISTS:
        raise SmithError(f"maker {maker!r} is none of {', '.join([*LISTS, 'join', 'p1'])}")
    if name not in LISTS[maker]:
        raise SmithError(f"{maker} list {name!r} is none of {', '.join(LISTS[maker])}")
    _check(description, DLMS_KEYS, "description key")
    spec = LISTS[maker][name]._replace(**{key: description[key] for key in ("form",) if key in description})
    carried = {item.key for item in spec.items if item.key} | {"timestamp", "timestamp_status"}
    _check(description.get("values", {}), carried, f"{maker} {name} value")
    return spec


def _cipher_keys(cipher, default_ak):
    """(ek, ak) of a cipher description; the public demonstration keys when not given."""
    return (hexoctets(cipher["ek"], "ek") if "ek" in cipher else DEMO_EK,
            hexoctets(cipher["ak"], "ak") if "ak" in cipher else default_ak)


def build_apdu(description):
    """The data-notification, or the general-glo-ciphering around it, of a DLMS description."""
    spec, values = _spec(description), description.get("values", {})
    stamp = None
    if spec.form not in ("none", "tagged-empty"):
        times = {**values, "header": description.get("header_time") or smith_lists.need(values, "timestamp")}
        # Only Aidon's own clock has day-of-week 0; it sends no header time, so the header needs no such rule.
        stamp = smith_lists.clock_octets(times, spec, "header")
    invoke = int(str(description["invoke"]), 16) if "invoke" in description else spec.invoke
    apdu = data_notification(smith_lists.body(spec, values), stamp, spec.form, invoke)
    cipher = description.get("cipher")
    if not cipher:
        return apdu
    _check(cipher, ("sc", "title", "ic", "ek", "ak"), "cipher key")
    ek, ak = _cipher_keys(cipher, DEMO_AK)
    return general_glo(apdu, hexoctets(cipher["title"], "title"), cipher["ic"], ek, ak,
                                    int(str(cipher.get("sc", "30")), 16))


def _address(description, spec):
    given = description.get("address", spec.address)
    if isinstance(given, str):
        if given not in ADDRESSES:
            raise SmithError(f"address {given!r} is none of {', '.join(ADDRESSES)}")
        given = ADDRESSES[given]
    dest, src, control = (hexoctets(part, "address") for part in given)
    return dest, src, control[0]


def transport_of(description):
    """Transport name of a DLMS description; Austrian lists travel on M-Bus unless it says otherwise."""
    name = description.get("transport", "mbus" if description.get("maker") in MBUS_MAKERS else "hdlc")
    if name not in TRANSPORTS:
        raise SmithError(f"transport {name!r} is none of {', '.join(TRANSPORTS)}")
    return name


def build_p1(description):
    """The P1 telegram of a description, ciphered when it says so."""
    _check(description, P1_KEYS, "description key")
    name, values = description.get("list"), description.get("values", {})
    if name not in smith_p1.TELEGRAMS:
        raise SmithError(f"p1 list {name!r} is none of {', '.join(smith_p1.TELEGRAMS)}")
    _check(values, smith_p1.telegram_keys(name), f"p1 {name} value")
    lines = smith_p1.telegram_lines(name, values, description.get("submeters", ()),
                                    description.get("extra", ()))
    telegram = p1(smith_lists.need(description, "header"), lines, description.get("crc", "arc"))
    cipher = description.get("cipher")
    if not cipher:
        return telegram
    _check(cipher, ("layout", "title", "ic", "ek", "ak", "outer"), "cipher key")
    if cipher.get("layout") == "luxembourg":
        ek, ak = _cipher_keys(cipher, LUXEMBOURG_AK)
        return p1_luxembourg(telegram, hexoctets(cipher["title"], "title"), cipher["ic"], ek, ak)
    if cipher.get("layout") == "poland":
        ek, ak = _cipher_keys(cipher, DEMO_AK)
        outer = cipher.get("outer", "/EGM5TST").encode()
        return p1_poland(telegram, cipher["ic"], ek, ak, outer)
    raise SmithError(f"cipher layout {cipher.get('layout')!r} is neither luxembourg nor poland")


def build(description):
    """The octets on the wire for a description (dict); SmithError with one clear line when it is wrong."""
    if not isinstance(description, dict):
        raise SmithError("a description is a JSON object")
    try:
        return _build(description)
    except SmithError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise SmithError(f"description is incomplete or has a value of the wrong kind: {error}") from error


def _build(description):
    if description.get("maker") == "join":
        _check(description, JOIN_KEYS, "description key")
        frames = [build(each) for each in description["frames"]]
        return join_frames(frames, description.get("shared_flag", True))
    if description.get("maker") == "p1":
        return build_p1(description)
    spec, name = _spec(description), transport_of(description)
    apdu = build_apdu(description)
    if name == "raw":
        return apdu
    if name == "llc":
        return llc(apdu)
    if name == "mbus":
        return b"".join(mbus_segments(apdu, description.get("segment", 245)))
    address = _address(description, spec)
    if name == "gbt":
        return join_frames(hdlc_gbt(apdu, description.get("block", 120), *address), shared_flag=False)
    if "segment" in description:
        return join_frames(hdlc_segments(llc(apdu), description["segment"], *address))
    return hdlc(llc(apdu), *address)


def expected(description):
    """The truth a decoder must report for a description, in the truth vocabulary (exact, as given)."""
    if description["maker"] == "p1":
        return smith_p1.carried(description["header"], description["values"],
                                description.get("submeters", ()))
    spec = _spec(description)
    return smith_lists.carried(spec, description["values"], spec.form not in ("none", "tagged-empty"))


def hex_text(octets, width=32):
    """Hex with spaces, `width` octets a line."""
    return "\n".join(octets[at:at + width].hex(" ").upper() for at in range(0, len(octets), width)) + "\n"


class OneLineParser(argparse.ArgumentParser):
    """argparse with its complaint on one line of stderr, exit code 2."""

    def error(self, message):
        """Print one line and leave; argparse's own version prints the usage as well."""
        self.exit(2, f"{self.prog}: {message}\n")


def load_description(path):
    """Read a JSON description; numbers with a point become Decimal so that scaling stays exact."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise SmithError(f"{path}: {error}") from error


def list_makers():
    """Lines "maker list (elements)" of everything build() knows."""
    lines = [f"{maker} {name} ({spec.layout}, {len(spec.items)} items)"
             for maker, lists in LISTS.items() for name, spec in lists.items()]
    lines += [f"p1 {name} (text)" for name in smith_p1.TELEGRAMS]
    return [*lines, "join (frames one after the other)"]


def main(argv=None):
    """Command line; returns the exit code: 0, or 2 with one line on stderr."""
    parser = OneLineParser(prog="framesmith.py", description="build smart meter frames from descriptions")
    parser.add_argument("description", nargs="?", help="JSON file with one description")
    parser.add_argument("--out", help="write the frame to this file instead of stdout")
    parser.add_argument("--list", action="store_true", help="name the makers and lists")
    parser.add_argument("--write-corpus", metavar="FOLDER", help="write the project's own frames")
    options = parser.parse_args(argv)
    if not (options.description or options.list or options.write_corpus):
        parser.error("give a description, --list or --write-corpus")
    try:
        if options.list:
            print("\n".join(list_makers()))
        if options.write_corpus:
            import smith_corpus
            print(f"{smith_corpus.write(options.write_corpus)} frames written to {options.write_corpus}")
        if options.description:
            text = hex_text(build(load_description(options.description)))
            if options.out:
                Path(options.out).write_text(text, encoding="ascii")
            else:
                print(text, end="")
    except (SmithError, OSError) as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
