"""The device's own web page and JSON, on microdot."""

import gc
from binascii import a2b_base64

from microdot import Microdot, Response

from app import port
from app.web import status
from payload import ancestor, fulljson
from payload.writer import Writer

_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_ROOM = 2560  # octets of the largest JSON answer


class Site:
    """Routes over the house's state. One writer serves all answers: each is copied out before the next."""

    def __init__(self, house):
        self._house = house
        self.guest = None  # in set-up mode: async function of a request; what it gives goes before the page
        self._manage = self._apis = None
        self._app = app = Microdot()
        app.before_request(self._locked)
        app.get("/")(self.page)
        app.get("/www/<name>")(self.page)
        app.get("/api/reading")(self.reading)
        app.get("/api/status")(self.status)
        app.get("/settings")(self.settings)
        app.route("/api/<what>", methods=["GET", "POST"])(self.manage)
        app.get("/data.json")(self.ancestor)
        app.get("/is-alive")(self.alive)
        app.errorhandler(404)(self.missing)

    async def run(self):
        """Serve until an error."""
        await self._app.start_server(host="0.0.0.0", port=self._house.settings["http_port"])

    def _answer(self, write, *what):
        """An answer written by `write(w, *what)`."""
        w = Writer(_ROOM)
        write(w, *what)
        if w.full:
            return Response('{"error":"the answer does not fit in memory"}', 500, _JSON)
        return Response(bytes(w.octets()), 200, _JSON)

    async def page(self, request, name="index.html"):
        """A page file, compressed as it lies in the image."""
        if self.guest and name == "index.html":
            answer = await self.guest(request)
            if answer:
                return answer
        gc.collect()
        f, packed = port.page_file(name) if "/" not in name else (None, False)
        if f is None:
            return await self.missing(request)
        headers = {"Content-Type": _TYPES.get(name.split(".")[-1], "application/octet-stream")}
        headers["Cache-Control"] = "no-cache" if name == "index.html" else "max-age=86400"
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(f, 200, headers)

    async def reading(self, request):
        """The merged state of the meter, in the project's own words."""
        return self._answer(fulljson.write, self._house.box.state)

    async def status(self, request):
        """Lamps, sentence and counters."""
        return self._answer(status.write, self._house)

    async def settings(self, request):
        """The settings page."""
        return await self.page(request, "settings.html")

    async def manage(self, request, what):
        """What changes the device; loaded when first asked for."""
        if what == "stream":
            return await self.missing(request)  # one of the local APIs
        if self._manage is None:
            from app.web.manage import Manage

            self._manage = Manage(self._house)
        return await self._manage.handle(request, what) or await self.missing(request)

    async def _local(self, request):
        """What other programs read; loaded when first asked for. A board may leave rooms of it out."""
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

    async def ancestor(self, request):
        """The ancestor's /data.json."""
        h = self._house
        return self._answer(ancestor.write, h.box.state, h.device, status.ancestor_states(h))

    async def alive(self, request):
        """Empty, for who only wants to know."""
        return Response("", 200, _JSON)

    async def missing(self, request):
        """The local APIs, which have no routes of their own; else that there is no such page, in words."""
        if self.guest:
            answer = await self.guest(request)
            if answer:
                return answer
        if request.path.startswith("/api") or request.path in ("/metrics", "/sysinfo.json"):
            answer = self._locked(request) or await self._local(request)
            if answer:
                return answer
        return Response("There is no such page here.", 404, {"Content-Type": "text/plain; charset=utf-8"})
