"""A broker for fast_net: MQTT 3.1.1, one device, no subscribers but the function that is told all messages.

It speaks CONNECT, PUBLISH with QoS 0 and 1, SUBSCRIBE, PINGREQ and DISCONNECT, publishes wills, and throws
out who breaks the protocol, is silent for one and a half keep-alives, or comes again under the same name.
"""

import fast_clock as clock
import fast_net as net


class Broker:
    """told(topic, payload) is called for each message. Read: connects, wrong (breaches of the protocol)."""

    def __init__(self, port, told):
        self.told = told
        self.connects = 0
        self.wrong = 0
        self.up = False
        self._port = port
        self._clients = []
        net.serve(port, None)

    def start(self):
        self.up = True
        net.serve(self._port, self._came)

    def stop(self, politely):
        """politely: connections are closed; else the whole machine is gone and tells nobody."""
        self.up = False
        net.serve(self._port, None)
        for client in list(self._clients):
            client.drop(politely)

    def _came(self, far):
        self._clients.append(Client(self, far))

    def welcome(self, client):
        """CONNECT: the one that was here before under this name goes."""
        self.connects += 1
        for other in list(self._clients):
            if other is not client and other.name == client.name:
                other.lost()
                other.drop(True)

    def forget(self, client):
        if client in self._clients:
            self._clients.remove(client)


class Client:
    """One connection."""

    def __init__(self, broker, far):
        self.name = None
        self._broker = broker
        self._far = far
        self._buf = b""
        self._will = None
        self._patience = 0
        self._timer = None
        far.heard = self._heard

    def _heard(self, octets):
        if not octets:
            self.lost()
            self._end()
            return
        self._wait()
        self._buf += octets
        while self._far:
            size = self._whole()
            if not size:
                return
            packet, self._buf = self._buf[:size], self._buf[size:]
            at = 2
            while packet[at - 1] & 0x80:
                at += 1
            try:
                self._take(packet[0], packet[at:])
            except (ValueError, IndexError):
                self._broker.wrong += 1
                self.lost()
                self.drop(True)

    def _whole(self):
        """Octets of the packet that lies whole in the buffer, else 0."""
        length = shift = 0
        for at in range(1, min(5, len(self._buf))):
            length |= (self._buf[at] & 0x7F) << shift
            shift += 7
            if not self._buf[at] & 0x80:
                size = at + 1 + length
                return size if len(self._buf) >= size else 0
        return 0

    def _take(self, head, body):
        kind = head >> 4
        if (kind == 1) != (self.name is None):
            raise ValueError
        if kind == 1:
            self._connect(body)
        elif kind == 3:
            self._publish(head, body)
        elif kind == 8:
            count, at = 0, 2
            while at < len(body):
                at += 3 + (body[at] << 8 | body[at + 1])
                count += 1
            self._far.send(bytes((0x90, 2 + count)) + body[:2] + b"\1" * count)
        elif kind == 12:
            self._far.send(b"\xd0\0")
        elif kind == 14:
            self._will = None
        elif kind != 4:
            raise ValueError

    def _connect(self, body):
        if body[:7] != b"\0\4MQTT\4":
            raise ValueError
        flags = body[7]
        self._patience = (body[8] << 8 | body[9]) * 1500
        at = 10
        texts = []
        for _ in range(1 + (2 if flags & 4 else 0)):
            n = body[at] << 8 | body[at + 1]
            texts.append(body[at + 2 : at + 2 + n])
            at += 2 + n
        self.name = texts[0]
        self._will = texts[1:] or None
        self._broker.welcome(self)
        self._far.send(b"\x20\2\0\0")
        self._wait()

    def _publish(self, head, body):
        n = body[0] << 8 | body[1]
        topic = body[2 : 2 + n]
        if len(topic) != n or head & 6 > 2:
            raise ValueError
        if head & 2:
            self._far.send(b"\x40\2" + body[2 + n : 4 + n])
            n += 2
        self._broker.told(topic, body[2 + n :])

    def _wait(self):
        if self._timer:
            clock.cancel(self._timer)
        self._timer = clock.at(self._patience, self._late) if self._patience else None

    def _late(self):
        self._timer = None
        self.lost()
        self.drop(True)

    def lost(self):
        """Publish the will: this client has not said goodbye."""
        if self._will and self._broker.up:
            self._broker.told(self._will[0], self._will[1])
        self._will = None

    def drop(self, politely):
        """Be rid of it."""
        if self._far:
            if politely:
                self._far.close()
            else:
                self._far.dead = True
        self._end()

    def _end(self):
        self._far = None
        self._broker.forget(self)
        if self._timer:
            clock.cancel(self._timer)
            self._timer = None
