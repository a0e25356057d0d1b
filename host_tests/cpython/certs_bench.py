"""Certificates for tests, made by the package `cryptography`: of authorities, servers and devices."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

DAY = datetime.timedelta(days=1)


class Certificate:
    """One certificate with its key; .pem and .key are text."""

    def __init__(self, name, issuer=None, authority=False, days=(-2, 30), names=(), kind="ec"):
        """issuer: the Certificate that signs, or itself; days: valid from and until, from now on."""
        made = (
            ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
        )
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(made.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_alternative(one) for one in names]), critical=False
            )
        self.subject = subject
        self.private = made
        self.pem = (
            builder.sign(issuer.private if issuer else made, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
            .decode()
        )

    @property
    def key(self):
        """The private key as PEM, PKCS 8."""
        return self.private_text(serialization.PrivateFormat.PKCS8)

    def private_text(self, form, lock=None):
        """The private key as PEM of a form, locked by a pass phrase when one is given."""
        locked = serialization.BestAvailableEncryption(lock) if lock else serialization.NoEncryption()
        return self.private.private_bytes(serialization.Encoding.PEM, form, locked).decode()

    def files(self, folder, name, chain=""):
        """(certificate file, key file) in a folder."""
        paths = folder / f"{name}.pem", folder / f"{name}.key"
        paths[0].write_text(self.pem + chain)
        paths[1].write_text(self.key)
        return paths


def _alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
