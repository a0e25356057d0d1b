"""Keys as people paste them: hex with spaces, 0x, colons, quotes, dashes; or 16 characters of ASCII.

Keys are secrets: nothing here prints one or puts one into an error.
"""

_DROP = " \t\r\n\"'`:-,;.<>{}[]()\u00a0\ufeff"


def parse(text):
    """16 octets of a key, or None. An empty text is no key."""
    for c in _DROP:
        text = text.replace(c, "")
    plain = text.replace("0x", "").replace("0X", "").replace("\\x", "")
    if len(plain) == 32:
        key = bytearray(16)
        for k in range(32):
            digit = "0123456789abcdef".find(plain[k].lower())
            if digit < 0:
                break
            key[k >> 1] = key[k >> 1] << 4 | digit
        else:
            return bytes(key)
    # Some makers' keys are 16 printable characters, meant as ASCII.
    if len(text) != 16:
        return None
    for c in text:
        if not 32 < ord(c) < 127:
            return None
    return text.encode()
