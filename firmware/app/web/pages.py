"""Which answer belongs to which request. In memory for one request, as is what it loads: see http.py."""

import gc
from binascii import a2b_base64

from app import port
from app.web import status
from payload import ancestor, fulljson

_TEXT = "Content-Type: text/plain; charset=utf-8\r\n"
_JSON = "Content-Type: application/json\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n"
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_MOST = 1 << 20  # octets of the largest body: that of an update


def answer(house, request):
    """The answer to a request whose head is read, as http.py wants it."""
    if request.left > _MOST:
        return 413, _TEXT, "This is too large."
    if request.method not in ("GET", "HEAD", "POST"):
        return 200 if request.method == "OPTIONS" else 405, "Allow: GET, HEAD, POST\r\n", ""
    if _locked(house, request):
        return 401, _TEXT + 'WWW-Authenticate: Basic realm="Hanport"\r\n', "This page has a password."
    rest = request.path[1:] or "index.html"
    guest = house.net.portal and house.net.portal.guest
    found = None
    if guest and (rest == "index.html" or not rest.startswith(("www/", "api/"))):
        found = guest(request)
    if not found and request.method != "POST":
        found = _seen(house, rest)
    if not found and rest.startswith("api/") and rest != "api/stream":
        from app.web import manage

        found = manage.answer(house, request, rest[4:])
    if not found and (rest.startswith("api") or rest in ("metrics", "sysinfo.json")):
        found = _local(house, request)
        if found is False:
            return None
    if not found and guest:
        found = guest(request)
    return found or (404, _TEXT, "There is no such page here.")


def _seen(house, rest):
    """What the page shows, and what the page is made of."""
    if rest == "api/reading":
        return _written(house, fulljson.write, house.box.state)
    if rest == "api/status":
        return _written(house, status.write, house)
    if rest == "data.json":
        return _written(house, ancestor.write, house.box.state, house.device, status.ancestor_states(house))
    if rest == "is-alive":
        return 200, _JSON, ""
    if rest == "settings":
        rest = "settings.html"
    elif rest.startswith("www/"):
        rest = rest[4:]
    elif rest != "index.html":
        return None
    return _page(rest)


def _written(house, write, *what):
    """An answer written by `write(w, *what)`."""
    w = house.writer  # nothing is awaited while a text is in it
    w.clear()
    write(w, *what)
    if w.full:
        return 500, _JSON, '{"error":"the answer does not fit in memory"}'
    return 200, _JSON, w.octets()


def _page(name):
    """A page file, compressed as it lies in the image; None when there is none of this name."""
    gc.collect()
    f, packed = port.page_file(name) if "/" not in name else (None, False)
    if f is None:
        return None
    head = "Content-Type: %s\r\nCache-Control: %s\r\n%s" % (
        _TYPES.get(name.split(".")[-1], "application/octet-stream"),
        "no-cache" if name == "index.html" else "max-age=86400",
        "Content-Encoding: gzip\r\n" if packed else "",
    )
    return 200, head, f


def _local(house, request):
    """What other programs read. A board may leave rooms of it out."""
    try:
        from app.web import apis

        return apis.answer(house, request)
    except ImportError:
        return None


def _locked(house, request):
    """True while the page has a password and the request does not bring it (any user name)."""
    wanted = house.settings["page_password"]
    if not wanted or request.path == "/is-alive":
        return False
    given = request.headers.get("authorization", "")
    try:
        sent = a2b_base64(given[6:]).decode() if given.startswith("Basic ") else ":"
    except ValueError:
        sent = ":"
    return sent[sent.find(":") + 1 :] != wanted
