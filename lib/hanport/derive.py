"""What a telegram implies without saying it. Everything set here is marked DERIVED, never SENT.

The decoder itself tells only what was sent; the firmware derives before it shows and publishes.
"""

from hanport import reading, registers

# Meters of the IT grid (3 x 230 V without neutral) that send the voltage between L1 and L3 as 0.
_IT_MODELS = b"MA304T3 MA304H3E MA304H3 "

_TARIFFS = 8


def derive(r):
    """Fill in the Reading r: the third voltage of an IT grid, totals of tariff counters."""
    model = r.text(reading.MODEL)
    if model is not None and _IT_MODELS.find(model + b" ") >= 0 and not r.get(registers.U_L2):
        u1 = r.get(registers.U_L1)
        u3 = r.get(registers.U_L3)
        if u1 and u3:
            # Two sides of a triangle and the 60 degrees between them: U2^2 = U1^2 - U1 U3 + U3^2 (in mV), of
            # which the integer square root, rounded down (Newton).
            x = n = u1 * u1 - u1 * u3 + u3 * u3
            y = (x + 1) // 2
            while y < x:
                x = y
                y = (x + n // x) // 2
            r.keep(registers.U_L2, x)
            r.have[registers.U_L2] = reading.DERIVED
    _total(r, registers.E_IMPORT, registers.E_IMPORT_T1)
    _total(r, registers.E_EXPORT, registers.E_EXPORT_T1)


def _total(r, total, first):
    """Total of a direction := the sum of its tariffs, when the meter sends only those."""
    if r.have[total]:
        return
    found = value = 0
    for register in range(first, first + _TARIFFS):
        if r.have[register]:
            value += r.value(register)
            found += 1
    # One tariff alone may be one of several that this telegram leaves out.
    if found > 1:
        r.keep(total, value)
        r.have[total] = reading.DERIVED
