# SPDX-License-Identifier: MIT
"""Keeps a sound device open: waits for it, watches it, opens it again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from appliance.core.events import Event, FaultCleared, FaultRaised
from appliance.core.signals import Fault
from appliance.hardware.sound_card import DeviceUnavailable, DeviceUnknown

_LOOK_EVERY_S = 0.25
_RETRY_AFTER_S = 2.0


class Device(Protocol):
    """Microphone or Speaker."""

    @property
    def beat_at(self) -> float: ...
    async def open(self) -> None: ...
    async def close(self) -> None: ...


async def keep_open(
    device: Device,
    fault: Fault,
    limit_s: float,
    post: Callable[[Event], None],
    works: asyncio.Event,
) -> None:
    """Open `device`, and again whenever it is silent for `limit_s`; never returns.

    `works` is set while its periods come.

    Raises:
        DeviceUnknown: its name is in no ALSA configuration, and never was.
        CardHung: it cannot even be closed; only a new process helps.
    """
    well, known = True, False
    while True:
        reason = "its clock stopped"
        try:
            await device.open()
            async for _ in _beating(device, limit_s):
                if not well:
                    post(FaultCleared(fault))
                well = known = True
                works.set()
        except DeviceUnavailable as error:
            reason = str(error)
        except DeviceUnknown as error:
            # It was there before: not a wrong name, but ALSA seen at a bad moment.
            if not known:
                raise
            reason = str(error)
        if well:
            post(FaultRaised(fault, reason))
        well = False
        works.clear()
        await device.close()
        await asyncio.sleep(_RETRY_AFTER_S)


async def _beating(device: Device, limit_s: float) -> AsyncIterator[None]:
    """Yield now and then while the device's callbacks come; end when they do not."""
    opened_at = time.monotonic()
    while time.monotonic() - max(opened_at, device.beat_at) < limit_s:
        if device.beat_at > opened_at:
            yield
        await asyncio.sleep(_LOOK_EVERY_S)
