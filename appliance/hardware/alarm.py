# SPDX-License-Identifier: MIT
"""Cheap waits with a deadline."""

import asyncio
import math


class Alarm:
    """Wakes its only waiter when it rings, or at a deadline.

    asyncio.timeout() around an Event does the same, but raises an exception at each
    deadline; some of these pass 25 times a second.

    Threads: the event loop's only; others use call_soon_threadsafe(alarm.ring).
    """

    def __init__(self) -> None:
        self._has_rung = False
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """End the current wait; if there is none, the next."""
        self._has_rung = True
        self._wake()

    async def wait(self, until: float | None = None) -> bool:
        """Wait for a ring, or for `until` (monotonic s); return whether it rang."""
        if not self._has_rung:
            await self._sleep(until)
        has_rung, self._has_rung = self._has_rung, False
        return has_rung

    async def _sleep(self, until: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = None if until is None else loop.call_at(until, self._wake)
        try:
            await self._waiting
        finally:
            if timer:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)


def next_second(now: float) -> float:
    """When to look again (monotonic s) at what is checked once a second.

    All such checks fall on the same instant: at rest the wake-up is the cost, not the
    check (cf. round_jiffies(), Linux, kernel/time/timer.c).
    """
    return math.floor(now) + 1.0
