"""UTC and local time by a DST rule row, without any library: seconds since 1970, 64-bit safe.

A zone is one octet: (standard offset in quarter hours) << 1 | 1 when the European summer time rule
(directive 2000/84/EC) holds. CET is 9, EET 17, WET 1, UTC 0.
"""

# Cities by class, as the ancestor named them; "Europe/" goes before each. Central, eastern, western.
_CITIES = (
    " Amsterdam Berlin Bratislava Brussels Budapest Copenhagen Ljubljana Luxembourg Madrid Malta Oslo Paris "
    "Podgorica Prague Rome Stockholm Vienna Warsaw Zagreb Zurich Belgrade Sarajevo Skopje Tirana |"
    " Athens Bucharest Helsinki Nicosia Riga Sofia Tallinn Vilnius Kyiv Chisinau |"
    " Belfast Dublin Lisbon London "
)
CENTRAL = 9


def zone(name):
    """Zone octet of a name such as "Europe/Oslo" or "UTC"; None when it is not known."""
    if not name or name == "UTC" or name == "GMT":
        return 0
    at = _CITIES.find(" " + name.split("/")[-1] + " ")
    if at < 0:
        return None
    behind = _CITIES[at:].count("|")  # classes that come after this one
    return CENTRAL if behind == 2 else 17 if behind else 1


def days(year, month, day):
    """Days from 1970-01-01 to a date of the Gregorian calendar."""
    if month < 3:
        year -= 1
        month += 12
    return year * 365 + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469


def date(number):
    """(year, month, day) of a number of days from 1970-01-01."""
    z = number + 719468
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return yoe + era * 400 + (month < 3), month, doy - (153 * mp + 2) // 5 + 1


def _summer(year, utc):
    """True when the European summer time of `year` holds at `utc`: last Sundays, 01:00 UTC."""
    begins = days(year, 3, 31 - (5 * year // 4 + 4) % 7) * 86400 + 3600
    ends = days(year, 10, 31 - (5 * year // 4 + 1) % 7) * 86400 + 3600
    return begins <= utc < ends


def offset(code, utc):
    """Seconds to add to `utc` for the local time of the zone."""
    base = (code >> 1) * 900
    if code & 1 and _summer(date(utc // 86400)[0], utc):
        base += 3600
    return base


def to_utc(code, local, now=None):
    """UTC of a local time of the zone.

    In the hour that comes twice the candidate nearest to `now` is taken, or summer time without it; the
    hour that is left out in March counts as standard time.
    """
    standard = local - (code >> 1) * 900
    if not code & 1:
        return standard
    summer = standard - 3600
    year = date(standard // 86400)[0]
    first = _summer(year, summer)
    second = _summer(year, standard)
    if first and not second:
        if now is not None and abs(now - standard) < abs(now - summer):
            return standard
        return summer
    return summer if first else standard


def meter_utc(stamp, p1, dst, normal_time, code, now=None):
    """UTC seconds of a meter's 12-octet date-time, whose octets are known to be in range.

    p1: made from a P1 timestamp; dst: its letter "S" or "W" (as a number) or 0. normal_time: this maker
    sends the zone's standard time all year and its deviation is not to be trusted (Aidon, Kamstrup).
    """
    year = stamp[0] << 8 | stamp[1]
    local = days(year, stamp[2], stamp[3]) * 86400 + stamp[5] * 3600 + stamp[6] * 60 + stamp[7]
    standard = (code >> 1) * 900
    if p1:
        if dst:
            return local - standard - (3600 if dst == 83 else 0)
        return to_utc(code, local, now)
    if normal_time:
        return local - standard
    deviation = stamp[9] << 8 | stamp[10]
    if deviation == 0x8000:
        return to_utc(code, local, now)
    if deviation > 0x8000:
        deviation -= 0x10000
    return local + deviation * 60
