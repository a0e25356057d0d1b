"""A-XDR, the encoding of DLMS data (IEC 61334-6; tags of the Green Book 9.5).

`index` walks the whole tree once, without recursion, proves that it is well formed and fills exactly the
octets given, and notes where every element begins. Only then does anyone look at a value.
"""

from array import array

from hanport import fault, octets

DEPTH = 8  # lists within lists
ELEMENTS = 320  # the largest list met (Aidon Sweden) has 164

ARRAY = 1
STRUCTURE = 2
OCTETS = 9  # octet-string
TEXT = 10  # visible-string
ENUM = 22

# Octets that follow a tag: a fixed number, or one of the marks below. Index is the tag.
_LIST = 0xF0
_LENGTH = 0xF1  # a length, then so many octets
_BITS = 0xF2  # a count of bits, then the octets that hold them
_UNKNOWN = 0xFF
_SIZES = (
    b"\x00\xf0\xf0\x01\xf2\x04\x04\xff\xff\xf1\xf1\xff\xf1\x01\xff\x01"  # 00 null .. 0F integer
    b"\x02\x01\x02\xff\x08\x08\x01\x04\x08\x0c\x05\x04\x01\x02\x04\x01\x02\x04"  # 10 long .. 21 delta
)
# Octets of an integer of each tag, 0 when the tag is no integer.
_INTEGERS = b"\0\0\0\0\0\4\4\0\0\0\0\0\0\0\0\1\2\1\2\0\x08\x08\1"

_open = array("H", bytes(2 * DEPTH))  # elements still to come of each list around


def index(buf, i, end, table):
    """Note in table the offset of every element (lists too, in order) of the value at buf[i:end].

    table: array("H") of ELEMENTS, made once. Returns how many there are, or a fault code as a negative
    number. Linear in the octets.
    """
    n = 0
    depth = 0
    left = 1
    most = len(table)
    sizes = _SIZES
    while True:
        if not left:
            if not depth:
                return n if i == end else -fault.AXDR_EXCESS
            depth -= 1
            left = _open[depth]
            continue
        left -= 1
        if i >= end:
            return -fault.AXDR_SHORT
        if n >= most:
            return -fault.AXDR_COUNT
        table[n] = i
        n += 1
        tag = buf[i]
        size = sizes[tag] if tag < 34 else 0 if tag == 255 else 255
        i += 1
        if size < 32:
            i += size
        elif size == 255:  # _UNKNOWN
            return -fault.AXDR_TYPE
        else:
            if i >= end:
                return -fault.AXDR_SHORT
            # BER length: one octet up to 7F, else 81 or 82 and one or two octets.
            count = buf[i]
            i += 1
            if count > 0x7F:
                more = count & 0x7F
                if not 0 < more < 3:
                    return -fault.AXDR_COUNT
                if i + more > end:
                    return -fault.AXDR_SHORT
                count = buf[i] if more == 1 else buf[i] << 8 | buf[i + 1]
                i += more
            if size == _LENGTH:
                i += count
            elif size == _BITS:
                i += (count + 7) >> 3
            else:
                if depth >= DEPTH:
                    return -fault.AXDR_DEPTH
                if count > most:
                    return -fault.AXDR_COUNT
                _open[depth] = left
                depth += 1
                left = count
        if i > end:
            return -fault.AXDR_SHORT


if octets.fast:
    _index = octets.fast.index
    _top = (1 << 15) - 1  # machine code takes both bounds in one number; a telegram is never that large

    def index(buf, i, end, table):  # noqa: F811
        """As the plain `index` above, in machine code."""
        if end > _top:
            return -fault.AXDR_COUNT
        return _index(buf, i | end << 16, table, len(table), _SIZES, _open)


def count(buf, i):
    """Number of elements of the list, or of octets of the string, whose tag is at i. Checked by `index`."""
    c = buf[i + 1]
    if c < 0x80:
        return c
    return buf[i + 2] if c == 0x81 else buf[i + 2] << 8 | buf[i + 3]


def content(buf, i):
    """Index of the first octet of the string (or list) whose tag is at i."""
    c = buf[i + 1]
    return i + 2 if c < 0x80 else i + 2 + (c & 0x7F)


def is_integer(tag):
    """True for all signed and unsigned integers and enums."""
    return tag < 23 and _INTEGERS[tag] > 0


def integer(buf, i):
    """The integer whose tag is at i."""
    tag = buf[i]
    if tag == 18:  # the two that meters send most, without a loop
        return buf[i + 1] << 8 | buf[i + 2]
    if tag == 6:
        return buf[i + 1] << 24 | buf[i + 2] << 16 | buf[i + 3] << 8 | buf[i + 4]
    size = _INTEGERS[tag]
    i += 1
    value = buf[i]
    negative = value > 127 and (tag == 5 or tag == 15 or tag == 16 or tag == 20)
    if negative:
        value -= 256
    while size > 1:
        i += 1
        size -= 1
        value = value << 8 | buf[i]
    return value


def is_octets(buf, i, length):
    """True when an octet-string of exactly `length` (below 128) octets begins at i."""
    return buf[i] == OCTETS and buf[i + 1] == length


def size(tag):
    """Octets of an integer with this tag, 0 for a tag that is no integer."""
    return _INTEGERS[tag] if tag < 23 else 0


def length(buf, i, b):
    """The BER length at i, up to two octets; -1 when it has another form or is not whole before b."""
    if i >= b:
        return -1
    c = buf[i]
    if c < 0x80:
        return c
    if c == 0x81 and i + 1 < b:
        return buf[i + 1]
    if c == 0x82 and i + 2 < b:
        return buf[i + 1] << 8 | buf[i + 2]
    return -1


def after_length(buf, i):
    """Index after the BER length at i."""
    c = buf[i] if i < len(buf) else 0
    return i + 1 if c < 0x80 else i + 1 + (c & 0x7F)
