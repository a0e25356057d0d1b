"""The ancestor's JSON in parts (its payload format 5): the classic message at <base>/list1 to /list4."""

from payload import amsjson

RETAIN = False

Memory = amsjson.Memory


def message(k, w, latest, state, device, memory):
    """Write message k; returns its topic below the base, False for none, None behind the last."""
    if k == 0:
        kind = amsjson.list_type(latest)
        return b"/list%d" % kind if kind and amsjson.write(w, latest, device) else False
    topic = amsjson.about(k, w, device, memory)
    return b"/system" if topic == b"" else topic
