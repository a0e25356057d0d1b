"""M5Stack PoESP32 (ESP32 with Ethernet) with the meter on pin 16."""

NAME = "m5_poesp32"
TITLE = "M5 PoESP32"
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
ETH_PHY = "IP101"
ETH_ADDR = 1
ETH_MDC = 23
ETH_MDIO = 18
ETH_POWER = 5  # strapping pin
ETH_CLOCK = 0  # strapping pin
ETH_CLOCK_OUT = False

LEAVE_OUT = ""
