# SPDX-License-Identifier: MIT
"""Waits for the GPIO lines, as the box waits for its sound cards."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TypeVar

from appliance.core.signals import TABLE, Signal
from appliance.hardware.gpio import GpioUnavailable
from appliance.hardware.led import StatusLed
from appliance.service import systemd

log = logging.getLogger(__name__)
_ROW = TABLE[Signal.GPIO]
#: Between two tries, one round of the blink code is shown.
_RETRY_AFTER_S = sum(step.for_s for step in _ROW.pattern.steps)
_T = TypeVar("_T")


async def until_claimed(
    build: Callable[[], _T], status_led: Callable[[], StatusLed]
) -> _T:
    """What `build` returns once it raises no GpioUnavailable.

    Until then the journal names each reason once, and the LED that `status_led` returns
    blinks, unless that raises GpioUnavailable, too. Raises GpioUnknown.
    """
    starting = asyncio.create_task(systemd.extend_start())
    reason = ""
    try:
        while True:
            try:
                return build()
            except GpioUnavailable as error:
                if str(error) != reason:
                    reason = str(error)
                    _tell(reason)
            await _blink(status_led)
    finally:
        starting.cancel()


def _tell(reason: str) -> None:
    line = f"{_ROW.situation} ({reason}). {_ROW.advice}"
    log.error("%s", line, extra={"MESSAGE_ID": _ROW.message_id})
    systemd.status(f"{line[:1].upper()}{line[1:]}")


async def _blink(status_led: Callable[[], StatusLed]) -> None:
    """One round of the blink code, or as long without an LED."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_RETRY_AFTER_S):
            try:
                led = status_led()
            except GpioUnavailable:
                await asyncio.Event().wait()
            try:
                led.show(_ROW.pattern)
                await led.run()
            finally:
                led.close()
