"""The layers of an APDU told in words: block transfer, ciphering, data-notification, A-XDR elements.

Octets come as a Span, which knows where in the input each of them stands, whatever they were joined from.
What is told here is told from the octets; the decoder's own opinion is printed by layers.py after it.
"""

from array import array

import layer_words as words
from hanport import apdu, axdr, ciphering, cosem, fault, profiles, reading, registers, rows
from hanport.octets import crc_arc, crc_x25
from hanport.p1 import P1Framer

_DEEPEST = 6  # APDUs within APDUs; a meter's deepest is block transfer, ciphering, notification


class Span:
    """Octets joined from one or more places of the input."""

    def __init__(self):
        self.octets = bytearray()
        self._runs = []  # (index in octets, position in the input), in order

    def add(self, octets, position):
        """Append octets that stand at `position` of the input; returns the span."""
        self._runs.append((len(self.octets), position))
        self.octets.extend(octets)
        return self

    def join(self, other, a, b):
        """Append octets a to b of another span."""
        for k, (index, position) in enumerate(other._runs):
            end = other._runs[k + 1][0] if k + 1 < len(other._runs) else len(other.octets)
            start = max(a, index)
            end = min(b, end)
            if start < end:
                self.add(other.octets[start:end], position + start - index)
        return self

    def at(self, k):
        """Position in the input of octet k."""
        found = 0
        for index, position in self._runs:
            if index <= k:
                found = position + k - index
        return found


def out(depth, text):
    """Print one line, two spaces a layer."""
    print("  " * depth + text)


class Apdus:
    """Tells APDUs; keeps the blocks of a transfer and what ciphering remembers."""

    def __init__(self, keys):
        """keys: encryption and authentication key, 16 octets or None each."""
        self._keys = keys
        self._cipher = ciphering.Ciphering(*keys)
        self._plans = profiles.Plans()
        self._blocks = None
        self._number = 0  # of the newest block

    def tell(self, span, a, b, depth, broken=False, level=0):
        """Tell the APDU at span.octets[a:b].

        broken: the frame around it has failed, so it may be cut short or wrong, and is not decrypted.
        """
        buf = span.octets
        if a >= b:
            return out(depth, "no APDU: no octets are left")
        tag = buf[a]
        if level >= _DEEPEST:
            return out(depth, "an APDU nested too deep")
        if tag == apdu.BLOCK:
            self._block(span, a, b, depth, broken, level)
        elif tag == apdu.GLO or tag == apdu.DED:
            out(depth, words.apdu(tag))
            self.cipher(span, a + 1, b, depth + 1, broken, tag == apdu.GLO, level)
        elif tag == apdu.NOTIFICATION:
            out(depth, words.apdu(tag))
            self._notification(span, a, b, depth + 1)
        else:
            out(depth, "%s: %s" % (words.apdu(tag), words.octets(buf, a, b)))
        return None

    def _block(self, span, a, b, depth, broken, level):
        """E0 | last, streaming, window | number 2 | number acknowledged 2 | length | data"""
        buf = span.octets
        out(depth, words.apdu(apdu.BLOCK))
        depth += 1
        length = axdr.length(buf, a + 6, b)
        if length < 0:
            return out(depth, "cut short: %s" % words.octets(buf, a, b))
        flags = buf[a + 1]
        number = buf[a + 2] << 8 | buf[a + 3]
        last = flags & 0x80 != 0
        said = (number, "the last" if last else "more follow", "yes" if flags & 0x40 else "no", flags & 0x3F)
        out(depth, "block %d, %s, streaming %s, window %d" % said)
        out(depth, "acknowledges block %d, holds %d octets" % (buf[a + 4] << 8 | buf[a + 5], length))
        i = axdr.after_length(buf, a + 6)
        if i + length > b:
            return out(depth, "the length says %d octets, %d are here" % (length, b - i))
        if broken:
            return out(depth, "not joined: the frame is broken")
        if number == 1:
            self._blocks = Span()
        elif self._blocks is None or number != self._number + 1:
            self._blocks = None
            return out(depth, "not joined: the block before it is missing")
        self._number = number
        self._blocks.join(span, i, i + length)
        if not last:
            return out(depth, "kept until the last block comes")
        joined = self._blocks
        self._blocks = None
        out(depth, "%d blocks joined: %d octets" % (number, len(joined.octets)))
        return self.tell(joined, 0, len(joined.octets), depth, False, level + 1)

    def cipher(self, span, i, b, depth, broken, titled, level=0):
        """A ciphered part from the length of its system title on, or (not titled) from its own length on.

        length of title | system title | length | SC | invocation counter 4 | ciphertext | tag 12
        """
        buf = span.octets
        at = i
        if titled:
            i = self._title(buf, i, b, depth)
        length = axdr.length(buf, i, b) if i else -1
        if length < 0:
            return out(depth, "the length of the ciphered part is not whole or has an unknown form")
        i = axdr.after_length(buf, i)
        out(depth, "length %d" % length)
        if i + length > b:
            out(depth, "the length says %d octets, %d are here" % (length, b - i))
            broken = True
        elif i + length < b:
            out(depth, "after it: %d octets that belong to nothing" % (b - i - length))
        if i + 5 > b or length < 5:
            return out(depth, "no room for security control and invocation counter")
        control = buf[i]
        counter = buf[i + 1] << 24 | buf[i + 2] << 16 | buf[i + 3] << 8 | buf[i + 4]
        out(depth, "security control %02X: %s" % (control, words.security(control)))
        out(depth, "invocation counter %s: %d" % (words.octets(buf, i + 1, i + 5), counter))
        end = i + length - (12 if control & 0x10 else 0)
        what = "ciphertext" if control & 0x20 else "clear text"
        out(depth, "%s: %d octets" % (what, max(0, end - i - 5)))
        if not control & 0x10:
            out(depth, "authentication tag: none")
        elif i + length <= b:
            out(depth, "authentication tag: %s" % words.octets(buf, end, end + 12))
        else:
            out(depth, "authentication tag: not here")
        self._tell_keys(depth)
        if i + 5 < b and buf[i + 5] == apdu.NOTIFICATION and control & 0x20 and (broken or not self._keys[0]):
            out(depth, "it begins as clear text does: was this log taken after decryption?")
            end = min(end, b) if end > i + 5 else b
            return self.tell(span, i + 5, end, depth, True, level + 1)
        if broken:
            return out(depth, "not decrypted: the frame is broken")
        return self._open(span, at, b, depth, titled, level)

    def _title(self, buf, i, b, depth):
        """Tell the system title; returns the index after it, 0 when it is not whole."""
        size = buf[i] if i < b else 1
        if size not in b"\x00\x08" or i + 1 + size > b:
            out(depth, "the system title has an unknown length or is cut short")
            return 0
        i += 1
        if not size:
            out(depth, "system title: none, zeros stand for it")
            return i
        letters = bytes(buf[i : i + 3])
        who = profiles.maker(letters)
        name = who.decode() if who else "a maker not known here"
        shown = words.quoted(letters, 0, 3) or "no letters"
        out(depth, "system title %s: %s, %s" % (words.octets(buf, i, i + 8), shown, name))
        return i + size

    def _tell_keys(self, depth):
        given = ["given" if key else "not given" for key in self._keys]
        out(depth, "encryption key: %s, authentication key: %s" % tuple(given))

    def _open(self, span, i, b, depth, titled, level):
        """Decrypt a copy and tell what is inside."""
        clear = Span().join(span, 0, len(span.octets))
        buf = clear.octets
        cipher = self._cipher
        code = cipher.open_titled(buf, i, b) if titled else cipher.open_apdu(buf, i - 1, b)
        if cipher.replayed:
            out(depth, "note: %s" % fault.words(fault.REPLAY))
        if code:
            return out(depth, "not decrypted: %s" % fault.words(code))
        control = buf[cipher.a - 5]
        if cipher.integrity == reading.VERIFIED:
            proof = "the authentication tag is right"
        elif control & 0x10:
            proof = "unverified, for there is no authentication key to check the tag with"
        else:
            proof = "unverified, for no tag was sent"
        out(depth, "%s; %s" % ("decrypted" if control & 0x20 else "not encrypted", proof))
        first = buf[cipher.a]
        if first == 0x2F:
            inner = P1Framer()
            end = cipher.b
            if inner.judge(buf, cipher.a, end, True) > 0 and inner.mark:
                end = cipher.a + inner.mark
            return self.p1(clear, cipher.a, end, cipher.b, depth)
        if first != apdu.NOTIFICATION and cipher.integrity != reading.VERIFIED:
            return out(depth, "begins with %02X, as no push does: the key is not the meter's" % first)
        return self.tell(clear, cipher.a, cipher.b, depth, False, level + 1)

    def _notification(self, span, a, b, depth):
        """0F | long-invoke-id 4 | date-time | data"""
        buf = span.octets
        if b - a < 7:
            return out(depth, "cut short: %s" % words.octets(buf, a, b))
        said = (words.octets(buf, a + 1, a + 5), words.invoke_id(buf, a + 1))
        out(depth, "long-invoke-id-and-priority %s: %s" % said)
        body = apdu.body(buf, a, b)
        if body == -fault.DATE_TIME:
            return out(depth, "date-time: %s: unknown form" % words.octets(buf, a + 5, b))
        stamp = apdu.stamp(a, body)
        head = words.octets(buf, a + 5, stamp or body)
        if not stamp:
            out(depth, "date-time %s: none" % head)
        elif body > b:
            return out(depth, "date-time %s: cut short" % head)
        else:
            out(depth, "date-time %s: %s" % (head, words.date_time(buf, stamp)))
        if body >= b:
            return out(depth, "no data: cut short here")
        return self._elements(span, body, b, depth)

    def _elements(self, span, a, b, depth):
        """Each A-XDR element of octets[a:b], as far as they are well formed."""
        buf = span.octets
        table = array("H", bytes(2 * axdr.ELEMENTS))
        n = axdr.index(buf, a, b, table)
        code = 0
        if n < 0:
            # The table is filled up to the element that failed, and no element begins at index 0.
            code = -n
            n = 0
            while n < len(table) and table[n]:
                n += 1
        notes = self._notes(buf, table, n, depth) if not code else {}
        left = []  # elements still to come of each list around
        for k in range(n):
            i = table[k]
            end = table[k + 1] if k + 1 < n else _extent(buf, i, b) if code else b
            while left and not left[-1]:
                left.pop()
            if left:
                left[-1] -= 1
            tag = buf[i]
            whole = end > 0
            text = words.kind(tag)
            if not whole:
                text += " (%s)" % fault.words(code)
            elif tag == axdr.ARRAY or tag == axdr.STRUCTURE:
                text += " of %d" % axdr.count(buf, i)
            else:
                text += " " + words.value(buf, i)
            text = text.rstrip() + _scaled(buf, table, n, k, b) + notes.get(k, "")
            shown = words.octets(buf, i, end or b, 8)
            out(depth, "%5d  %-27s%s" % (span.at(i), shown, "  " * len(left) + text))
            if tag in b"\x01\x02" and whole:
                left.append(axdr.count(buf, i))
        if code:
            out(depth, "stopped: %s" % fault.words(code))

    def _notes(self, buf, table, n, depth):
        """What elements mean by their place, as {element: words}; names the list when it is known."""
        found = self._plans.find(buf, table, n)
        if found < 0:
            out(depth, "list: none that is known by its order; OBIS codes tell what is what")
            return {}
        notes = {}
        plan = self._plans.kept[found]
        name = rows.name(plan[cosem.PLAN_NUMBER])
        at = cosem.PLAN_HEAD + plan[cosem.PLAN_ENDING]
        if at < len(plan):
            out(depth, 'list "%s": order tells what is what' % name)
            for k in range(1, n):
                index, scale, form = plan[at], plan[at + 1] - 64, plan[at + 2]
                at += 3
                if index < registers.COUNT:
                    notes[k] = ": %s, x 10^%d %s" % (
                        words.register(index),
                        scale,
                        words.unit(registers.unit(index)),
                    )
                    if form & 0x80:
                        notes[k] += " (assumed)"
        elif plan[cosem.PLAN_FIRST] == axdr.ARRAY:
            out(depth, 'list "%s": an array of objects, then a value for each but the first' % name)
            count = axdr.count(buf, table[1])
            if n == 1 + 6 * count:
                for k in range(1, count):
                    if axdr.is_octets(buf, table[1 + 5 * count + k], 6):
                        continue  # itself an OBIS code, and told as one
                    notes[1 + 5 * count + k] = ": " + words.obis(buf, table[4 + 5 * k] + 2)
        else:
            out(depth, 'list "%s": OBIS codes tell what is what' % name)
        return notes

    def p1(self, span, a, mark, b, depth):
        """A P1 telegram octets[a:b] with its "!" at `mark` (b when there is none): each line in words."""
        buf = span.octets
        i = a
        first = True
        while i < mark:
            end = i
            while end < mark and buf[end] not in b"\r\n":
                end += 1
            if end > i:
                text = "".join([chr(c) if 32 <= c < 127 else "." for c in buf[i:end]])
                told = "identification" if first else words.p1_line(text)
                out(depth, ("%5d  %-35s %s" % (span.at(i), text, told)).rstrip())
                first = False
            i = end + 1
        self.p1_crc(span, a, mark, b, depth)

    def p1_crc(self, span, a, mark, b, depth):
        """The checksum behind the "!" at `mark`: sent and computed."""
        buf = span.octets
        if mark >= b:
            return out(depth, 'the telegram has no end ("!")')
        sent = ""
        for c in buf[mark + 1 : min(b, mark + 5)]:
            if chr(c) not in "0123456789ABCDEFabcdef":
                break
            sent += chr(c)
        arc = crc_arc(buf, a, mark + 1)
        x25 = crc_x25(buf, a, mark + 1)
        x25 = (x25 & 255) << 8 | x25 >> 8
        if not sent:
            return out(depth, "CRC none sent, %04X computed" % arc)
        if int(sent, 16) == arc:
            said = "ok"
        elif int(sent, 16) == x25:
            return out(depth, "CRC %s sent, %04X computed (CRC-16/X-25, low octet first): ok" % (sent, x25))
        else:
            said = "wrong"
        return out(depth, "CRC %s sent, %04X computed: %s" % (sent, arc, said))


def _extent(buf, i, b):
    """End of the last element noted of a list that is not well formed, 0 when it is not whole itself."""
    tag = buf[i]
    if tag == axdr.ARRAY or tag == axdr.STRUCTURE:
        end = axdr.after_length(buf, i + 1)
        return end if axdr.length(buf, i + 1, b) >= 0 else 0
    table = array("H", bytes(2 * axdr.ELEMENTS))
    for end in range(i + 1, b + 1):
        code = axdr.index(buf, i, end, table)
        if code == 1:
            return end
        if code != -fault.AXDR_SHORT:
            break
    return 0


def _scaled(buf, table, n, k, b):
    """What a scaler-unit structure says, at its own line and at the line of its unit."""
    i = table[k]
    if k + 2 < n and i + 6 <= b and buf[i] == axdr.STRUCTURE and buf[i + 1] == 2:
        if buf[i + 2] == 15 and buf[i + 4] == axdr.ENUM:
            return ", scaler-unit: x 10^%d %s" % (axdr.integer(buf, i + 2), words.unit(buf[i + 5]))
    if k > 1 and i + 2 <= b and buf[i] == axdr.ENUM and table[k - 1] == i - 2 and table[k - 2] == i - 4:
        if buf[i - 4] == axdr.STRUCTURE and buf[i - 3] == 2 and buf[i - 2] == 15:
            return ": unit " + words.unit(buf[i + 1])
    return ""
