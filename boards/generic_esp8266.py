"""Any ESP8266 module with the meter on the RX pin of its first UART."""

NAME = "generic_esp8266"
TITLE = "ESP8266 module"
CHIP = "esp8266"

# The meter port: UART0 is the only one that receives, so the USB console is shut while we run.
UART_ID = 0
RX = 3
TX = None
RX_PULLUP = True
INVERT = False
BAUD = 2400
PARITY = "8E1"

# Lights: LED is the one that blinks when there is only one to choose.
LED = 2
LED_INVERTED = True
LED_RED = None
LED_GREEN = None
LED_BLUE = None
LED_RGB_INVERTED = False
LED_DISABLE = None

BUTTON = None

# Supply: the chip measures its own.
VCC_INTERNAL = True
VCC_PIN = None
VCC_R_GND = None
VCC_R_VCC = None
