# SPDX-License-Identifier: MIT
"""Whoever asks the demo's question asks it when the box begins to listen."""

import pytest
from story import Story

from appliance.core.way import Manner, Way
from appliance.service.demo import begins_to_listen


@pytest.fixture
def questions():
    """When each was asked."""
    return []


@pytest.fixture
def story(questions):
    def made(way: Way) -> Story:
        def ask(moment):
            if begins_to_listen(moment):
                questions.append(moment.now)

        return Story(ask, manner=Manner(way))

    return made


def test_each_hold_asks_also_the_one_over_an_answer(story, questions):
    story(Way.HOLD).say().answer().say()
    assert len(questions) == 2


def test_the_press_that_ends_a_toggle_asks_nothing(story, questions):
    box = story(Way.TOGGLE).press().release().hear(8)
    assert len(questions) == 1
    box.press().release().hear(2)
    assert len(questions) == 1


def test_hands_free_only_the_press_that_opens_the_microphone_asks(story, questions):
    box = story(Way.HANDS_FREE).press().release().hear(8).answer().wait(0.1)
    box.press().release().drained().hear(8).press().release()
    assert len(questions) == 1
    box.press()
    assert len(questions) == 2
