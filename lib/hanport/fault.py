"""Fault codes of the decoder: small ints, their words, and what a person can do about them.

A fault is normal life on a meter port. Every layer returns one of these codes (0 means "no fault") and
the decoder counts them; nothing is ever raised. `words(code)` gives the sentence shown to a person and
`hint(code)` the one action that helps.
"""

NONE = 0
NOISE = 1
HCS = 2
FCS = 3
FLAG = 4
TRUNCATED = 5
TOO_LARGE = 6
P1_CRC = 7
P1_LINE = 8
MBUS_SUM = 9
MBUS_STOP = 10
SEGMENT = 11
LLC = 12
APDU = 13
DATE_TIME = 14
AXDR_SHORT = 15
AXDR_TYPE = 16
AXDR_DEPTH = 17
AXDR_COUNT = 18
AXDR_EXCESS = 19
LIST = 20
NO_KEY = 21
TAG = 22
WRONG_KEY = 23
SECURITY = 24
CIPHER_LENGTH = 25
BLOCK = 26
VALUE = 27
CLOCK = 28
P1_EMPTY = 29
P1_OCTET = 30
REPLAY = 31
SWAPPED = 32
UNPROTECTED = 33
KMP_SILENT = 34
KMP_LOCKED = 35
KMP_CRC = 36
KMP_ECHO = 37
KMP_NO_TX = 38
MEMORY = 39
COUNT = 40  # how many codes there are

# One row a code, in order: name|words. One literal, so that it costs no heap on the device.
_ROWS = (
    "none|no fault\n"
    "noise|octets that belong to no telegram\n"
    "hcs|HDLC header checksum (HCS) is wrong\n"
    "fcs|HDLC frame checksum (FCS) is wrong\n"
    "flag|HDLC closing flag is missing\n"
    "truncated|the telegram was cut short\n"
    "too_large|telegram larger than the buffer\n"
    "p1_crc|P1 telegram checksum (CRC16) is wrong\n"
    "p1_line|a P1 line could not be read and was skipped\n"
    "mbus_sum|M-Bus checksum is wrong\n"
    "mbus_stop|M-Bus stop octet is missing\n"
    "segment|part of a segmented telegram is missing\n"
    "llc|the frame holds no DLMS telegram (no LLC header)\n"
    "apdu|the telegram is of a kind that carries no readings\n"
    "date_time|the telegram's date-time has an unknown form\n"
    "axdr_short|a value runs past the end of the telegram\n"
    "axdr_type|a value has an unknown type\n"
    "axdr_depth|lists are nested too deep\n"
    "axdr_count|the list has too many elements\n"
    "axdr_excess|octets remain after the end of the list\n"
    "list|the list of this meter is not known yet\n"
    "no_key|the telegram is encrypted and no key is set\n"
    "tag|the authentication tag does not match\n"
    "wrong_key|the key does not decrypt this telegram\n"
    "security|the telegram uses an unknown kind of encryption\n"
    "cipher_length|the encrypted part is cut short\n"
    "block|a block of a block transfer is missing\n"
    "value|a value does not fit its register and was left out\n"
    "clock|the meter's clock is not set\n"
    "p1_empty|the telegram holds no reading\n"
    "p1_octet|an octet that is no text stands in the P1 telegram\n"
    "replay|the invocation counter did not rise\n"
    "swapped|the encryption key and the authentication key are swapped\n"
    "unprotected|a ciphered telegram came without anything that proves it\n"
    "kmp_silent|the meter does not answer\n"
    "kmp_locked|the meter answers, but its registers are locked\n"
    "kmp_crc|the meter's answers arrive damaged\n"
    "kmp_echo|only our own request comes back, the meter does not answer\n"
    "kmp_no_tx|this board has no wire to ask the meter with (TX)\n"
    "memory|too little memory is free to read the telegram\n"
)


def _field(code, field):
    at = 0
    for _ in range(code):
        at = _ROWS.find("\n", at) + 1
    middle = _ROWS.find("|", at)
    return _ROWS[middle + 1 : _ROWS.find("\n", at)] if field else _ROWS[at:middle]


def name(code):
    """Short name of a code, fit for a counter's label: "fcs"."""
    return _field(code, 0)


def words(code):
    """The fault in words, without a full stop: "HDLC frame checksum (FCS) is wrong"."""
    return _field(code, 1)


def hint(code):
    """One action for the owner, or an empty string."""
    from hanport import hints

    return hints.of(code)
