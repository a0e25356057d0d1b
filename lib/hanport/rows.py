"""Lists that do not explain themselves, as rows of data. To add a meter, add a row and a frame.

Only read when a meter sends a list for the first time: profiles.py keeps what was read as a plan and lets go
of this module.

A row: `name | root | first | maker | elements`

  root      S or A (structure, array) and the number of elements, * for any
  first     what the list must begin with, and what else must hold:
              u32, u16        an integer of 4 or 2 octets
              text KFM_       a string that begins so (empty: any string)
              octets 8        an octet-string of 8 octets
              obis 0.2.129    that OBIS code
              objects         an array of capture objects (class, OBIS, attribute, index)
              ... 5 *092      also: element 5 is a string that ends so
  maker     "?" at the end when the list only looks like this maker's; empty when it may be several
  elements  "pairs", "objects": OBIS codes tell what is what, and these are the scales of values sent without
            one; else order is everything, one word an element:
              list id model name alt   a text of the reading
              clock                    an octet-string of 12
              tariff                   the active tariff as octets
              -                        not used
              1.7.0*-1/4               a register, its scale, how many octets the integer has; "?" at the end
                                       when the order rests on a document or a guess, not on the octets
  scales    W A V E F (power, current, voltage, energy, power factor), a sign and a digit; "V=size" picks 1,
            0.1 or 0.01 V by what gives a mains voltage; "?" marks a scale that no octet proves: the reading
            names such values in scale_assumed. Words after them: "clock" the first element is the clock,
            "id" the last one is the meter id.

Sources: the makers' interface descriptions and the frames named in the tests (meters.md sections 1 to 8).
"""

from hanport import axdr, cosem, registers

_ROWS = (
    "Kaifa list 1|S1|u32|Kaifa?|1.7.0\n"
    "Kaifa list 2, one phase|S9|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0*-3 32.7.0*-1\n"
    "Kaifa list 2|S13|text KFM_|Kaifa|list id model 1.7.0 2.7.0 3.7.0 4.7.0 {k}\n"
    "Kaifa list 3, one phase|S14|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0*-3 32.7.0*-1 clock 1.8.0 2.8.0 3.8.0 4.8.0\n"
    "Kaifa list 3|S18|text KFM_|Kaifa|"
    "list id model 1.7.0 2.7.0 3.7.0 4.7.0 {k} clock 1.8.0 2.8.0 3.8.0 4.8.0\n"
    "Kaifa Sweden, OBIS|S36|obis 0.2.129|Kaifa|pairs W+0 A-3 V-1 E+0\n"
    "Kamstrup push 1|S65|text Kamstrup_V|Kamstrup|pairs W+0 A-2 V=size E+0? F-2\n"
    "Kamstrup push 1, one phase|S37|text Kamstrup_V|Kamstrup|pairs W+0 A-2 V=size E+0? F-2\n"
    "Kamstrup Sweden|S*|text Kamstrup_V 5 *092|Kamstrup|pairs W+0 A-2 V=size E+0? F-2\n"
    "Kamstrup|S*|text Kamstrup_V|Kamstrup|pairs W+0 A-2 V=size E+1? F-2\n"
    "Landis+Gyr E450|S*|objects|Landis+Gyr?|objects W+0 A-2 V=size E+0\n"
    "Landis+Gyr E450 Burgenland|S14|u16|Landis+Gyr?|"
    "{b} - - - id\n"
    "Landis+Gyr E450 Burgenland, short|S11|u16|Landis+Gyr?|"
    "{b} id\n"
    "Netz NOE|S*|octets 12||pairs clock id\n"
    "Iskraemeco instantaneous|S18|text ISK|Iskraemeco|id list? 1.7.0 2.7.0 3.7.0 4.7.0 {u} {p}\n"
    "Iskraemeco energy|S12|text ISK|Iskraemeco|id list? 96.3.10/1 tariff {t} 3.8.0? 4.8.0?\n"
    "Iskraemeco UP_3f|S12|text ISK|Iskraemeco|id list {u} 1.7.0 2.7.0 3.7.0 4.7.0\n"
    "Iskraemeco one phase|S10|text ISK|Iskraemeco|"
    "id alt 1.7.0 2.7.0 3.7.0 4.7.0 32.7.0*-1/2 31.7.0*-2/2 21.7.0 22.7.0\n"
    "Iskraemeco tariffs|S10|text ISK|Iskraemeco|"
    "id alt 1.8.1/4 1.8.2/4 2.8.1/4 2.8.2/4 3.8.1/4 3.8.2/4 4.8.1/4 4.8.2/4\n"
    "Iskraemeco 9|S9|text ISK|Iskraemeco|id alt 1.7.0 2.7.0 3.7.0 4.7.0 32.7.0*-1/2 - -\n"
    "Iskraemeco 9, energy|S9|text ISK|Iskraemeco|id 1.7.0? 2.7.0? {t}\n"
    "Iskraemeco 8|S8|text ISK|Iskraemeco|id alt 32.7.0*-1/2 31.7.0*-2/2 1.7.0 2.7.0 3.7.0 4.7.0\n"
    "Iskraemeco quarter hour|S4|octets 8||id -/1 1.8.0/4 2.8.0/4\n"
    "Iskraemeco IE.5|S33|octets 8||id - - {t} 5.8.0? 6.8.0? 7.8.0? 8.8.0? 1.7.0 2.7.0 13.7.0*-3/2 {p} {u} "
    "-/4 - - - - - - -\n"
    "Iskraemeco IE.5, short|S28|octets 8||id - - {t} 1.7.0 2.7.0 {p} {u} -/4 - - - - - - -\n"
    "Iskraemeco Switzerland|S15|u32|Iskraemeco?|"
    "1.8.0? 1.8.1? 1.8.2? 2.8.0? 2.8.1? 2.8.2? - clock 2.7.0? 1.7.0? 31.7.0*-2? 51.7.0*-2? 71.7.0*-2? "
    "32.7.0*-1? 72.7.0*-1?\n"
    "Iskraemeco Kaernten|S12|obis 25.9.0|Iskraemeco|- id - - 1.8.0 2.8.0 3.8.0 4.8.0 1.7.0 2.7.0 - -\n"
)
# What stands for a run of words that several rows share, a row each.
_RUNS = (
    "{k}31.7.0*-3 51.7.0*-3 71.7.0*-3 32.7.0*-1 52.7.0*-1 72.7.0*-1\n"
    "{b}32.7.0/2 52.7.0/2 72.7.0/2 31.7.0*-2/2 51.7.0*-2/2 71.7.0*-2/2 1.7.0/4 2.7.0/4 1.8.0/4 2.8.0/4\n"
    "{u}32.7.0*-1/2 52.7.0*-1/2 72.7.0*-1/2 31.7.0*-2/2 51.7.0*-2/2 71.7.0*-2/2\n"
    "{p}21.7.0 41.7.0 61.7.0 22.7.0 42.7.0 62.7.0\n"
    "{t}1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2\n"
)


# Words of a positional row that are no register, and the codes they get in a plan.
_WORDS = "list id model name alt clock - tariff "
_CODES = b"\xe3\xe1\xe2\xe4\xe5\xf0\xf1\xf2"


def _cut(text, mark):
    """(what stands before the first mark, what stands after it); ESP8266 builds lack str.partition."""
    at = text.find(mark)
    return (text, "") if at < 0 else (text[:at], text[at + len(mark) :])


def _row(number):
    """The row of this number, from 0 on."""
    at = 0
    while number:
        at = _ROWS.find("\n", at) + 1
        number -= 1
    return _ROWS[at : _ROWS.find("\n", at)]


def name(number):
    """What the row is called: "Kaifa list 1"."""
    return _cut(_row(number), "|")[0]


def _tag(kind):
    """Tag of a first element of this kind."""
    return {"u32": 6, "u16": 18, "objects": axdr.ARRAY}.get(kind, axdr.OCTETS)


def heads():
    """What a list must show to be worth reading its row: three octets a row.

    The number of elements (0 any), the first one's tag (0 a string), the first octet of that string (0 any).
    """
    found = bytearray()
    at = 0
    while at < len(_ROWS):
        root = _ROWS.find("|", at) + 1
        first = _ROWS.find("|", root) + 1
        count = _ROWS[root + 1 : first - 1]
        kind, wanted = _cut(_ROWS[first : _ROWS.find("|", first)], " ")
        found.append(0 if count == "*" else int(count))
        found.append(0 if kind == "text" else _tag(kind))
        found.append(ord(wanted[0]) if kind == "text" and wanted else 0)
        at = _ROWS.find("\n", first) + 1
    return found


def read(number):
    """(plan, wanted, maker) of a row. plan: a bytearray, of which cosem.py tells what is where.

    wanted: octets with which the first element begins, or its length in octets; maker: octets.
    """
    _, root, first, who, elements = _row(number).split("|")
    first, ending = _cut(first, " 5 *")
    kind, wanted = _cut(first, " ")
    at = elements.find("{")
    while at >= 0:
        run = _RUNS.find(elements[at : at + 3])
        elements = elements[:at] + _RUNS[run + 3 : _RUNS.find("\n", run)] + elements[at + 3 :]
        at = elements.find("{")
    words = elements.split(" ")
    plan = bytearray(cosem.PLAN_HEAD)
    plan[cosem.PLAN_ROOT] = axdr.ARRAY if root[0] == "A" else axdr.STRUCTURE
    plan[cosem.PLAN_SIZE] = 0 if root[1:] == "*" else int(root[1:])
    plan[cosem.PLAN_FIRST] = axdr.TEXT if kind == "text" else _tag(kind)
    if kind == "obis":
        plan[cosem.PLAN_FIRST] = 0
        wanted = bytes([int(x) for x in wanted.split(".")])
    elif kind == "octets":
        wanted = bytes([int(wanted)])
    else:
        wanted = wanted.encode()
    plan[cosem.PLAN_FLAGS] = (
        (cosem.GUESS if who[-1:] == "?" else 0)
        | (cosem.CLOCK_FIRST if "clock" in words else 0)
        | (cosem.IDENT_LAST if "id" in words else 0)
    )
    plan[cosem.PLAN_NUMBER] = number
    plan[cosem.PLAN_ENDING] = len(ending)
    plan.extend(ending.encode())
    if words[0] == "objects" or words[0] == "pairs":
        for word in words[1:]:
            at = "WAVEF".find(word[0])
            if at >= 0:
                plan[at] = 1 if word[1] == "=" else 64 + int(word[1:3]) + (128 if "?" in word else 0)
    else:
        at = len(plan)
        plan.extend(bytes(3 * len(words)))
        for word in words:
            _item(plan, at, word)
            at += 3
    return plan, wanted, who.rstrip("?").encode()


def _item(items, at, word):
    """Code, scale + 64 and octets wanted (0 any) of one word."""
    items[at + 1] = 64
    if word[-1] == "?":
        items[at + 2] = cosem.ITEM_ASSUMED
        word = word[:-1]
    word, octets = _cut(word, "/")
    items[at + 2] |= int(octets or 0)
    if not word[0].isdigit():
        items[at] = _CODES[_WORDS[: _WORDS.find(word + " ")].count(" ")]
        return
    word, scale = _cut(word, "*")
    c, d, e = word.split(".")
    items[at] = registers.find(int(c), int(d), int(e))
    items[at + 1] += int(scale or 0)
