"""The only native file: viper makes of the loops in octets.py and gcm.py, same results octet for octet.

It is optional: where a chip cannot run it, importing it raises and the plain twins are used. Written so
that one source gives the same result on 32 and 64 bits: mask before every left shift, no signed tricks.
"""

import micropython


@micropython.viper
def copy(to, at: int, source, a: int, n: int):
    """As octets.copy: n octets source[a:a+n] to to[at:], ascending; nothing at all when they do not fit."""
    # Native code knows no bounds of its own: a fault above must never write into another's memory.
    if at < 0 or a < 0 or at + n > int(len(to)) or a + n > int(len(source)):
        return
    p = ptr8(to)  # noqa: F821
    q = ptr8(source)  # noqa: F821
    i = 0
    while i < n:
        p[at + i] = q[a + i]
        i += 1


@micropython.viper
def crc(polynomial: int, start: int, buf, bounds: int) -> int:
    """Reflected CRC-16 of buf[a:b], bounds = a | b << 16 (viper takes four arguments without a tuple)."""
    p = ptr8(buf)  # noqa: F821
    i = bounds & 0xFFFF
    b = (bounds >> 16) & 0xFFFF
    c = start
    while i < b:
        c ^= p[i]
        i += 1
        k = 8
        while k:
            if c & 1:
                c = (c >> 1) ^ polynomial
            else:
                c = c >> 1
            k -= 1
    return c


@micropython.viper
def sum8(buf, a: int, b: int) -> int:
    """As octets.sum8."""
    p = ptr8(buf)  # noqa: F821
    s = 0
    while a < b:
        s += p[a]
        a += 1
    return s & 255
