"""Signatures: the vectors of RFC 8032, 7.1, and what must be refused. The secret keys are not needed here."""

from binascii import hexlify, unhexlify

import ed25519

# public key, message, signature
RFC_8032 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (  # the message is the SHA-512 of "abc"
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
)
ORDER = (1 << 252) + 27742317777372353535851937790883648493
P = (1 << 255) - 19


def _vector(n):
    return tuple([unhexlify(digits) for digits in RFC_8032[n]])


def _flipped(octets, bit):
    changed = bytearray(octets)
    changed[bit >> 3] ^= 1 << (bit & 7)
    return bytes(changed)


def _little(n):
    return n.to_bytes(32, "little")


def test_rfc_8032():
    """Each is good, and good for no other message or key."""
    for n in range(len(RFC_8032)):
        public, message, signature = _vector(n)
        assert ed25519.verify(public, message, signature) is True, n
        assert ed25519.verify(public, message + b"\0", signature) is False, n
        assert ed25519.verify(_vector(n - 1)[0], message, signature) is False, n


def test_memoryviews():
    """As the octets may lie in a larger buffer."""
    public, message, signature = [memoryview(b"1" + octets)[1:] for octets in _vector(2)]
    assert ed25519.verify(public, message, signature)


def test_flipped_bits():
    """Of the signature, the message, and the key."""
    public, message, signature = _vector(3)
    for bit in (0, 7, 100, 255, 256, 300, 500, 511):
        assert not ed25519.verify(public, message, _flipped(signature, bit)), bit
        assert not ed25519.verify(public, _flipped(message, bit), signature), bit
        assert not ed25519.verify(_flipped(public, bit >> 1), message, signature), bit


def test_one_spelling():
    """S and S + order mean the same; only the smaller one is a signature (RFC 8032, 5.1.7)."""
    public, message, signature = _vector(1)
    s = int.from_bytes(signature[32:], "little")
    assert not ed25519.verify(public, message, signature[:32] + _little(s + ORDER))
    assert not ed25519.verify(public, message, signature[:32] + _little(ORDER))
    assert not ed25519.verify(public, message, signature[:32] + b"\xff" * 32)


def test_bad_keys():
    """No point, a coordinate not below p, minus zero, and other lengths."""
    public, message, signature = _vector(1)
    for bad in (_little(2), _little(P), _little(P + 1), _little(1 | 1 << 255), bytes(31), bytes(33), b""):
        assert not ed25519.verify(bad, message, signature)
    for bad in (b"", signature[:63], signature + b"\0"):
        assert not ed25519.verify(public, message, bad)


def test_sha512():
    """FIPS 180-4: one block, two blocks, and the lengths at which the padding takes another block."""
    assert hexlify(ed25519.sha512(b"abc")).decode() == RFC_8032[3][1]
    two = b"".join([b"abcdefghijklmnopqrstu"[n : n + 8] for n in range(14)])
    assert hexlify(ed25519.sha512(two)).decode() == (
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
        "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
    )
    chain = b""
    for n in (0, 111, 112, 127, 128, 129, 240):
        chain = ed25519.sha512(chain + bytes(n))
    assert hexlify(chain).decode() == (
        "4ac17931c00fa16aff03ebf9ab370fb88ab869d891b6d3f92d8513c20c72b25f"
        "af73c49e18f2301cb143132c8e5f0f5202a8fbdc6bb15ccba71b023e6b3707db"
    )
