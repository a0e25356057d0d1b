"""The simulated device on this machine: no pins; the meter port is what the runner hands in."""

NAME = "host"
TITLE = "simulated device"
CHIP = "unix"

# The meter port.
UART_ID = 1
RX = None
TX = None
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

# Supply: not measured.
VCC_INTERNAL = False
VCC_PIN = None
VCC_R_GND = None
VCC_R_VCC = None
