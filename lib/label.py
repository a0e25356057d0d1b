"""What a device's label says: name and password of its set-up network, and its name on the network.

All come from the MAC address of the station, which every flashing tool prints, so that a label can be made
before the device has ever run. The password keeps passers-by out. It does not keep out who has read this
file and hears the address on the air: who needs that sets ap_password, which goes before it.
"""

import hashlib

# Nothing that looks like something else on paper: no 0 o 1 l i.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 10


def network(mac):
    """Name of the set-up network of the device with these 6 octets."""
    return "Hanport-%02X%02X" % (mac[4], mac[5])


def password(mac):
    """Its password: 10 letters and digits, the same for one device for ever."""
    digest = hashlib.sha256(b"Hanport set-up " + bytes(mac)).digest()
    return "".join(_LETTERS[c % len(_LETTERS)] for c in digest[:_LENGTH])


def host(name):
    """A name as a network takes it: small letters, digits and inner hyphens, at most 32."""
    text = ""
    for c in name.lower():
        if "a" <= c <= "z" or "0" <= c <= "9":
            text += c
        elif text and not text.endswith("-"):
            text += "-"
    text = text[:32]
    return (text[:-1] if text.endswith("-") else text) or "hanport"
