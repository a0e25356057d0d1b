"""MQTT: the life of one connection to one broker, none of whose faults holds up the rest of the program.

umqtt.simple, unmodified, composes the packets, apart from PUBLISH, whose confirmed form waits there; `Link`
(link.py) is the socket it is given. What comes goes to `Inbox` (inbox.py). All waiting is asyncio's.

It works with every umqtt.simple from 1.3.4 on: none of the arguments that came later are used.
"""

import asyncio
import os
import socket
import time

from micropython import const
from umqtt import simple

import brokerwords
from app.inbox import Inbox
from app.link import ETIMEDOUT, Link

# What `Mqtt.state` may be: words for the user.
OFF = "off"
CONNECTING = "connecting"
CONNECTED = "connected"
WAITING = "waiting"

# What TLS may be: the setting mqtt_tls.
UNCHECKED = "unchecked"
NOT_CHECKED = "The broker is not checked: anyone on the way could pose as it and read the password."
NO_TOPICS = "broker refused the topics that this device wants to read"

_TICK_MS = const(50)  # how often a silent link is looked at
_PROVEN_MS = const(30000)  # a connection that lived this long makes the next back-off start from 1 s
_SLOWEST_S = const(60)
_SOON_S = const(6)  # the slowest for a broker that is away: it is asked again soon enough after its return
_LOOK_MS = const(250)  # how often the network is looked at between two attempts
_VAIN = const(4)  # attempts at an address until its name is looked up anew
_PING_MS = const(10000)  # at most between two: readings alone do not show that nobody takes them any more
_READS = const(16)  # times 128 octets: what is taken in before the other tasks run

_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBACK = const(0x90)

# What the sockets raise when a peer or a network misbehaves, and Incoming's finding as ValueError.
FAULTS = (OSError, MemoryError, ValueError, AssertionError)


def _nothing(*_):
    """The watchdog's beat where there is no watchdog; umqtt's callback, which is never called."""


class Mqtt:
    """One connection to one broker, kept up by run(); publish() from any task.

    `topic` is the base of all topics (up to 100 octets): `online`/`offline` is retained at <topic>/status.
    `tls`: off, checked or unchecked. `qos`: that of what is to be confirmed. `timeout` in seconds bounds each
    step of a connection. Who wants messages calls inbox.subscribe() before run() and awaits inbox.message().

    To read: state, error ("" or one sentence about the last fault, also while the next attempt runs), warning
    ("" or a sentence, to be shown in red), up (an asyncio.Event, set while connected), and the counters
    connects, published, failures.
    """

    def __init__(self, host, port=1883, client_id=b"", user=None, password=None, topic=b"hanport",
                 keepalive=60, timeout=3, tls=OFF, qos=0):  # fmt: skip
        self.beat = _nothing
        self.way = None  # an Event, set while there is a network; None: there always is
        self.state = OFF
        self.error = ""
        self.warning = NOT_CHECKED if tls == UNCHECKED else ""
        self.connects = self.published = self.failures = 0
        self.up = asyncio.Event()
        self.topic = octets(topic)
        self.last_word = b"offline"  # at <topic>/status in the end; empty when the topic is given up
        self.tls = tls
        self._host = host
        self._port = port
        self._qos = qos
        self._keepalive = keepalive or 60
        self._timeout = timeout * 1000
        self._address = None
        self._vain = 0  # attempts at it since it led to a broker
        self._pause = 1
        self._phase = brokerwords.PLAIN
        self._link = Link(self._timeout)
        self.inbox = Inbox(self._link)
        self._unconfirmed = 0  # packets that the broker has yet to confirm
        self._asked = 0  # ticks since it has
        # umqtt takes len() of what it writes: only octets, never a str of several octets a letter.
        client = simple.MQTTClient(
            octets(client_id),
            host,
            port,
            octets(user) if user else None,
            octets(password or b""),
            self._keepalive,
        )
        client.set_last_will(self.topic + b"/status", b"offline", True, qos)
        client.set_callback(_nothing)
        self._client = client

    async def run(self):
        """The life of the connection; ends only by cancellation, with `offline` said properly."""
        self._pause = 1
        left = 0
        try:
            while True:
                await self._rest(left)
                self.state = CONNECTING
                slowest = _SLOWEST_S
                try:
                    await self._open()
                    await self._serve()
                except FAULTS as fault:
                    self._lost(fault)
                    # Not for who refuses us, nor for a name that is not found: a name server that is silent
                    # holds up everything. Positive are the faults of the C library.
                    if self._phase and isinstance(fault, OSError) and fault.args[0] > 0:
                        slowest = _SOON_S
                # The jitter of up to a quarter keeps a street of meters from returning in step.
                self.state = WAITING
                left = min(self._pause, slowest) * (1000 + os.urandom(1)[0])
                self._pause = min(self._pause * 2, slowest)
        finally:
            self._farewell()

    async def _rest(self, left):
        """Wait so many ms, and for a network: after its return at once."""
        while True:
            self.beat()
            if self.way and not self.way.is_set():
                left = 0
                self._pause = 1
            elif left <= 0:
                return
            await asyncio.sleep_ms(_LOOK_MS)
            left -= _LOOK_MS

    def publish(self, topic, payload, retain=False, sure=False):
        """Hand one message to the network; True when it was taken.

        topic and payload are octets (bytes, bytearray, memoryview), free for reuse upon return, which is at
        once, or within a quarter of a second when the network is slow. After False nothing is kept: publish
        anew when `up` is set again. What is retained, or `sure`, has the QoS of the settings; when the broker
        does not confirm it, the link is given up and made anew.
        """
        if self.state != CONNECTED:
            return False
        try:
            self._say(topic, payload, retain, self._qos if retain or sure else 0)
        except FAULTS as fault:
            self._lost(fault)
            return False
        self.published += 1
        return True

    def _say(self, topic, payload, retain, qos):
        """PUBLISH, MQTT 3.1.1 clause 3.3."""
        link = self._link
        size = 2 + len(topic) + len(payload) + 2 * qos
        head = bytearray((_PUBLISH | qos << 1 | retain,))
        while size > 127:
            head.append(size & 127 | 128)
            size >>= 7
        head.append(size)
        head.append(len(topic) >> 8)
        head.append(len(topic) & 255)
        link.write(head)
        link.write(topic)
        if qos:
            link.write(self._number().to_bytes(2, "big"))
            self._await_answer()
        link.write(payload)
        link.flush()

    def _number(self):
        """The next packet identifier, which umqtt counts too."""
        self._client.pid = self._client.pid % 65535 + 1
        return self._client.pid

    def _await_answer(self):
        if not self._unconfirmed:
            self._asked = time.ticks_ms()
        self._unconfirmed += 1

    def _lost(self, fault):
        self.error = self._words(fault)
        self.failures += 1
        self.state = WAITING
        self.up.clear()
        self.inbox.forget()
        self._link.drop()

    def _words(self, fault):
        if self.tls != OFF:
            try:
                import tlswords

                return tlswords.words(fault, self._phase)
            except ImportError:
                pass  # a board without TLS, which the plain words tell
        return brokerwords.words(fault, self._phase)

    def wait(self, fault):
        """Tell why the connection is not tried yet."""
        self.error = self._words(fault)
        self.state = WAITING
        self.beat()

    async def _secure(self):
        """The ssl.SSLContext of a connection."""
        self._phase = brokerwords.TLS
        try:
            from app import tls
        except ImportError:
            raise OSError(brokerwords.NO_TLS_HERE)
        context, shown = await tls.prepare(self, self.tls != UNCHECKED)
        if shown:
            self._phase = brokerwords.TLS_CLIENT
        self.state = CONNECTING
        return context

    async def _open(self):
        link = self._link
        self._phase = brokerwords.PLAIN
        context = await self._secure() if self.tls != OFF else None
        if self._address is None or self._vain >= _VAIN:
            self._vain = 0
            try:
                # Blocks, on every port, and for long when nobody answers. Hence asked for seldom.
                self._address = socket.getaddrinfo(self._host, self._port, 0, socket.SOCK_STREAM)[0]
            except (OSError, IndexError):
                if self._address is None:
                    raise OSError(brokerwords.NO_HOST)
            await asyncio.sleep_ms(0)
        self._vain += 1
        address = self._address
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
        if context:
            # Made here and not by umqtt, whose `ssl` argument has changed its meaning twice.
            link.attach(context.wrap_socket(sock, server_hostname=self._host, do_handshake_on_connect=False))
        link.begin(4 if context else 1)  # a handshake is slow on the chips
        self._compose()
        while not link.push():
            await link.rest()  # no poll: in a TLS handshake it is often a read that is awaited
        if context:
            self._phase = brokerwords.STANDING
        code = await self.inbox.answer()
        if code:
            raise OSError(brokerwords.REFUSED - code)
        self._vain = 0
        self._phase = brokerwords.STANDING
        self.error = ""
        await self._ask_for(self.inbox.topics)
        self._say(self.topic + b"/status", b"online", True, self._qos)
        self.connects += 1
        self.state = CONNECTED
        self.up.set()

    def _compose(self):
        """Let umqtt put its CONNECT into the link; nothing is sent yet."""
        client, link = self._client, self._link
        client.sock = None  # newer ones would close the socket they find here: our new link
        real = simple.socket
        simple.socket = link
        link.hold = True
        link.answers = b"\x20\x02\0\0"
        try:
            client.connect()
            link.flush()
        finally:
            link.hold = False
            simple.socket = real

    async def _ask_for(self, topics):
        """SUBSCRIBE to these topics, and await that the broker confirms it."""
        link = self._link
        link.begin()
        self._unconfirmed = 0
        for topic in topics:
            self._await_answer()
            number = self._number()
            self._client.pid = number - 1
            link.answers = b"\x90\x03" + number.to_bytes(2, "big") + b"\0"
            self._client.subscribe(topic, self._qos)
        link.flush()
        while self._unconfirmed:
            await link.rest()
            left = _READS
            while left and self._take_in():
                left -= 1

    async def _serve(self):
        """Take what comes and keep the link alive. Returns when publish() has dropped the link."""
        link = self._link
        half = min(self._keepalive * 500, _PING_MS)
        patience = max(self._timeout, half * 3 // 4)
        born = pinged = time.ticks_ms()
        asked = False
        pause = _TICK_MS
        while True:
            await asyncio.sleep_ms(pause)
            self.beat()
            if link.sock is None:
                return
            pause = _TICK_MS
            left = _READS
            while left and self._take_in():
                left -= 1
                pause = 0
            now = time.ticks_ms()
            self._judge(now, patience)
            if self._pause > 1 and time.ticks_diff(now, born) > _PROVEN_MS:
                self._pause = 1
            if asked and time.ticks_diff(link.heard, pinged) > 0:
                asked = False
            if asked:
                if time.ticks_diff(now, pinged) > patience:
                    raise OSError(ETIMEDOUT)
            elif time.ticks_diff(now, pinged) >= half and link.push():
                self._client.ping()
                link.flush()
                pinged = now
                asked = True

    def _judge(self, now, patience):
        """OSError(ETIMEDOUT) for a broker that owes us something for too long."""
        link = self._link
        if (
            (not link.push() and time.ticks_diff(now, link.moved) > 4 * self._timeout)
            or (self._unconfirmed and time.ticks_diff(now, self._asked) > 2 * patience)
            or self.inbox.late(self._timeout)
        ):
            raise OSError(ETIMEDOUT)

    def _take_in(self):
        """Take in some octets; False when there are no more."""
        kind = self.inbox.take()
        if kind == _CONNACK:
            raise ValueError
        if kind == _PUBACK or kind == _SUBACK:
            self._unconfirmed = max(0, self._unconfirmed - 1)
            self._asked = time.ticks_ms()
            if self.inbox.code:
                self.error = NO_TOPICS
        return kind is not None

    def _farewell(self):
        if self.state == CONNECTED:
            try:
                self._say(self.topic + b"/status", self.last_word, True, 0)  # nobody awaits more
                self._client.disconnect()
            except FAULTS:
                pass  # the broker says it for us: that is what the will is for
        self._link.drop()
        self.up.clear()
        self.state = OFF


def octets(text):
    """bytes of a str; bytes-like as it is."""
    return text.encode() if isinstance(text, str) else text
