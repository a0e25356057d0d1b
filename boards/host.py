"""The simulated device on this machine: no pins; the meter port is what the runner hands in."""

NAME = "host"
TITLE = "simulated device"
CHIP = "unix"

# The meter port.
RX_KIND = "uart"
UART_ID = 1
RX = None
TX = None
REQUEST = None
RX_PULLUP = False
INVERT = False
BAUD = 2400
PARITY = "8E1"

# Lights: none.
LED = None
LED_INVERTED = False
LED_RED = None
LED_GREEN = None
LED_BLUE = None
LED_RGB_INVERTED = False
LED_DISABLE = None

BUTTON = None
TEMP = None

# Supply: not measured.
SUPPLY = "mains"
SUPPLY_BOOT_MV = None
SUPPLY_SHED_MV = None
SUPPLY_UPDATE_MV = None
VCC_INTERNAL = False
VCC_PIN = None
VCC_R_GND = None
VCC_R_VCC = None
VCC_SCALE = 1000

# Ethernet: none.
ETH_PHY = None
ETH_ADDR = None
ETH_MDC = None
ETH_MDIO = None
ETH_POWER = None
ETH_CLOCK = None
ETH_CLOCK_OUT = None

LEAVE_OUT = ""
