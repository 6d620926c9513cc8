# SPDX-License-Identifier: MIT
"""Keeps the sound devices open while they are needed: waits for them, watches them,
opens them again."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol

from appliance.core.events import DevicesReady, Event, FaultCleared, FaultRaised
from appliance.core.liveness import LIMITS_S
from appliance.core.signals import Fault
from appliance.hardware.alarm import Alarm, next_second
from appliance.hardware.card import CardHung, DeviceUnavailable, DeviceUnknown
from appliance.service import systemd

#: Before the first beat. Without it no device is ready.
_AWAIT_EVERY_S = 0.01
_RETRY_AFTER_S = 2.0
#: Without the microphone's heartbeat systemd's watchdog has the last word (20 s).
_LAST_ANSWER_LIMIT_S = 12.0
#: The card still holds up to two periods when the speaker has played out.
_HELD_BY_CARD_S = 0.4


class Device(Protocol):
    """Microphone or Speaker."""

    @property
    def beat_at(self) -> float: ...
    @property
    def reopened_at(self) -> float: ...
    async def open(self) -> None: ...
    async def close(self) -> None: ...


class Demand:
    """Whether a device is needed. While it is not, it rests, closed and in good health.

    Threads: the event loop's only.
    """

    def __init__(self) -> None:
        self._needed, self._changed = True, Alarm()
        self._rests, self._rested_at = False, -math.inf

    def set(self, needed: bool) -> None:
        if needed != self._needed:
            self._needed = needed
            self._changed.ring()

    @property
    def rested_at(self) -> float:
        """When it last rested (monotonic s)."""
        return time.monotonic() if self._rests else self._rested_at

    async def rest(self) -> None:
        """Wait until the device is needed."""
        self._rests = True
        while not self._needed:
            await self._changed.wait()
        self._rests, self._rested_at = False, time.monotonic()

    async def ends(self, until: float) -> bool:
        """Whether the demand ends before the instant `until` (monotonic s)."""
        if self._needed:
            await self._changed.wait(until)
        return not self._needed


async def run_devices(
    microphone: Device,
    speaker: Device,
    need: Demand,
    post: Callable[[Event], None],
    settled: asyncio.Event,
) -> None:
    """Ready once both are real, the network is not waited for; never returns.

    `need` is the microphone's. `settled` is set while nothing is being said, waited
    for or heard. Raises as `keep_open`.
    """
    hears, speaks = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for device, fault, part, works, needed in (
            (microphone, Fault.MICROPHONE, "microphone", hears, need),
            (speaker, Fault.SPEAKER, "speaker", speaks, Demand()),
        ):
            kept = keep_open(device, fault, LIMITS_S[part], post, works, needed)
            group.create_task(_defer_exit(kept, settled) if works is hears else kept)
        starting = group.create_task(systemd.extend_start())
        while not (hears.is_set() and speaks.is_set()):
            await hears.wait()
            await speaks.wait()
        starting.cancel()
        post(DevicesReady())


async def _defer_exit(
    microphone: Coroutine[Any, Any, None], settled: asyncio.Event
) -> None:
    """A card that hangs ends the process, but if possible not before the questions
    asked so far are answered."""
    try:
        await microphone
    except CardHung:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWER_LIMIT_S):
                await settled.wait()
                await asyncio.sleep(_HELD_BY_CARD_S)
        raise


async def keep_open(
    device: Device,
    fault: Fault,
    limit_s: float,
    post: Callable[[Event], None],
    works: asyncio.Event,
    need: Demand,
) -> None:
    """Open `device`, and again whenever it is silent for `limit_s`; never returns.

    It is closed only while it is not needed and known to work. `works` is
    set while its periods come, or would.

    Raises:
        DeviceUnknown: its name is in no ALSA configuration, and never was.
        CardHung: it can be neither opened nor closed; only a new process helps.
    """
    well, known = True, False
    while True:
        reason = "its clock stopped"
        try:
            async for _ in _working(device, limit_s, need):
                if not well:
                    post(FaultCleared(fault))
                well = known = True
                works.set()
        except DeviceUnavailable as error:
            reason = str(error)
        except DeviceUnknown as error:
            # The device existed before: the name is right, ALSA was just being set up.
            if not known:
                raise
            reason = str(error)
        except CardHung as error:
            if well:
                post(FaultRaised(fault, str(error)))
            raise
        if well:
            post(FaultRaised(fault, reason))
        well = False
        works.clear()
        await device.close()
        await asyncio.sleep(_RETRY_AFTER_S)


async def _working(device: Device, limit_s: float, need: Demand) -> AsyncIterator[None]:
    """Open it; yield now and then while its callbacks come, and have it rest while
    nobody needs them; end when they should come and do not."""
    while True:
        await device.open()
        now = opened_at = time.monotonic()
        while (dead_at := _alive_at(device, opened_at) + limit_s) > now:
            if device.beat_at <= opened_at:
                await asyncio.sleep(_AWAIT_EVERY_S)
            else:
                yield
                if await need.ends(until=min(dead_at, next_second(now))):
                    break
            now = time.monotonic()
        else:
            return
        await device.close()
        await need.rest()


def _alive_at(device: Device, opened_at: float) -> float:
    """From when on its next callback is due: opening again takes its time, too."""
    return max(opened_at, device.beat_at, device.reopened_at)
