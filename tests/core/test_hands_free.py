# SPDX-License-Identifier: MIT
"""Talking without holding the button: what is sent, what sounds, and when it ends."""

import pytest

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES
from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.capture import OpenMicrophone
from appliance.core.conversation import OVERDUE_S, State
from appliance.core.signals import Earcon, Fault
from appliance.core.talk_mode import TalkMode, TalkSettings
from appliance.core.utterance import Utterance
from tests.core.box import PERIOD_S, SOUND, Box

LIMIT_S = 120.0


def box(*, half_duplex=True, **limits):
    """A box that is talked to hands-free, idle, its link up."""
    box = Box(**{"turn_gap_s": 0.0, **limits})
    box.wire.unnumbered = True
    talk = TalkSettings(TalkMode.HANDS_FREE, half_duplex, LIMIT_S)
    box.conversation = replace(box.conversation, talk=talk)
    return box.link_up().hear(1000)


def opened(**wanted):
    return box(**wanted).press().release()


def sent(box):
    return b"".join(order.pcm for order in box.ordered(ef.SendAudio))


def seconds(pcm):
    return len(pcm) / FRAME_BYTES / CAPTURE_RATE_HZ


def test_nothing_is_sent_until_a_press_opens_the_microphone():
    assert not box().hear(5000).ordered(ef.SendAudio)


def test_an_open_microphone_is_heard_from_the_press_on_whatever_the_button_does():
    talked = opened().hear(3000)
    assert talked.turns == ["open 1"]
    assert seconds(sent(talked)) == pytest.approx(3.0, abs=PERIOD_S)
    assert (talked.state, talked.pattern) == (State.LISTENING, "listening")


def test_another_press_closes_it_after_a_silence_that_ends_what_was_said():
    talked = opened().hear(1000).forget()
    done = talked.press().hear(2000)
    assert done.turns == ["close 1"]
    *_, silence = (order.pcm for order in done.ordered(ef.SendAudio))
    assert not any(silence)
    assert seconds(silence) > 1.0
    assert done.state is State.IDLE


@pytest.mark.parametrize("half_duplex", [True, False])
def test_the_last_word_before_the_closing_press_is_sent_and_nothing_after(half_duplex):
    talked = opened(half_duplex=half_duplex).hear(1050)
    talked.press().hear(1000)
    *said, _ = (order.pcm for order in talked.ordered(ef.SendAudio))
    assert seconds(b"".join(said)) == pytest.approx(1.05, abs=0.001)


def test_a_microphone_that_is_stuck_is_closed_all_the_same():
    stuck = opened().hear(1050).forget().press().wait(OVERDUE_S - 0.1)
    assert stuck.turns == []
    assert stuck.wait(0.2).turns == ["close 1"]


def test_a_press_at_once_after_the_closing_one_goes_on_listening():
    talked = opened().hear(1030).press().press().hear(1000)
    assert talked.turns == ["open 1"]
    assert seconds(sent(talked)) == pytest.approx(2.03, abs=PERIOD_S)


def test_half_duplex_sends_silence_while_the_speaker_sounds_and_a_little_after():
    talked = opened().hear(1024).forget().tell(ev.AnswerAudio(SOUND)).hear(1024)
    assert talked.state is State.SPEAKING
    assert not any(sent(talked))
    assert seconds(sent(talked)) == pytest.approx(1.024, abs=0.001)
    talked.tell(ev.AnswerGenerated(), ev.AnswerEnded()).drain().forget().hear(1024)
    pcm = sent(talked)
    quiet = len(pcm) - len(pcm.lstrip(b"\0"))
    assert 0.1 <= seconds(bytes(quiet)) < 0.1 + PERIOD_S


def test_full_duplex_sends_all_that_is_heard():
    talked = opened(half_duplex=False).tell(ev.AnswerAudio(SOUND)).hear(1024)
    assert seconds(sent(talked).strip(b"\0")) == pytest.approx(1.0, abs=PERIOD_S)
    assert talked.state is State.SPEAKING


def test_an_interrupted_answer_falls_silent_and_what_is_late_of_it_never_sounds():
    talked = opened(half_duplex=False).hear(500).tell(ev.AnswerAudio(SOUND)).forget()
    talked.tell(ev.AnswerInterrupted())
    assert talked.just_ordered(ef.DropPlayback)
    talked.tell(ev.AnswerAudio(SOUND), ev.AnswerEnded()).hear(500)
    assert not talked.ordered(ef.Play)
    assert not talked.earcons
    assert talked.tell(ev.AnswerAudio(SOUND)).just_ordered(ef.Play)


def test_press_while_it_speaks_silences_and_goes_on_listening():
    talked = opened().hear(500).tell(ev.AnswerAudio(SOUND)).forget().press()
    assert talked.just_ordered(ef.DropPlayback)
    assert talked.state is State.LISTENING
    talked.hear(1000)
    assert any(sent(talked))
    assert not talked.tell(ev.AnswerAudio(SOUND)).ordered(ef.Play)


def test_an_answer_that_comes_after_the_microphone_was_closed_is_heard():
    done = opened().hear(1000).press().hear(100)
    assert done.tell(ev.AnswerAudio(SOUND)).just_ordered(ef.Play)
    assert done.state is State.SPEAKING


def test_press_on_an_answer_that_outlived_the_microphone_only_silences_it():
    done = opened().hear(1000).press().hear(100).tell(ev.AnswerAudio(SOUND)).press()
    assert done.just_ordered(ef.DropPlayback)
    assert done.hear(500).state is State.IDLE


def test_it_ends_by_itself_after_its_limit_and_the_led_warns_before():
    talked = opened().hear(114_000)
    assert talked.pattern == "listening"
    assert talked.hear(3000).pattern == "listening-ends"
    talked.hear(4000)
    assert talked.earcons == [Earcon.CUT_OFF]
    assert talked.turns == ["open 1", "close 1"]


def test_an_answer_that_is_heard_begins_the_limit_again():
    talked = opened().hear(116_000).answer().hear(500).drain().hear(10_000)
    assert talked.pattern == "listening"
    assert talked.hear(100_000).state is State.LISTENING


def test_an_answer_that_nobody_can_hear_does_not_keep_it_open():
    """10 ms of it a second, as near to silence as makes no difference."""
    talked = opened(half_duplex=False)
    while talked.conversation.microphone:
        talked.tell(ev.AnswerAudio(b"\x10\x00" * 240)).hear(1000)
    assert talked.now - talked.pressed_at == pytest.approx(LIMIT_S, abs=2)


@pytest.mark.parametrize("half_duplex", [True, False])
def test_it_ends_however_often_the_service_answers(half_duplex):
    talked = opened(half_duplex=half_duplex)
    while talked.conversation.microphone:
        talked.answer().hear(500).drain().hear(20_000)
    longest_s = talked.conversation.talk.hands_free_longest_s
    assert talked.now - talked.pressed_at == pytest.approx(longest_s, abs=21)


def test_an_answer_without_end_does_not_keep_it_open():
    talked = opened(half_duplex=False)
    while talked.conversation.microphone:
        talked.tell(ev.AnswerAudio(SOUND)).hear(5000)
    longest_s = talked.conversation.talk.hands_free_longest_s
    assert talked.now - talked.pressed_at == pytest.approx(longest_s, abs=11)


def test_a_press_on_an_answer_begins_every_limit_again():
    talked = opened()
    for _ in range(15):
        talked.answer().press().release().hear(100_000)
    assert talked.conversation.hears
    assert talked.earcons == []


def test_what_is_said_before_the_link_is_up_is_sent_when_it_is():
    asleep = box().tell(ev.LinkLost(None, "gone")).hear(1000).press().hear(1000)
    assert asleep.ordered(ef.OpenLink)
    assert not asleep.ordered(ef.SendAudio)
    assert seconds(sent(asleep.link_up())) == pytest.approx(1.0, abs=PERIOD_S)


def test_what_was_not_answered_on_a_link_that_is_lost_is_sent_on_the_next():
    talked = opened().hear(2000).lose_link().hear(500).forget().link_up()
    assert talked.turns == ["open 1"]
    assert seconds(sent(talked)) == pytest.approx(2.5, abs=PERIOD_S)
    talked.tell(ev.AnswerAudio(SOUND)).tell(ev.AnswerGenerated(), ev.AnswerEnded())
    talked.drain().hear(500).lose_link().forget().link_up()
    assert seconds(sent(talked)) < 0.7


def test_no_more_than_the_last_seconds_are_kept_for_the_next_link():
    talked = opened().hear(60_000).lose_link().forget().link_up()
    assert seconds(sent(talked)) == pytest.approx(15.0, abs=PERIOD_S)


def test_without_a_link_for_too_long_it_ends_and_the_user_is_told():
    talked = box().lose_link(Fault.NETWORK).press().forget().hear(29_000)
    assert talked.state is State.LISTENING
    assert talked.hear(2000).earcons == [Earcon.LOST]
    assert talked.state is State.IDLE


def closed_without_a_link():
    """Something was said, and the microphone closed, before any link came."""
    return box().lose_link().hear(1000).press().hear(1000).press().hear(200).forget()


def test_what_was_said_waits_for_the_link_when_the_microphone_is_closed():
    waiting = closed_without_a_link().lose_link().hear(25_000)
    assert (waiting.state, waiting.pattern) == (State.THINKING, "thinking")
    assert waiting.ordered(ef.OpenLink)
    sent_late = waiting.link_up()
    assert sent_late.turns == ["open 1", "close 1"]
    *said, silence = (order.pcm for order in sent_late.ordered(ef.SendAudio))
    assert seconds(b"".join(said)) == pytest.approx(1.0, abs=0.001)
    assert not any(silence)
    assert sent_late.earcons == []
    assert sent_late.answer().ordered(ef.Play)
    assert sent_late.drain().hear(200).state is State.IDLE


def test_it_waits_as_long_as_any_utterance_and_is_then_told_as_lost():
    waiting = closed_without_a_link().hear(29_700)
    assert waiting.earcons == []
    assert waiting.hear(200).earcons == [Earcon.LOST]
    assert waiting.state is State.IDLE
    assert waiting.link_up().turns == []


def test_what_was_sent_on_a_link_that_is_lost_before_it_closed_waits_for_the_next():
    talked = opened().hear(1050).press().lose_link().forget().hear(20_000)
    assert talked.earcons == []
    assert talked.link_up().turns == ["open 1", "close 1"]
    assert seconds(sent(talked).rstrip(b"\0")) == pytest.approx(1.05, abs=0.001)


def test_an_open_microphone_that_its_limit_closes_waits_for_the_link_as_well():
    limited = opened(delivery_limit_s=300.0).lose_link().hear(121_000)
    assert limited.earcons == [Earcon.CUT_OFF]
    assert limited.drain().hear(10_000).state is State.THINKING
    assert limited.forget().link_up().turns == ["open 1", "close 1"]


def test_press_while_it_waits_goes_on_listening_and_waits_anew():
    waiting = closed_without_a_link().hear(25_000).press().hear(20_000)
    assert (waiting.state, waiting.earcons) == (State.LISTENING, [])
    waiting.press().hear(25_000).link_up()
    assert waiting.turns == ["open 1", "close 1"]
    assert seconds(sent(waiting).rstrip(b"\0")) == pytest.approx(21.0, abs=PERIOD_S)


def test_press_while_it_waits_and_a_fault_sounds_goes_on_listening():
    waiting = closed_without_a_link().lose_link(Fault.NETWORK)
    assert waiting.earcons == [Earcon.NO_NETWORK]
    assert waiting.press().just_ordered(ef.DropPlayback)
    assert waiting.hear(1000).state is State.LISTENING
    waiting.press().hear(200).link_up()
    assert seconds(sent(waiting).rstrip(b"\0")) == pytest.approx(1.9, abs=PERIOD_S)


def test_a_fatal_fault_ends_the_wait():
    assert closed_without_a_link().lose_link(Fault.KEY).earcons == [Earcon.KEY_REJECTED]


def test_a_microphone_that_dies_ends_the_wait():
    waiting = closed_without_a_link().tell(ev.FaultRaised(Fault.MICROPHONE))
    assert waiting.earcons == [Earcon.LOST, Earcon.MICROPHONE]
    assert waiting.state is State.IDLE


def test_a_question_before_the_end_of_an_older_answer_is_lost_audibly():
    talked = opened().hear(1000).tell(ev.AnswerAudio(SOUND), ev.AnswerGenerated())
    talked.drain().hear(1000).press().hear(400)
    assert talked.lose_link().earcons == [Earcon.LOST]


def test_a_stop_ends_the_wait():
    stopped = closed_without_a_link().tell(ev.StopRequested())
    assert stopped.state is State.IDLE
    assert stopped.link_up().turns == []


def test_silence_waits_for_no_link():
    silent = box().lose_link().press()
    silent.wait(1.0).tell(ev.PeriodCaptured(bytes(4096), silent.now))
    silent.press().wait(0.1).tell(ev.PeriodCaptured(bytes(3200), silent.now))
    assert (silent.state, silent.earcons) == (State.IDLE, [])


def test_it_is_heard_no_longer_than_to_the_press_that_closes_it():
    talked = box().lose_link().press().hear(1000)
    assert talked.conversation.hears
    assert talked.press().conversation.hears
    assert not talked.hear(200).conversation.hears
    assert talked.press().conversation.hears


def test_it_waits_behind_what_the_box_has_to_say_itself():
    rang = box(turn_gap_s=0.5).lose_link().hear(1000)
    told = (
        Utterance(turn, audible=True, ended_at=rang.now, text="x") for turn in (1, 2)
    )
    rang.conversation = replace(rang.conversation, turn=2, utterances=tuple(told))
    rang.press().hear(1000).press().hear(200).forget()
    # What an open microphone hears needs no gap.
    rang.wire.turn_gap_s = 0.0
    rang.link_up().hear(2000)
    assert rang.turns == ["open 1", "close 1", "open 2", "close 2", "open 3", "close 3"]
    assert rang.earcons == []


def test_a_fatal_fault_ends_it_with_the_sound_of_the_fault():
    talked = opened().hear(500).forget().lose_link(Fault.KEY)
    assert talked.earcons == [Earcon.KEY_REJECTED]
    assert talked.state is State.IDLE


def test_a_fault_that_was_heard_at_the_press_ends_it_with_a_sound_as_well():
    talked = box().lose_link(Fault.KEY).press().hear(300).forget().lose_link(Fault.KEY)
    assert talked.earcons == [Earcon.LOST]
    assert talked.state is State.IDLE


def test_with_a_dead_microphone_it_does_not_open():
    dead = box().tell(ev.FaultRaised(Fault.MICROPHONE)).press()
    assert dead.earcons == [Earcon.MICROPHONE]
    assert dead.state is State.IDLE


def test_a_microphone_that_dies_closes_it():
    talked = opened().hear(500).forget().tell(ev.FaultRaised(Fault.MICROPHONE))
    assert talked.turns == ["close 1"]
    assert talked.earcons == [Earcon.MICROPHONE]
    assert talked.state is State.IDLE


def test_what_was_asked_before_the_microphone_died_is_answered_or_told_as_lost():
    talked = opened().hear(500).forget().tell(ev.FaultRaised(Fault.MICROPHONE))
    (silence,) = (order.pcm for order in talked.ordered(ef.SendAudio))
    assert not any(silence)
    assert talked.lose_link().earcons == [Earcon.MICROPHONE, Earcon.LOST]


def test_a_stop_ends_the_stream():
    assert opened().hear(500).forget().tell(ev.StopRequested()).turns == ["close 1"]


def test_an_expiring_link_is_renewed_when_nothing_is_being_answered():
    talked = opened().hear(500).tell(ev.AnswerAudio(SOUND))
    talked.tell(ev.LinkExpiring(talked.now + 20)).hear(500)
    assert not talked.ordered(ef.RenewLink)
    talked.tell(ev.AnswerGenerated(), ev.AnswerEnded()).drain().hear(200)
    assert talked.ordered(ef.RenewLink) == [ef.RenewLink(unresponsive=False)]


def test_an_empty_turn_of_the_service_is_no_news():
    assert not opened().hear(500).forget().tell(ev.AnswerEnded()).earcons


@pytest.mark.parametrize(
    ("reason", "sessions"), [("RESPONSE_REJECTED", 1), ("NEED_MORE_INPUT", 0)]
)
def test_a_session_that_refuses_twice_in_a_row_is_left(reason, sessions):
    refused = opened().hear(500).tell(ev.AnswerEnded(reason)).hear(500)
    assert refused.ordered(ef.ForgetSession) == []
    refused.tell(ev.AnswerEnded(reason)).hear(500)
    assert len(refused.ordered(ef.ForgetSession)) == sessions


def clogged():
    """Talked to, on a line that takes only what it is told to take."""
    talked = box()
    talked.clogged = True
    return talked.press().release()


def test_a_line_that_is_too_slow_ends_it_and_says_so_and_all_of_it_is_still_sent():
    """Half of what is said gets through."""
    talked = clogged()
    while not talked.earcons and seconds(sent(talked)) < 60:
        talked.hear(2 * 128).take(1)
    assert talked.earcons == [Earcon.LINE_TOO_SLOW]
    assert talked.conversation.microphone.closing
    microphone = talked.conversation.microphone
    talked.clogged = False
    talked.take().hear(2000)
    assert talked.turns == ["open 1", "close 1"]
    *said, _ = (order.pcm for order in talked.ordered(ef.SendAudio))
    heard_s = microphone.until - microphone.since
    assert seconds(b"".join(said)) == pytest.approx(heard_s, abs=0.001)
    assert talked.earcons == [Earcon.LINE_TOO_SLOW]


def test_a_line_that_was_down_for_a_while_is_not_too_slow():
    talked = opened().lose_link().hear(20_000).link_up()
    talked.clogged = True
    for _ in range(30):
        talked.hear(128).take(2)
    assert talked.earcons == []


def test_what_was_said_before_it_was_opened_may_still_be_on_its_way():
    before, first, second = (bytes([n]) * 4096 for n in range(3))
    microphone = OpenMicrophone(1, since=0.0, pieces=(first, second), sent=2)
    assert microphone.take(before) == microphone
    assert microphone.take(first).taken == 1
