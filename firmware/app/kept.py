"""The meter's totals between the port and the mailbox: watched, and kept in flash over a restart."""

from app import port, store
from totals import Totals

_restored = False  # what was kept was shown, which is done once


def load(log):
    """A totals.Totals with what was kept."""
    global _restored
    _restored = False
    totals = Totals()
    octets = store.load_octets(store.TOTALS, log)
    if octets and not totals.from_flash(octets):
        log("The kept totals are damaged: the next ones of the meter are taken as they come.")
    return totals


def watch(totals, reading, state, up, log):
    """Take what is wrong out of a reading, before it is merged into `state`."""
    global _restored
    if totals.review(reading, up, port.now()):
        # The newest sentence only: the counts in it grow.
        log(totals.sentences()[-1])
    if not _restored and totals.sure:
        # Once it is known that this is the meter whose totals these are.
        _restored = True
        totals.fill_in(state, up)


def save_when_due(totals, log):
    """Keep them once an hour at most, for the flash's sake."""
    if totals.save_due(port.up()):
        save(totals, log)


def save(totals, log):
    """Keep them now; the flash may be full, which is told and borne."""
    if not totals.changed:
        return
    try:
        store.save(store.TOTALS, totals.to_flash(port.up(), port.now()))
    except OSError:
        log("the totals could not be kept: the flash is full")
