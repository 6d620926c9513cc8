# SPDX-License-Identifier: MIT
"""Local midnight, as the clock has it, once it is set."""

import asyncio
import os
import time
from datetime import date, datetime

import pytest

from appliance.core.events import DayBegan
from appliance.service import calendar
from appliance.service.calendar import day_of, watch_date
from tests.rig.waiting import in_loop, until

DAY = date(2027, 3, 28).toordinal()


@pytest.fixture
def berlin(monkeypatch):
    """Where that day has 23 hours."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(*when) -> float:
    return datetime(*when).timestamp()


def test_a_day_begins_at_local_midnight(berlin):
    assert day_of(at(2027, 3, 28, 0, 0, 0)) == DAY
    assert day_of(at(2027, 3, 28, 0, 0, 0) - 0.1) == DAY - 1
    assert day_of(at(2027, 3, 28, 23, 59, 59)) == DAY


@pytest.mark.parametrize("wall_s", [0.0, at(2025, 12, 31)])
def test_a_clock_that_is_not_set_tells_no_day(wall_s):
    assert day_of(wall_s) is None


@in_loop
async def test_each_day_is_told_once_as_soon_as_the_clock_is_set(monkeypatch):
    monkeypatch.setattr(calendar, "_LOOK_EVERY_S", 0.0)
    midnight = at(2027, 3, 28)
    clock = [0.0]
    told, looked = [], 0

    def now():
        nonlocal looked
        looked += 1
        return clock[0]

    async def looks(times=3):
        since = looked
        await until(lambda: looked > since + times)

    task = asyncio.create_task(watch_date(told.append, now))
    await looks()
    assert told == []
    clock[0] = midnight - 1
    await looks()
    clock[0] = midnight
    await looks()
    assert told == [DayBegan(DAY - 1), DayBegan(DAY)]
    task.cancel()


@in_loop
async def test_another_time_zone_is_another_midnight_without_a_restart(berlin):
    """As `timedatectl set-timezone` does it: nobody tells the process."""
    told, wall_s = [], at(2027, 3, 28, 23, 30)
    watching = asyncio.create_task(watch_date(told.append, lambda: wall_s))
    await until(lambda: told)
    watching.cancel()
    os.environ["TZ"] = "Asia/Tokyo"
    watching = asyncio.create_task(watch_date(told.append, lambda: wall_s))
    await until(lambda: len(told) == 2)
    watching.cancel()
    assert told == [DayBegan(DAY), DayBegan(DAY + 1)]


@in_loop
async def test_midnight_is_noticed_within_a_minute_without_much_waking_up(monkeypatch):
    wall_s, told, naps = at(2027, 3, 28) - 1, [], []

    async def nap(seconds):
        nonlocal wall_s
        naps.append(seconds)
        wall_s += seconds
        await real_sleep(0)

    real_sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", nap)
    watching = asyncio.create_task(watch_date(told.append, lambda: wall_s))
    while len(told) < 2:
        await real_sleep(0)
    watching.cancel()
    assert len(naps) <= 2
    assert 10 <= max(naps) <= 30
