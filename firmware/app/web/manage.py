"""What changes the device from its page: settings, backup, restore, update, restart.

Imported when first asked for. A request that changes something must come from the device's own page: pages
of others cannot send its Origin. Secrets go in, and never out unless a backup with them is asked for.
"""

import gc
import json

from microdot import Request, Response

import settings as schema
from app import store
from unload import unload

_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_BODY = 4096  # octets of the largest body that is taken into memory
_PIECE = 512  # of an update


def _answer(what, status=200):
    return Response(json.dumps(what), status, _HEADERS)


def _refuse(*problems):
    return _answer({"problems": list(problems)}, 400)


def own_page(request):
    """True when the request comes from this device's page, or from a program that is no browser."""
    origin = request.headers.get("Origin")
    return origin is None or origin == "http://" + request.headers.get("Host", "")


def _rows(settings):
    """The form as JSON, a row a piece, so that no large buffer is made."""
    mark = "["
    for fields, value in schema.form_rows(settings):
        key, group, kind, _, bounds, secret, label, words = fields
        row = {"key": key, "group": group, "kind": kind, "bounds": bounds, "secret": bool(secret)}
        row["label"] = label
        row["help"] = words
        row["value"] = value
        yield mark + json.dumps(row)
        mark = ","
    unload("settingwords")
    yield "]"


class Manage:
    """The answers, over the house's state."""

    def __init__(self, house):
        self._house = house
        Request.max_body_length = _BODY
        Request.max_content_length = 1 << 20  # an update is read as it comes, not into memory

    async def handle(self, request, what):
        """Answer /api/<what>; None when it is none of these."""
        gc.collect()
        if what == "certificate" and (request.method == "GET" or own_page(request)):
            return await self._certificate(request)
        if request.method == "GET":
            if what == "settings":
                return Response(_rows(self._house.settings), 200, _HEADERS)
            if what == "backup":
                return self._backup(request)
            return None
        if not own_page(request):
            return _answer({"problems": ["Only the device's own page may change it."]}, 403)
        if what == "settings":
            return await self._change(request)
        if what == "restore":
            return await self._restore(request)
        if what == "update":
            return await self._update(request)
        if what == "restart":
            return self._restart("a person")
        return None

    async def _certificate(self, request):
        """Certificates for TLS to the broker, where the board has it."""
        try:
            from app.web import certs
        except ImportError:
            return _refuse("TLS is not on this board.")
        return await certs.handle(self._house, request)

    async def _change(self, request):
        """Settings as a JSON object; all of them fit, or none is taken."""
        try:
            given = json.loads(request.body)
            if not isinstance(given, dict):
                raise ValueError
        except ValueError:
            return _refuse("That is no JSON object of settings.")
        problems = []
        for key in given:
            try:
                wrong = given[key] is not None and schema.check(key, given[key])[1]
            except KeyError:
                wrong = "There is no setting " + key + "."
            if wrong:
                problems.append(wrong)
        if problems:
            return _refuse(*problems)
        told = []
        if given.get("country"):
            # What is usual there, under what else was changed by hand.
            import presets

            usual = presets.values(given["country"])
            unload("presets")
            for key in usual:
                if key not in given:
                    given[key] = usual[key]
            told.append("Zone, line and grid are those usual in the country.")
        return await self._take(self._house.settings.changed(given), told)

    async def _take(self, settings, told):
        """Save and live by new settings."""
        if settings.problems:
            return _refuse(*settings.problems)
        try:
            store.save(store.SETTINGS, schema.dump(settings))
        except OSError:
            return _refuse("The settings could not be saved: the flash is full.")
        old = self._house.settings
        for fields in schema.rows():
            if fields[1] == "Network" and settings.of(fields) != old.of(fields):
                self._house.settings = settings  # so that nobody saves the old ones over them
                self._house.restart_soon("new settings of the network")
                return _answer({"saved": True, "told": told, "restarting": True})
        await self._house.apply(settings)
        return _answer({"saved": True, "told": told})

    def _backup(self, request):
        import backup

        lines = backup.lines(self._house.settings, request.args.get("secrets") == "1")
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        headers["Content-Disposition"] = 'attachment; filename="hanport-settings.txt"'
        return Response((line + "\n" for line in lines), 200, headers)

    async def _restore(self, request):
        """A backup of ours, or of the ancestor."""
        text = request.body.decode()
        if "amsconfig" in text[:200]:
            import amsconfig

            values, told = amsconfig.take(text)
            settings = self._house.settings.changed(values) if values else None
        else:
            import backup

            settings, told = backup.restored(self._house.settings, text)
        unload("amsconfig", "backup")
        if not settings:
            return _refuse(*told)
        return await self._take(settings, told)

    async def _update(self, request):
        """A package, written to the slot that does not run while it arrives."""
        house = self._house
        from app import update

        try:
            button = house.button
            job = update.Update(
                update.slots(),
                update.facts(),
                button.held if button else lambda: False,
                house.supply_low,
            )
        except OSError:
            return _refuse(update.NO_LOADER)
        house.watchdog.hold(300)
        fault = None
        while not fault:
            piece = await request.stream.read(_PIECE)
            if not piece:
                break
            fault = job.feed(piece)
        fault = fault or job.finish() or job.activate()
        unload("app.update", "app.romslots", "app.folderslots")
        if fault:
            return _refuse(fault)
        return self._restart("an update")

    def _restart(self, why):
        self._house.restart_soon(why)
        return _answer({"restarting": True})
