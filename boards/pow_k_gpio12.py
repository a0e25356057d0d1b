"""Pow-K (amsleser.no) with an ESP8266 and the meter on pin 12."""

NAME = "pow_k_gpio12"
TITLE = "Pow-K (GPIO12)"
CHIP = "esp8266"

# The meter port: no UART reaches this pin, so its edges are timed (app/edgeport.py).
RX_KIND = "edges"
UART_ID = None
RX = 12
TX = None
REQUEST = None
RX_PULLUP = True
INVERT = False
BAUD = 2400
PARITY = "8E1"

# Lights: LED is the one that blinks when there is only one to choose.
LED = 2  # strapping pin
LED_INVERTED = True
LED_RED = 13
LED_GREEN = 14
LED_BLUE = None
LED_RGB_INVERTED = True
LED_DISABLE = None

BUTTON = 0  # strapping pin
TEMP = None

# Supply: the chip measures its own.
SUPPLY = "module"
SUPPLY_BOOT_MV = None
SUPPLY_SHED_MV = None
SUPPLY_UPDATE_MV = None
VCC_INTERNAL = True
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

LEAVE_OUT = (
    "app/ether app/folderslots app/heap app/kmppoll app/tls app/web/certs lib/hanport/_fast "
    "lib/hanport/kmp lib/hanport/kmp_frame lib/hanport/kmp_registers lib/payload/metrics "
    "lib/payload/openmetrics lib/pem lib/tlswords umqtt"
)
