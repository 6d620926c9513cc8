# SPDX-License-Identifier: MIT
"""What is derived from a conversation: state, situation, and what a hold covers."""

import pytest

from appliance.basics.record import replace
from appliance.core import events as ev
from appliance.core.conversation import State, start
from appliance.core.signals import TABLE, Fault, Signal, pattern, signal
from appliance.core.utterance import Utterance, is_open
from tests.core.box import LIMITS, SOUND, Box


def ready():
    return Box().link_up().hear(1000)


def test_box_starts_idle_and_shows_that_it_is_not_ready():
    begun = start(LIMITS, 0.0)
    assert begun.state is State.IDLE
    assert signal(begun) is Signal.STARTING


def test_fault_at_the_start_is_shown_at_once():
    begun = replace(start(LIMITS, 0.0), faults=frozenset({Fault.MICROPHONE}))
    assert signal(begun) is Signal.MICROPHONE


def test_press_before_the_devices_are_ready_listens():
    box = Box()
    box.conversation = start(LIMITS, box.now)
    assert box.press().pattern == "listening"


SITUATIONS = {
    Signal.IDLE: lambda: ready(),
    Signal.LISTENING: lambda: ready().press(),
    Signal.LISTENING_ENDS: lambda: ready().press().hear(56_000),
    Signal.THINKING: lambda: ready().say(),
    Signal.SPEAKING: lambda: ready().say().tell(ev.AnswerAudio(SOUND)),
    Signal.NO_ANSWER: lambda: ready().say().tell(ev.AnswerEnded()),
    Signal.LOST: lambda: Box().hear(1000).say().wait(30),
    **{
        Signal[fault.name]: lambda fault=fault: ready().tell(ev.FaultRaised(fault))
        for fault in Fault
    },
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_situation_shows_its_pattern(situation):
    conversation = SITUATIONS[situation]().conversation
    assert signal(conversation) is situation
    assert pattern(conversation) == TABLE[situation].pattern


def test_listening_is_shown_before_a_fault_of_the_link():
    assert ready().lose_link(Fault.NETWORK).press().pattern == "listening"


def test_dead_microphone_is_shown_though_the_button_is_held():
    box = ready().tell(ev.FaultRaised(Fault.MICROPHONE)).press()
    assert box.pattern == "5-blink"


def test_answer_is_shown_before_a_fault_of_the_link():
    box = ready().say().answer().lose_link(Fault.NETWORK)
    assert box.pattern == "speaking"


def test_dead_speaker_is_shown_though_an_answer_is_playing():
    box = ready().say().answer().tell(ev.FaultRaised(Fault.SPEAKER))
    assert box.pattern == "6-blink"


def test_fault_is_shown_before_thinking():
    assert ready().say().lose_link(Fault.CLOCK).pattern == "7-blink"


def test_a_fault_of_a_device_is_shown_before_one_of_the_link():
    box = ready().tell(ev.FaultRaised(Fault.SPEAKER), ev.FaultRaised(Fault.KEY))
    assert box.pattern == "6-blink"


def test_between_turns_means_idle_and_nothing_owed():
    assert ready().conversation.between_turns
    assert not ready().press().conversation.between_turns
    assert not ready().say().tap().conversation.between_turns


def test_conversation_never_changes():
    with pytest.raises(AttributeError):
        start(LIMITS, 0.0).turn = 1


@pytest.mark.parametrize(
    ("utterance", "expected"),
    [
        (Utterance(1, ()), False),
        (Utterance(1, (b"",), sent=1), True),
        (Utterance(1, (b"",), ended_at=1.0, sent=1, closed=True), False),
    ],
)
def test_turn_is_open_from_its_start_to_its_end_on_the_wire(utterance, expected):
    assert is_open(utterance) is expected
