"""The board this firmware was built for: constants of boards/<name>.py, baked into the image."""

import board_config as config
import machine


def frame_of(text):
    """(bits, parity, stop) for machine.UART of a text such as "8E1"."""
    return int(text[0]), {"N": None, "E": 0, "O": 1}[text[1]], int(text[2])


def open_uart(settings):
    """The meter port, opened by the settings, or by the board where they say nothing.

    Returns (uart, baud, text of the line settings).
    """
    Pin, UART = machine.Pin, machine.UART
    baud = settings["baud"] or config.BAUD
    parity = settings["parity"] or config.PARITY
    invert = settings["invert"] == "on" if settings["invert"] else config.INVERT
    words = "%d %s%s" % (baud, parity, ", inverted" if invert else "")
    if config.RX_KIND == "edges":
        from app.edgeport import EdgeReader

        pin = Pin(config.RX, Pin.IN, Pin.PULL_UP) if config.RX_PULLUP else Pin(config.RX, Pin.IN)
        return EdgeReader(pin, baud, parity, invert), baud, words + ", by edges"
    bits, even_odd, stop = frame_of(parity)
    wanted = {"bits": bits, "parity": even_odd, "stop": stop, "rxbuf": 1536}
    if config.CHIP != "esp8266":
        # A timeout of one character keeps the driver from an interrupt for every octet.
        wanted["timeout_char"] = max(1, 12000 // baud + 1)
        if invert:
            wanted["invert"] = UART.INV_RX
    if config.RX is not None:
        pin = Pin(config.RX, Pin.IN, Pin.PULL_UP) if config.RX_PULLUP else Pin(config.RX)
        if config.CHIP != "esp8266":
            wanted["rx"] = pin
            if config.TX is not None:
                wanted["tx"] = Pin(config.TX)
    uart = UART(config.UART_ID, baud, **wanted)
    if config.CHIP == "esp8266" and invert:
        # No keyword for it on this chip: bit 19 of UART_CONF0, which every init writes anew.
        machine.mem32[0x60000020] |= 1 << 19
    if config.TX is None and config.CHIP == "esp32s2":
        # The driver takes pin 10 for TX when none is given; on some boards that pin measures the supply.
        Pin(10, Pin.IN)
    return uart, baud, words
