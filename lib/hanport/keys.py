"""Keys as people paste them: hex with spaces, 0x, colons, quotes, dashes; or 16 characters of ASCII.

Keys are secrets: nothing here prints one or puts one into an error.
"""

_DROP = b" \t\r\n\"'`:-,;.<>{}[]()"


def parse(text):
    """16 octets of a key, or None. An empty text is no key."""
    # By octets: of a text MicroPython would keep each letter as a name, for ever.
    given = text.replace("\u00a0", "").replace("\ufeff", "").encode()
    octets = bytes(c for c in given if c not in _DROP)
    plain = octets.replace(b"0x", b"").replace(b"0X", b"").replace(b"\\x", b"")
    if len(plain) == 32:
        key = bytearray(16)
        for k in range(32):
            c = plain[k]
            digit = c - 48 if c < 58 else (c | 32) - 87 if c > 64 else -1
            if not 0 <= digit < 16:
                break
            key[k >> 1] = key[k >> 1] << 4 | digit
        else:
            return bytes(key)
    # Some makers' keys are 16 printable characters, meant as ASCII.
    if len(octets) != 16:
        return None
    for c in octets:
        if not 32 < c < 127:
            return None
    return octets
