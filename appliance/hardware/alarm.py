# SPDX-License-Identifier: MIT
"""Waits that end when somebody calls, or at a time, and cost little."""

import asyncio
import math


class Alarm:
    """Wakes the one who waits: when it rings, or at a time.

    asyncio.timeout() around an Event does the same, with an exception each time that
    nobody calls; some of these end 25 times a second.

    Threads: the event loop's only; others ring by call_soon_threadsafe().
    """

    def __init__(self) -> None:
        self._has_rung = False
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """End the wait; if there is none, the next one."""
        self._has_rung = True
        self._wake()

    async def wait(self, until: float | None = None) -> bool:
        """Until it rings, or `until` (monotonic s); whether it has rung."""
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
    """When to look again (monotonic s) at what is looked at once a second: all of it
    together, for to wake up is what costs a box that rests (cf. round_jiffies(),
    Linux, kernel/time/timer.c)."""
    return math.floor(now) + 1.0
