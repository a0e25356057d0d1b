"""Builds the house and runs it; whatever ends it, the device starts anew."""

import gc

import machine

# Collected often from the beginning, what stays lies close together: later there is room in one piece.
gc.threshold(4096)

try:
    # Inside, so that a version that cannot even be imported restarts too, and is given up after three times.
    from app.house import House

    House().run()
except KeyboardInterrupt:
    # Ctrl-C on the cable asks for the prompt. On an ESP8266 none comes: boot.py gave its cable to the meter.
    machine = None
except Exception as e:
    try:
        from app.restart import FELL, Restart

        Restart().note(FELL, b"start", 0, 0, type(e).__name__.encode())
    except ImportError:
        pass  # the version is so broken that it cannot say why
finally:
    if machine:
        machine.reset()
