# SPDX-License-Identifier: MIT
"""A bad morning: at boot there is no GPIO chip, no card, no network, and no date."""

import time

import board
import box
from live import NAME, live_service
from verdict import expect, scenario, until

from appliance.core.message_ids import FAILED_ID
from appliance.core.signals import Signal


@scenario("no GPIO chip at boot: it says so, and tries again and again")
def _no_chip() -> str:
    text: str = box.Journal(since=0).wait(FAILED_ID)["MESSAGE"]
    until(lambda: box.restarts() >= 2, "two restarts")
    return text


@scenario("the chip comes, but no card: 5 blinks, and still activating")
def _no_card() -> str:
    journal = box.Journal()
    board.fit("chip")
    text = journal.tells(Signal.MICROPHONE)
    board.glows(lambda course: board.blinks(course) == 5, "5 blinks", 7)
    expect(box.shows("ActiveState") == "activating", "it claims to be ready")
    return text


@scenario("the card comes: READY")
def _card() -> str:
    began = time.monotonic()
    board.fit("card")
    box.is_ready()
    return f"after {time.monotonic() - began:.1f} s"


@scenario("the network comes, but it is 1970: 7 blinks; the date comes: all well")
def _clock() -> str:
    journal, pid = box.Journal(), box.main_pid()
    with live_service(), box.hosts(NAME):
        text = journal.tells(Signal.CLOCK, limit_s=60)
        board.glows(lambda course: board.blinks(course) == 7, "7 blinks", 9)
        board.set_true_date()
        began = time.monotonic()
        box.shows_signal(Signal.IDLE, limit_s=60)
    expect(box.main_pid() == pid, "it was restarted")
    return f"idle {time.monotonic() - began:.1f} s after the date; {text}"
