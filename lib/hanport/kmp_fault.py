"""Faults of a meter that is asked (KMP): codes, words and hints as in fault.py, numbered on from there.

They say what a person can do about a meter that stays silent, or answers and yet tells nothing.
"""

from hanport import fault

SILENT = fault.COUNT
LOCKED = fault.COUNT + 1
CRC = fault.COUNT + 2
ECHO = fault.COUNT + 3
NO_TX = fault.COUNT + 4
COUNT = fault.COUNT + 5

# Rows as in fault.py: name|words|hint.
_ROWS = (
    "kmp_silent|the meter does not answer|Check both wires and the speed (9600 for electricity meters, 1200 "
    "for heat and water meters); press a key of a battery meter to wake its port. While the push of a meter "
    "is on, its port answers nothing: then read the push instead.\n"
    "kmp_locked|the meter answers, but its registers are locked|Ask your grid company to switch on the HAN "
    "push (DLMS) of this meter and to give you its keys GPK60 and GPK61, or to open KMP without encryption. "
    "Key GPK11 alone does not help: how it is used is not public.\n"
    "kmp_crc|the meter's answers arrive damaged|Usually noise or light from outside; check the cable, or how "
    "the optical head sits.\n"
    "kmp_echo|only our own request comes back, the meter does not answer|The optical head sees itself, or TX "
    "and RX touch: check how the head sits and the wire to the meter.\n"
    "kmp_no_tx|this board has no wire to ask the meter with (TX)|Use a board with TX on the meter port, or "
    "ask your grid company to switch on the push of the meter.\n"
)


def _field(code, field):
    return _ROWS.split("\n")[code - fault.COUNT].split("|")[field]


def name(code):
    """Short name of a fault, of this file or of fault.py: "kmp_locked"."""
    return fault.name(code) if code < fault.COUNT else _field(code, 0)


def words(code):
    """The fault in words, without a full stop."""
    return fault.words(code) if code < fault.COUNT else _field(code, 1)


def hint(code):
    """One action for the owner."""
    return fault.hint(code) if code < fault.COUNT else _field(code, 2)
