# SPDX-License-Identifier: MIT
"""The only door into the conversation."""

import asyncio
import threading
import time
from collections import deque

from appliance.core.events import Event, PeriodCaptured, TimePassed
from appliance.hardware.alarm import Alarm, next_second


class Inbox:
    """Events in the order in which they were posted.

    Threads: `post` from any thread, the rest from the event loop only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.get_ident()
        self._events: deque[Event] = deque()
        self._filled = Alarm()
        #: No decision depends on the periods captured now, so `next` does not return
        #: for them: a press wakes a box at rest, not each period of its microphone.
        self.may_defer_capture = False
        #: When the conversation last came back for an event (monotonic s).
        self.beat_at = time.monotonic()

    def post(self, event: Event) -> None:
        """Hand over `event`; never blocks."""
        # Before may_defer_capture is read: the task that sets it reads events later.
        self._events.append(event)
        if self.may_defer_capture and isinstance(event, PeriodCaptured):
            return
        if threading.get_ident() == self._thread:
            self._filled.ring()
        else:
            self._loop.call_soon_threadsafe(self._filled.ring)

    async def next(self, deadline: float | None) -> Event:
        """The next event, or TimePassed at `deadline` (monotonic s)."""
        now = self.beat_at = time.monotonic()
        # At least once a second: this is the heartbeat.
        latest = next_second(now)
        due = latest if deadline is None else min(latest, deadline)
        # The event that rang may have been taken already.
        while not self._events and await self._filled.wait(due):
            pass
        # After a stall of the loop, events come before overdue deadlines.
        return self._events.popleft() if self._events else TimePassed()
