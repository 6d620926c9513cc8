# SPDX-License-Identifier: MIT
"""The talk button, read by its level: edges bounce, and get lost."""

import asyncio
import math
import threading
import time
from collections.abc import Callable

from appliance.core.events import Event, TalkPressed, TalkReleased
from appliance.hardware.alarm import Alarm, next_second
from appliance.hardware.gpio import claim_button

HELD_POLL_S = 0.25


class TalkButton:
    """The button on GPIO line `pin`; posts TalkPressed and TalkReleased in turn.

    An edge, debounced by the kernel, is only a reason to read the level, and not the
    only one: `run` also reads it at intervals, so a lost edge heals.

    Threads: the event loop's; with lgpio, posts from gpiozero's, too.
    """

    def __init__(
        self,
        *,
        pin: int,
        active_low: bool,
        bounce_ms: int,
        post: Callable[[Event], None],
    ) -> None:
        """Raises GpioUnavailable."""
        self.beat_at = -math.inf
        self._bounce_s = bounce_ms / 1000
        self._post = post
        self._lock = threading.Lock()
        self._is_pressed = False
        self._moved = Alarm()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._button = claim_button(
            pin, active_low=active_low, bounce_s=self._bounce_s or None
        )
        self._button.when_activated = self._read
        self._button.when_deactivated = self._read

    async def run(self) -> None:
        """Post what the edges missed, for ever; `beat_at` is when it last looked.

        Raises GpioUnavailable once the chip is gone.
        """
        self._loop = asyncio.get_running_loop()
        while True:
            self.beat_at = time.monotonic()
            if self._button.is_active != self._is_pressed:
                # It may be bouncing: only a level that lasts counts.
                await asyncio.sleep(self._bounce_s)
                self._read()
            await self._moved.wait(self._next_look())

    def close(self) -> None:
        """Release the line."""
        self._button.close()

    def _next_look(self) -> float:
        now = time.monotonic()
        return now + HELD_POLL_S if self._is_pressed else next_second(now)

    def _read(self) -> None:
        with self._lock:
            level = self._button.is_active
            if level == self._is_pressed:
                return
            self._is_pressed = level
            now = time.monotonic()
            self._post(TalkPressed(now) if level else TalkReleased(now))
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._moved.ring)
