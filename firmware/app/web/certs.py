"""Certificates for TLS to the broker: POST /api/certificate?what=ca, certificate or key, with PEM as body.

An empty body takes the file away. GET tells what is there, never a key. Left out on boards without TLS.
"""

import json

import pem
from app import port, store
from unload import unload

_HEAD = "Content-Type: application/json\r\nCache-Control: no-store\r\n"
_MOST = 8192  # octets of a text
_WHATS = ("ca", "certificate", "key")


def _told(what, status=200):
    return status, _HEAD, json.dumps(what)


def _refuse(words):
    return _told({"problems": [words]}, 400)


def _wrong(what, text):
    """What is wrong with an uploaded text, as a sentence, or None."""
    if what == "key":
        if text.find("ENCRYPTED") >= 0:
            return "This key is locked by a pass phrase: this device takes one without."
        return None if pem.key(text) else "This is no private key in PEM form, or more than one."
    found = pem.certificates(text)
    if not found or None in [pem.dates(der) for der in found]:
        return "This is no certificate in PEM form."
    if what == "certificate" and len(found) > 1:
        return "This device shows one certificate: upload it without those of its CA."
    now = port.now()
    if now and any([now > pem.dates(der)[1] for der in found]):
        return "This certificate has expired."
    return _by_tls(what, found)


def _by_tls(what, found):
    """A sentence when the TLS of this device cannot use what looks like certificates."""
    import ssl

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        for der in found:
            made.load_verify_locations(cadata=der)
    except ValueError:
        return "This device cannot read that certificate: its kind of key may be unknown here."
    return None


async def _body(request):
    """Text of the body; None when it is too long or no text."""
    if request.left > _MOST:
        return None
    try:
        return str(await request.body(), "utf-8").strip()
    except ValueError:
        return None


def _tell():
    """What is there: of each file whether, of certificates until when they are valid."""
    told = {}
    for what, name in zip(_WHATS, store.CERTIFICATES.split()):
        text = store.load(name)
        told[what] = bool(text)
        valid = [pem.dates(der) for der in pem.certificates(text)]
        if valid and None not in valid:
            told[what + "_until"] = min([until for _, until in valid])
    return told


async def answer(house, request):
    """The answer to a GET or POST of /api/certificate."""
    try:
        if request.method == "GET":
            return _told(_tell())
        what = request.in_query("what")
        if what not in _WHATS:
            return _refuse("Say which: what=ca, what=certificate or what=key.")
        name = store.CERTIFICATES.split()[_WHATS.index(what)]
        text = await _body(request)
        if text is None:
            return _refuse("The file is too long or no text: at most %d octets of PEM." % _MOST)
        wrong = _wrong(what, text) if text else None
        if wrong:
            return _refuse(wrong)
        try:
            if text:
                store.save(name, text + "\n")
                store.forget(name)  # nobody's key stays behind
            else:
                store.remove(name)
        except OSError:
            return _refuse("The file could not be saved: the flash is full.")
        if house.settings["mqtt_tls"] != "off":
            request.then = house.apply(house.settings)
        return _told({"saved": True})
    finally:
        unload("pem")
