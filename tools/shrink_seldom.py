"""The functions that run seldom, for shrink_apart.py: a row is a module apart, loaded for what goes together.

A line names a row, a module of ours and its functions there, as they are spelt in the source. Not here: what
runs for every octet or telegram, in an interrupt, or when memory ran out (a module apart needs some to be
loaded). What the shrinker cannot follow stays where it is, whether or not it is named here.
"""

_ROWS = """
start   app.house House._outside House._furnish House._open_kmp House._begin House.apply House._leave
start   app.house House.restart_soon House._restart
start   app.board open_uart frame_of
start   app.net Net._way Net._wanted
start   payload.formats load _rows
start   label network host password
file    app.store _line _read _whole load load_octets save forget remove
file    app.marker _record _parts marked running mark trial confirm
file    app.kept Kept.save
values  settings rows _range _number _checked _wanted check migrate label form_rows dump parse
clock   app.clock request utc Clock.ask Clock._exchange
clock   app.port rtc_fields
broker  app.mqtt Mqtt._open Mqtt._secure Mqtt._compose Mqtt._ask_for Mqtt._lost Mqtt._words
broker  app.mqtt Mqtt._farewell octets
broker  app.link Link.attach Link._forget Link.rest Link.standing Link.drop
broker  brokerwords sentence words
radio   app.wifi Path.fixed Path.name Wifi._outcome Wifi._ssid Wifi._strongest Wifi.scan Wifi.radio
radio   app.wifi _stats
status  app.web.status _lamps _counters _age _mqtt _network _write write ancestor_states
status  app.wifi Path.local
reading payload.fulljson stamp _clock medium _submeters _listed write
old     payload.ancestor _phase write
old     payload.asked fresh net number part hexed kind
"""


def rows():
    """A list of rows of (module, [names])."""
    found = {}
    for line in _ROWS.strip().split("\n"):
        row, module, *names = line.split()
        found.setdefault(row, []).append((module, names))
    return list(found.values())
