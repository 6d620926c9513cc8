# SPDX-License-Identifier: MIT
"""Whoever asks the demo's question asks it when the box begins to listen."""

import pytest
from story import PERIOD_S, Story

from appliance.core.way import Manner, Way
from appliance.service.demo_screen import Screen
from appliance.service.demo_watch import begins_to_listen, done
from appliance.service.sections import PricesSection


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


@pytest.mark.parametrize(
    ("way", "patience_s"), [(Way.TOGGLE, 0.0), (Way.HANDS_FREE, 4.0)]
)
def test_a_microphone_left_open_is_found_when_no_answer_is_to_come(way, patience_s):
    box = Story(manner=Manner(way)).press().release().hear(8)
    done_at, over = box.now, done(box.now)
    box.hear(round(patience_s / PERIOD_S))
    assert not any(map(over, box.moments))
    box.hear(2)
    assert over(box.moments[-1])
    assert box.now - done_at < patience_s + 1.0


def test_an_answer_is_heard_to_its_end_before_an_open_microphone_is_closed():
    box = Story(manner=Manner(Way.HANDS_FREE)).press().release().hear(8)
    over = done(box.now)
    box.hear(20).answer().hear(100)
    assert not any(map(over, box.moments))
    box.drained().hear(40)
    assert over(box.moments[-1])


def test_an_open_microphone_is_not_told_as_speech(capsys):
    screen = Screen(as_json=False, prices=PricesSection())
    Story(screen.follow, manner=Manner(Way.HANDS_FREE)).press().hear(8).press()
    shown = capsys.readouterr().out
    assert "turn 1   microphone closed after 1.0 s" in shown
    assert "of speech" not in shown
