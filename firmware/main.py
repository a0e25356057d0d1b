"""Builds the house and runs it; whatever ends it, the device starts anew."""

import machine

from app.house import House

try:
    House().run()
finally:
    machine.reset()
