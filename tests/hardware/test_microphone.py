# SPDX-License-Identifier: MIT
import asyncio
import itertools
import math
import random
import time

import pytest

from appliance.core.events import CaptureOverran, PeriodCaptured
from appliance.hardware.card import Choice
from appliance.hardware.microphone import CaptureClock, Microphone
from appliance.hardware.sound_card import AlsaCard
from tests.hardware.posted import Posted
from tests.rig.waiting import in_loop, noise, until

PERIOD = 2048
PERIOD_S = 0.128


def microphone(posted: Posted) -> Microphone:
    return Microphone(
        AlsaCard(), device=Choice(pcm="microphone"), period_frames=PERIOD, post=posted
    )


def pcm_of(posted: Posted) -> bytes:
    return b"".join(period.pcm for period in posted.of(PeriodCaptured))


@in_loop
async def test_every_frame_the_card_gave_is_posted_and_no_other(virtual_card):
    said, posted = noise(6 * PERIOD), Posted()
    mic = microphone(posted)
    virtual_card.say(said)
    await mic.open()
    await until(lambda: len(posted.of(PeriodCaptured)) >= 8)
    await mic.close()
    heard = pcm_of(posted)
    spoken = virtual_card.spoken()
    # The card's thread may be cut off while it hands over the last period.
    common = min(len(heard), len(spoken))
    assert abs(len(heard) - len(spoken)) <= 2 * PERIOD
    assert heard[:common] == spoken[:common]
    assert heard.startswith(said)
    assert not any(heard[len(said) :])


@in_loop
async def test_the_asked_for_period_and_rate_are_granted(virtual_card):
    posted = Posted()
    mic = microphone(posted)
    await mic.open()
    period = await posted.first(PeriodCaptured)
    await mic.close()
    assert len(period.pcm) == 2 * PERIOD
    (start,) = virtual_card.starts("microphone")
    assert (start.period_frames, start.buffer_frames) == (PERIOD, 2 * PERIOD)
    assert start.frame_s == pytest.approx(1 / 16_000)


@in_loop
async def test_a_period_ends_when_its_last_frame_was_taken(virtual_card):
    posted = Posted()
    mic = microphone(posted)
    await mic.open()
    await until(lambda: len(posted.of(PeriodCaptured)) >= 6)
    await mic.close()
    for number, period in enumerate(posted.of(PeriodCaptured), start=1):
        taken_at = virtual_card.time_of_microphone_frame(number * PERIOD)
        assert -0.005 < period.ended_at - taken_at < 1.0


@in_loop
async def test_a_stall_stops_the_heartbeat_and_a_new_stream_recovers(virtual_card):
    posted = Posted()
    mic = microphone(posted)
    await mic.open()
    await posted.first(PeriodCaptured)
    virtual_card.fault("microphone", "stall")
    await until(lambda: time.monotonic() - mic.beat_at > 4 * PERIOD_S)
    await mic.close()
    stalled_at = mic.beat_at
    virtual_card.fault("microphone", None)
    posted.clear()
    await mic.open()
    await posted.first(PeriodCaptured)
    assert mic.beat_at > stalled_at
    await mic.close()


@in_loop
async def test_lost_frames_are_told_before_the_next_period(virtual_card):
    posted = Posted()
    mic = microphone(posted)
    await mic.open()
    await posted.first(PeriodCaptured)
    virtual_card.fault("microphone", "xrun")
    await posted.first(CaptureOverran)
    await until(lambda: isinstance(posted[-1], PeriodCaptured))
    await mic.close()
    told = sum(isinstance(event, CaptureOverran) for event in posted)
    assert len(virtual_card.starts("microphone")) == 1 + told


@in_loop
async def test_no_period_is_lost_while_the_event_loop_stands_still(virtual_card):
    said, posted = noise(10 * PERIOD), Posted()
    mic = microphone(posted)
    virtual_card.say(said)
    await mic.open()
    await posted.first(PeriodCaptured)
    time.sleep(4 * PERIOD_S)  # the loop, not the test, is what waits here
    await until(lambda: len(pcm_of(posted)) >= len(said))
    await mic.close()
    assert pcm_of(posted).startswith(said)


@in_loop
async def test_closing_twice_and_opening_again_is_fine(virtual_card):
    posted = Posted()
    mic = microphone(posted)
    assert mic.beat_at == -math.inf
    for _ in range(3):
        await mic.open()
        await mic.close()
        await mic.close()
    await asyncio.sleep(0)
    assert posted == []


def test_callbacks_that_come_late_do_not_move_the_clock():
    clock, lateness = CaptureClock(PERIOD_S), random.Random(1)
    first = clock.ended_at(100.0, False)
    assert first == 100.0
    for number in range(1, 200):
        ended_at = 100.0 + number * PERIOD_S
        stamped = clock.ended_at(ended_at + lateness.random() * 0.06, False)
        assert ended_at <= stamped < ended_at + 0.008


def test_a_clock_that_began_late_is_put_right_by_a_punctual_callback():
    clock = CaptureClock(PERIOD_S)
    clock.ended_at(100.05, False)
    assert clock.ended_at(100.0 + PERIOD_S, False) == 100.0 + PERIOD_S


@pytest.mark.parametrize("ppm", [-200, 200])
def test_the_clock_follows_a_card_that_runs_fast_or_slow(ppm):
    clock, period_s = CaptureClock(PERIOD_S), PERIOD_S * (1 + ppm * 1e-6)
    times = itertools.accumulate(itertools.repeat(period_s, 5000), initial=100.0)
    for ended_at in times:
        assert clock.ended_at(ended_at, False) == pytest.approx(ended_at)


def test_periods_that_are_fetched_late_ended_when_they_should():
    clock = CaptureClock(PERIOD_S)
    lags_s = [0, 0, 0.11, 0.02, 0, 0.38, 0.26, 0.13, 0.01, 0, 0.12, 0]
    for number, lag_s in enumerate(lags_s):
        ended_at = 100.0 + number * PERIOD_S
        assert clock.ended_at(ended_at + lag_s, False) == pytest.approx(
            ended_at, abs=0.001
        )


def test_the_clock_follows_when_all_periods_come_later_than_before():
    clock = CaptureClock(PERIOD_S)
    clock.ended_at(100.0, False)
    lost_s = 0.04
    for number in range(1, 10):
        stamped = clock.ended_at(100.0 + number * PERIOD_S + lost_s, False)
    assert stamped == pytest.approx(100.0 + 9 * PERIOD_S + lost_s, abs=0.001)


def test_after_an_overrun_the_clock_starts_anew_and_heals_when_it_was_told_late():
    clock = CaptureClock(PERIOD_S)
    clock.ended_at(100.0, False)
    assert clock.ended_at(105.1, True) == 105.1
    assert clock.ended_at(105.0 + PERIOD_S, False) == 105.0 + PERIOD_S
