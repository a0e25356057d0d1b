"""Families and samples of OpenMetrics 1.0, or of the text format 0.0.4 before it.

A family is a row of a table, "name_|unit|kind|help": kind g for a gauge, c for a counter, i for an info. In
the older format, given `plain`, there is no info and no unit, and a counter's family has its sample's name.
"""

from payload import asked


def row(table, number):
    """Where row `number` of a table begins."""
    at = 0
    while number:
        at = table.find(b"\n", at) + 1
        number -= 1
    return at


def name(w, table, at, sample):
    """The name of the family at `at`; sample: with what a sample's name has behind it."""
    a = table.find(b"|", at)
    b = table.find(b"|", a + 1)
    asked.part(w, table, at, a)
    asked.part(w, table, a + 1, b)
    if sample and table[b + 1] != 103:  # g
        w.raw(b"_total" if table[b + 1] == 99 else b"_info")  # c


def head(w, table, at, plain):
    """What is told of a family before its samples. The older format knows neither info nor unit."""
    a = table.find(b"|", at) + 1
    b = table.find(b"|", a)
    w.raw(b"# HELP ")
    name(w, table, at, plain)
    w.raw(b" ")
    asked.part(w, table, b + 3, table.find(b"\n", b))
    w.raw(b"\n# TYPE ")
    name(w, table, at, plain)
    kind = table[b + 1]
    w.raw(b" counter\n" if kind == 99 else b" info\n" if kind == 105 and not plain else b" gauge\n")
    if b > a and not plain:
        w.raw(b"# UNIT ")
        name(w, table, at, False)
        w.raw(b" ")
        asked.part(w, table, a, b)
        w.raw(b"\n")


def joules(w, value):
    """Append Wh as joules. In two halves: on the chips each step with a number over 2^29 takes heap."""
    if not value:
        w.raw(b"0")
        return
    few = value % 10000 * 36
    many = value // 10000 * 36 + few // 10000
    if many:
        w.number(many)
        w.padded(few % 10000, 4)
    else:
        w.number(few)
    w.raw(b"00")


def only(w, table, at, value, decimals, plain):
    """A family of one sample without labels."""
    head(w, table, at, plain)
    name(w, table, at, True)
    w.raw(b" ")
    w.number(value, decimals, True)
    w.raw(b"\n")


def label(w, key, octets):
    """A label of an info; none when it is not known."""
    if octets:
        w.raw(b"," if w.buf[w.at - 1] != 123 else b"")  # {
        w.raw(key)
        w.raw(b"=")
        w.string(octets)
