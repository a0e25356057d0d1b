"""Keys as people paste them: hex with spaces, 0x, colons, quotes, dashes; or 16 characters of ASCII.

Keys are secrets: nothing here prints one or puts one into an error.
"""

_DROP = " \t\r\n\"'`:-,;.<>{}[]()\u00a0\ufeff"


def parse(text):
    """16 octets of a key, or None. An empty text is no key."""
    for c in _DROP:
        text = text.replace(c, "")
    plain = text.replace("0x", "").replace("0X", "").replace("\\x", "")
    if len(plain) == 32 and all(c in "0123456789abcdefABCDEF" for c in plain):
        return bytes(int(plain[k : k + 2], 16) for k in range(0, 32, 2))
    # Some makers' keys are 16 printable characters, meant as ASCII.
    if len(text) == 16 and all(32 < ord(c) < 127 for c in text):
        return text.encode()
    return None
