"""What OpenSSL (through cryptography) says of AES-128-GCM as DLMS uses it."""

from common import Cannot, serve
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def read(row):
    """Clear text of ciphertext `ct` under `key`, `iv`, `aad`; with `tag`, only when that holds."""
    key, iv, aad, ct = (bytes.fromhex(row[name]) for name in ("key", "iv", "aad", "ct"))
    if not row["tag"]:
        counter = Cipher(algorithms.AES(key), modes.CTR(iv + b"\0\0\0\2")).decryptor()
        return {"values": {"plain": (counter.update(ct) + counter.finalize()).hex()}}
    tag = bytes.fromhex(row["tag"])
    gcm = Cipher(algorithms.AES(key), modes.GCM(iv, tag, min_tag_length=len(tag))).decryptor()
    gcm.authenticate_additional_data(aad)
    plain = gcm.update(ct)
    try:
        gcm.finalize()
    except InvalidTag:
        raise Cannot("the tag does not hold") from None
    return {"values": {"plain": plain.hex()}}


if __name__ == "__main__":
    serve(read)
