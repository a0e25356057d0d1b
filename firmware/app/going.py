"""What is kept going, by number: first what only ticks, then the tasks, which wait.

The supervisor keeps it going, the house knows what it is, the watchdog tells which of it stood still.
"""

from micropython import const

# On every device.
TASKS = const(0)
MAIN = const(1)
NETWORK = const(2)
TOTALS = const(3)
UPDATE = const(4)
WATCHDOG = const(5)
# Where the board has them, and what depends on the settings.
PLAYER = const(6)
LIGHTS = const(7)
BUTTON = const(8)
SUPPLY = const(9)
METER = const(10)
TICKING = const(11)  # so many
# The tasks.
WEB = const(11)
CLOCK = const(12)
WAY = const(13)
PORTAL = const(14)
# Those that depend on the settings.
PUBLISHER = const(15)
MQTT = const(16)
COUNT = const(17)

# In octets and one piece, for the watchdog's interrupt takes a name out of it without making anything.
NAMES = (
    b"tasks|main|network|totals|update|watchdog|light player|lights|button|supply|meter port|"
    b"web page|clock|way to the network|set-up mode|publisher|mqtt|without a name"
)
