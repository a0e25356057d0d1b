"""Why there is no number yet, and what the owner can do about each fault; loaded when there is a reason."""

# One row a code of fault.py, in order.
_ROWS = (
    "\n"
    "Check speed, parity and inversion of the port.\n"
    "Usually noise on the line; check the cable and the parity.\n"
    "Usually noise on the line; check the cable and the parity.\n"
    "Octets were lost on the way; check the cable and the speed.\n"
    "Octets were lost or the line fell silent; check the cable.\n"
    "Raise the buffer size in the settings.\n"
    "Usually noise on the line; check the cable.\n"
    "Nothing to do if readings come.\n"
    "Usually noise on the line; check the level converter.\n"
    "Octets were lost on the way; check the speed.\n"
    "Wait for the next telegram; octets were lost.\n"
    "Send us the frame: this meter is new to us.\n"
    "Send us the frame: this meter is new to us.\n"
    "Send us the frame: this meter is new to us.\n"
    "Send us the frame: this meter is new to us.\n"
    "Send us the frame, or check the decryption key.\n"
    "Send us the frame, or check the decryption key.\n"
    "Send us the frame, or check the decryption key.\n"
    "Send us the frame: this meter is new to us.\n"
    "Send us the frame: this meter is new to us.\n"
    "Ask your grid company for the key and enter it.\n"
    "Check both keys; they may be swapped.\n"
    "Check the encryption key.\n"
    "Send us the frame: this meter is new to us.\n"
    "Octets were lost on the way; check the cable.\n"
    "Wait for the next telegram; octets were lost.\n"
    "Send us the frame: a unit is new to us.\n"
    "Nothing to do if readings come.\n"
    "Send us the telegram: this meter is new to us.\n"
    "Check speed and parity of the port.\n"
    "Nothing to do if it happens once: the meter restarted.\n"
    "Enter each key in the other's place.\n"
    "Enter the authentication key.\n"
    "Check both wires and the speed (9600 for electricity meters, 1200 for heat and water meters); press a "
    "key of a battery meter to wake its port. While the push of a meter is on, its port answers nothing: "
    "then read the push instead.\n"
    "Ask your grid company to switch on the HAN push (DLMS) of this meter and to give you its keys GPK60 "
    "and GPK61, or to open KMP without encryption. Key GPK11 alone does not help: how it is used is not "
    "public.\n"
    "Usually noise or light from outside; check the cable, or how the optical head sits.\n"
    "The optical head sees itself, or TX and RX touch: check how the head sits and the wire to the meter.\n"
    "Use a board with TX on the meter port, or ask your grid company to switch on the push of the meter.\n"
    "Switch off what you do not need (a second format, TLS), or make the buffer smaller in the settings.\n"
)


def of(code):
    """One action, or an empty string."""
    at = 0
    for _ in range(code):
        at = _ROWS.find("\n", at) + 1
    return _ROWS[at : _ROWS.find("\n", at)]


def sentence(findings, line, framing):
    """One sentence about a doctor.Findings with these lamps of its own, whose last one is not "good"."""
    if line == "off":
        return "Waiting for the first octets from the meter."
    if line == "bad":
        if findings.last_octet is None:
            return (
                "Nothing comes from the meter: its port is closed (ask your grid company to open it), "
                "or the cable is not in."
            )
        return "The meter has fallen silent: check the cable."
    if framing == "off":
        return "Octets come; waiting for the first whole telegram."
    fault = findings.last_fault
    if framing != "good":
        if fault:
            return "Octets come, but no whole telegram: %s. %s" % (findings.words, of(fault))
        return "Octets come, but no telegram is recognised: speed, parity or inversion of the port is wrong."
    if fault:
        return "Telegrams come, but %s. %s" % (findings.words, of(fault))
    return "Telegrams come; waiting for the first values."
