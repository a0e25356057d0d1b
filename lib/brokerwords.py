"""Why there is no connection to the broker, in one sentence for its user.

Nothing of an exception's own text goes in, so that no secret ever can. What only TLS can meet is in
tlswords.py, which is not on every board.
"""

# Numbers of our own, besides errno's, as OSError(number). A refusal in CONNACK: REFUSED less its code.
NO_HOST = -1
NO_TLS_HERE = -2
REFUSED = -100

# How far a connection has come when it is lost.
STANDING = 0  # the broker has let us in
PLAIN = 1  # it has not yet
TLS = 2  # nor with TLS
TLS_CLIENT = 3  # nor with a certificate of ours

# Numbers of a fault, or "c" and how far it has come for a connection that the other side has closed. Several
# where the chips' C libraries do not agree.
_ROWS = (
    b",-1,|host name not found\n"
    b",-2,|TLS is not on this board: set it to off, or use a board with an ESP32\n"
    b",12,105,|too little memory for the connection\n"
    b",101,113,114,118,|no way to the broker\n"
    b",110,116,|broker does not answer\n"
    b",111,|broker refuses connections on this port\n"
    b",c0,|broker closed the connection\n"
    b",c1,|broker closed the connection at once: it may want TLS on this port\n"
    b",-101,|broker refused the protocol version\n"
    b",-102,|broker refused the client name\n"
    b",-103,|broker is not ready\n"
    b",-104,-105,|broker refused: wrong user or password\n"  # brokers of today say 5 for it
    b",mqtt,|broker does not speak MQTT\n"
)
CLOSED = (104, 103, 32, 107, 128)


def sentence(rows, key):
    """The words of the row with this key, or None."""
    at = rows.find((",%s," % key).encode())
    if at < 0:
        return None
    at = rows.find(b"|", at) + 1
    return str(rows[at : rows.find(b"\n", at)], "utf-8")


def words(fault, phase=STANDING):
    """The sentence about an OSError, a MemoryError or a ValueError (which means: no MQTT)."""
    key = fault.args[0] if fault.args else None
    if isinstance(fault, MemoryError):
        key = 12
    elif not isinstance(fault, OSError):
        key = "mqtt"
    elif key in CLOSED:
        key = "c%d" % min(phase, PLAIN)
    elif isinstance(key, int) and REFUSED - 256 < key < REFUSED - 5:
        return "broker refused the connection"
    return sentence(_ROWS, key) or "network error"
