"""Damage for tools/fuzz.py: octets that no meter sends, and lies with good checksums.

A Seed is a telegram of a frame file: its octets as they stand on the wire and, where framesmith's own rules
find it, what is inside (the APDU, in the clear when the key is known). `mutant(dice, seeds)` damages either
the wire octets or the inside; in the second case the frame around it is built anew, so that checksums and
tags hold and the inner layers are reached. Nothing here is taken from the decoder.
"""

import json
from pathlib import Path

import smith_cipher
import smith_link
from handecode import octets_of
from smith_axdr import SmithError

# Octets that mean something to some layer: flags, openers, tags, lengths, line ends, bounds.
TELLING = bytes.fromhex(
    "00 01 02 06 09 0A 0C 0F 10 12 16 19 20 30 31 7E 7F 80 81 82 83 84 A0 A7 AF A8 DB DC E0 E6 FF FE"
    "2F 21 28 29 2A 2E 0D 0A 68 53"
)
# Lengths and counts that lie, as BER writes them.
_LIES = "00 01 7F 80 8100 81FF 820000 82FFFF 820100 83000001 84FFFFFFFF FF"
LIES = [bytes.fromhex(text) for text in _LIES.split()]
NESTS = (b"\x02\x01", b"\x01\x01", b"\x02\x02\x00", b"\x01\x00", b"\x02\x81\xff", b"\x01\x82\x01\x40")
WRONG_KEY = bytes(range(0x55, 0x65))
LINE_FORMATS = ("hdlc", "mbus", "dsmr")


class Seed:
    """One good telegram: name, format, octets on the wire, keys, and the APDU or text inside (or None)."""

    def __init__(self, name, row, octets):
        key = row.get("key") or {}
        self.name = name
        self.format = row["format"]
        self.octets = octets
        self.ek, self.ak = (bytes.fromhex(key[k]) if key.get(k) else None for k in ("ek", "ak"))
        self.text = octets[:1] == b"/"
        self.inner = None if self.text else inside(octets)
        self.clear = self.inner
        if self.inner and self.inner[0] in b"\xdb\xdc":
            self.clear = opened(self.inner, self.ek)


def seeds(folders):
    """Seeds of all frames below the folders: with a truth beside each (.json), or one table for all."""
    found = []
    for folder in map(Path, folders):
        rows = []
        if (folder / "truth.json").is_file():
            table = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
            rows = [(folder / row["file"], row) for row in table]
        else:
            for path in sorted(folder.rglob("*.json")):
                row = json.loads(path.read_text(encoding="utf-8"))
                if "format" in row:
                    plain = path.with_suffix(".txt")
                    rows.append((plain if plain.is_file() else path.with_suffix(".hex"), row))
        for path, row in rows:
            octets = octets_of(path.read_bytes()) if path.is_file() else b""
            if octets:
                found.append(Seed(path.relative_to(folder).as_posix(), row, octets))
    return found


def inside(octets):
    """The APDU in HDLC frames, M-Bus frames, an LLC header or nothing; None when it cannot be told."""
    joined = b""
    rest = octets
    while len(rest) > 12 and rest[0] == 0x7E and rest[1] & 0xF0 == 0xA0:
        length = (rest[1] & 7) << 8 | rest[2]
        control = 3
        for _ in range(2):
            while control < len(rest) and not rest[control] & 1:
                control += 1
            control += 1
        info = rest[control + 3 : length - 1]
        if joined and info[:4] == b"\xe6\xe7\x00\x0f":
            break
        joined += info
        rest = rest[length + 1 :] if rest[length + 1 : length + 3][1:] == b"\xa0" else rest[length + 2 :]
    while len(rest) > 12 and rest[0] == 0x68 == rest[3]:
        length = rest[1] if rest[1] > 5 else rest[1] + 256
        joined += rest[9 : 4 + length]
        rest = rest[6 + length :]
    joined = joined or octets
    if joined[:3] == b"\xe6\xe7\x00":
        joined = joined[3:]
    return joined if joined[:1] in (b"\x0f", b"\xdb", b"\xdc", b"\xe0") and len(joined) > 7 else None


def opened(apdu, ek):
    """The clear text of a general-glo APDU without looking at its tag, or None."""
    try:
        title, content = apdu[2 : 2 + apdu[1]], apdu[2 + apdu[1] :]
        skip = 1 + (content[0] & 0x7F if content[0] > 0x7F else 0)
        control, counter = content[skip], int.from_bytes(content[skip + 1 : skip + 5], "big")
        body = content[skip + 5 :]
        if control & smith_cipher.AUTHENTICATED:
            body = body[: -smith_cipher.TAG_OCTETS]
        if not control & smith_cipher.ENCRYPTED:
            return body
        return smith_cipher.gcm(body, title, counter, ek, None, smith_cipher.ENCRYPTED) if ek else None
    except (SmithError, IndexError):
        return None


def _place(dice, octets):
    return dice.randrange(len(octets)) if octets else 0


def _flip(dice, octets, _):
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        octets[_place(dice, octets)] ^= 1 << dice.randrange(8)


def _telling(dice, octets, _):
    for _ in range(dice.choice((1, 1, 2, 4))):
        octets[_place(dice, octets)] = dice.choice(TELLING)


def _count(dice, octets, _):
    at = _place(dice, octets)
    octets[at] = (octets[at] + dice.choice((-16, -2, -1, 1, 2, 16, 128))) & 255


def _lie(dice, octets, _):
    at = _place(dice, octets)
    octets[at : at + dice.randrange(2)] = dice.choice(LIES)


def _cut(dice, octets, _):
    at = _place(dice, octets)
    del octets[at : at + dice.choice((1, 1, 2, 4, dice.randrange(1, 80)))]


def _head_or_tail(dice, octets, _):
    at = _place(dice, octets)
    if dice.random() < 0.3:
        del octets[:at]
    else:
        del octets[at:]


def _double(dice, octets, _):
    at = _place(dice, octets)
    piece = octets[at : at + dice.choice((1, 2, 9, dice.randrange(1, 200)))]
    octets[at:at] = piece * dice.choice((1, 1, 1, 2, 20))


def _insert(dice, octets, _):
    at = _place(dice, octets)
    octets[at:at] = dice.choice((dice.randbytes(dice.randrange(1, 9)), bytes([dice.choice(TELLING)])))


def _splice(dice, octets, other):
    at, to = _place(dice, octets), _place(dice, other)
    octets[at:] = other[to:]


def _nest(dice, octets, _):
    """Lists within lists, more than any meter has, or a list of very many."""
    at = _place(dice, octets)
    octets[at:at] = dice.choice(NESTS) * dice.choice((1, 3, 7, 8, 9, 40))


DAMAGES = (_flip, _flip, _telling, _telling, _count, _lie, _cut, _head_or_tail, _double, _insert, _splice)
DAMAGES += (_nest,)


def damage(dice, octets, other):
    """A copy of octets with one to three damages."""
    made = bytearray(octets)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if made:
            dice.choice(DAMAGES)(dice, made, other)
    return bytes(made)


def mend(dice, octets):
    """The damaged frame with checksums that hold again, when it still looks like a frame."""
    made = bytearray(octets[:2040])
    if len(made) > 11 and made[0] == 0x7E:
        length = len(made) - 2
        made[1] = 0xA0 | (made[1] & 8) | length >> 8
        made[2] = length & 255
        made[-1] = 0x7E
        at = 3
        for _ in range(2):
            while at < len(made) - 6 and not made[at] & 1:
                at += 1
            at += 1
        if at < len(made) - 5:
            made[at + 1 : at + 3] = smith_link.crc_x25(made[1 : at + 1]).to_bytes(2, "little")
        made[-3:-1] = smith_link.crc_x25(made[1:-3]).to_bytes(2, "little")
    elif len(made) > 12 and made[0] == 0x68:
        made = made[:261]
        made[1] = made[2] = (len(made) - 6) & 255
        made[3] = 0x68
        made[-2] = smith_link.mbus_sum(made[4:-2])
        made[-1] = 0x16
    elif made[:1] == b"/":
        mark = made.rfind(b"!")
        if mark > 5:
            digits = b"%04X" % smith_link.crc_arc(made[: mark + 1])
            made[mark + 1 :] = digits[dice.choice((0, 0, 0, 1)) :] + b"\r\n"
    return bytes(made)


def _frames(dice, apdu):
    """An APDU in a frame of any kind."""
    kind = dice.randrange(8)
    address = [bytes.fromhex(part) for part in smith_link.ADDRESSES[dice.choice(list(smith_link.ADDRESSES))]]
    where = (*address[:2], address[2][0])
    if kind < 3 and len(apdu) < 2000:
        return smith_link.hdlc(smith_link.llc(apdu), *where)
    if kind == 3:
        parts = smith_link.hdlc_segments(smith_link.llc(apdu), dice.randrange(20, 200), *where)
        return smith_link.join_frames(parts)
    if kind == 4:
        return smith_link.join_frames(smith_link.hdlc_gbt(apdu, dice.randrange(20, 200), *where), False)
    if kind < 7:
        size = max(dice.choice((245, 252, 100)), len(apdu) // 16 + 1)
        return b"".join(smith_link.mbus_segments(apdu, size)) if size < 253 else apdu
    return apdu  # a dump, or a bare ciphered APDU


def _sealed(dice, apdu, ek, ak):
    """The APDU ciphered, with the right keys or not, its tag right or not."""
    title = dice.choice((b"KAM\x01\x02\x03\x04\x05", b"KFM\x10\x20\x00\x00\x01", dice.randbytes(8)))
    control = dice.choice((0x30, 0x30, 0x31, 0x20, 0x21, 0x10))
    key = ek if dice.random() < 0.9 else WRONG_KEY
    counter = dice.randrange(1 << 32)
    made = smith_cipher.general_glo(apdu, title, counter, key, ak or smith_cipher.DEMO_AK, control)
    if dice.random() < 0.4:
        made = bytearray(made)
        made[dice.randrange(12, len(made))] ^= 1 << dice.randrange(8)
    return bytes(made)


def mutant(dice, pool):
    """(octets, ek, ak) of one damaged telegram; the keys are those that a decoder would be given."""
    seed, other = dice.choice(pool), dice.choice(pool)
    ek, ak = seed.ek, seed.ak
    way = dice.random()
    if way < 0.03:
        opener = bytes([dice.choice(TELLING)])
        return opener + dice.randbytes(dice.randrange(300)), ek, ak
    if way < 0.45 or (seed.clear is None and not seed.text):
        octets = damage(dice, seed.octets, other.octets)
        if dice.random() < 0.5:
            octets = mend(dice, octets)
    elif seed.text:
        octets = mend(dice, damage(dice, seed.octets, other.octets))
        if dice.random() < 0.15:
            ek, ak = smith_cipher.DEMO_EK, smith_cipher.LUXEMBOURG_AK
            octets = smith_cipher.p1_luxembourg(octets, b"SAG\x01\x02\x03\x04\x05", dice.randrange(1 << 32))
    else:
        inner = damage(dice, seed.clear, (other.clear or other.octets)) if dice.random() < 0.8 else seed.clear
        if seed.inner is not seed.clear or dice.random() < 0.2:
            ek, ak = ek or smith_cipher.DEMO_EK, ak or smith_cipher.DEMO_AK
            inner = _sealed(dice, inner, ek, ak)
        octets = _frames(dice, inner) if inner else inner
    if dice.random() < 0.15:  # what follows must still be found
        octets += other.octets
    if ak and dice.random() < 0.1:
        ak = None
    return octets, ek, ak
