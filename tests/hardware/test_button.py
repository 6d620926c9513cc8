# SPDX-License-Identifier: MIT
import asyncio
import math
import threading
import time
from contextlib import asynccontextmanager

import pytest

from appliance.core.events import TalkPressed, TalkReleased
from appliance.hardware import button as button_module
from appliance.hardware.button import TalkButton
from tests.hardware.posted import Posted
from tests.rig.waiting import in_loop, until

GPIO = 17


def talk_button(posted: Posted, *, active_low: bool = True) -> TalkButton:
    return TalkButton(pin=GPIO, active_low=active_low, bounce_ms=10, post=posted)


@asynccontextmanager
async def running(button: TalkButton):
    task = asyncio.create_task(button.run())
    await until(lambda: button.beat_at != -math.inf)
    yield
    task.cancel()
    button.close()


def kinds(posted: Posted) -> list[type]:
    return [type(event) for event in posted]


@pytest.mark.parametrize("active_low", [True, False])
def test_press_and_release_are_posted_with_their_time(pins, active_low):
    posted = Posted()
    button = talk_button(posted, active_low=active_low)
    pin = pins.pin(GPIO)
    press, release = pin.drive_low, pin.drive_high
    if not active_low:
        press, release = release, press
    before = time.monotonic()
    press()
    release()
    assert kinds(posted) == [TalkPressed, TalkReleased]
    assert before <= posted[0].at <= posted[1].at <= time.monotonic()
    button.close()


def test_the_line_is_pulled_away_from_pressed_and_debounced(pins):
    button = talk_button(Posted())
    assert (pins.pin(GPIO).pull, pins.pin(GPIO).bounce) == ("up", 0.01)
    button.close()
    button = talk_button(Posted(), active_low=False)
    assert pins.pin(GPIO).pull == "down"
    button.close()


@in_loop
async def test_a_release_whose_edge_was_lost_is_found_while_nobody_presses_again(
    pins, monkeypatch
):
    # Not as late as an idle button may be read: a hold ends when it ends.
    monkeypatch.setattr(button_module, "next_second", lambda now: now + 3600)
    posted = Posted()
    button = talk_button(posted)
    async with running(button):
        pins.pin(GPIO).drive_low()
        pins.pin(GPIO).edges = "none"
        pins.pin(GPIO).drive_high()
        await posted.first(TalkReleased)
    assert kinds(posted) == [TalkPressed, TalkReleased]


@in_loop
async def test_a_press_whose_edge_was_lost_is_found(pins):
    posted = Posted()
    button = talk_button(posted)
    async with running(button):
        pins.pin(GPIO).edges = "none"
        pins.pin(GPIO).drive_low()
        await posted.first(TalkPressed)
    assert kinds(posted) == [TalkPressed]


@in_loop
async def test_a_button_held_when_the_box_starts_is_pressed(pins):
    posted = Posted()
    button = talk_button(posted)
    pins.pin(GPIO).edges = "none"
    pins.pin(GPIO).drive_low()
    async with running(button):
        await posted.first(TalkPressed)


@in_loop
async def test_a_level_that_does_not_last_is_no_press(pins):
    posted = Posted()
    button = talk_button(posted)
    pin = pins.pin(GPIO)
    pin.edges = "none"
    pin.drive_low()
    looking = asyncio.create_task(button.run())
    await asyncio.sleep(0)  # it has seen the level, and waits to see it again
    pin.drive_high()
    seen_at = button.beat_at
    await until(lambda: button.beat_at > seen_at)
    assert posted == []
    looking.cancel()
    button.close()


@in_loop
async def test_edges_from_another_thread_and_polling_post_each_change_once(pins):
    posted = Posted()
    button = talk_button(posted)
    pin = pins.pin(GPIO)

    def bounce() -> None:
        for _ in range(300):
            pin.drive_low()
            time.sleep(0.0005)
            pin.drive_high()

    async with running(button):
        finger = threading.Thread(target=bounce)
        finger.start()
        await until(lambda: not finger.is_alive())
        await until(lambda: isinstance(posted[-1], TalkReleased))
    assert kinds(posted) == [TalkPressed, TalkReleased] * (len(posted) // 2)


@in_loop
async def test_the_heart_beats_while_nobody_presses_and_faster_while_held(
    pins, monkeypatch
):
    button = talk_button(Posted())
    assert button.beat_at == -math.inf
    async with running(button):
        first = button.beat_at
        await until(lambda: button.beat_at > first)
        monkeypatch.setattr(button_module, "next_second", lambda now: now + 3600)
        pins.pin(GPIO).drive_low()
        held = button.beat_at
        await until(lambda: button.beat_at > held)
        beats = {button.beat_at}
        for _ in range(5):
            await until(lambda: button.beat_at not in beats)
            beats.add(button.beat_at)
