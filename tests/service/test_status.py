# SPDX-License-Identifier: MIT
"""What `systemctl status` says first fits the way the box is talked to."""

import pytest

from appliance.core.talk_mode import TalkMode, TalkSettings
from appliance.service.systemd import sentence
from tests.rig.story import Story


@pytest.mark.parametrize(
    ("mode", "idle", "listening"),
    [
        (TalkMode.HOLD, "Hold the button and talk.", "Talk; let go when you are done."),
        (
            TalkMode.TOGGLE,
            "Press the button and talk.",
            "Talk; press again when you are done.",
        ),
        (
            TalkMode.HANDS_FREE,
            "Press the button and talk.",
            "Talk, and pause; a press closes the microphone.",
        ),
    ],
)
def test_the_status_says_what_to_do_in_this_mode(mode, idle, listening):
    said = []
    box = Story(
        lambda transition: said.append(sentence(transition.after)),
        talk=TalkSettings(mode),
    )
    assert said[-1] == f"Idle, all well. {idle}"
    box.press().hear(4)
    assert said[-1] == f"Listening (turn 1). {listening}"
