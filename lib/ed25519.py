"""Ed25519 signatures (RFC 8032), verify only: whether an update was signed by the holder of the key.

Import it when a signature is to be checked and drop it afterwards. All numbers are Python's big ints: on a
chip a field element of 255 bits is one object, and one multiplication of two runs in C. Nothing secret is
handled here, so nothing needs to take the same time for all inputs.

SHA-512 (FIPS 180-4) is here because the chips' hashlib ends at SHA-256. Its words are ints of 64 bits: pairs
of 32 bits would be big ints too on a chip, whose small ints have 31 bits, and twice as many.

Measured on the unix port, compiled and run in place: 10.5 kB of heap have to be free before the import, half
as much on a chip, where objects are half as large; 1.7 MB of garbage pass through the heap in all.
"""

# First 64 bits of the fractions of the square roots of the first 8 primes, and of the cube roots of 80.
_START = (
    b"\x6a\x09\xe6\x67\xf3\xbc\xc9\x08\xbb\x67\xae\x85\x84\xca\xa7\x3b\x3c\x6e\xf3\x72\xfe\x94"
    b"\xf8\x2b\xa5\x4f\xf5\x3a\x5f\x1d\x36\xf1\x51\x0e\x52\x7f\xad\xe6\x82\xd1\x9b\x05\x68\x8c"
    b"\x2b\x3e\x6c\x1f\x1f\x83\xd9\xab\xfb\x41\xbd\x6b\x5b\xe0\xcd\x19\x13\x7e\x21\x79"
)
_ROUNDS = (
    b"\x42\x8a\x2f\x98\xd7\x28\xae\x22\x71\x37\x44\x91\x23\xef\x65\xcd\xb5\xc0\xfb\xcf\xec\x4d"
    b"\x3b\x2f\xe9\xb5\xdb\xa5\x81\x89\xdb\xbc\x39\x56\xc2\x5b\xf3\x48\xb5\x38\x59\xf1\x11\xf1"
    b"\xb6\x05\xd0\x19\x92\x3f\x82\xa4\xaf\x19\x4f\x9b\xab\x1c\x5e\xd5\xda\x6d\x81\x18\xd8\x07"
    b"\xaa\x98\xa3\x03\x02\x42\x12\x83\x5b\x01\x45\x70\x6f\xbe\x24\x31\x85\xbe\x4e\xe4\xb2\x8c"
    b"\x55\x0c\x7d\xc3\xd5\xff\xb4\xe2\x72\xbe\x5d\x74\xf2\x7b\x89\x6f\x80\xde\xb1\xfe\x3b\x16"
    b"\x96\xb1\x9b\xdc\x06\xa7\x25\xc7\x12\x35\xc1\x9b\xf1\x74\xcf\x69\x26\x94\xe4\x9b\x69\xc1"
    b"\x9e\xf1\x4a\xd2\xef\xbe\x47\x86\x38\x4f\x25\xe3\x0f\xc1\x9d\xc6\x8b\x8c\xd5\xb5\x24\x0c"
    b"\xa1\xcc\x77\xac\x9c\x65\x2d\xe9\x2c\x6f\x59\x2b\x02\x75\x4a\x74\x84\xaa\x6e\xa6\xe4\x83"
    b"\x5c\xb0\xa9\xdc\xbd\x41\xfb\xd4\x76\xf9\x88\xda\x83\x11\x53\xb5\x98\x3e\x51\x52\xee\x66"
    b"\xdf\xab\xa8\x31\xc6\x6d\x2d\xb4\x32\x10\xb0\x03\x27\xc8\x98\xfb\x21\x3f\xbf\x59\x7f\xc7"
    b"\xbe\xef\x0e\xe4\xc6\xe0\x0b\xf3\x3d\xa8\x8f\xc2\xd5\xa7\x91\x47\x93\x0a\xa7\x25\x06\xca"
    b"\x63\x51\xe0\x03\x82\x6f\x14\x29\x29\x67\x0a\x0e\x6e\x70\x27\xb7\x0a\x85\x46\xd2\x2f\xfc"
    b"\x2e\x1b\x21\x38\x5c\x26\xc9\x26\x4d\x2c\x6d\xfc\x5a\xc4\x2a\xed\x53\x38\x0d\x13\x9d\x95"
    b"\xb3\xdf\x65\x0a\x73\x54\x8b\xaf\x63\xde\x76\x6a\x0a\xbb\x3c\x77\xb2\xa8\x81\xc2\xc9\x2e"
    b"\x47\xed\xae\xe6\x92\x72\x2c\x85\x14\x82\x35\x3b\xa2\xbf\xe8\xa1\x4c\xf1\x03\x64\xa8\x1a"
    b"\x66\x4b\xbc\x42\x30\x01\xc2\x4b\x8b\x70\xd0\xf8\x97\x91\xc7\x6c\x51\xa3\x06\x54\xbe\x30"
    b"\xd1\x92\xe8\x19\xd6\xef\x52\x18\xd6\x99\x06\x24\x55\x65\xa9\x10\xf4\x0e\x35\x85\x57\x71"
    b"\x20\x2a\x10\x6a\xa0\x70\x32\xbb\xd1\xb8\x19\xa4\xc1\x16\xb8\xd2\xd0\xc8\x1e\x37\x6c\x08"
    b"\x51\x41\xab\x53\x27\x48\x77\x4c\xdf\x8e\xeb\x99\x34\xb0\xbc\xb5\xe1\x9b\x48\xa8\x39\x1c"
    b"\x0c\xb3\xc5\xc9\x5a\x63\x4e\xd8\xaa\x4a\xe3\x41\x8a\xcb\x5b\x9c\xca\x4f\x77\x63\xe3\x73"
    b"\x68\x2e\x6f\xf3\xd6\xb2\xb8\xa3\x74\x8f\x82\xee\x5d\xef\xb2\xfc\x78\xa5\x63\x6f\x43\x17"
    b"\x2f\x60\x84\xc8\x78\x14\xa1\xf0\xab\x72\x8c\xc7\x02\x08\x1a\x64\x39\xec\x90\xbe\xff\xfa"
    b"\x23\x63\x1e\x28\xa4\x50\x6c\xeb\xde\x82\xbd\xe9\xbe\xf9\xa3\xf7\xb2\xc6\x79\x15\xc6\x71"
    b"\x78\xf2\xe3\x72\x53\x2b\xca\x27\x3e\xce\xea\x26\x61\x9c\xd1\x86\xb8\xc7\x21\xc0\xc2\x07"
    b"\xea\xda\x7d\xd6\xcd\xe0\xeb\x1e\xf5\x7d\x4f\x7f\xee\x6e\xd1\x78\x06\xf0\x67\xaa\x72\x17"
    b"\x6f\xba\x0a\x63\x7d\xc5\xa2\xc8\x98\xa6\x11\x3f\x98\x04\xbe\xf9\x0d\xae\x1b\x71\x0b\x35"
    b"\x13\x1c\x47\x1b\x28\xdb\x77\xf5\x23\x04\x7d\x84\x32\xca\xab\x7b\x40\xc7\x24\x93\x3c\x9e"
    b"\xbe\x0a\x15\xc9\xbe\xbc\x43\x1d\x67\xc4\x9c\x10\x0d\x4c\x4c\xc5\xd4\xbe\xcb\x3e\x42\xb6"
    b"\x59\x7f\x29\x9c\xfc\x65\x7e\x2a\x5f\xcb\x6f\xab\x3a\xd6\xfa\xec\x6c\x44\x19\x8c\x4a\x47"
    b"\x58\x17"
)

# The order of the base point, the base point, d = -121665/121666, and a square root of -1.
_ORDER = (1 << 252) + 0x14DEF9DEA2F79CD65812631A5CF5D3ED
_BASE_X = 0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A
_BASE_Y = 0x6666666666666666666666666666666666666666666666666666666666666658
_D = 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3
_SQRT_OF_MINUS_1 = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0


def sha512(data):
    """SHA-512 of some octets, held whole: meant for messages of a few hundred."""
    whole = bytearray(data)
    whole.append(0x80)
    whole.extend(bytes(-(len(whole) + 16) % 128 + 8))  # the length has 128 bits, and the upper 64 are 0
    whole.extend((8 * len(data)).to_bytes(8, "big"))
    state = [int.from_bytes(_START[at : at + 8], "big") for at in range(0, 64, 8)]
    for at in range(0, len(whole), 128):
        _block(state, whole, at)
    return b"".join([word.to_bytes(8, "big") for word in state])


def _block(state, data, at):
    """Mix 128 octets into the state. x * double is x twice in a row, so that a shift of it rotates x."""
    mask = (1 << 64) - 1
    double = (1 << 64) + 1
    w = [int.from_bytes(data[k : k + 8], "big") for k in range(at, at + 128, 8)]
    a, b, c, d, e, f, g, h = state
    for n in range(80):
        k = n & 15
        if n > 15:
            x = w[k - 15]  # negative indexes count from the end, so the ring of 16 needs no masking
            y = w[k - 2]
            xx = x * double
            yy = y * double
            s = ((xx >> 1) ^ (xx >> 8) ^ (x >> 7)) & mask
            s += ((yy >> 19) ^ (yy >> 61) ^ (y >> 6)) & mask
            w[k] = (w[k] + w[k - 7] + s) & mask
        x = e * double
        t = h + (((x >> 14) ^ (x >> 18) ^ (x >> 41)) & mask) + (g ^ (e & (f ^ g))) + w[k]
        t += int.from_bytes(_ROUNDS[8 * n : 8 * n + 8], "big")
        x = a * double
        s = (((x >> 28) ^ (x >> 34) ^ (x >> 39)) & mask) + ((a & b) | (c & (a | b)))
        h, g, f, e, d, c, b, a = g, f, e, (d + t) & mask, c, b, a, (t + s) & mask
    for k, x in enumerate((a, b, c, d, e, f, g, h)):
        state[k] = (state[k] + x) & mask


# The curve -x*x + y*y = 1 + d*x*x*y*y over the integers modulo p. A point is (X, Y, Z, T) with x = X/Z,
# y = Y/Z and X*Y = Z*T, so that adding needs no division (RFC 8032, 5.1.4).


def _root(z, p):
    """z to the power 2**252 - 3, from which both square roots and inverses are made."""
    x = z
    have = 1  # x is z to the power 2**have - 1
    for bit in (1, 1, 1, 1, 0, 1, 0):  # 250 is 0b11111010, and `have` starts at its first 1
        y = x
        for _ in range(have):
            y = y * y % p
        x = x * y % p
        have += have
        if bit:
            x = x * x * z % p
            have += 1
    x = x * x % p
    return x * x * z % p


def _double(a, p):
    """Twice a point."""
    x, y, z, _ = a
    xx = x * x % p
    yy = y * y % p
    h = xx + yy
    e = h - (x + y) * (x + y) % p
    g = xx - yy
    f = (z * z << 1) % p + g
    return e * f % p, g * h % p, f * g % p, e * h % p


def _add(a, b, p):
    """A point and one made ready by _ready."""
    x, y, z, t = a
    minus, plus, zz, dt = b
    u = (y - x) * minus % p
    v = (y + x) * plus % p
    t = t * dt % p
    z = z * zz % p
    e = v - u
    f = z - t
    g = z + t
    h = v + u
    return e * f % p, g * h % p, f * g % p, e * h % p


def _ready(a, d, p):
    """Of a point what _add wants of its second: y - x, y + x, 2z, 2dt."""
    x, y, z, t = a
    return (y - x) % p, (y + x) % p, 2 * z, 2 * d * t % p


def _point(octets, d, p):
    """The point that 32 octets stand for, None when they stand for none (RFC 8032, 5.1.3)."""
    y = int.from_bytes(octets, "little")
    odd = y >> 255
    y -= odd << 255
    if y >= p:
        return None
    yy = y * y % p
    u = yy - 1
    v = d * yy + 1
    # x is the root of u/v: (u/v) to the power (p + 3)/8, which is right or wrong by the factor sqrt(-1).
    cube = v * v * v % p
    x = u * cube * _root(u * cube * cube * v % p, p) % p
    wrong = (v * x * x - u) % p
    if wrong:
        x = x * _SQRT_OF_MINUS_1 % p
        wrong = (v * x * x - u) % p
    if wrong or (odd and not x):
        return None
    if x & 1 != odd:
        x = p - x
    return x, y, 1, x * y % p


def verify(public, message, signature):
    """True when `signature` (64 octets) is one of `message` by the holder of the key of `public` (32)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    s = bytes(signature[32:])
    # One signature has one spelling: s is below the order of the base point.
    if int.from_bytes(s, "little") >= _ORDER:
        return False
    p = (1 << 255) - 19
    key = _point(public, _D, p)
    if key is None:
        return False
    h = sha512(bytes(signature[:32]) + bytes(public) + bytes(message))
    h = (int.from_bytes(h, "little") % _ORDER).to_bytes(32, "little")
    base = _BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % p
    x, y, z, t = key
    r = _sum(s, base, h, (p - x, y, z, p - t), p)
    # The point must be spelled as the first half of the signature is, with 1/z = z to the power p - 2.
    x, y, z, t = r
    inverse = _root(z, p)
    for _ in range(3):
        inverse = inverse * inverse % p
    inverse = inverse * z * z * z % p
    x = x * inverse % p
    y = y * inverse % p
    return (y | (x & 1) << 255).to_bytes(32, "little") == bytes(signature[:32])


def _sum(s, a, h, b, p):
    """s times a and h times b together, bit by bit: the doublings are shared.

    Two bits at a time would take a fifth less time, and 2 kB more for the table.
    """
    table = None, _ready(a, _D, p), _ready(b, _D, p), _ready(_add(a, _ready(b, _D, p), p), _D, p)
    q = (0, 1, 1, 0)
    for at in range(31, -1, -1):
        for bit in range(7, -1, -1):
            q = _double(q, p)
            k = s[at] >> bit & 1 | (h[at] >> bit & 1) << 1
            if k:
                q = _add(q, table[k], p)
    return q
