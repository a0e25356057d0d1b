"""Formats with a topic for each number: their tables, read where they lie.

A table is one literal of octets. A row of it has fixed columns:

    36 1 33 r import/active/accumulated
    |  | ||  |
    |  | ||  topic; # is the number of the phase or tariff
    |  | |mark: "r" retained, "t" ending zeros are dropped, "-" neither
    |  | decimals: of the register's integer when read in the topic's unit, and those written
    |  registers that follow each other: phases or tariffs, up to three
    register

Messages are counted by threes: k // 3 is the row, k % 3 the phase.
"""

_COUNT = 3
_HAS = 5
_WRITTEN = 6
_MARK = 8
_TOPIC = 10


def find(table, k):
    """Where the row of message k begins; -1 behind the last row."""
    at = 0
    k //= 3
    while k:
        at = table.find(b"\n", at) + 1
        k -= 1
    return at if at < len(table) else -1


def register(table, at, k):
    """Register of message k of the row at `at`, None when the row has fewer."""
    k %= 3
    return (table[at] - 48) * 10 + table[at + 1] - 48 + k if k < table[at + _COUNT] - 48 else None


def retained(table, k):
    """True when message k is to be retained."""
    at = find(table, k)
    return at >= 0 and table[at + _MARK] == 114  # r


def number(table, at, value):
    """The register's value as it will be written: rounded half away from zero to the row's decimals."""
    if table[at + _HAS] == table[at + _WRITTEN]:
        return value
    part = 10 ** (table[at + _HAS] - table[at + _WRITTEN])
    return (value + part // 2) // part if value >= 0 else -((part // 2 - value) // part)


def write(table, at, k, w, value):
    """Write what number() gave; returns the topic."""
    w.number(value, table[at + _WRITTEN] - 48, table[at + _MARK] == 116)  # t
    topic = table[at + _TOPIC : table.find(b"\n", at)]
    return topic.replace(b"#", b"123"[k % 3 : k % 3 + 1])
