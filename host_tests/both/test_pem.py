"""lib/pem.py and lib/tlswords.py: certificates as people have them, and why TLS fails. RFC 7468, RFC 5280.

The certificates are made up, with the package `cryptography`, which also told their dates.
"""

from binascii import a2b_base64

import brokerwords
import pem
import tlswords

FIRST = """-----BEGIN CERTIFICATE-----
MIIBEDCBuKADAgECAgISZzAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdtYWRlIHVw
MB4XDTI0MDIyOTEyMzQ1NloXDTM0MDMwMTAwMDAwMVowEjEQMA4GA1UEAwwHbWFk
ZSB1cDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBjbj0TDsiLQ1OkV/Mrq9kNI
/95dwjckgEDd06cilJ1kB8HOxu/L/JJPIig39jS0ROlbTQZIg/5Gyklt3fahMLkw
CgYIKoZIzj0EAwIDRwAwRAIgdyxVzSZh7Z6MNAi66jWMy6mWdubhIxEcwIrbRnp6
8p8CIA9lq7crY+9EFwFhx2lRlyCfNXg5D6shNroHm6ac2DyO
-----END CERTIFICATE-----
"""
FIRST_DATES = (1709210096, 2024784001)
# From the last century, and beyond 2049: the two forms of a time.
SECOND = """-----BEGIN CERTIFICATE-----
MIIBGjCBwqADAgECAgISZzAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAttYWRlIHVw
IHRvbzAgFw05OTEyMzEyMzU5NTlaGA8yMDYwMDYxNTA3MDgwOVowFjEUMBIGA1UE
AwwLbWFkZSB1cCB0b28wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQY249Ew7Ii
0NTpFfzK6vZDSP/eXcI3JIBA3dOnIpSdZAfBzsbvy/ySTyIoN/Y0tETpW00GSIP+
RspJbd32oTC5MAoGCCqGSM49BAMCA0cAMEQCIDxm1XnxXFFxts7x/k52xlJ2Cq/Y
M4RWvnM1ZVJbWhbYAiBqQwd+/5iQpfwaNje0q0T5oNDCPUtEUpEvYNirNztgQQ==
-----END CERTIFICATE-----
"""
SECOND_DATES = (946684799, 2854508889)
NO_KEY = "MAMCAQA="  # an ASN.1 number, which is enough for the form


def block(kind, body=NO_KEY):
    """A PEM block."""
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n" % (kind, body, kind)


def test_certificates():
    """One, several, with remarks around, with other ends of lines."""
    first = pem.certificates(FIRST)
    assert len(first) == 1 and first[0][:4] == b"\x30\x82\x01\x10" and len(first[0]) == 0x114
    both = pem.certificates("A remark: none.\n" + FIRST + "\nSubject: CN = x\n" + SECOND)
    assert len(both) == 2 and both[0] == first[0] and len(both[1]) == 0x11E
    assert pem.certificates(FIRST.replace("\n", "\r\n")) == first
    assert pem.certificates(block("PRIVATE KEY") + FIRST) == first


def test_dates():
    """As cryptography tells them."""
    assert pem.dates(pem.certificates(FIRST)[0]) == FIRST_DATES
    assert pem.dates(pem.certificates(SECOND)[0]) == SECOND_DATES


def test_damage_is_none():
    """No exception from any octets: cut anywhere, each octet changed, no PEM, no certificate."""
    for text in (
        "",
        "x",
        "-----BEGIN ",
        "-----BEGIN CERTIFICATE-----",
        FIRST[:-20],
        FIRST.replace("MII", "M,I"),
        block("CERTIFICATE", "===="),
        block("CERTIFICATE", ""),
        block("OTHER"),
    ):
        found = pem.certificates(text)
        assert found == [] or (text.find("M,I") > 0 and pem.dates(found[0]) is None), text
    der = pem.certificates(FIRST)[0]
    for n in range(100):  # the dates end before
        assert n > 80 or pem.dates(der[:n]) is None, n
    for n in range(110):
        for value in (0, 0x7F, 0x80, 0x84, 0xFF, der[n] ^ 1):
            pem.dates(der[:n] + bytes([value]) + der[n + 1 :])


def test_keys():
    """Of the three kinds; not one that a pass phrase locks, not two."""
    octets = a2b_base64(NO_KEY)
    for kind in ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"):
        assert pem.key(block(kind)) == octets
        assert pem.key("a remark\n" + block("EC PARAMETERS") + block(kind)) == octets
    for text in (
        "",
        FIRST,
        block("ENCRYPTED PRIVATE KEY"),
        block("EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n" + NO_KEY),
        block("PRIVATE KEY") + block("PRIVATE KEY"),
        block("PRIVATE KEY", "M"),
    ):
        assert pem.key(text) is None, text


def test_words_of_tls():
    """mbedTLS's texts and numbers, as its MicroPython raises them, and ours."""
    words = tlswords.words
    tls, client = brokerwords.TLS, brokerwords.TLS_CLIENT
    unsigned = ValueError("\nThe certificate is not correctly signed by the trusted CA\n")
    old = ValueError("\nThe certificate validity has expired\n")
    early = ValueError("\nThe certificate validity starts in the future\n")
    other = ValueError("\nThe certificate Common Name (CN) does not match with the expected CN\n")
    assert words(unsigned, tls) == "the certificate is not signed by the CA that is known here"
    assert words(old, tls).startswith("certificate expired")
    assert words(early, tls).find("not valid yet") > 0
    assert words(other, tls).find("for another name") > 0
    assert (
        words(ValueError("\nThe certificate has been revoked\n"), tls)
        == "the broker's certificate was refused"
    )
    assert words(OSError(-9984, "X509"), tls) == "the broker's certificate was refused"
    for ended in (32, 104, -30592, -29312):
        assert words(OSError(ended), tls).endswith("or want a client certificate")
        assert words(OSError(ended), client).endswith("may not accept the client certificate")
    assert words(OSError(104), brokerwords.STANDING) == "broker closed the connection"
    assert words(OSError(-30592), brokerwords.STANDING) == "broker closed the connection"
    assert words(OSError(-29184), tls) == "broker does not speak TLS on this port"
    assert words(OSError(-32512), tls) == words(MemoryError(), tls) == "too little memory for the connection"
    assert words(OSError(-12345, "x"), tls) == "secure connection failed"
    assert words(OSError(tlswords.NO_CA), tls).find("upload the certificate of the CA") > 0
    assert words(OSError(tlswords.NO_CLOCK), tls).startswith("waiting for the clock")
    for number in (tlswords.BAD_CA, tlswords.BAD_CLIENT, tlswords.OLD_CLIENT, tlswords.HALF_CLIENT):
        assert words(OSError(number), tls).find("upload") > 0
    # What is not of TLS is told as always.
    assert words(OSError(111), tls) == "broker refuses connections on this port"
    assert words(OSError(brokerwords.REFUSED - 5), brokerwords.STANDING).endswith("wrong user or password")
    assert (
        words(ValueError(), brokerwords.STANDING) == words(ValueError(), tls) == "broker does not speak MQTT"
    )
    assert words(OSError(brokerwords.NO_TLS_HERE), tls).startswith("TLS is not on this board")
