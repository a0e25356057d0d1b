"""What a device's label says: name and password of its set-up network, and its name on the network.

All come from the MAC address of the station, which every flashing tool prints, so that a label can be made
before the device has ever run. The password keeps passers-by out. It does not keep out who has read this
file and hears the address on the air: who needs that sets ap_password, which goes before it.
"""

import hashlib

_LENGTH = 10


def network(mac):
    """Name of the set-up network of the device with these 6 octets."""
    return "Hanport-%02X%02X" % (mac[4], mac[5])


def password(mac):
    """Its password: 10 letters and digits, the same for one device for ever."""
    digest = hashlib.sha256(b"Hanport set-up " + bytes(mac)).digest()
    # Nothing that looks like something else on paper: no 0 o 1 l i.
    letters = b"abcdefghjkmnpqrstuvwxyz23456789"
    return bytes(letters[c % len(letters)] for c in digest[:_LENGTH]).decode()


def host(name):
    """A name as a network takes it: small letters, digits and inner hyphens, at most 32."""
    text = bytearray()
    for c in name.lower().encode():
        if 97 <= c <= 122 or 48 <= c <= 57:
            text.append(c)
        elif text and text[-1] != 45:
            text.append(45)
    return bytes(text[:32]).decode().rstrip("-") or "hanport"
