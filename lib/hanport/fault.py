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
COUNT = 39  # how many codes there are

# One row a code, in order: name|words|hint. One literal, so that it costs no heap on the device.
_ROWS = (
    "none|no fault|\n"
    "noise|octets that belong to no telegram|Check speed, parity and inversion of the port.\n"
    "hcs|HDLC header checksum (HCS) is wrong|Usually noise on the line; check the cable and the parity.\n"
    "fcs|HDLC frame checksum (FCS) is wrong|Usually noise on the line; check the cable and the parity.\n"
    "flag|HDLC closing flag is missing|Octets were lost on the way; check the cable and the speed.\n"
    "truncated|the telegram was cut short|Octets were lost or the line fell silent; check the cable.\n"
    "too_large|telegram larger than the buffer|Raise the buffer size in the settings.\n"
    "p1_crc|P1 telegram checksum (CRC16) is wrong|Usually noise on the line; check the cable.\n"
    "p1_line|a P1 line could not be read and was skipped|Nothing to do if readings come.\n"
    "mbus_sum|M-Bus checksum is wrong|Usually noise on the line; check the level converter.\n"
    "mbus_stop|M-Bus stop octet is missing|Octets were lost on the way; check the speed.\n"
    "segment|part of a segmented telegram is missing|Wait for the next telegram; octets were lost.\n"
    "llc|the frame holds no DLMS telegram (no LLC header)|Send us the frame: this meter is new to us.\n"
    "apdu|the telegram is of a kind that carries no readings|Send us the frame: this meter is new to us.\n"
    "date_time|the telegram's date-time has an unknown form|Send us the frame: this meter is new to us.\n"
    "axdr_short|a value runs past the end of the telegram|Send us the frame: this meter is new to us.\n"
    "axdr_type|a value has an unknown type|Send us the frame, or check the decryption key.\n"
    "axdr_depth|lists are nested too deep|Send us the frame, or check the decryption key.\n"
    "axdr_count|the list has too many elements|Send us the frame, or check the decryption key.\n"
    "axdr_excess|octets remain after the end of the list|Send us the frame: this meter is new to us.\n"
    "list|the list of this meter is not known yet|Send us the frame: this meter is new to us.\n"
    "no_key|the telegram is encrypted and no key is set|Ask your grid company for the key and enter it.\n"
    "tag|the authentication tag does not match|Check both keys; they may be swapped.\n"
    "wrong_key|the key does not decrypt this telegram|Check the encryption key.\n"
    "security|the telegram uses an unknown kind of encryption|Send us the frame: this meter is new to us.\n"
    "cipher_length|the encrypted part is cut short|Octets were lost on the way; check the cable.\n"
    "block|a block of a block transfer is missing|Wait for the next telegram; octets were lost.\n"
    "value|a value does not fit its register and was left out|Send us the frame: a unit is new to us.\n"
    "clock|the meter's clock is not set|Nothing to do if readings come.\n"
    "p1_empty|the telegram holds no reading|Send us the telegram: this meter is new to us.\n"
    "p1_octet|an octet that is no text stands in the P1 telegram|Check speed and parity of the port.\n"
    "replay|the invocation counter did not rise|Nothing to do if it happens once: the meter restarted.\n"
    "swapped|the encryption key and the authentication key are swapped|Enter each key in the other's place.\n"
    "unprotected|a ciphered telegram came without anything that proves it|Enter the authentication key.\n"
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
    at = 0
    for _ in range(code):
        at = _ROWS.find("\n", at) + 1
    for _ in range(field):
        at = _ROWS.find("|", at) + 1
    end = _ROWS.find("|" if field < 2 else "\n", at)
    return _ROWS[at:end]


def name(code):
    """Short name of a code, fit for a counter's label: "fcs"."""
    return _field(code, 0)


def words(code):
    """The fault in words, without a full stop: "HDLC frame checksum (FCS) is wrong"."""
    return _field(code, 1)


def hint(code):
    """One action for the owner, or an empty string."""
    return _field(code, 2)
