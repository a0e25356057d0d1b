"""The firmware's rooms: what awaits or touches a pin. Everything else is in lib/."""
