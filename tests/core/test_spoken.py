# SPDX-License-Identifier: MIT
"""Sentences: after the sound of a failure, and never in anybody's way."""

import pytest

from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.sentences import Sentence, Spoken
from appliance.core.signals import Earcon, Fault
from appliance.core.talk_mode import TalkMode, TalkSettings
from tests.core.box import SOUND, Box, idle, thinking


def sounds(box: Box) -> list[str]:
    """What the speaker was told, in order."""
    told = []
    for _, effect in box.log:
        match effect:
            case ef.PlayEarcon(earcon):
                told.append(earcon.value)
            case ef.Say(sentence):
                told.append(f"say {sentence.value}")
            case ef.Play():
                told.append("answer")
            case ef.DropPlayback():
                told.append("drop")
    return told


def failed() -> Box:
    """The service had no answer, and the sound of that is over."""
    return thinking().forget().tell(ev.AnswerEnded()).drain()


def offline() -> Box:
    return Box().lose_link(Fault.NETWORK).hear(1000).forget()


def test_a_mishap_is_said_once_its_sound_is_over():
    box = thinking().forget().tell(ev.AnswerEnded())
    assert sounds(box) == ["no-answer"]
    box.drain()
    assert sounds(box) == ["no-answer", "say no-answer"]
    (say,) = box.ordered(ef.Say)
    assert say.segment == box.conversation.speaker.segment


def test_an_answer_that_begins_lets_a_sound_end_and_takes_the_place_of_its_words():
    box = idle().say().forget().lose_link(Fault.NETWORK).hear(300).link_up()
    box.hear(300).tell(ev.AnswerAudio(SOUND))
    assert sounds(box) == ["no-network", "answer"]


@pytest.mark.parametrize("fault", sorted(set(Fault) - {Fault.DAILY_LIMIT}, key=str))
def test_each_fault_is_said_once_the_press_that_was_told_of_it_is_over(fault):
    box = idle().tell(ev.FaultRaised(fault, "")).forget().press().hear(100)
    assert not box.ordered(ef.Say)
    box.release().drain()
    (say,) = box.ordered(ef.Say)
    assert say.sentence.name == fault.name


def test_a_press_that_is_refused_is_said_at_once():
    box = idle().tell(ev.FaultRaised(Fault.DAILY_LIMIT, "")).forget().press().drain()
    assert sounds(box) == ["drop", "daily-limit", "say daily-limit"]


def test_a_fault_is_not_said_before_the_end_of_the_tail():
    box = offline().press().hear(1000).release()
    assert not box.ordered(ef.Say)
    box.drain().hear(400)
    assert sounds(box) == ["drop", "no-network", "say no-network"]


def test_a_fault_that_is_over_by_then_is_not_said():
    box = offline().press().hear(1000).link_up().release().hear(400)
    assert not box.ordered(ef.Say)


def test_the_same_is_not_said_again_within_a_minute_but_its_sound_is():
    box = offline()
    for _ in range(4):
        box.tap().drain().drain().wait(14)
    assert sounds(box).count("no-network") == 4
    assert len(box.ordered(ef.Say)) == 1
    box.wait(5).tap().drain()
    assert len(box.ordered(ef.Say)) == 2


def test_another_sentence_need_not_wait():
    box = failed().drain().say().tell(ev.AnswerEnded()).drain()
    assert len(box.ordered(ef.Say)) == 1
    box.drain().tell(ev.FaultRaised(Fault.SPEAKER, "")).tap().drain()
    assert box.ordered(ef.Say)[-1].sentence is Sentence.SPEAKER


def test_what_was_lost_as_the_network_is_gone_is_said_as_no_network():
    box = thinking().forget().lose_link(Fault.NETWORK).hear(1000).drain().wait(70)
    box.drain().hear(1000).drain()
    assert Earcon.LOST in box.earcons
    said = {say.sentence for say in box.ordered(ef.Say)}
    assert said == {Sentence.NETWORK}


def test_a_press_silences_a_sentence_and_listens():
    box = failed().forget().press()
    assert sounds(box) == ["drop"]
    box.hear(1000)
    assert box.turn_open
    box.release().hear(400)
    since_ms, _ = box.said
    assert since_ms == 0.0


def test_what_the_microphone_hears_of_a_sentence_is_no_pre_roll():
    box = failed().hear(2000).drain().hear(50).press().hear(1000)
    box.release().hear(400)
    assert box.said[0] == 0.0


def test_a_press_takes_back_what_is_still_to_be_said():
    box = offline().press().hear(1000).lose_link(Fault.NETWORK).press()
    box.link_up().release().hear(400)
    assert not box.ordered(ef.Say)


def test_an_answer_does_not_wait_for_the_end_of_a_sentence():
    box = idle().say().forget().lose_link(Fault.NETWORK).drain().hear(300)
    assert sounds(box)[-1] == "say no-network"
    box.link_up().hear(300).forget().tell(ev.AnswerAudio(SOUND), ev.AnswerAudio(SOUND))
    assert sounds(box) == ["drop", "answer", "answer"]


def test_an_answer_after_the_end_of_a_sentence_drops_nothing():
    box = idle().say().lose_link(Fault.NETWORK).drain().hear(300).drain().link_up()
    box.hear(300).forget().tell(ev.AnswerAudio(SOUND))
    assert sounds(box) == ["answer"]


def test_the_answer_is_played_out_before_its_end_is_said_to_be_missing():
    box = thinking().tell(ev.AnswerAudio(SOUND)).forget().lose_link()
    assert not box.ordered(ef.Say)
    box.drain()
    assert sounds(box) == ["lost"]
    box.drain()
    assert sounds(box) == ["lost", "say lost"]


def test_into_an_open_microphone_nothing_is_said():
    box = idle()
    talk = TalkSettings(TalkMode.HANDS_FREE, half_duplex=False)
    box.conversation = replace(box.conversation, talk=talk)
    box.wire.unnumbered = True
    box.tell(ev.FaultRaised(Fault.SPEAKER, "")).press().release().hear(3000)
    assert Earcon.SPEAKER in box.earcons
    assert not box.ordered(ef.Say)
    box.drain().press().release().hear(500).drain()
    assert [say.sentence for say in box.ordered(ef.Say)] == [Sentence.SPEAKER]


# At the start.


def starting(*greetings: Sentence) -> Box:
    """Switched on; button and LED work."""
    box = Box()
    spoken = Spoken(greetings=greetings)
    box.conversation = replace(box.conversation, ready=False, spoken=spoken)
    return box


def test_what_is_new_is_said_once_it_is_ready_one_after_the_other():
    box = starting(Sentence.KEY_TAKEN, Sentence.FIRST_START).hear(1000)
    box.tell(ev.DevicesReady())
    assert sounds(box) == ["ready"]
    box.drain().drain().drain().hear(5000)
    assert sounds(box) == ["ready", "say key-taken", "say first-start"]


def test_a_press_is_all_that_a_greeting_asks_for():
    box = starting(Sentence.KEY_TAKEN, Sentence.FIRST_START).tell(ev.DevicesReady())
    box.drain().tap().drain().hear(5000)
    assert sounds(box) == ["ready", "say key-taken", "drop"]


def test_what_only_people_can_mend_is_said_as_soon_as_it_is_ready():
    box = starting(Sentence.FIRST_START).lose_link(Fault.KEY).tell(ev.DevicesReady())
    box.drain().drain().hear(5000)
    assert sounds(box) == ["ready", "key-rejected", "say key-rejected"]
    box.link_up()
    assert sounds(box)[3:] == ["say first-start"]


def test_a_key_that_the_first_link_rejects_is_said_without_a_press():
    box = starting().tell(ev.DevicesReady()).drain().lose_link(Fault.KEY).drain()
    assert sounds(box) == ["ready", "key-rejected", "say key-rejected"]
    box.drain().lose_link(Fault.NETWORK)
    assert sounds(box)[3:] == []


def test_a_microphone_that_is_missing_at_the_start_is_said_in_the_end():
    missing = ev.FaultRaised(Fault.MICROPHONE)
    assert sounds(starting().tell(missing).wait(4.9)) == []
    assert sounds(starting().tell(missing).wait(5)) == ["say no-microphone"]
    both = ev.FaultRaised(Fault.SPEAKER)
    assert sounds(starting().tell(missing, both).wait(60)) == []
    found = starting(Sentence.FIRST_START).tell(missing).wait(1)
    found.tell(ev.FaultCleared(Fault.MICROPHONE), ev.DevicesReady()).drain().wait(60)
    assert sounds(found) == ["ready", "say first-start"]
