"""From the tree of a DLMS body (nested lists, ints, octets, texts) to the project's words.

The libraries of dlms_cosem_worker and gurux_worker give such a tree and no meaning. Here OBIS codes name the
values and scaler_unit scales them; nothing is known of a list that sends neither.
"""

from common import KEYS, in_words

TEXTS = ("list_id", "meter_id", "meter_model", "logical_device_name")


def is_obis(item):
    """True for an octet-string that can be an OBIS code: six octets, the last one FF or 0."""
    return isinstance(item, (bytes, bytearray)) and len(item) == 6 and item[5] in b"\xff\x00"


def is_scaler_unit(item):
    """True for structure(integer, enum)."""
    return isinstance(item, list) and len(item) == 2 and all(isinstance(part, int) for part in item)


def _text(item):
    octets = item.encode() if isinstance(item, str) else bytes(item)
    return octets.decode("latin-1").strip("\0 ")


def _put(found, code, item, scaler, clock):
    c, d, e = code[2:5]
    key = KEYS.get(f"{c}.{d}.{e}")
    if key == "timestamp":
        if isinstance(item, (bytes, bytearray)) and len(item) == 12:
            found.update(clock(bytes(item)))
    elif key in TEXTS:
        found[key] = str(item) if isinstance(item, int) else _text(item)
    elif key and isinstance(item, int):
        found[key] = in_words(key, int(item) if not scaler else f"{int(item)}E{scaler}")
    return found


def _walk(items, found, clock):
    at = 0
    while at < len(items):
        item = items[at]
        if is_obis(item) and at + 1 < len(items) and not isinstance(items[at + 1], list):
            scaled = at + 2 < len(items) and is_scaler_unit(items[at + 2])
            _put(found, item, items[at + 1], int(items[at + 2][0]) if scaled else 0, clock)
            at += 3 if scaled else 2
            continue
        if isinstance(item, list):
            _walk(item, found, clock)
        at += 1
    return found


def _objects(items):
    """The OBIS codes of an E450 push list: its first element lists class, code, attribute, index."""
    first = items[0] if items else None
    if isinstance(first, list) and len(first) == len(items) and all(
        isinstance(row, list) and len(row) == 4 and is_obis(row[1]) for row in first
    ):
        return [row[1] for row in first[1:]]
    return None


def _leaves(item):
    if isinstance(item, list):
        return [leaf for part in item for leaf in _leaves(part)]
    return ["x" + item.hex() if isinstance(item, (bytes, bytearray)) else str(item)]


def answer(items, header, clock):
    """The worker's answer for a body and the header's clock (a dict, or None)."""
    items = items if isinstance(items, list) else [items]
    found = {}
    codes = _objects(items)
    if codes:
        for code, item in zip(codes, items[1:]):  # noqa: B905
            _put(found, code, item, 0, clock)
    else:
        _walk(items, found, clock)
    if not found:
        return {"leaves": _leaves(items), "values": dict(header or {})}
    if items and isinstance(items[0], (str, bytes, bytearray)) and not is_obis(items[0]):
        found["list_id"] = _text(items[0])
    if header and "timestamp" not in found:
        found.update(header)
    return {"values": found}
