"""The requests of set-up mode: the page that any phone is led to, and what it asks for and saves.

Site asks handle() first. Only who has joined the set-up network is answered here; the home network sees the
normal page all the time.
"""

import gc
import json

import presets
import settings as schema
from app import port, store

_BODY = 2048  # octets of the largest request
_HEAD = "Content-Type: application/json\r\nCache-Control: no-store\r\n"
_PAGE = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"

# What the first run may set; the rest has its place in the settings form.
_KEYS = (
    "country protocol baud parity invert buffer key auth_key energy_unit grid zone wifi_ssid wifi_password "
    "name page_password mqtt_host mqtt_port mqtt_user mqtt_password mqtt_topic"
).split()
_SHOWN = "name country wifi_ssid protocol baud parity grid mqtt_host mqtt_port mqtt_user mqtt_topic".split()

_WORDS = {
    "trying": "Trying to join “{}” …",
    "works": "“{}” works.",
    "wrong password": "The password of “{}” is not right.",
    "network not found": "“{}” is not in reach here.",
    "no address (DHCP)": "“{}” took the device in, but its router gave it no address.",
    "no answer": "“{}” does not answer: the password may be wrong, or the signal too weak.",
}


def _answer(what, status=200):
    return status, _HEAD, json.dumps(what)


def _refuse(status, *problems):
    return _answer({"problems": list(problems)}, status)


class SetUp:
    """The answers, over the state of one Portal."""

    def __init__(self, portal):
        self._portal = portal

    def handle(self, request):
        """Answer a request out of the set-up network; None: it is for the normal page."""
        portal = self._portal
        client = port.peer(request.address)
        if client[: client.rfind(".")] != portal.address[: portal.address.rfind(".")]:
            return None
        gc.collect()
        host = request.headers.get("host", "")
        path = request.path
        ours = host.split(":")[0] in (portal.address, portal.wifi.ip, portal.wifi.local())
        known = path in ("/", "/setup") or path.startswith("/api/") or path.startswith("/www/")
        if not ours or not known:
            # What phones and computers ask for to find out whether there is an internet: another answer than
            # the one they wait for is what makes them show our page.
            return 302, "Location: %s\r\nCache-Control: no-store\r\n" % portal.home(), ""
        if path in ("/", "/setup"):
            portal.seen = port.up()
            f, packed = port.page_file("setup.html")
            return 200, _PAGE + ("Content-Encoding: gzip\r\n" if packed else ""), f
        if path.startswith("/api/"):
            portal.seen = port.up()
            return self._api(request, path[5:], host)
        return None

    def _api(self, request, name, host):
        if request.method == "GET":
            if name == "scan":
                return _answer(self._networks())
            if name == "try":
                return _answer(self._progress())
            if name == "setup":
                return _answer(self._present())
            if name == "country":
                return _answer(_country(request.in_query("c")))
        if request.method != "POST" or name not in ("try", "setup", "done"):
            return None
        # A page of somebody else's could send a form here, but neither JSON nor our own Origin.
        if request.headers.get("origin") != "http://" + host:
            return _refuse(403, "This must come from the device's own page.")
        if request.left > _BODY:
            return _refuse(413, "That is too long.")
        return self._posted(request, name)

    async def _posted(self, request, name):
        body = None
        try:
            if request.headers.get("content-type", "").startswith("application/json"):
                body = json.loads(await request.body())
        except ValueError:
            pass
        if not isinstance(body, dict):
            return _refuse(400, "This must be a JSON object.")
        if name == "try":
            return self._try(body)
        if name == "setup":
            return self._save(request, body)
        self._portal.end()
        return _answer({})

    def _networks(self):
        age, scanning = self._portal.listening()
        found = [{"ssid": ssid, "rssi": rssi, "open": free} for ssid, rssi, free in self._portal.heard]
        return {"networks": found, "age_s": age, "scanning": scanning}

    def _present(self):
        """What there is already; of secrets only whether they are set."""
        portal = self._portal
        s = portal.house.settings
        shown = {key: s[key] for key in _SHOWN}
        for key in ("wifi_password", "key", "auth_key", "mqtt_password"):
            shown[key] = bool(s[key])
        return {"why": portal.why, "settings": shown, "countries": list(presets.countries())}

    def _progress(self):
        portal = self._portal
        ssid = portal.tried[0]
        now = {"state": portal.state, "ssid": ssid, "words": _WORDS.get(portal.state, "").replace("{}", ssid)}
        now["saved"] = portal.saved_at is not None
        path = portal.wifi if portal.wifi.ip else portal.path
        if path.ip:
            now["address"] = path.ip
            now["page"] = portal.home().replace(portal.address, path.ip)
            now["local"] = path.local()
        return now

    def _try(self, body):
        portal = self._portal
        ssid = body.get("ssid", "")
        password = body.get("password", "")
        name = body.get("name", portal.name)
        given = (("wifi_ssid", ssid), ("wifi_password", password), ("name", name))
        problems = [wrong for wrong in (schema.check(key, value)[1] for key, value in given) if wrong]
        if not problems and not ssid:
            problems = ["Choose a network first."]
        if problems:
            return _refuse(400, *problems)
        if portal.busy():
            return _refuse(409, "The attempt before this one is not over yet.")
        portal.name = name
        portal.attempt(ssid, password)
        return _answer(self._progress(), 202)

    def _save(self, request, body):
        portal = self._portal
        if portal.busy():
            return _refuse(409, "The network is being tried; wait for its result.")
        for key in body:
            if key not in _KEYS:
                return _refuse(400, "%s is nothing to set here." % key)
        house = portal.house
        given = {}
        if body.get("country") not in (None, house.settings["country"]):
            given = presets.values(str(body["country"]))
        given.update(body)
        if "wifi_ssid" not in given and portal.state == "works":
            given["wifi_ssid"], given["wifi_password"] = portal.tried
        problems = [wrong for wrong in (schema.check(key, given[key])[1] for key in given) if wrong]
        new = house.settings.changed(given)
        if not problems and not new["wifi_ssid"] and not portal.online():
            problems = ["Choose a WiFi first."]
        if problems:
            return _refuse(400, *problems)
        try:
            store.save(store.SETTINGS, schema.dump(new))
        except OSError:
            return _refuse(500, "The flash is full: nothing was saved.")
        wanted = (new["wifi_ssid"], new["wifi_password"])
        old = (house.settings["wifi_ssid"], house.settings["wifi_password"])
        stands = portal.online() and (wanted == old or portal.state == "works" and wanted == portal.tried)
        portal.name = new["name"]
        portal.saved_at = port.up()
        house.log("set-up: settings saved")
        request.then = house.apply(new)
        if wanted[0] and not stands:
            portal.attempt(*wanted)
        return _answer(self._progress())


def _country(country):
    """What is usual in a country, for the page to offer."""
    need, words = presets.advice(country)
    lines = ["%d %s" % line for line in presets.lines(country)]
    return {"values": presets.values(country), "lines": lines, "keys": need, "words": words}
