"""What the formats that are asked for, not sent, share: values that still tell of now, parts of tables."""

from hanport import registers
from hanport.octets import copy

# Just over a quarter of an hour, the longest that a meter which sends power at all lets pass between two of
# its lists. Whoever asks for a value, unlike who is sent one, cannot see how old it is.
FRESH_S = 1000


def fresh(state, register, up):
    """Value of a register at uptime `up`, None when it is not known or was too long ago to tell of now.

    What counts stays true until the next one comes.
    """
    if not state.have[register]:
        return None
    if up - state.at[register] > FRESH_S and registers.unit(register) not in (30, 32):
        if register <= registers.TARIFF + 1:  # those behind it are numbers of events
            return None
    return state.value(register)


def net(state, bought, sold, up):
    """Import less export of two registers, None when neither is known."""
    bought = fresh(state, bought, up)
    sold = fresh(state, sold, up)
    return None if bought is None and sold is None else (bought or 0) - (sold or 0)


def number(table, at):
    """The number of two digits at table[at]."""
    return (table[at] - 48) * 10 + table[at + 1] - 48


def part(w, table, a, b, digit=0):
    """Append table[a:b] to the Writer w, with each # as the digit, if there is one."""
    at = w.at
    if at + b - a > len(w.buf):
        w.full = True
        return
    copy(w.buf, at, table, a, b - a)
    w.at = at + b - a
    while digit:
        at = w.buf.find(b"#", at, w.at)
        if at < 0:
            return
        w.buf[at] = 48 + digit


def hexed(w, octets):
    """Append octets as hex digits, without anything around them."""
    for c in octets:
        w.raw(b"%02X" % c)


def kind(table, medium):
    """Where the word of an EN 13757-3 device type begins in a table " 3 gas 4 heat "; 0 when it has none."""
    at = table.find(b" %d " % medium)
    return 0 if at < 0 else table.find(b" ", at + 1) + 1
