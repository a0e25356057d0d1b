"""Ciphering of APDUs and of P1 telegrams with AES-GCM (IEC 62056-5-3, 5.3.7, security suites 0 and 1).

The only part of framesmith that needs a package outside the standard library: `cryptography`, imported in
the one function that ciphers. Keys in the project's own frames are the Green Book's demonstration keys.
"""

from smith_axdr import SmithError, ber_length
from smith_link import crc_x25

DEMO_EK = bytes(range(0x10))
DEMO_AK = bytes(range(0xD0, 0xE0))
LUXEMBOURG_AK = bytes(range(0x00, 0x100, 0x11))
TAG_OCTETS = 12
AUTHENTICATED, ENCRYPTED = 0x10, 0x20


def gcm(plain, title, counter, ek, ak, sc):
    """Ciphered content behind SC and IC: ciphertext and, when SC asks for it, the 12-octet tag.

    title: 8 octets (the nonce is title || counter); sc: 10 tag only, 20/21 encrypted, 30/31 both.
    Additional data: SC || AK when encrypted and authenticated, SC || AK || plaintext when only authenticated.
    """
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise SmithError("ciphered frames need the Python package 'cryptography'") from error
    if len(ek) not in (16, 32):
        raise SmithError(f"the encryption key has {len(ek)} octets, not 16 (suite 2: 32)")
    if len(title) != 8:
        raise SmithError(f"the system title has {len(title)} octets, not 8")
    if sc & AUTHENTICATED and not ak:
        raise SmithError("an authenticated frame needs the authentication key")
    nonce = title + counter.to_bytes(4, "big")
    cipher = AESGCM(ek)
    if not sc & ENCRYPTED:
        return plain + cipher.encrypt(nonce, b"", bytes([sc]) + ak + plain)[:TAG_OCTETS]
    if not sc & AUTHENTICATED:
        return cipher.encrypt(nonce, plain, None)[:-16]
    return cipher.encrypt(nonce, plain, bytes([sc]) + ak)[:len(plain) + TAG_OCTETS]


def general_glo(apdu, title, counter, ek=DEMO_EK, ak=DEMO_AK, sc=0x30, length_octets=None):
    """general-glo-ciphering APDU: DB, system title, length, SC, IC, content (IEC 62056-5-3, 9.3.13).

    title: 8 octets; counter: invocation counter; length_octets: None = shortest length field.
    """
    content = bytes([sc]) + counter.to_bytes(4, "big") + gcm(apdu, title, counter, ek, ak, sc)
    return b"\xdb" + bytes([len(title)]) + title + ber_length(len(content), length_octets) + content


def p1_luxembourg(telegram, title, counter, ek=DEMO_EK, ak=LUXEMBOURG_AK):
    """Encrypted P1 of Luxembourg and Steiermark: DB 08 title 82 LL LL 30 IC ciphertext tag, no frame around.

    `telegram` is a whole P1 telegram. Luxembourg's authentication key is fixed; Steiermark's is the GAK.
    """
    return general_glo(telegram, title, counter, ek, ak, 0x30, 2)


def p1_poland(telegram, counter, ek=DEMO_EK, ak=DEMO_AK, header=b"/EGM5TST"):
    """Encrypted P1 of Poland (Elgama): text header, 00 82 LL LL 30 IC ciphertext tag, `!`, check, CR LF.

    The system title has length 0, the nonce is 8 zero octets || IC; the check is CRC-16/X-25 from `/` to `!`
    printed with its low octet first.
    """
    content = b"\x30" + counter.to_bytes(4, "big") + gcm(telegram, bytes(8), counter, ek, ak, 0x30)
    frame = header + b"\r\n\r\n\x00" + ber_length(len(content), 2) + content + b"!"
    return frame + crc_x25(frame).to_bytes(2, "little").hex().upper().encode() + b"\r\n"
