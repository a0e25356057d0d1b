"""The ancestor's flat JSON (its payload format 6): the classic message without the object within it."""

from payload import amsjson

RETAIN = False

Memory = amsjson.Memory


def message(k, w, latest, state, device, memory):
    """Write message k; returns its topic below the base, False for none, None behind the last."""
    if k == 0:
        kind = amsjson.list_type(latest)
        if not kind:
            return False
        amsjson.envelope(w, device)
        amsjson.fields(w, latest, kind)
        w.close()
        return b""
    return amsjson.about(k, w, device, memory)
