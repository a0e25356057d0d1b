"""uHAN mosquito (dbeinder): ESP32-C3 on the meter's own bus power."""

NAME = "uhan_mosquito"
TITLE = "uHAN mosquito"
CHIP = "esp32c3"

# The meter port.
RX_KIND = "uart"
UART_ID = 1
RX = 7
TX = None
REQUEST = None
RX_PULLUP = False
INVERT = False
BAUD = 2400
PARITY = "8E1"

# Lights: LED is the one that blinks when there is only one to choose.
LED = 6
LED_INVERTED = True
LED_RED = 5
LED_GREEN = 6
LED_BLUE = 4
LED_RGB_INVERTED = True
LED_DISABLE = None

BUTTON = 9  # strapping pin
TEMP = None

# Supply: not measured.
SUPPLY = "bus"
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
