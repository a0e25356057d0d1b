"""MQTT: the life of one connection to one broker, none of whose faults holds up the rest of the program.

What a connection begins with is composed by umqtt.simple (greeting.py); the link (link.py) carries octets and
tells of the packets that come. All waiting is asyncio's.
"""

import asyncio
import os
import socket
import time

from micropython import const

import brokerwords
from app.link import ETIMEDOUT, Link
from mqttpackets import Incoming

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
_READS = const(16)  # times some octets: what is taken in before the other tasks run
_STIR_MS = const(3000)  # between two times that the reader is stirred though nothing came
_PIECE = const(536)  # one TCP segment of the ESP8266: a packet that fits leaves in one piece

_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBACK = const(0x90)

# What the sockets raise when a peer or a network misbehaves, and Incoming's finding as ValueError.
FAULTS = (OSError, MemoryError, ValueError, AssertionError)


class Mqtt:
    """One connection to one broker, kept up by run(); publish() from any task.

    `topic` is the base of all topics (up to 100 octets): `online`/`offline` is retained at <topic>/status.

    `reader`, given by listen() before run(), has topics(), those to ask for at each connection, and stir(),
    called when a connection is new, when a message has come, and every few seconds while there is a
    connection. It fetches the message by message() and says done(); both take no time.

    To read: state, error ("" or one sentence about the last fault, also while the next attempt runs), and the
    counters connects, published, failures.
    """

    def __init__(self, settings, name, timeout=3):
        """settings: gives a value by key; name: the client's, where they have none.

        timeout in seconds bounds each step of a connection.
        """
        self.beat = None  # the watchdog's, where there is one
        self.way = None  # the app.net.Net, which knows whether there is a network; None: there always is
        self.reader = None
        self.state = OFF
        self.error = ""
        self.connects = self.published = self.failures = 0
        self.topic = settings["mqtt_topic"].encode()
        self.last_word = b"offline"  # at <topic>/status in the end; empty when the topic is given up
        self.link = Link(timeout * 1000)
        self._settings = settings
        self._name = name
        self._qos = settings["mqtt_qos"]
        self._address = None
        self._vain = 0  # attempts at it since it led to a broker
        self._pause = 1
        self._phase = brokerwords.PLAIN
        self._number = 0  # the newest packet identifier
        self._unconfirmed = 0  # packets that the broker has yet to confirm
        self._asked = 0  # ticks since it has
        self._pinged = 0
        self._stirred = 0

    def listen(self, reader, room):
        """Who reads the messages, and how many octets one may have with its topic; less than 32 is 32."""
        self.reader = reader
        self.link.incoming = Incoming(max(32, room))

    def is_connected(self):
        """True while there is a connection."""
        return self.state == CONNECTED

    def warning(self):
        """A sentence to be shown in red, or an empty one."""
        return NOT_CHECKED if self._settings["mqtt_tls"] == UNCHECKED else ""

    def message(self):
        """The message that waits, or None: (topic, payload or None: it was too long, kept there before)."""
        if not self.link.waits:
            return None
        incoming = self.link.incoming
        payload = incoming.payload_octets() if incoming.is_whole() else None
        return incoming.topic_octets(), payload, incoming.was_kept()

    def done(self):
        """The message is dealt with: the next one may come."""
        self.link.waits = False

    async def run(self):
        """The life of the connection; ends only by cancellation, with `offline` said properly."""
        self._pause = 1
        left = 0
        half = min(self._settings["mqtt_keepalive"] * 500, _PING_MS)
        try:
            while True:
                await self._rest(left)
                self.state = CONNECTING
                slowest = _SLOWEST_S
                try:
                    await self._connect()
                    born = time.ticks_ms()
                    pause = _TICK_MS
                    while True:
                        await asyncio.sleep_ms(pause)
                        self._alive()
                        if self.link.sock is None:
                            break  # publish() has dropped it
                        pause = self._turn(half)
                        if self._pause > 1 and time.ticks_diff(time.ticks_ms(), born) > _PROVEN_MS:
                            self._pause = 1
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

    def _alive(self):
        if self.beat:
            self.beat()

    async def _rest(self, left):
        """Wait so many ms, and for a network: after its return at once."""
        while True:
            self._alive()
            if self.way and not self.way.is_up():
                left = 0
                self._pause = 1
            elif left <= 0:
                return
            await asyncio.sleep_ms(_LOOK_MS)
            left -= _LOOK_MS

    def publish(self, topic, payload, retain=False, sure=False, room=None):
        """Hand one message to the network; True when it was taken.

        topic and payload are octets (bytes, bytearray, memoryview), free for reuse upon return, which is at
        once, or within a quarter of a second when the network is slow. After False nothing is kept: publish
        anew when it is up again. What is retained, or `sure`, has the QoS of the settings; when the broker
        does not confirm it, the link is given up and made anew.

        room: the bytearray that payload lies in; the packet is put together there, and payload is lost.
        """
        if self.state != CONNECTED:
            return False
        try:
            self._say(topic, payload, retain, self._qos if retain or sure else 0, room)
        except FAULTS as fault:
            self._lost(fault)
            return False
        self.published += 1
        return True

    def _say(self, topic, payload, retain, qos, room):
        """PUBLISH, MQTT 3.1.1 clause 3.3; in one piece where it fits, else in two."""
        n = len(payload)
        size = 2 + len(topic) + n + 2 * qos
        head = bytearray((_PUBLISH | qos << 1 | retain,))
        while size > 127:
            head.append(size & 127 | 128)
            size >>= 7
        head.append(size)
        head.append(len(topic) >> 8)
        head.append(len(topic) & 255)
        head += topic
        if qos:
            self._number = self._number % 65535 + 1
            head += self._number.to_bytes(2, "big")
            self._await_answer()
        at = len(head)
        if room is None and n <= _PIECE:
            room = bytearray(at + n)
        if room is None or at + n > len(room):
            self.link.send(head, 0, at)
            self.link.send(payload, 0, n)
            return
        room[at : at + n] = payload
        room[:at] = head
        self.link.send(room, 0, at + n)

    def _await_answer(self):
        if not self._unconfirmed:
            self._asked = time.ticks_ms()
        self._unconfirmed += 1

    def _lost(self, fault):
        self.error = self._why(fault)
        self.failures += 1
        self.state = WAITING
        self.link.let_go()

    def _why(self, fault):
        if self._settings["mqtt_tls"] != OFF:
            try:
                import tlswords

                return tlswords.words(fault, self._phase)
            except ImportError:
                pass  # a board without TLS, which the plain words tell
        return brokerwords.words(fault, self._phase)

    def hold_off(self, fault):
        """Tell why the connection is not tried yet."""
        self.error = self._why(fault)
        self.state = WAITING
        self._alive()

    async def _secure(self):
        """The ssl.SSLContext of a connection."""
        self._phase = brokerwords.TLS
        try:
            from app import tls
        except ImportError:
            raise OSError(brokerwords.NO_TLS_HERE)
        context, shown = await tls.prepare(self, not self.warning())
        if shown:
            self._phase = brokerwords.TLS_CLIENT
        self.state = CONNECTING
        return context

    async def _connect(self):
        link = self.link
        self._phase = brokerwords.PLAIN
        context = await self._secure() if self._settings["mqtt_tls"] != OFF else None
        host, number = self._settings["mqtt_host"], self._settings["mqtt_port"]
        if self._address is None or self._vain >= _VAIN:
            self._vain = 0
            try:
                # Blocks, on every port, and for long when nobody answers. Hence asked for seldom.
                self._address = socket.getaddrinfo(host, number, 0, socket.SOCK_STREAM)[0]
            except (OSError, IndexError):
                if self._address is None:
                    raise OSError(brokerwords.NO_HOST)
            await asyncio.sleep_ms(0)
        self._vain += 1
        address = self._address
        sock = socket.socket(address[0], address[1], address[2])
        link.attach_to(sock)
        link.grant()
        sock.setblocking(False)
        try:
            sock.connect(address[-1])
        except OSError as fault:
            if fault.args[0] not in (115, 119):  # EINPROGRESS of the C library and of lwIP
                raise
        await link.standing()
        if context:
            # Made here and not by umqtt, whose `ssl` argument has changed its meaning twice.
            link.attach_to(context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False))
        link.grant(4 if context else 1)  # a handshake is slow on the chips
        from app import greeting

        topics = self.reader.topics() if self.reader else ()
        hello, wish = greeting.packets(self._settings, self._name, topics)
        link.offer(hello)
        while not link.push():
            await link.breathe()  # no poll: in a TLS handshake it is often a read that is awaited
        if context:
            self._phase = brokerwords.STANDING
        while True:
            kind = link.take(False)
            if kind:
                break
            if kind is None:
                await link.breathe()
        if kind != _CONNACK:
            raise ValueError
        if link.incoming.refusal():
            raise OSError(brokerwords.REFUSED - link.incoming.refusal())
        self._vain = 0
        self._phase = brokerwords.STANDING
        self.error = ""
        self._unconfirmed = 0
        self._number = len(topics)
        if topics:
            await self._ask_for(wish)
        self._say(self.topic + b"/status", b"online", True, self._qos, None)
        self.connects += 1
        self.state = CONNECTED
        self._pinged = time.ticks_add(link.heard, -1)  # as if it were answered
        self._stirred = time.ticks_add(link.heard, -_STIR_MS)

    async def _ask_for(self, wish):
        """Send SUBSCRIBE for some topics, and await that the broker confirms it."""
        link = self.link
        link.grant()
        while self._unconfirmed < self._number:
            self._await_answer()
        link.send(wish, 0, len(wish))
        while self._unconfirmed:
            await link.breathe()
            self._take_in()
            if link.waits:
                self.reader.stir()  # what is awaited may come behind a message that the broker had kept

    def _turn(self, half):
        """Take what came and keep the link alive; returns the ms until the next turn."""
        link = self.link
        patience = max(link.timeout, half * 3 // 4)
        taken = self._take_in()
        now = time.ticks_ms()
        self._judge(now, patience)
        if self.reader and (link.waits or time.ticks_diff(now, self._stirred) >= _STIR_MS):
            self._stirred = now
            self.reader.stir()
        since = time.ticks_diff(now, self._pinged)
        if time.ticks_diff(link.heard, self._pinged) <= 0:
            if since > patience:
                raise OSError(ETIMEDOUT)
        elif since >= half and link.push():
            link.send(b"\xc0\0", 0, 2)  # PINGREQ, clause 3.12
            self._pinged = now
        return 0 if taken else _TICK_MS

    def _judge(self, now, patience):
        """OSError(ETIMEDOUT) for a broker that owes us something for too long."""
        link = self.link
        if (
            (not link.push() and time.ticks_diff(now, link.moved) > 4 * link.timeout)
            or (self._unconfirmed and time.ticks_diff(now, self._asked) > 2 * patience)
            or link.late()
        ):
            raise OSError(ETIMEDOUT)

    def _take_in(self):
        """Take in what came, up to a measure; True when there was something.

        Not beyond the answer that _ask_for() awaits: what a message makes us say has to wait for CONNECTED.
        """
        left = _READS
        while left:
            kind = self.link.take(self.reader is not None)
            if kind is None:
                break
            left -= 1
            if kind == _CONNACK:
                raise ValueError
            if kind == _PUBACK or kind == _SUBACK:
                self._unconfirmed = max(0, self._unconfirmed - 1)
                self._asked = time.ticks_ms()
                if kind == _SUBACK and self.link.incoming.refusal():
                    self.error = NO_TOPICS
                if not self._unconfirmed and self.state != CONNECTED:
                    break
        return left < _READS

    def _farewell(self):
        if self.state == CONNECTED:
            try:
                self._say(self.topic + b"/status", self.last_word, True, 0, None)  # nobody awaits more
                self.link.send(b"\xe0\0", 0, 2)  # DISCONNECT, clause 3.14
                self.link.linger()
            except FAULTS:
                pass  # the broker says it for us: that is what the will is for
        self.link.let_go()
        self.state = OFF
