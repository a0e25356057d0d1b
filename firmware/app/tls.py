"""TLS to the broker: whom this device trusts and what it shows of itself.

Imported for each connection and dropped after; left out on boards whose MicroPython can check no certificate.

The certificates are files of store.py, PEM as they were uploaded (web/certs.py).
"""

import asyncio
import gc
import ssl

import pem
import tlswords
from app import port, store
from unload import unload

_CA, _CERTIFICATE, _KEY = store.CERTIFICATES.split()


def _own(made):
    """Load the client certificate and its key, when there are any; True then."""
    shown = pem.certificates(store.load(_CERTIFICATE))
    key = pem.key(store.load(_KEY))
    if not shown and not key:
        return False
    if not shown or not key:
        raise OSError(tlswords.HALF_CLIENT)
    valid = pem.dates(shown[0])
    now = port.now()
    if valid and now and now > valid[1]:
        raise OSError(tlswords.OLD_CLIENT)
    try:
        made.load_cert_chain(shown[0], key)
    except ValueError:
        raise OSError(tlswords.BAD_CLIENT)
    return True


def context(checked):
    """(ssl.SSLContext, True when the device shows a certificate); OSError with a number of tlswords."""
    gc.collect()  # mbedTLS wants its buffers in one piece
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if checked:
        made.verify_mode = ssl.CERT_REQUIRED
        text = store.load(_CA)
        if not text:
            raise OSError(tlswords.NO_CA)
        trusted = pem.certificates(text)
        try:
            for der in trusted:
                made.load_verify_locations(cadata=der)
        except ValueError:
            trusted = None
        if not trusted:
            raise OSError(tlswords.BAD_CA)
    else:
        made.verify_mode = ssl.CERT_NONE
    return made, _own(made)


async def prepare(mqtt, checked):
    """context(), once the clock is set, without which no date of a certificate can be judged."""
    while checked and port.now() is None:
        mqtt.hold_off(OSError(tlswords.NO_CLOCK))
        await asyncio.sleep(1)
    try:
        return context(checked)
    finally:
        unload("app.tls", "pem")
