"""What the client of HomeWizard's API that Home Assistant uses says of a device on the network.

A row is {"host": "127.0.0.1:8080"}; the answer {"device", "measurement", "telegram"} with what is known, and
"system", which Home Assistant makes of both. An error is {"cannot": its class and words}.
"""

import asyncio
import contextlib
import dataclasses
import datetime
import enum
import logging

from common import serve

# The client asks for Python 3.12; these two are all that it needs of it.
if not hasattr(enum, "StrEnum"):

    class _StrEnum(str, enum.Enum):
        __str__ = str.__str__

    enum.StrEnum = _StrEnum
if not hasattr(asyncio, "timeout"):

    @contextlib.asynccontextmanager
    async def _timeout(_seconds):
        yield  # serve() ends a row that takes too long

    asyncio.timeout = _timeout

from homewizard_energy import HomeWizardEnergyV1  # noqa: E402
from homewizard_energy.errors import UnsupportedError  # noqa: E402


def plain(model):
    """A model, or what is in one, as JSON has it, without what is not known."""
    if dataclasses.is_dataclass(model):
        model = vars(model)
    if isinstance(model, dict):
        return {key: plain(value) for key, value in model.items() if value is not None}
    if isinstance(model, datetime.datetime):
        return model.isoformat()
    return model


async def ask(host):
    """All that the client asks of a meter."""
    async with HomeWizardEnergyV1(host) as client:
        device = await client.device()
        told = {
            "device": {"name": device.model_name, "id": device.id, "version": device.firmware_version},
            "measurement": plain(await client.measurement()),
        }
        try:
            told["telegram"] = await client.telegram()
        except UnsupportedError:
            told["telegram"] = None
        told["system"] = plain((await client.combined()).system)
        return told


def answer(row):
    """Answer of one device."""
    return asyncio.run(ask(row["host"]))


if __name__ == "__main__":
    logging.disable()
    serve(answer)
