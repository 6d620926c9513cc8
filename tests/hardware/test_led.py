# SPDX-License-Identifier: MIT
import asyncio
import itertools
import time
from contextlib import asynccontextmanager

import pytest

from appliance.basics.record import replace
from appliance.core.led_pattern import Glow, LedPattern
from appliance.core.signals import TABLE
from appliance.hardware.led import StatusLed, brightness_steps
from tests.rig.waiting import in_loop, until

GPIO = 12
ON = LedPattern("on", (Glow(1.0, 0.0),))
IDLE = LedPattern("idle", (Glow(None, 0.0),))


def led(brightness: float = 1.0, idle_brightness: float = 0.1) -> StatusLed:
    return StatusLed(pin=GPIO, brightness=brightness, idle_brightness=idle_brightness)


@asynccontextmanager
async def running(light: StatusLed):
    task = asyncio.create_task(light.run())
    yield
    task.cancel()
    light.close()


@in_loop
async def test_levels_are_shares_of_the_brightness(pins):
    light = led(brightness=0.5)
    async with running(light):
        light.show(ON)
        await until(lambda: pins.pin(GPIO).state == 0.5)


@pytest.mark.parametrize("idle_brightness", [0.0, 0.1])
@in_loop
async def test_idle_has_a_brightness_of_its_own_that_may_be_off(pins, idle_brightness):
    light = led(brightness=0.5, idle_brightness=idle_brightness)
    async with running(light):
        light.show(ON)
        await until(lambda: pins.pin(GPIO).state == 0.5)
        light.show(IDLE)
        await until(lambda: pins.pin(GPIO).state == idle_brightness)


@in_loop
async def test_a_new_pattern_does_not_wait_for_the_old_one(pins):
    light = led()
    async with running(light):
        light.show(LedPattern("long", (Glow(0.3, 3600.0), Glow(0.0, 3600.0))))
        await until(lambda: pins.pin(GPIO).state == 0.3)
        light.show(ON)
        await until(lambda: pins.pin(GPIO).state == 1.0)


@in_loop
async def test_a_new_pattern_is_not_missed_at_the_end_of_a_step_of_the_old_one(pins):
    """The step is over, and what comes next has not been looked at yet."""
    light = led()
    async with running(light):
        light.show(LedPattern("pair", (Glow(0.3, 0.01), Glow(0.4, 3600.0))))
        await until(lambda: pins.pin(GPIO).state == 0.3)
        time.sleep(0.02)  # the loop stands still
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the timer has been called, the task not yet
        light.show(ON)
        await until(lambda: pins.pin(GPIO).state == 1.0)


@in_loop
async def test_the_same_pattern_again_keeps_its_rhythm(pins):
    light, pattern = led(), LedPattern("pair", (Glow(1.0, 0.05), Glow(0.0, 3600.0)))
    async with running(light):
        light.show(pattern)
        await until(lambda: pins.pin(GPIO).state == 1.0)
        await until(lambda: pins.pin(GPIO).state == 0.0)
        pins.pin(GPIO).clear_states()
        light.show(pattern)
        for _ in range(10):
            await asyncio.sleep(0)
        assert [state for _, state in pins.pin(GPIO).states] == [0.0]


@in_loop
async def test_closing_turns_the_light_off(pins):
    light = led()
    async with running(light):
        light.show(ON)
        await until(lambda: pins.pin(GPIO).state == 1.0)
    assert pins.pin(GPIO).state == 0


def test_a_steady_light_rests_for_ever():
    assert list(brightness_steps((Glow(0.7, 0.0),), 0.0)) == [(0.7, None)]


def test_a_steady_light_may_be_faded_to():
    way = list(brightness_steps((Glow(1.0, 0.0, 0.2),), 0.0))
    assert [level for level, _ in way] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert way[-1][1] is None


def test_a_blink_holds_each_level():
    way = brightness_steps((Glow(1.0, 0.2), Glow(0.0, 0.3)), 0.5)
    expected = [(1.0, 0.2), (0.0, 0.3), (1.0, 0.2), (0.0, 0.3)]
    assert list(itertools.islice(way, 4)) == expected


def test_a_fade_takes_its_time_in_small_steps_and_starts_at_once():
    (start, *_, peak), (down, *_) = _halves(Glow(1.0, 0.0, 0.8), Glow(0.1, 0.0, 0.8))
    assert start == pytest.approx((0.05, 0.04))
    assert peak == pytest.approx((1.0, 0.04))
    assert down[0] < 1.0


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.situation)
def test_every_pattern_of_the_box_moves_on_and_stays_in_range(row):
    steps = [Glow(step.level or 0.0, step.for_s, step.fade_s) for step in
             row.pattern.steps]  # fmt: skip
    moves = list(itertools.islice(brightness_steps(steps, 1.0), 200))
    assert all(0.0 <= level <= 1.0 for level, _ in moves)
    if len(steps) > 1:
        assert sum(keep_s for _, keep_s in moves) > 1.0


def _halves(up: Glow, down: Glow):
    way = list(itertools.islice(brightness_steps((up, down), 0.0), 40))
    return way[:20], way[20:]


def test_no_way_from_one_pattern_into_another_leaves_what_an_led_can_show():
    """Every level that a pattern passes through may be where the next one begins."""
    steps = {row.pattern.steps for row in TABLE.values()}
    steps = [tuple(replace(s, level=s.level or 0.05) for s in way) for way in steps]
    passed = {0.0, 0.05, 1.0}
    for way in steps:
        passed |= {
            level for level, _ in itertools.islice(brightness_steps(way, 0.0), 200)
        }
    for way, begin in itertools.product(steps, sorted(passed)):
        for level, _ in itertools.islice(brightness_steps(way, begin), 100):
            assert 0.0 <= level <= 1.0
