# SPDX-License-Identifier: MIT
"""The only door into the conversation."""

import asyncio
import time

from appliance.core.events import Event, TimePassed

#: `next` returns at least this often, so that its heartbeat means something.
_LONGEST_WAIT_S = 1.0


class Inbox:
    """Events in the order in which they were posted.

    Threads: `post` from any thread, the rest from the event loop only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        #: When the conversation last came back for an event (monotonic s).
        self.beat_at = time.monotonic()

    def post(self, event: Event) -> None:
        """Hand over `event`; never blocks."""
        self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def next(self, deadline: float | None) -> Event:
        """The next event, or TimePassed at `deadline` (monotonic s)."""
        now = self.beat_at = time.monotonic()
        latest = now + _LONGEST_WAIT_S
        due = latest if deadline is None else min(latest, deadline)
        try:
            async with asyncio.timeout(max(0.0, due - now)):
                return await self._events.get()
        except TimeoutError:
            # After a stall of the loop, what happened comes before what is overdue.
            empty = self._events.empty()
            return TimePassed() if empty else self._events.get_nowait()
