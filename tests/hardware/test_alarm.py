# SPDX-License-Identifier: MIT
import asyncio
import time

from appliance.hardware.alarm import Alarm, next_second
from tests.rig.waiting import in_loop


@in_loop
async def test_ringing_ends_the_wait():
    alarm = Alarm()
    waiting = asyncio.ensure_future(alarm.wait(time.monotonic() + 3600))
    await asyncio.sleep(0)
    alarm.ring()
    alarm.ring()
    assert await waiting is True


@in_loop
async def test_what_rang_before_the_wait_ends_it_and_only_that_one():
    alarm = Alarm()
    alarm.ring()
    assert await alarm.wait() is True
    assert await alarm.wait(time.monotonic() + 0.01) is False


@in_loop
async def test_it_never_ends_before_its_time():
    until = time.monotonic() + 0.02
    assert await Alarm().wait(until) is False
    assert time.monotonic() >= until


@in_loop
async def test_after_a_cancelled_wait_it_rings_for_the_next_one():
    alarm = Alarm()
    waiting = asyncio.ensure_future(alarm.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    alarm.ring()
    assert await alarm.wait() is True


def test_what_is_looked_at_once_a_second_is_looked_at_together():
    assert {next_second(at) for at in (7.0, 7.01, 7.99)} == {8.0}
