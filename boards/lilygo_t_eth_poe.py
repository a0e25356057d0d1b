"""LilyGO T-ETH-POE (ESP32 with Ethernet) with the meter on pin 39."""

NAME = "lilygo_t_eth_poe"
TITLE = "LilyGO T-ETH-POE"
CHIP = "esp32"

# The meter port.
RX_KIND = "uart"
UART_ID = 1
RX = 39  # input only, and without a pull-up inside
TX = None
REQUEST = None
RX_PULLUP = False
INVERT = False
BAUD = 2400
PARITY = "8E1"

# Lights: LED is the one that blinks when there is only one to choose.
LED = 2  # strapping pin
LED_INVERTED = True
LED_RED = None
LED_GREEN = None
LED_BLUE = None
LED_RGB_INVERTED = False
LED_DISABLE = None

BUTTON = 0  # strapping pin
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

# Ethernet: a chip on the RMII pins.
ETH_PHY = "LAN8720"
ETH_ADDR = 0
ETH_MDC = 23
ETH_MDIO = 18
ETH_POWER = 5  # strapping pin
ETH_CLOCK = 17
ETH_CLOCK_OUT = True

LEAVE_OUT = ""
