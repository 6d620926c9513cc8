# SPDX-License-Identifier: MIT
"""The one door into the conversation."""

import asyncio
import threading
import time

import pytest

from appliance.core.events import (
    PeriodCaptured,
    TalkPressed,
    TalkReleased,
    TimePassed,
)
from appliance.service import inbox as inbox_module
from appliance.service.inbox import Inbox
from tests.rig.waiting import in_loop


@pytest.fixture
def _no_heartbeat(monkeypatch):
    """No second ends while these look on."""
    monkeypatch.setattr(inbox_module, "next_second", lambda now: now + 3600)


@pytest.mark.usefixtures("_no_heartbeat")
@in_loop
async def test_events_come_out_in_the_order_in_which_any_thread_posted_them():
    inbox = Inbox(asyncio.get_running_loop())
    events = [TalkPressed(float(n)) for n in range(100)]
    thread = threading.Thread(target=lambda: [inbox.post(e) for e in events])
    thread.start()
    assert [await inbox.next(None) for _ in events] == events
    thread.join()


@pytest.mark.usefixtures("_no_heartbeat")
@in_loop
async def test_an_event_of_another_thread_wakes_a_box_that_waits():
    inbox = Inbox(asyncio.get_running_loop())
    press = threading.Timer(0.1, inbox.post, [TalkPressed(1.0)])
    press.start()
    async with asyncio.timeout(10):
        assert await inbox.next(None) == TalkPressed(1.0)


@in_loop
async def test_time_passes_at_the_deadline():
    inbox = Inbox(asyncio.get_running_loop())
    deadline = time.monotonic() + 0.02
    assert await inbox.next(deadline) == TimePassed()
    assert time.monotonic() >= deadline


@pytest.mark.usefixtures("_no_heartbeat")
@in_loop
async def test_what_was_captured_before_a_press_comes_before_it_from_any_thread():
    inbox = Inbox(asyncio.get_running_loop())
    inbox.may_defer_capture = True
    heard = [PeriodCaptured(b"", float(n)) for n in range(100)]
    pressed = TalkPressed(100.0)
    thread = threading.Thread(target=lambda: [inbox.post(e) for e in [*heard, pressed]])
    thread.start()
    assert [await inbox.next(None) for _ in range(101)] == [*heard, pressed]
    thread.join()


@in_loop
async def test_without_events_its_heart_beats_at_least_once_a_second():
    inbox = Inbox(asyncio.get_running_loop())
    before = inbox.beat_at
    assert await inbox.next(None) == TimePassed()
    await asyncio.wait_for(inbox.next(time.monotonic()), 5)
    assert inbox.beat_at > before


@in_loop
async def test_after_a_stall_of_the_loop_events_come_before_the_deadline():
    inbox = Inbox(asyncio.get_running_loop())
    waiting = asyncio.ensure_future(inbox.next(time.monotonic() + 0.05))
    await asyncio.sleep(0)
    inbox.post(TalkReleased(1.0))
    time.sleep(0.1)  # the loop stands still
    assert await waiting == TalkReleased(1.0)
    assert await inbox.next(time.monotonic()) == TimePassed()


@pytest.mark.usefixtures("_no_heartbeat")
@in_loop
async def test_a_box_that_rests_is_woken_by_a_press_and_not_by_what_it_hears():
    inbox = Inbox(asyncio.get_running_loop())
    inbox.may_defer_capture = True
    heard, pressed = PeriodCaptured(b"", 1.0), TalkPressed(2.0)
    waiting = asyncio.ensure_future(inbox.next(None))
    await asyncio.sleep(0)
    inbox.post(heard)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    inbox.post(pressed)
    assert await waiting == heard
    assert await inbox.next(None) == pressed
