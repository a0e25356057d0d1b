"""What other programs read: /api, /metrics, /sysinfo.json, the live stream and HomeWizard's API.

In memory for one request; the formats themselves are in lib/payload. All is written by the house's one
Writer, in pieces where it is long, and nothing is awaited while a text is in it.
"""

import asyncio
import gc

import localtime
from app import board, port
from unload import unload

_TEXT = "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nHanport-Telegram: "
_JSON = "Content-Type: application/json\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n"
_TELEGRAM_S = 9  # that the first who asks for a telegram waits for the meter's next one
_P1 = 0x2F

# What there is, a row each: method and path|words.
_PATHS = (
    b"GET /api|This list.\n"
    b"GET /api/reading|All that is known of the meter, in Hanport's words.\n"
    b"GET /api/stream|The same, then each reading as it comes, as server-sent events.\n"
    b"GET /api/status|Why there are readings or none: lamps, counters, network, broker, log.\n"
    b"GET /metrics|For Prometheus: OpenMetrics text.\n"
    b"GET /data.json|The readings as amsreader names them.\n"
    b"GET /sysinfo.json|Device and network as amsreader names them.\n"
    b"GET /is-alive|Nothing, with status 200.\n"
    b"GET /api/settings|The settings, their bounds and help; a secret only as set or not.\n"
    b"POST /api/settings|Changes them: a JSON object of keys and values.\n"
    b"GET /api/backup|The settings as a text to keep; secrets=1: with the secrets.\n"
    b"POST /api/restore|Takes such a text, or amsreader's.\n"
    b"POST /api/update|Takes a signed package.\n"
    b"POST /api/restart|Starts the device anew.\n"
)
_HOMEWIZARD = (
    b"GET /api/v1/data|The readings as HomeWizard's P1 meter names them.\n"
    b"GET /api/v1/telegram|The newest P1 telegram, or one written from the readings.\n"
)


def _list(w, house):
    """Write /api: what there is, in words, and what HomeWizard's clients want to know of the product."""
    shaped = house.settings["homewizard"]
    w.open()
    if shaped:
        from payload import homewizard

        homewizard.product(w, house.device)
    w.text(b"name", house.device.name)
    w.text(b"version", house.device.version)
    w.key(b"paths")
    w.open()
    for table in (_PATHS, _HOMEWIZARD) if shaped else (_PATHS,):
        at = 0
        while at < len(table):
            end = table.find(b"\n", at)
            bar = table.find(b"|", at)
            w.text(table[at:bar], table[bar + 1 : end])
            at = end + 1
    w.close()
    w.close()


def _about(house):
    """The dict for payload.sysinfo."""
    s = house.settings
    path = house.net.path
    now = port.now()
    net = None
    if path.ip:
        net = path.wlan.ifconfig() if path.kind == "WiFi" else path.fixed() or (path.ip,)
    return {
        "chip": board.config.CHIP.encode(),
        "board": board.config.NAME.encode(),
        "host": path.host_name().encode(),
        "net": net,
        "wired": path.kind == "Ethernet",
        "settled": bool(s["wifi_ssid"]) or house.net.portal is None,
        "locked": bool(s["page_password"]),
        "offset": None if now is None else localtime.offset(localtime.zone(s["zone"]), now) // 3600,
        "features": (b"kmp",) if board.config.TX is not None else (),
    }


def answer(house, request):
    """Answer a request; None when it is none of these, False when it has been taken over."""
    if request.method not in ("GET", "HEAD"):
        return None
    gc.collect()
    path = request.path.rstrip("/")
    if path == "/api":
        return _written(house, _list, house)
    if path == "/api/stream" and request.method == "GET":
        from app.web import stream

        return stream.serve(house, request)
    if path == "/sysinfo.json":
        from payload import sysinfo

        unload("payload.sysinfo")
        return _written(house, sysinfo.write, house.box.state, house.device, _about(house))
    if path == "/metrics":
        from payload import metrics

        plain = request.headers.get("accept", "").find("application/openmetrics-text") < 0
        pieces = metrics.pieces(house.writer, house.box.state, house.device, house.mqtt, plain)
        kind = metrics.PLAIN if plain else metrics.OPEN
        return 200, "Content-Type: %s\r\nCache-Control: no-store\r\n" % kind, pieces
    if path in ("/api/v1/data", "/api/v1/telegram"):
        return _shaped(house, path)
    return None


def _written(house, write, *what):
    w = house.writer
    w.clear()
    write(w, *what)
    if w.full:
        return 500, _JSON, '{"error":"the answer does not fit in memory"}'
    return 200, _JSON, w.octets()


def _refuse(house, status, words):
    from payload import homewizard

    answer = _written(house, homewizard.refusal, words)
    return status, answer[1], answer[2]


def _shaped(house, path):
    """HomeWizard's API, where it is wanted. Some clients take a power that is not told for none."""
    from payload import asked, homewizard

    if not house.settings["homewizard"]:
        return _refuse(house, 403, b"API not enabled: switch on HomeWizard's API in the settings.")
    last = house.findings.last_reading
    old = last is None or port.up() - last > asked.FRESH_S
    if path == "/api/v1/telegram":
        return _refuse(house, 404, b"There is no telegram.") if old else _telegram(house)
    if old:
        return _refuse(house, 503, house.findings.sentence(port.up()).encode())
    ssid = "" if house.net.path.kind == "Ethernet" else house.settings["wifi_ssid"]
    return _written(house, homewizard.data, house.box.state, house.device, ssid.encode())


async def _telegram(house):
    """The meter's own P1 telegram where it sends such in clear, else one written from the registers."""
    own = await _own(house)
    if own:
        return 200, _TEXT + "of the meter\r\n", own
    from payload import p1text

    w = house.writer
    w.clear()
    utc = house.box.latest.utc
    utc = port.now() if utc is None else utc
    p1text.write(w, house.box.state, port.up(), utc, localtime.zone(house.settings["zone"]))
    unload("payload.p1text")
    if w.full:
        return _refuse(house, 500, b"The telegram does not fit in memory.")
    return 200, _TEXT + "written from the readings\r\n", w.octets()


async def _own(house):
    """The newest telegram of a meter that sends P1 text, else None. Listens from the first call on."""
    decoder = house.decoder
    if getattr(decoder, "last_kind", 0) != _P1:
        return None
    from payload import framehex

    try:
        memory = framehex.of(decoder)
    except MemoryError:
        return None
    for _ in range(_TELEGRAM_S * 10):
        if memory.have:
            break
        await asyncio.sleep_ms(100)
    text = bytes(memoryview(memory.buf)[: memory.have])
    # One that is partly ciphered is no text.
    if text[:1] != b"/" or any(c > 126 or not c for c in text):
        return None
    return text + b"\r\n"
