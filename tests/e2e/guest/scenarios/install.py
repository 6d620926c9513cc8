# SPDX-License-Identifier: MIT
"""A fresh machine: the package comes, then the key; others go on from its disk."""

from pathlib import Path

import board
import box
import turns
from live import API_KEY, ENDPOINT, NAME, live_service
from verdict import expect, run, scenario, until

from appliance.core.signals import Signal

_PACKAGE = Path("/tree/build/e2e/package.deb")


@scenario("apt installs the package, which enables and starts the service")
def _install() -> str:
    run("apt-get", "install", "--yes", _PACKAGE)
    expect(box.shows("UnitFileState") == "enabled", "the unit is not enabled")
    states = ("active", "activating")
    until(lambda: box.shows("ActiveState") in states, "it runs")
    return run("dpkg-query", "--show", "--showformat=${Version}", "voice-appliance")


@scenario("without a key: blink code 2, and the journal says what to do")
def _no_key() -> str:
    journal = box.Journal()
    box.configure("live", endpoint=ENDPOINT)
    text = journal.tells(Signal.KEY)
    board.glows(lambda course: board.blinks(course) == 2, "2 blinks", 5)
    explained = run("journalctl", "--catalog", f"--unit={box.UNIT}")
    expect("Subject: " in explained, "journalctl -x has nothing to say about it")
    return text


@scenario("the key arrives: the first answer, without a reboot")
def _key() -> None:
    with live_service(), box.hosts(NAME):
        box.give_key(API_KEY)
        turns.answers()
