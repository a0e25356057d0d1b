"""Why a connection with TLS does not come about, in words: what mbedTLS says, and what is missing here.

Left out on boards without TLS.
"""

import brokerwords

# Numbers of our own, as OSError(number).
NO_CA = -3
NO_CLOCK = -4
BAD_CA = -5
BAD_CLIENT = -6
OLD_CLIENT = -7
HALF_CLIENT = -8

# Our numbers and mbedTLS's; "c" and how far it has come for a connection that is closed; "v" for what mbedTLS
# says of a certificate.
_ROWS = (
    b",-3,|refused: no CA is known here to tell the right broker by; upload the certificate of the CA that "
    b"signed the broker's, or set TLS to unchecked\n"
    b",-4,|waiting for the clock: until it is set the dates of certificates cannot be checked\n"
    b",-5,|the CA certificate on this device cannot be read: upload it again\n"
    b",-6,|the client certificate or its key cannot be read: upload both again\n"
    b",-7,|the client certificate has expired: upload a new one\n"
    b",-8,|of client certificate and key only one is here: upload the other\n"
    b",v0,|the certificate is not signed by the CA that is known here\n"
    b",v1,|certificate expired: the broker's, or that of its CA\n"
    b",v2,|the certificate is not valid yet, or this device's clock is wrong\n"
    b",v3,|the certificate is for another name than the one set for the broker\n"
    b",v4,-9984,|the broker's certificate was refused\n"
    b",c2,|broker broke off the secure connection: it may have no TLS on this port, or want a client "
    b"certificate\n"
    b",c3,|broker broke off the secure connection: it may not accept the client certificate\n"
    b",-29184,|broker does not speak TLS on this port\n"
    b",-28288,|broker speaks no version of TLS that this device knows\n"
    b",-28160,|broker and device have no cipher of TLS in common\n"
    b",-10368,-16256,-32512,|too little memory for the connection\n"
)
# An alert of the broker, and its end of the connection.
_ENDED = (-30592, -29312)


def _certificate(text):
    """Row of what mbedTLS says of a certificate; several may hold, and the first is told."""
    for n, part in enumerate(("not correctly signed", "expired", "in the future", "does not match")):
        if text.find(part) >= 0:
            return "v%d" % n
    return "v4"


def words(fault, phase):
    """The sentence about a fault of a connection with TLS, as brokerwords.words() for others."""
    key = fault.args[0] if fault.args else None
    ended = key in _ENDED
    if isinstance(fault, ValueError) and isinstance(key, str) and phase >= brokerwords.TLS:
        key = _certificate(key)
    elif not isinstance(fault, OSError):
        key = None
    elif phase >= brokerwords.TLS and (ended or key in brokerwords.CLOSED):
        key = "c%d" % phase
    found = brokerwords.sentence(_ROWS, key)
    if found is None and isinstance(key, int) and key < -999:
        return brokerwords.words(OSError(104), phase) if ended else "secure connection failed"
    return found or brokerwords.words(fault, phase)
