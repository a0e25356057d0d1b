"""Wemos LOLIN D32 (ESP32) with the meter on pin 16."""

NAME = "lolin_d32"
TITLE = "LOLIN D32"
CHIP = "esp32"

# The meter port.
RX_KIND = "uart"
UART_ID = 2
RX = 16
TX = None
REQUEST = None
RX_PULLUP = True
INVERT = False
BAUD = 2400
PARITY = "8E1"

# Lights: LED is the one that blinks when there is only one to choose.
LED = 5  # strapping pin
LED_INVERTED = True
LED_RED = None
LED_GREEN = None
LED_BLUE = None
LED_RGB_INVERTED = False
LED_DISABLE = None

BUTTON = 4
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
