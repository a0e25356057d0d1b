"""GHASH, the authentication half of GCM (NIST SP 800-38D 6.4), in three makes with the same result.

A number of GF(2^128) is 16 octets, most significant first. Multiplication takes four bits at a time with a
table of the 16 multiples of H (Shoup's method). CPython computes with long ints, MicroPython with `_fast`
(viper) or, without it, with five limbs of 26 bits, which stay small ints and so allocate nothing.
"""

import sys
from array import array

from hanport import octets

_MASK = 0x3FFFFFF  # 26 bits


def _carries():
    """What four bits shifted out at the low end put back into the top 16 bits: x^128 = x^7 + x^2 + x + 1."""
    table = array("H", bytes(32))
    for low in range(16):
        n = low
        top = 0
        for _ in range(4):
            top = (top >> 1) ^ (0xE100 if n & 1 else 0)
            n >>= 1
        table[low] = top
    return table


_CARRIES = _carries()


def _multiples(h):
    """The 16 multiples of H (16 octets) as long ints; entry 8 is H itself, the top bit standing for 1."""
    v = 0
    for c in h:
        v = v << 8 | c
    table = [0] * 16
    table[8] = v
    for i in (4, 2, 1):
        v = (v >> 1) ^ (0xE1 << 120 if v & 1 else 0)
        table[i] = v
    for i in (2, 4, 8):
        for j in range(1, i):
            table[i + j] = table[i] ^ table[j]
    return table


# Only the make that is used is defined: a class costs heap on the device.
if sys.implementation.name == "cpython":

    class Long:
        """GHASH with long ints, eight bits at a time: the make of CPython."""

        def __init__(self, h):
            multiples = _multiples(h)
            # Two steps of four bits in one: 256 multiples, and 256 carries of 24 bits.
            self._table = [
                (multiples[n & 15] >> 4) ^ (_CARRIES[multiples[n & 15] & 15] << 112) ^ multiples[n >> 4]
                for n in range(256)
            ]
            self._carries = [((_CARRIES[n & 15] << 112) >> 4) ^ (_CARRIES[n >> 4] << 112) for n in range(256)]
            self.restart()

        def restart(self):
            """Begin with zero."""
            self._z = 0

        def update(self, buf, a, b):
            """Take buf[a:b], filled up with zeros to whole blocks."""
            z = self._z
            table = self._table
            carries = self._carries
            data = bytes(buf[a:b])
            for i in range(0, len(data), 16):
                x = z ^ (int.from_bytes(data[i : i + 16], "big") << 8 * max(0, i + 16 - len(data)))
                z = 0
                for _ in range(16):
                    z = (z >> 8) ^ carries[z & 255] ^ table[x & 255]
                    x >>= 8
            self._z = z

        def digest(self, into):
            """Put the 16 octets into a bytearray."""
            into[:] = self._z.to_bytes(16, "big")


if octets.fast:

    class Viper:
        """GHASH with the native multiplication of `_fast`: 16 x 4 words of 32 bits, highest first."""

        def __init__(self, h):
            self._table = array("I", bytes(4 * 64))
            for n, v in enumerate(_multiples(h)):
                for k in range(4):
                    self._table[4 * n + k] = (v >> 96 - 32 * k) & 0xFFFFFFFF
            self._z = bytearray(16)

        def restart(self):
            """Begin with zero."""
            for k in range(16):
                self._z[k] = 0

        def update(self, buf, a, b):
            """Take buf[a:b], filled up with zeros to whole blocks."""
            octets.fast.ghash(self._z, self._table, buf, a | b << 16)

        def digest(self, into):
            """Put the 16 octets into a bytearray."""
            octets.copy(into, 0, self._z, 0, 16)

else:

    class Limbs:
        """GHASH in plain MicroPython: table and state in limbs of 26 bits, lowest first."""

        def __init__(self, h):
            self._table = array("I", bytes(4 * 80))
            for n, v in enumerate(_multiples(h)):
                for k in range(5):
                    self._table[5 * n + k] = (v >> 26 * k) & _MASK
            self._z = array("I", bytes(20))
            self._block = bytearray(16)

        def restart(self):
            """Begin with zero."""
            for k in range(5):
                self._z[k] = 0

        def _add(self, buf, a, b):
            """The state, plus buf[a:b] filled up with zeros, as 16 octets in _block."""
            block = self._block
            self.digest(block)
            k = 0
            while a < b and k < 16:
                block[k] ^= buf[a]
                a += 1
                k += 1

        def update(self, buf, a, b):
            """Take buf[a:b], filled up with zeros to whole blocks."""
            while a < b:
                self._add(buf, a, b)
                self._multiply()
                a += 16

        def _multiply(self):
            t = self._table
            block = self._block
            z0 = z1 = z2 = z3 = z4 = 0
            i = 31
            while i >= 0:
                c = block[i >> 1]
                c = 5 * (c & 15 if i & 1 else c >> 4)
                carry = _CARRIES[z0 & 15] << 8
                z0 = (z0 >> 4 | (z1 & 15) << 22) ^ t[c]
                z1 = (z1 >> 4 | (z2 & 15) << 22) ^ t[c + 1]
                z2 = (z2 >> 4 | (z3 & 15) << 22) ^ t[c + 2]
                z3 = (z3 >> 4 | (z4 & 15) << 22) ^ t[c + 3]
                z4 = (z4 >> 4) ^ t[c + 4] ^ carry
                i -= 1
            z = self._z
            z[0] = z0
            z[1] = z1
            z[2] = z2
            z[3] = z3
            z[4] = z4

        def digest(self, into):
            """Put the 16 octets into a bytearray."""
            z = self._z
            limb = 0
            bits = 0
            k = 0
            for i in range(15, -1, -1):
                if bits < 8:
                    # At most 7 bits are left: with the next 26 they may need 33, so split the octet.
                    low = limb
                    limb = z[k] if k < 5 else 0
                    k += 1
                    into[i] = (low | limb << bits) & 255 if bits else limb & 255
                    limb >>= 8 - bits
                    bits += 18
                else:
                    into[i] = limb & 255
                    limb >>= 8
                    bits -= 8


GHash = Long if sys.implementation.name == "cpython" else Viper if octets.fast else Limbs  # noqa: F821
