"""Certificates and keys as people have them (PEM, RFC 7468), and the little of X.509 that is told of them.

What TLS is given are the octets within (DER): the MicroPython of some ports reads nothing else.
"""

from binascii import a2b_base64

import localtime

_BEGIN = "-----BEGIN "
_END = "-----END "
_DASHES = "-----"

CERTIFICATE = "CERTIFICATE"
# Kinds of keys: of any sort, of an elliptic curve, of RSA. Not one that a pass phrase locks.
KEYS = ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")


def blocks(text):
    """Yield (kind, octets) of each block; octets is None for one that is damaged or locked."""
    at = text.find(_BEGIN)
    while at >= 0:
        at += len(_BEGIN)
        end = text.find(_DASHES, at)
        kind = text[at:end] if end >= 0 else ""
        stop = text.find(_END + kind + _DASHES, at)
        if not kind or stop < 0:
            yield kind, None
            return
        try:
            body = text[end + len(_DASHES) : stop].strip()
            octets = None if ":" in body else a2b_base64("".join(body.split()))
        except ValueError:
            octets = None
        yield kind, octets or None
        at = text.find(_BEGIN, stop)


def certificates(text):
    """Octets of all certificates of a text; none when one of them is damaged."""
    found = [octets for kind, octets in blocks(text) if kind == CERTIFICATE]
    return [] if None in found else found


def key(text):
    """Octets of the one private key of a text, or None."""
    found = [octets for kind, octets in blocks(text) if kind in KEYS]
    return found[0] if len(found) == 1 else None


def _inside(der, i, end):
    """(tag, first index of the contents, index after them) of the element at i; ValueError when it is cut."""
    if i + 2 > end:
        raise ValueError
    tag, n = der[i], der[i + 1]
    i += 2
    if n & 0x80:
        count = n & 0x7F
        if not 0 < count < 4 or i + count > end:
            raise ValueError
        n = 0
        while count:
            n = n << 8 | der[i]
            i += 1
            count -= 1
    if i + n > end:
        raise ValueError
    return tag, i, i + n


def _moment(text):
    """UTC seconds since 1970 of YYMMDDhhmmssZ or YYYYMMDDhhmmssZ; ValueError for others."""
    if len(text) == 13:
        # RFC 5280, 4.1.2.5.1: two digits from 50 on are of the last century.
        text = ("19" if text[:2] >= "50" else "20") + text
    if len(text) != 15 or text[14] != "Z" or not text[:14].isdigit():
        raise ValueError
    day = localtime.days(int(text[:4]), int(text[4:6]), int(text[6:8]))
    return day * 86400 + int(text[8:10]) * 3600 + int(text[10:12]) * 60 + int(text[12:14])


def dates(der):
    """(from, until) when a certificate is valid, UTC seconds since 1970; None when it is no certificate.

    RFC 5280, 4.1: Certificate { TBSCertificate { [0] version, serial, algorithm, issuer, validity ...
    """
    try:
        _, i, end = _inside(der, 0, len(der))
        _, i, end = _inside(der, i, end)
        tag, _, after = _inside(der, i, end)
        if tag == 0xA0:
            i = after
        for _ in range(3):
            _, _, i = _inside(der, i, end)
        tag, i, end = _inside(der, i, end)
        if tag != 0x30:
            return None
        _, a, after = _inside(der, i, end)
        _, b, end = _inside(der, after, end)
        return _moment(str(der[a:after], "utf-8")), _moment(str(der[b:end], "utf-8"))
    except ValueError:  # also for octets that are no text
        return None
