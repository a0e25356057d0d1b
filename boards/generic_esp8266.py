"""Any ESP8266 module with the meter on the RX pin of its first UART."""

NAME = "generic_esp8266"
TITLE = "ESP8266 module"
CHIP = "esp8266"

# The meter port: UART0 is the only one that receives, so the USB console is shut while we run.
RX_KIND = "uart"
UART_ID = 0
RX = 3
TX = None
REQUEST = None
RX_PULLUP = True
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

BUTTON = None
TEMP = None

# Supply: the chip measures its own.
SUPPLY = "mains"
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
    "app/edgeport app/ether app/folderslots app/heap app/kmppoll app/tls app/web/certs "
    "lib/hanport/_fast lib/hanport/edges lib/hanport/kmp lib/hanport/kmp_frame "
    "lib/hanport/kmp_registers lib/payload/metrics lib/payload/openmetrics lib/pem lib/tlswords umqtt"
)
