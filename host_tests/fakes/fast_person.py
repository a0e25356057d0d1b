"""A person on fast_net's network, who looks at the device's page and at times saves the settings."""

import fast_clock as clock
import fast_net as net

VISIT_MS = 600000
SAVE = 25  # at every so many visits the settings are saved, first in the first hour


class Person:
    """Looks at the page now and then. Read: answers, by their first words."""

    def __init__(self):
        self.answers = {}
        self._visits = 0
        clock.at(VISIT_MS, self._visit)

    def _visit(self):
        clock.at(VISIT_MS, self._visit)
        far = net.dial(80)
        if far is None:
            return
        self._visits += 1
        got = [b""]

        def heard(octets):
            if octets:
                got[0] += octets
            else:
                words = bytes(got[0][:12]).decode()
                self.answers[words] = self.answers.get(words, 0) + 1

        far.heard = heard
        if self._visits % SAVE != 2:
            path = (b"/api/status", b"/", b"/data.json")[self._visits % 3]
            far.send(b"GET %s HTTP/1.0\r\n\r\n" % path)
        else:
            body = b'{"led": "%s"}' % (b"quiet", b"on")[self._visits // SAVE % 2]
            far.send(b"POST /api/settings HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
