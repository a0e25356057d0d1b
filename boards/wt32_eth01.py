"""Wireless-Tag WT32-ETH01 (ESP32 with Ethernet) with the meter on pin 39."""

NAME = "wt32_eth01"
TITLE = "WT32-ETH01"
CHIP = "esp32"

# The meter port.
RX_KIND = "uart"
UART_ID = 2
RX = 39  # input only, and without a pull-up inside
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

# Ethernet: a chip on the RMII pins.
ETH_PHY = "LAN8720"
ETH_ADDR = 1
ETH_MDC = 23
ETH_MDIO = 18
ETH_POWER = 16  # switches the 50 MHz oscillator on
ETH_CLOCK = 0  # strapping pin
ETH_CLOCK_OUT = False

LEAVE_OUT = ""
