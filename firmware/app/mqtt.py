"""MQTT: umqtt.simple, unmodified, driven so that nothing it does can hold up the rest of the program.

umqtt.simple composes and parses the packets; `Link` below is the socket it is given. All waiting for a
broker that may never answer (TCP, TLS, CONNACK) is done here in asyncio; what umqtt must do in one go
(publish, subscribe, the rest of a message that has begun) ends after `timeout` at the latest.

It works with every umqtt.simple from 1.3.4 on: none of the arguments that came later are used.
"""

import asyncio
import os
import socket
import time

from micropython import const
from umqtt import simple

from app.link import ECONNRESET, ETIMEDOUT, Link

# What `Mqtt.state` may be: words for the user.
OFF = "off"
CONNECTING = "connecting"
CONNECTED = "connected"
WAITING = "waiting"

_TICK_MS = const(50)  # how often a silent link is looked at
_PROVEN_MS = const(30000)  # a connection that lived this long makes the next back-off start from 1 s
_SLOWEST_S = const(60)

# Numbers of our own; the chips' C libraries do not agree on theirs, see words().
_NO_HOST = const(-1)
_NO_TLS = const(-2)

# What umqtt.simple and the sockets raise when a peer or a network misbehaves. A short or odd answer
# surfaces there as AssertionError, TypeError or IndexError.
FAULTS = (OSError, simple.MQTTException, AssertionError, TypeError, IndexError, MemoryError, ValueError)


def words(fault):
    """One plain sentence for the user about an exception out of FAULTS.

    Nothing of the exception's own text goes in, so that no secret ever can.
    """
    if isinstance(fault, MemoryError):
        return "too little memory for the connection"
    code = fault.args[0] if fault.args else None
    if isinstance(fault, simple.MQTTException):
        if code == 1:
            return "broker refused the protocol version"
        if code == 2:
            return "broker refused the client name"
        if code == 3:
            return "broker is not ready"
        if code == 4 or code == 5:  # brokers of today say 5 (not authorised) for a wrong password
            return "broker refused the user name or password"
        if code == 0x80:
            return "broker refused the command topic"
        return "broker refused the connection"
    if not isinstance(fault, OSError):
        return "broker does not speak MQTT"
    if code == _NO_HOST:
        return "host name not found"
    if code == ETIMEDOUT or code == 116:
        return "broker does not answer"
    if code == 111:
        return "broker refuses connections on this port"
    if code in (ECONNRESET, 103, 32, 107, 128):
        return "broker closed the connection"
    if code in (101, 113, 114, 118):
        return "no way to the broker"
    if code in (12, 105):
        return "too little memory for the connection"
    if code == _NO_TLS or (isinstance(code, int) and code < -1000):  # mbedTLS numbers start far below
        return "secure connection failed"
    return "network error"


def _nothing():
    """The watchdog's beat where there is no watchdog."""


class Mqtt:
    """One connection to one broker, kept up by run(); publish() from any task.

    `topic` is the base of all topics (up to 100 octets): `online`/`offline` is retained at
    <topic>/status, commands are taken from <topic>/command when `on_message` is given. `tls` is an
    ssl.SSLContext, or None for a plain connection. `timeout` in seconds bounds every call.

    To read: state, error ("" or one sentence about the last fault, also while the next attempt runs),
    up (an asyncio.Event, set while connected), and the counters connects, published, failures.
    """

    def __init__(
        self,
        host,
        port=1883,
        client_id=b"",
        user=None,
        password=None,
        topic=b"hanport",
        keepalive=60,
        timeout=3,
        tls=None,
        on_message=None,
    ):
        self.beat = _nothing
        self.state = OFF
        self.error = ""
        self.connects = 0
        self.published = 0
        self.failures = 0
        self.up = asyncio.Event()
        self.topic = octets(topic)
        self._host = host
        self._port = port
        self._tls = tls
        self._on_message = on_message
        self._keepalive = keepalive or 60
        self._timeout = timeout * 1000
        self._address = None
        self._pause = 1
        self._link = Link(self._timeout)
        # umqtt takes len() of what it writes: only octets, never a str of several octets a letter.
        client = simple.MQTTClient(
            octets(client_id),
            host,
            port,
            octets(user) if user else None,
            octets(password or b""),
            self._keepalive,
        )
        client.set_last_will(self.topic + b"/status", b"offline", True)
        client.set_callback(self._arrived)
        self._client = client

    async def run(self):
        """The life of the connection; ends only by cancellation, with `offline` said properly."""
        self._pause = 1
        try:
            while True:
                self.beat()
                self.state = CONNECTING
                try:
                    await self._open()
                    await self._serve()
                except FAULTS as fault:
                    self._lost(fault)
                # The jitter of up to a quarter keeps a street of meters from returning in step.
                self.state = WAITING
                await asyncio.sleep_ms(self._pause * (1000 + os.urandom(1)[0]))
                self._pause = min(self._pause * 2, _SLOWEST_S)
        finally:
            self._farewell()

    def publish(self, topic, payload, retain=False):
        """Hand one message to the network; True when the network took it.

        topic and payload are octets (bytes, bytearray, memoryview), free for reuse upon return. Returns
        within `timeout`; after False nothing is kept: publish anew when `up` is set again.
        """
        if self.state != CONNECTED:
            return False
        try:
            self._link.begin()
            self._client.publish(topic, payload, retain)
            self._link.flush()
        except FAULTS as fault:
            self._lost(fault)
            return False
        self.published += 1
        return True

    def _lost(self, fault):
        self.error = words(fault)
        self.failures += 1
        self.state = WAITING
        self.up.clear()
        self._link.drop()

    async def _open(self):
        link = self._link
        address = self._address
        if address is None:
            try:
                # Blocks, on every port. Hence kept for as long as it leads to a broker.
                address = socket.getaddrinfo(self._host, self._port, 0, socket.SOCK_STREAM)[0]
            except (OSError, IndexError):
                raise OSError(_NO_HOST)
            await asyncio.sleep_ms(0)
        self._address = None
        sock = socket.socket(address[0], address[1], address[2])
        link.attach(sock)
        link.begin()
        sock.setblocking(False)
        try:
            sock.connect(address[-1])
        except OSError as fault:
            if fault.args[0] not in (115, 119):  # EINPROGRESS of the C library and of lwIP
                raise
        await link.standing()
        if self._tls is None:
            link.begin()
        else:
            link.begin(4)  # a handshake is slow on the chips, but only its own arithmetic blocks
            # Made here and not by umqtt, whose `ssl` argument has changed its meaning twice.
            link.attach(
                self._tls.wrap_socket(sock, server_hostname=self._host, do_handshake_on_connect=False)
            )
        self._compose()
        try:
            await link.drain()
        except ValueError:  # mbedTLS about a certificate it does not trust, found during the handshake
            raise OSError(_NO_TLS)
        await self._accepted()
        self._address = address
        link.begin()
        client = self._client
        client.publish(self.topic + b"/status", b"online", True)
        if self._on_message is not None:
            client.subscribe(self.topic + b"/command")
        link.flush()
        self.connects += 1
        self.error = ""
        self.state = CONNECTED
        self.up.set()

    def _compose(self):
        """Let umqtt put its CONNECT into the link; nothing is sent yet."""
        client = self._client
        client.sock = None  # newer ones would close the socket they find here: our new link
        real = simple.socket
        simple.socket = self._link
        self._link.opening = True
        try:
            client.connect()
        finally:
            self._link.opening = False
            simple.socket = real

    async def _accepted(self):
        """Await CONNACK: umqtt's own way would hold up everything for a silent broker."""
        link = self._link
        got = b""
        while len(got) < 4:
            part = link.sock.read(4 - len(got))
            if part:
                got += part
            elif part is not None:
                raise OSError(ECONNRESET)
            else:
                await link.rest()
        if got[0] != 0x20 or got[1] != 2:
            raise ValueError
        if got[3]:
            raise simple.MQTTException(got[3])

    async def _serve(self):
        """Take messages and keep the link alive. Returns when publish() has dropped the link."""
        link = self._link
        half = self._keepalive * 500
        patience = max(self._timeout, half // 2)
        born = pinged = time.ticks_ms()
        asked = False
        more = False
        pause = _TICK_MS
        while True:
            await asyncio.sleep_ms(pause)
            self.beat()
            if link.sock is None:
                return
            pause = _TICK_MS
            if more or link.ready():
                link.begin()
                link.peek = True
                kind = self._client.wait_msg()
                # None or a message; any other packet would leave its octets to be taken for the next
                if kind is not None and kind & 0xF0 != 0x30:
                    raise ValueError
                link.flush()
                pause = 0
                # Ask again, without a poll: a TLS record may hold messages of which the socket below,
                # which is what some ports poll, knows nothing any more.
                more = not link.peek
                if link.sock is None:  # dropped by a publish() out of on_message
                    return
            now = time.ticks_ms()
            if self._pause > 1 and time.ticks_diff(now, born) > _PROVEN_MS:
                self._pause = 1
            if asked:
                if link.heard:
                    asked = False
                elif time.ticks_diff(now, pinged) > patience:
                    raise OSError(ETIMEDOUT)
            elif time.ticks_diff(now, pinged) >= half:
                link.begin()
                link.heard = False
                self._client.ping()
                link.flush()
                pinged = now
                asked = True

    def _arrived(self, topic, payload):
        if self._link.too_large:
            self._link.too_large = False
            self.error = "a message was too large and was left out"
            return
        try:
            self._on_message(topic, payload)
        except Exception:  # noqa: BLE001 a fault of the command, whichever, is none of the link
            self.error = "a command could not be carried out"

    def _farewell(self):
        if self.state == CONNECTED:
            try:
                self._link.begin()
                self._client.publish(self.topic + b"/status", b"offline", True)
                self._client.disconnect()
            except FAULTS:
                pass  # the broker says it for us: that is what the will is for
        self._link.drop()
        self.up.clear()
        self.state = OFF


def octets(text):
    """bytes of a str; bytes-like as it is."""
    return text.encode() if isinstance(text, str) else text
