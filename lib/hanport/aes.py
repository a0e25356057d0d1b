"""AES, one block after the other: `cryptolib` on the device, `cryptography` on CPython. Nothing else."""

import sys

if sys.implementation.name == "micropython":
    from cryptolib import aes

    class Blocks:
        """AES-128 in ECB mode under one key."""

        def __init__(self, key):
            self._aes = aes(key, 1)

        def encrypt(self, source, to):
            """Encrypt source (whole blocks of 16 octets) into to, a bytearray of the same length."""
            self._aes.encrypt(source, to)

else:

    class Blocks:
        """AES-128 in ECB mode under one key."""

        def __init__(self, key):
            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

            self._encryptor = Cipher(algorithms.AES(bytes(key)), modes.ECB()).encryptor()

        def encrypt(self, source, to):
            """Encrypt source (whole blocks of 16 octets) into to, a bytearray of the same length."""
            to[:] = self._encryptor.update(source)
