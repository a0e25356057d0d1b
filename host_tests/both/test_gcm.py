"""AES-128-GCM against vectors of others: the Green Book's, and 750 of NIST, with every make of GHASH here."""

import json

import corpus

from hanport.ciphering import TAG, Ciphering, aes, ghash, new_table

EK = bytes(range(16))
AK = bytes(range(0xD0, 0xE0))
TITLE = b"MMM\x00\x00\xbc\x61\x4e"
COUNTER = b"\x01\x23\x45\x67"
PLAIN = corpus.octets_of("C0 01 00 00 08 00 00 01 00 00 FF 02 00")
CIPHERED = corpus.octets_of("41 13 12 FF 93 5A 47 56 68 27 C4 67 BC")


def nist():
    """The 750 cases: key, iv, aad, ct, tag, pt as octets (pt None when the tag must not hold)."""
    with open(corpus.OWN + "/public/nist-cavp/gcm128_iv96_tag96.json") as f:
        cases = json.load(f)
    for part in ("gcmDecrypt128", "gcmEncryptExtIV128"):
        for case in cases[part]:
            row = [corpus.octets_of(case[name]) for name in ("key", "iv", "aad", "ct", "tag")]
            yield row + [None if case["fail"] else corpus.octets_of(case["pt"])]


def tag_of(key, iv, aad, ct):
    """The tag of any additional data, put together from GHASH and AES (SP 800-38D 7.1)."""
    blocks = aes(key, 1)
    h = bytearray(16)
    blocks.encrypt(bytes(16), h)
    table = new_table(h)
    tag = bytearray(16)
    ghash(tag, table, bytearray(aad), 0, len(aad))
    ghash(tag, table, bytearray(ct), 0, len(ct))
    lengths = bytearray(16)
    lengths[6:8] = bytes((8 * len(aad) >> 8, 8 * len(aad) & 255))
    lengths[14:16] = bytes((8 * len(ct) >> 8, 8 * len(ct) & 255))
    ghash(tag, table, lengths, 0, 16)
    first = bytearray(16)
    blocks.encrypt(iv + b"\0\0\0\1", first)
    return bytes(tag[k] ^ first[k] for k in range(TAG))


def test_nist():
    """Clear text and tag of all cases; where NIST says that the tag is wrong, it is."""
    seen = wrong = 0
    for key, iv, aad, ct, tag, pt in nist():
        assert (tag_of(key, iv, aad, ct) == tag) == (pt is not None), (key, iv)
        if pt is None:
            wrong += 1
        else:
            gcm = Ciphering(key)
            gcm.set_iv(iv[:8], iv, 8)
            text = bytearray(ct)
            gcm.crypt(text, 0, len(text))
            assert bytes(text) == pt, (key, iv)
        seen += 1
    assert seen == 750 and wrong > 150, (seen, wrong)


def _gcm():
    gcm = Ciphering(EK, AK)
    gcm.set_iv(TITLE, b"\xee" + COUNTER, 1)
    return gcm


def test_green_book():
    """The worked example, SC 30: ciphertext and tag, both ways, anywhere in a buffer."""
    for before in (0, 1, 7):
        tag = corpus.octets_of("7D 82 5C 3B E4 A7 7C 3F CC 05 6B 6B")
        buf = bytearray(bytes(before) + PLAIN + tag)
        end = before + len(PLAIN)
        gcm = _gcm()
        gcm.crypt(buf, before, end)
        assert buf[before:end] == CIPHERED and buf[end:] == tag
        assert bytes(gcm.tag(0x30, buf, before, end)[:TAG]) == tag
        assert gcm.verify(0x30, buf, before, end, end)
        gcm.crypt(buf, before, end)
        assert buf[before:end] == PLAIN


def test_green_book_encrypted_only():
    """SC 20: the same ciphertext, no tag, and no authentication key is needed."""
    buf = bytearray(CIPHERED)
    gcm = Ciphering(EK)
    gcm.set_iv(TITLE, COUNTER, 0)
    gcm.crypt(buf, 0, len(buf))
    assert buf == PLAIN


def test_green_book_authenticated_only():
    """SC 10: the clear text is additional data."""
    buf = bytearray(PLAIN + corpus.octets_of("06 72 5D 91 0F 92 21 D2 63 87 75 16"))
    gcm = _gcm()
    assert gcm.verify(0x10, buf, 0, 13, 13, False)
    assert not gcm.verify(0x30, buf, 0, 13, 13, False)
    assert not gcm.verify(0x10, buf, 0, 13, 13, True)


def test_every_bit_counts():
    """One bit of text, tag, title, counter or control: the tag does not hold."""
    buf = bytearray(CIPHERED + corpus.octets_of("7D 82 5C 3B E4 A7 7C 3F CC 05 6B 6B"))
    for bit in range(8 * len(buf)):
        buf[bit >> 3] ^= 1 << (bit & 7)
        assert not _gcm().verify(0x30, buf, 0, 13, 13), bit
        buf[bit >> 3] ^= 1 << (bit & 7)
    assert _gcm().verify(0x30, buf, 0, 13, 13)
    assert not _gcm().verify(0x31, buf, 0, 13, 13)
    for name, ek, ak, title, counter in (
        ("title", EK, AK, b"MMN" + TITLE[3:], COUNTER),
        ("counter", EK, AK, TITLE, b"\x01\x23\x45\x66"),
        ("key", AK, AK, TITLE, COUNTER),
        ("authentication key", EK, EK, TITLE, COUNTER),
    ):
        gcm = Ciphering(ek, ak)
        gcm.set_iv(title, counter, 0)
        assert not gcm.verify(0x30, buf, 0, 13, 13), name
