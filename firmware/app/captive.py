"""The set-up network's name server: every name is ours, so that phones find the set-up page by themselves."""

import asyncio
import socket

from app import port

_MOST = 512  # octets of a question
_HEAD = 12


def answer(query, address):
    """Octets of the answer to a DNS query, giving the 4 octets of `address`; None when it is no question."""
    n = len(query)
    # One standard question from a client: QR and opcode clear, QDCOUNT 1.
    if n < _HEAD + 5 or query[2] & 0xF8 or query[4] or query[5] != 1:
        return None
    at = _HEAD
    while query[at]:
        if query[at] > 63:
            return None  # a question holds no pointers
        at += query[at] + 1
        if at + 5 > n:
            return None
    end = at + 5
    kind = query[at + 1] << 8 | query[at + 2]
    # Type A or any. There is an answer to all others too: that there is none of their kind.
    known = kind in (1, 255) and not query[at + 3] and query[at + 4] in (1, 255)
    reply = bytearray(query[:end])
    reply[2] = 0x84 | query[2] & 1  # an answer, authoritative
    reply[3] = 0
    reply[6:_HEAD] = b"\0\1\0\0\0\0" if known else bytes(6)
    if known:
        # The name of the question; A, IN; 5 s, for in a minute the true address may be wanted.
        reply.extend(b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4")
        reply.extend(address)
    return reply


async def serve(address, log):
    """Answer for ever with this address, given as text."""
    octets = bytes(int(part) for part in address.split("."))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(socket.getaddrinfo("0.0.0.0", port.dns_port())[0][-1])
        while True:
            await port.readable(sock)
            try:
                query, sender = sock.recvfrom(_MOST)
                reply = answer(query, octets)
                if reply:
                    sock.sendto(reply, sender)
            except OSError:
                await asyncio.sleep_ms(20)
    except OSError:
        log("set-up: no name server, open the page by its address")
    finally:
        sock.close()
