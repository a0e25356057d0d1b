"""wESP32 (Silicognition, ESP32 with Ethernet) with the meter on pin 39."""

NAME = "wesp32"
TITLE = "wESP32"
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
ETH_PHY = "RTL8201"
ETH_ADDR = 0
ETH_MDC = 16
ETH_MDIO = 17
ETH_POWER = None
ETH_CLOCK = 0  # strapping pin
ETH_CLOCK_OUT = False

LEAVE_OUT = ""
