# SPDX-License-Identifier: MIT
"""Tells the conversation which day it is, once the clock knows."""

import asyncio
import time
from collections.abc import Callable
from datetime import date, datetime

from appliance.core.events import DayBegan, Event

#: The date of this line: a clock that shows an earlier one is not set.
_NOT_BEFORE = date(2026, 11, 1).toordinal()
_LOOK_EVERY_S = 20.0


async def watch_date(
    post: Callable[[Event], None], clock: Callable[[], float] = time.time
) -> None:
    """DayBegan at once, and at each local midnight; never returns.

    It looks, rather than sleeps till then: clock and time zone may be set meanwhile.
    """
    told = None
    while True:
        time.tzset()  # localtime_r alone does not see another /etc/localtime
        day = day_of(clock())
        if day is not None and day != told:
            told = day
            post(DayBegan(day))
        await asyncio.sleep(_LOOK_EVERY_S)


def wall_clock_s() -> int:
    """Seconds since 1970, as far as the clock is set."""
    return int(time.time())


def day_of(wall_s: float) -> int | None:
    """The number of the local day (date.toordinal()); None if the clock is not set."""
    day = datetime.fromtimestamp(wall_s).date().toordinal()
    return day if day >= _NOT_BEFORE else None
