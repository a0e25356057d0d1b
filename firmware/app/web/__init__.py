"""The device's own web page and JSON, on microdot."""

import gc
from binascii import a2b_base64

from microdot import Microdot, Response

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


class Site:
    """What is served, over the house's state. One route takes all: each would keep 250 octets of heap."""

    def __init__(self, house):
        self._house = house
        self.guest = None  # in set-up mode: async function of a request; what it gives goes before the page
        self._manage = self._apis = None
        self._app = app = Microdot()
        app.before_request(self._locked)
        app.errorhandler(404)(self._lost)
        for rule in ("/", "/<path:rest>"):
            app.route(rule, methods=["GET", "POST"])(self.serve)

    async def run(self):
        """Serve until an error."""
        await self._app.start_server(host="0.0.0.0", port=self._house.settings["http_port"])

    async def serve(self, request, rest="index.html"):
        """Answer any request."""
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
        return answer or await self._lost(request)

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
        return Response("This page has a password.", 401, {"WWW-Authenticate": 'Basic realm="Hanport"'})

    async def _lost(self, request):
        """No such page, in words."""
        if self.guest:
            answer = await self.guest(request)
            if answer:
                return answer
        return Response("There is no such page here.", 404, {"Content-Type": "text/plain; charset=utf-8"})
