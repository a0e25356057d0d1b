"""What a connection begins with, CONNECT and SUBSCRIBE, as umqtt.simple composes it.

Imported for each connection and dropped after: the frozen module too takes heap as long as it is loaded. What
is said later is two octets, or a message, whose confirmed form would wait in umqtt: mqtt.py writes that.

It works with every umqtt.simple from 1.3.4 on: none of the arguments that came later are used.
"""

from umqtt import simple

from unload import unload


def _octets(text):
    """umqtt takes len() of what it writes: only octets, never a str of several octets a letter."""
    return text.encode() if isinstance(text, str) else text


class _Ear:
    """Stands for the socket module and for the socket that it makes: keeps what umqtt writes.

    What umqtt reads is the answer it is told here in advance, so that it never waits; the true one is read by
    lib/mqttpackets.py.
    """

    def __init__(self, answer):
        self.heard = bytearray()
        self._answer = answer

    def socket(self, *_):
        """The socket is this too."""
        return self

    def getaddrinfo(self, *_):
        """The address is known; umqtt only passes it on."""
        return ((None,),)

    def connect(self, _):
        """It is connected."""

    def settimeout(self, _):
        """Nothing waits here."""

    def setblocking(self, _):
        """Nothing waits here."""

    def read(self, n):
        """The next n octets of the answer."""
        got = self._answer[:n]
        self._answer = self._answer[n:]
        return got

    def write(self, data, n=-1):
        """Take data[:n]."""
        n = len(data) if n < 0 else n
        self.heard += memoryview(data)[:n]
        return n


def packets(settings, name, topics):
    """(CONNECT, SUBSCRIBE to each of the topics, with the numbers 1, 2...), both as octets.

    settings: gives a value by key; name: the client's, where the settings have none.
    """
    qos = settings["mqtt_qos"]
    user = settings["mqtt_user"]
    client = simple.MQTTClient(
        _octets(settings["mqtt_client"] or name),
        settings["mqtt_host"],
        settings["mqtt_port"],
        _octets(user) if user else None,
        _octets(settings["mqtt_password"]),
        settings["mqtt_keepalive"],
    )
    client.set_last_will(_octets(settings["mqtt_topic"]) + b"/status", b"offline", True, qos)
    client.set_callback(packets)  # none is called, but umqtt wants one
    ear = _Ear(b"\x20\x02\0\0")
    real = simple.socket
    simple.socket = ear
    try:
        client.connect()
        hello = bytes(ear.heard)
        ear.heard = bytearray()
        for k in range(len(topics)):
            ear._answer = b"\x90\x03" + (k + 1).to_bytes(2, "big") + b"\0"
            client.subscribe(topics[k], qos)
    finally:
        simple.socket = real
        unload("umqtt.simple", "umqtt", "app.greeting")
    return hello, bytes(ear.heard)
