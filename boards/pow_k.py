"""Pow-K+ (amsleser.no): ESP32-S2 on the meter's own bus power, with a super-capacitor."""

NAME = "pow_k"
TITLE = "Pow-K+"
CHIP = "esp32s2"

# The meter port.
RX_KIND = "uart"
UART_ID = 1
RX = 16
TX = 9
REQUEST = None
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

BUTTON = 0  # strapping pin
TEMP = None

# Supply, through a divider (kilo-ohm): volts = pin * (GND + VCC) / GND, here * 2.5.
SUPPLY = "bus"
SUPPLY_BOOT_MV = None
SUPPLY_SHED_MV = None
SUPPLY_UPDATE_MV = None
VCC_INTERNAL = False
VCC_PIN = 10
VCC_R_GND = 22
VCC_R_VCC = 33
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
