"""Pow-U+ (amsleser.no): ESP32-S2 on the meter's own bus power, with a super-capacitor."""

NAME = "pow_u"
TITLE = "Pow-U+"
CHIP = "esp32s2"

# The meter port.
UART_ID = 1
RX = 16
TX = None
RX_PULLUP = True
INVERT = False
BAUD = 2400
PARITY = "8E1"

# Lights: LED is the one that blinks when there is only one to choose.
LED = 14
LED_INVERTED = True
LED_RED = 13
LED_GREEN = 14
LED_BLUE = None
LED_RGB_INVERTED = True
LED_DISABLE = 6  # open drain: low puts out the hard-wired activity light

BUTTON = 0

# Supply, through a divider (kilo-ohm): volts = pin * (GND + VCC) / GND, here * 2.5.
VCC_INTERNAL = False
VCC_PIN = 10
VCC_R_GND = 22
VCC_R_VCC = 33
