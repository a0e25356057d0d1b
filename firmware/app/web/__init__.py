"""The device's own web page and JSON. microdot reads the requests and writes the answers.

Which answer belongs to which request is decided here and not by microdot's routes: for one page and a handful
of paths they would keep more heap than all that is served.
"""

import asyncio
import gc
from binascii import a2b_base64

from microdot import Request, Response

from app import port
from app.web import status
from payload import ancestor, fulljson

_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_PATIENCE_S = 10  # for a whole request: browsers open connections that they never use
_METHODS = ("GET", "HEAD", "POST")
_BACKLOG = 4  # connections that wait


class Site:
    """What is served, over the house's state."""

    max_content_length = Request.max_content_length

    def __init__(self, house):
        self._house = house
        self.guest = None  # in set-up mode: async function of a request; what it gives goes before the page
        self._manage = self._apis = None

    async def run(self):
        """Serve until an error."""
        number = self._house.settings["http_port"]
        server = await asyncio.start_server(self._connected, "0.0.0.0", number, backlog=_BACKLOG)
        try:
            await server.wait_closed()
        finally:
            server.close()

    async def _connected(self, reader, writer):
        """One connection, which is one request."""
        try:
            answer = await self._asked(reader, writer)
            if answer:
                await answer.write(writer)
        except (OSError, EOFError, asyncio.TimeoutError):
            pass  # whoever asked has gone, or never asks
        finally:
            await _close(writer)

    async def _asked(self, reader, writer):
        """The answer to what comes; none to nothing, and False where it has been written already."""
        try:
            asked = Request.create(self, reader, writer, writer.get_extra_info("peername"))
            request = await asyncio.wait_for(asked, _PATIENCE_S)
        except (ValueError, IndexError):
            return _words(400, "This is no request of HTTP.")
        if request is None:
            return None
        try:
            answer = await self._answered(request)
        except Exception as fault:
            if isinstance(fault, (OSError, EOFError)):
                raise
            self._house.keeper.stray(None, {"exception": fault})
            answer = _words(500, "This could not be done: see the device's log.")
        if answer:
            answer.is_head = request.method == "HEAD"
        return answer

    async def _answered(self, request):
        if request.content_length > Request.max_content_length:
            return _words(413, "This is too large.")
        if request.method not in _METHODS:
            return Response("", 200 if request.method == "OPTIONS" else 405, {"Allow": ", ".join(_METHODS)})
        return self._locked(request) or await self.serve(request, request.path[1:] or "index.html")

    async def serve(self, request, rest):
        """Answer any request. rest: its path without the first slash."""
        if self.guest and (rest == "index.html" or not rest.startswith(("www/", "api/"))):
            answer = await self.guest(request)
            if answer:
                return answer
        answer = None
        if request.method != "POST":
            answer = self._seen(rest)
        if answer is None and rest.startswith("api/") and rest != "api/stream":
            answer = await self._managed(request, rest[4:])
        if answer is None:
            answer = await self._local(request)
        return await self._lost(request) if answer is None else answer

    def _seen(self, rest):
        """What the page shows, and what the page is made of."""
        h = self._house
        if rest == "api/reading":
            return self._answer(fulljson.write, h.box.state)
        if rest == "api/status":
            return self._answer(status.write, h)
        if rest == "data.json":
            return self._answer(ancestor.write, h.box.state, h.device, status.ancestor_states(h))
        if rest == "is-alive":
            return Response("", 200, _JSON)
        if rest == "settings":
            rest = "settings.html"
        elif rest.startswith("www/"):
            rest = rest[4:]
        elif rest != "index.html":
            return None
        return self._page(rest)

    def _answer(self, write, *what):
        """An answer written by `write(w, *what)`."""
        w = self._house.writer  # nothing is awaited while a text is in it
        w.clear()
        write(w, *what)
        if w.full:
            return Response('{"error":"the answer does not fit in memory"}', 500, _JSON)
        return Response(bytes(w.octets()), 200, _JSON)

    def _page(self, name):
        """A page file, compressed as it lies in the image; None when there is none of this name."""
        gc.collect()
        f, packed = port.page_file(name) if "/" not in name else (None, False)
        if f is None:
            return None
        headers = {"Content-Type": _TYPES.get(name.split(".")[-1], "application/octet-stream")}
        headers["Cache-Control"] = "no-cache" if name == "index.html" else "max-age=86400"
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(f, 200, headers)

    async def _managed(self, request, what):
        """What changes the device; loaded when first asked for."""
        if self._manage is None:
            from app.web.manage import Manage

            self._manage = Manage(self._house)
        return await self._manage.handle(request, what)

    async def _local(self, request):
        """What other programs read; loaded when first asked for. A board may leave rooms of it out."""
        path = request.path
        if not path.startswith("/api") and path not in ("/metrics", "/sysinfo.json"):
            return None
        try:
            if self._apis is None:
                from app.web.apis import Apis

                self._apis = Apis(self._house)
            return await self._apis.handle(request)
        except ImportError:
            return None

    def _locked(self, request):
        """401 while the page has a password and the request does not bring it (any user name)."""
        wanted = self._house.settings["page_password"]
        if not wanted or request.path == "/is-alive":
            return None
        given = request.headers.get("Authorization", "")
        try:
            sent = a2b_base64(given[6:]).decode() if given.startswith("Basic ") else ":"
        except ValueError:
            sent = ":"
        if sent[sent.find(":") + 1 :] == wanted:
            return None
        refusal = _words(401, "This page has a password.")
        refusal.headers["WWW-Authenticate"] = 'Basic realm="Hanport"'
        return refusal

    async def _lost(self, request):
        """No such page, in words."""
        if self.guest:
            answer = await self.guest(request)
            if answer:
                return answer
        return _words(404, "There is no such page here.")


def _words(status, words):
    return Response(words, status, {"Content-Type": "text/plain; charset=utf-8"})


async def _close(writer):
    try:
        await writer.aclose()
    except OSError:
        pass  # it was reset
