# SPDX-License-Identifier: MIT
"""What `systemctl status` says first fits the way the box is talked to."""

import pytest

from appliance.core.way import Manner, Way
from appliance.service.systemd import sentence
from tests.rig.story import Story


@pytest.mark.parametrize(
    ("way", "idle", "listening"),
    [
        (Way.HOLD, "Hold the button and talk.", "Talk; let go when you are done."),
        (
            Way.TOGGLE,
            "Press the button and talk.",
            "Talk; press again when you are done.",
        ),
        (
            Way.HANDS_FREE,
            "Press the button and talk.",
            "Talk, and pause; a press closes the microphone.",
        ),
    ],
)
def test_the_status_says_what_to_do_in_this_mode(way, idle, listening):
    said = []
    box = Story(lambda moment: said.append(sentence(moment.after)), manner=Manner(way))
    assert said[-1] == f"Idle, all well. {idle}"
    box.press().hear(4)
    assert said[-1] == f"Listening (turn 1). {listening}"
