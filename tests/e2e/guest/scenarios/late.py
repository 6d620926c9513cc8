# SPDX-License-Identifier: MIT
"""A bad morning: at boot there is no GPIO chip, no card, no network, and no date."""

import time

import board
import box
import gpiod
from gpiod.line import Direction
from live import NAME, live_service
from verdict import expect, scenario

from appliance.core.signals import TABLE, Signal


@scenario("no GPIO chip at boot: it says so once, and waits without a restart")
def _no_chip() -> str:
    journal = box.Journal(since=0)
    text = journal.tells(Signal.GPIO)
    # Several tries.
    time.sleep(15)
    expect(len(journal.entries(TABLE[Signal.GPIO].message_id)) == 1, "it is repeated")
    expect(box.restarts() == 0, "it was restarted")
    expect(box.shows("ActiveState") == "activating", "it claims to be ready")
    return text


@scenario("the chip comes, but the button's line is taken: 9 blinks")
def _taken() -> str:
    settings = gpiod.LineSettings(direction=Direction.INPUT)
    journal = box.Journal()
    board.fit("chip")
    with gpiod.request_lines(
        "/dev/gpiochip0", {board.TALK_GPIO: settings}, consumer="a test"
    ):
        text = journal.tells(Signal.GPIO)
        board.glows(lambda course: board.blinks(course) == 9, "9 blinks", 13)
    return text


@scenario("the line is free, but no card: 5 blinks, and still activating")
def _no_card() -> str:
    journal = box.Journal()
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
