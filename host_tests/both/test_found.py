"""Octets that tools/fuzz.py found, where they broke the law or came near: a reading or a fault, no more.

Frames as framesmith builds them: their checksums, and where nothing else is said their tags, hold.
"""

import corpus

from hanport import Decoder, fault

EK = bytes(range(16))
AK = bytes(range(0xD0, 0xE0))

# What it is, whether the keys are set, the faults that must be told (and no reading), the frame.
FRAMES = (
    (
        "a date-time of tag 19 where a number is wanted",
        False,
        (fault.LIST,),
        "7EA035410313CE53E6E7000F00000000000204090831323334353637381907E8070F010D050AFF800000060000000106"
        "000000022F9F7E",
    ),
    (
        "40 lists within lists",
        False,
        (fault.AXDR_DEPTH,),
        "7EA067410313AEBFE6E7000F000000000002010201020102010201020102010201020102010201020102010201020102"
        "010201020102010201020102010201020102010201020102010201020102010201020102010201020102010201020102"
        "010600000001AF907E",
    ),
    (
        "eight lists within lists, the innermost empty",
        False,
        (fault.LIST,),
        "7EA0224103134EC7E6E7000F000000000002010201020102010201020102010200D0857E",
    ),
    (
        "a list that says it has 65,535 elements",
        False,
        (fault.AXDR_COUNT,),
        "7EA01B410313DF72E6E7000F00000000000282FFFF0600000001D0ED7E",
    ),
    (
        "a length of no octets",
        False,
        (fault.AXDR_COUNT,),
        "7EA019410313A94BE6E7000F000000000002800600000001E2DB7E",
    ),
    (
        "a string longer than the telegram",
        False,
        (fault.AXDR_SHORT,),
        "7EA02041031338FEE6E7000F000000000002010981FF0000000000000000004DDC7E",
    ),
    (
        "321 elements of nothing",
        False,
        (fault.AXDR_COUNT,),
        "7EA15741031318F8E6E7000F000000000002820141000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000EE797E",
    ),
    (
        "a block whose length lies",
        False,
        (fault.BLOCK,),
        "7EA030410313993DE6E700E0C0000100007F0F40000000000101020309060100010700FF06000004D202020F00161BAC"
        "617E",
    ),
    (
        "a block transfer within a block transfer, five deep",
        False,
        (fault.APDU,),
        "7EA04C410313E8F0E6E700E0C00001000039E0C00001000032E0C0000100002BE0C00001000024E0C0000100001D0F40"
        "000000000101020309060100010700FF06000004D202020F00161B95197E",
    ),
    (
        "a block transfer that begins with block 2",
        False,
        (fault.BLOCK,),
        "7EA030410313993DE6E700E0C0000200001D0F40000000000101020309060100010700FF06000004D202020F00161B83"
        "A27E",
    ),
    (
        "no information field",
        False,
        (fault.LLC,),
        "7EA0074103134A267E",
    ),
    (
        "an LLC header and nothing more",
        False,
        (fault.LLC,),
        "7EA00C4103135FE6E6E7009EB47E",
    ),
    (
        "ciphered, and within it ciphered again",
        True,
        (fault.APDU,),
        "7EA06141031334F4E6E700DB084B414D01020304054A3000000007AD9AF8A0DF733EE27B82CD504C1AE857ECA50F103A"
        "0EFA782F9848720CBA519D25D44D296862E33C0A0B26B83D8CA49BCBF93A955BC00A7FAAE2D551BF2602F5D9BFB2B4A7"
        "C9487E",
    ),
    (
        "ciphered, with a tag but no text",
        True,
        (fault.CIPHER_LENGTH,),
        "7EA028410313E01BE6E700DB084B414D0102030405113000000001000000000000000000000000133B7E",
    ),
    (
        "ciphered, the last bit of the tag wrong",
        True,
        (fault.TAG,),
        "7EA0454103138B09E6E700DB084B414D01020304052E300000000779D2B3E192723DE07D84EA664D1AE9579588BAF1A8"
        "78159A5013A2025A9FDDFAAD1BEAF1D64AC2DE9FDF9B7E",
    ),
    (
        "ciphered, the bit that asks for the tag taken out",
        True,
        (fault.WRONG_KEY,),
        "7EA0454103138B09E6E700DB084B414D01020304052E200000000779D2B3E192723DE07D84EA664D1AE9579588BAF1A8"
        "78159A5013A2025A9FDDFAAD1BEAF1D64AC2DE9EBE3C7E",
    ),
    (
        "ciphered and compressed",
        True,
        (fault.SECURITY,),
        "7EA0454103138B09E6E700DB084B414D01020304052EB00000000779D2B3E192723DE07D84EA664D1AE9579588BAF1A8"
        "78159A5013A2025A9FDDFAAD1BEAF1D64AC2DE9E43157E",
    ),
    (
        "encrypted without a tag, and damaged",
        True,
        (fault.WRONG_KEY,),
        "7EA039410313FAC4E6E700DB084B414D010203040522200000000779D2B3E192723DE07D7BEA664D1AE9579588BAF1A8"
        "78159A5013A2025BD2657E",
    ),
    (
        "M-Bus: segment 5 without those before",
        False,
        (fault.SEGMENT,),
        "6822226853FF1501670F40000000000101020309060100010700FF06000004D202020F00161B5C16",
    ),
    (
        "M-Bus: the two lengths differ",
        False,
        (),
        "6822236853FF1001670F40000000000101020309060100010700FF06000004D202020F00161B5716",
    ),
)

# A good telegram (Aidon list 1, 1234 W), which must be read whatever stood before it.
GOOD = corpus.octets_of(
    "7EA02A41088313 0413E6E7000F400000000001010203 0906010001 0700FF 06000004D2 02020F00161B 19F2 7E"
)

P1_HEAD = b"/ABC5SE\r\n\r\n" + 2 * b"1-0:1.8.0(00012345.678*kWh)\r\n"
# A whole ciphered APDU as it stands on a line without a frame; no key fits it.
BARE = b"\xdb\x08SAG\x01\x02\x03\x04\x05\x14\x30\x00\x00\x00\x07" + bytes(15)
POLISH = b"/EGM5TST\r\n\r\n\x00\x82\x00\x3a\x30\x00\x00\x00\x09" + 53 * b"\x42"


def _decoder(keyed, size=1024):
    return Decoder(size, EK, AK) if keyed else Decoder(size)


def _events(pieces, keyed=False, size=1024):
    """(readings, faults) of octets fed in these pieces, then silence."""
    decoder = _decoder(keyed, size)
    readings = []
    faults = []
    for piece in pieces + [b""]:
        if not piece:
            decoder.silence()
        i = 0
        calls = 0
        while True:
            calls += 1
            assert calls < 3 * len(piece) + 100, "no end"
            i = decoder.feed(piece, i, len(piece))
            if decoder.ready:
                readings.append(corpus.told(decoder))
            elif decoder.fault:
                faults.append(decoder.fault)
            elif i >= len(piece):
                break
    return readings, faults


def _same_however_cut(octets, keyed=False, size=1024):
    """The events of the octets, the same fed whole, octet by octet, and cut in two anywhere."""
    whole = _events([octets], keyed, size)
    assert _events([octets[k : k + 1] for k in range(len(octets))], keyed, size) == whole
    for at in range(1, len(octets), 3):
        assert _events([octets[:at], octets[at:]], keyed, size) == whole, at
    return whole


def test_frames():
    """Each gives its fault, however it is cut, and the good telegram behind it is read."""
    for name, keyed, faults, digits in FRAMES:
        octets = corpus.octets_of(digits)
        assert _same_however_cut(octets, keyed) == ([], list(faults)), name
        readings, _ = _events([octets + GOOD], keyed)
        assert len(readings) == 1 and readings[0]["active_power_import_w"] == 1234, name


def test_small_arena():
    """The same in an arena that is too small for most of them: no reading, no exception."""
    for name, keyed, _, digits in FRAMES:
        readings, _ = _same_however_cut(corpus.octets_of(digits), keyed, 64)
        assert not readings, name


def test_ciphered_octet_in_a_text_that_failed():
    """A P1 telegram fails at an octet DB, and a ciphered APDU follows: the same however the octets come.

    What of the line was already in the arena when the text failed must not decide what counts as its rest.
    """
    _same_however_cut(P1_HEAD + b"\xdb0*kWh)\r\n1-0:2.8.0(00000000.000*kWh)\r\n!\r\n" + BARE)


def test_ciphered_octet_after_a_polish_telegram_that_failed():
    """The same where the text tells the length of its ciphered part, and no "!" stands behind that."""
    _same_however_cut(POLISH + b"!13G0\r\n" + BARE + GOOD)
    _same_however_cut(POLISH + b"\x42\x42!1330\r\n" + BARE + GOOD)


def test_openers_only():
    """Octets that open a frame, and nothing that follows from it."""
    for digits in ("7E", "68", "2F", "DB", "AF", "7EA0", "7EA7FF", "68FFFF68", "DB08", "7EA87E"):
        opener = corpus.octets_of(digits)
        readings, _ = _same_however_cut(opener * 60)
        assert not readings, opener
        readings, _ = _events([opener * 60 + GOOD])
        assert len(readings) == 1, opener
