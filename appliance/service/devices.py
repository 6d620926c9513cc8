# SPDX-License-Identifier: MIT
"""Keeps the sound devices open: waits for them, watches them, opens them again."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol

from appliance.core.events import DevicesReady, Event, FaultCleared, FaultRaised
from appliance.core.liveness import LIMITS_S
from appliance.core.signals import Fault
from appliance.hardware.sound_card import CardHung, DeviceUnavailable, DeviceUnknown
from appliance.service import systemd

#: Before the first beat: nobody is ready until it comes.
_AWAIT_EVERY_S = 0.01
_RETRY_AFTER_S = 2.0
#: Without the microphone's heartbeat systemd's watchdog has the last word (20 s).
_LAST_ANSWER_LIMIT_S = 12.0


class Device(Protocol):
    """Microphone or Speaker."""

    @property
    def beat_at(self) -> float: ...
    async def open(self) -> None: ...
    async def close(self) -> None: ...


async def keep_both_open(
    microphone: Device,
    speaker: Device,
    post: Callable[[Event], None],
    settled: asyncio.Event,
) -> None:
    """Ready once both are real, the network is not waited for; never returns.

    `settled` is set while nothing is being said, waited for or heard. Raises as
    `keep_open`.
    """
    hears, speaks = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for device, fault, part, works in (
            (microphone, Fault.MICROPHONE, "microphone", hears),
            (speaker, Fault.SPEAKER, "speaker", speaks),
        ):
            kept = keep_open(device, fault, LIMITS_S[part], post, works)
            group.create_task(_outlive(kept, settled) if works is hears else kept)
        starting = group.create_task(systemd.extend_start())
        while not (hears.is_set() and speaks.is_set()):
            await hears.wait()
            await speaks.wait()
        starting.cancel()
        post(DevicesReady())


async def _outlive(
    microphone: Coroutine[Any, Any, None], settled: asyncio.Event
) -> None:
    """A card that hangs takes the process with it: not before what was said by then
    has been answered, if that is soon."""
    try:
        await microphone
    except CardHung:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWER_LIMIT_S):
                await settled.wait()
        raise


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
    now = opened_at = time.monotonic()
    while (left_s := max(opened_at, device.beat_at) + limit_s - now) > 0:
        beats = device.beat_at > opened_at
        if beats:
            yield
        await asyncio.sleep(left_s if beats else _AWAIT_EVERY_S)
        now = time.monotonic()
