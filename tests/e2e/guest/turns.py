# SPDX-License-Identifier: MIT
"""The box as its user has it: a question, and the answer."""

import board
import box
import sound
from verdict import expect

from appliance.core.message_ids import TURN_ID
from appliance.core.signals import Signal


def answers(*, in_the_journal: bool = True) -> None:
    """One turn, from the button to the journal. The Live service must be there."""
    journal = box.Journal()
    box.shows_signal(Signal.IDLE, limit_s=60)
    board.press()
    # As a user does who looks at the LED: the machine may stand still for a second.
    box.shows_signal(Signal.LISTENING)
    sound.say(sound.noise(0.8))
    board.release()
    if in_the_journal:
        report = journal.wait(TURN_ID)
        expect(report["OUTCOME"] == "answered", report["MESSAGE"])
    else:
        box.shows_signal(Signal.SPEAKING)
    box.shows_signal(Signal.IDLE)
