"""What changes the device from its page: settings, backup, restore, update, restart.

In memory for one request. A request that changes something must come from the device's own page: pages
of others cannot send its Origin. Secrets go in, and never out unless a backup with them is asked for.
"""

import gc
import json

import settings as schema
from app import store
from unload import unload

_HEAD = "Content-Type: application/json\r\nCache-Control: no-store\r\n"
_FILE = (
    "Content-Type: text/plain; charset=utf-8\r\n"
    'Content-Disposition: attachment; filename="hanport-settings.txt"\r\n'
)
_BODY = 4096  # octets of the largest body that is taken into memory
_PIECE = 512  # of an update


def _told(what, status=200):
    return status, _HEAD, json.dumps(what)


def _refuse(*problems):
    return _told({"problems": list(problems)}, 400)


def own_page(request):
    """True when the request comes from this device's page, or from a program that is no browser."""
    origin = request.headers.get("origin")
    return origin is None or origin == "http://" + request.headers.get("host", "")


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


def answer(house, request, what):
    """Answer /api/<what>; None when it is none of these."""
    gc.collect()
    if request.method == "HEAD":
        return None
    if request.method == "GET":
        if what == "settings":
            return 200, _HEAD, _rows(house.settings)
        if what == "certificate":
            return _certificate(house, request)
        return _backup(house, request) if what == "backup" else None
    if what not in ("settings", "restore", "update", "restart", "certificate"):
        return None
    if not own_page(request):
        return _told({"problems": ["Only the device's own page may change it."]}, 403)
    if what == "certificate":
        return _certificate(house, request)
    return _restart(house, "a person") if what == "restart" else _posted(house, request, what)


def _certificate(house, request):
    """Certificates for TLS to the broker, where the board has it."""
    try:
        from app.web import certs
    except ImportError:
        return _refuse("TLS is not on this board.")
    return certs.answer(house, request)


async def _posted(house, request, what):
    """What has a body."""
    if what == "update":
        return await _update(house, request)
    if request.left > _BODY:
        return _refuse("That is too long.")
    if what == "restore":
        try:
            return _restore(house, request, str(await request.body(), "utf-8"))
        except UnicodeError:
            return _refuse("That is no text.")
    try:
        given = json.loads(await request.body())
    except ValueError:
        given = None
    return _change(house, request, given)


def _change(house, request, given):
    """Settings as a JSON object; all of them fit, or none is taken."""
    if not isinstance(given, dict):
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
    return _take(house, request, house.settings.changed(given), told)


def _take(house, request, settings, told):
    """Save new settings, and live by them once the answer has left: there is no room for both."""
    if settings.problems:
        return _refuse(*settings.problems)
    gc.collect()
    try:
        store.save(store.SETTINGS, schema.dump(settings))
    except OSError:
        return _refuse("The settings could not be saved: the flash is full.")
    old = house.settings
    for fields in schema.rows():
        if fields[1] == "Network" and settings.of(fields) != old.of(fields):
            house.settings = settings  # so that nobody saves the old ones over them
            house.restart_soon("new settings of the network")
            return _told({"saved": True, "told": told, "restarting": True})
    request.then = house.apply(settings)
    return _told({"saved": True, "told": told})


def _backup(house, request):
    import backup

    lines = backup.lines(house.settings, request.in_query("secrets") == "1")
    return 200, _FILE, (line + "\n" for line in lines)


def _restore(house, request, text):
    """A backup of ours, or of the ancestor."""
    if "amsconfig" in text[:200]:
        import amsconfig

        values, told = amsconfig.take(text)
        settings = house.settings.changed(values) if values else None
    else:
        import backup

        settings, told = backup.restored(house.settings, text)
    unload("amsconfig", "backup")
    if not settings:
        return _refuse(*told)
    return _take(house, request, settings, told)


async def _update(house, request):
    """A package, written to the slot that does not run while it arrives."""
    from app import update

    try:
        button = house.led and house.led.button
        job = update.Update(
            update.slots(),
            update.facts(),
            button.held if button else lambda: False,
            house.supply_low,
        )
    except OSError:
        return _refuse(update.NO_LOADER)
    house.keeper.grant(300)
    fault = None
    while not fault:
        piece = await request.piece(_PIECE)
        if not piece:
            break
        fault = job.feed(piece)
    fault = fault or job.finish() or job.activate()
    unload("app.update", "app.romslots", "app.folderslots")
    if fault:
        return _refuse(fault)
    return _restart(house, "an update")


def _restart(house, why):
    house.restart_soon(why)
    return _told({"restarting": True})
