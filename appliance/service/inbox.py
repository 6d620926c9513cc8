# SPDX-License-Identifier: MIT
"""The only door into the conversation."""

import asyncio
import threading
import time
from collections import deque

from appliance.core.events import Event, PeriodCaptured, TimePassed

#: `next` returns at least this often, so that its heartbeat means something.
_LONGEST_WAIT_S = 1.0


class Inbox:
    """Events in the order in which they were posted.

    Threads: `post` from any thread, the rest from the event loop only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.get_ident()
        self._events: deque[Event] = deque()
        self._woken = loop.create_future()
        #: Nothing hangs on what is captured now: `next` does not return for it. A box
        #: that rests is woken by the press, not by each period of its microphone.
        self.lets_capture_wait = False
        #: When the conversation last came back for an event (monotonic s).
        self.beat_at = time.monotonic()

    def post(self, event: Event) -> None:
        """Hand over `event`; never blocks."""
        # Before the look at lets_capture_wait: who sets that looks at the events after.
        self._events.append(event)
        if self.lets_capture_wait and isinstance(event, PeriodCaptured):
            return
        if threading.get_ident() == self._thread:
            self._wake()
        else:
            self._loop.call_soon_threadsafe(self._wake)

    async def next(self, deadline: float | None) -> Event:
        """The next event, or TimePassed at `deadline` (monotonic s)."""
        now = self.beat_at = time.monotonic()
        latest = now + _LONGEST_WAIT_S
        due = latest if deadline is None else min(latest, deadline)
        if not self._events:
            await self._wait(due)
        # After a stall of the loop, what happened comes before what is overdue.
        return self._events.popleft() if self._events else TimePassed()

    async def _wait(self, until: float) -> None:
        # No post is missed: _wake runs on the loop, so not between the look at the
        # events and this.
        self._woken = self._loop.create_future()
        timer = self._loop.call_at(until, self._end_wait)
        try:
            await self._woken
        finally:
            timer.cancel()

    def _wake(self) -> None:
        if self._events:
            self._end_wait()

    def _end_wait(self) -> None:
        if not self._woken.done():
            self._woken.set_result(None)
