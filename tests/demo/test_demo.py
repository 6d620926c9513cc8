# SPDX-License-Identifier: MIT
"""Whoever asks the demo's question asks it when the box begins to listen."""

import asyncio

import pytest

from appliance.config.file import Config, limits
from appliance.config.sections import MicrophoneSection, PricesSection
from appliance.core import events as ev
from appliance.core.advance import advance
from appliance.core.conversation import start
from appliance.core.signals import Fault
from appliance.core.talk_mode import HOLD, TalkMode, TalkSettings
from appliance.core.volume import Volume
from appliance.demo.screen import Screen
from appliance.demo.watch import Watch, begins_to_listen, done, ready
from appliance.journal.transition import Transition
from tests.rig.story import PERIOD_S, Story
from tests.rig.waiting import in_loop


@pytest.fixture
def questions():
    """When each was asked."""
    return []


@pytest.fixture
def story(questions):
    def made(mode: TalkMode) -> Story:
        def ask(transition):
            if begins_to_listen(transition):
                questions.append(transition.now)

        return Story(ask, talk=TalkSettings(mode))

    return made


def test_each_hold_asks_also_the_one_over_an_answer(story, questions):
    story(TalkMode.HOLD).say().answer().say()
    assert len(questions) == 2


def test_the_press_that_ends_a_toggle_asks_nothing(story, questions):
    box = story(TalkMode.TOGGLE).press().release().hear(8)
    assert len(questions) == 1
    box.press().release().hear(2)
    assert len(questions) == 1


def test_hands_free_only_the_press_that_opens_the_microphone_asks(story, questions):
    box = story(TalkMode.HANDS_FREE).press().release().hear(8).answer().wait(0.1)
    box.press().release().drained().hear(8).press().release()
    assert len(questions) == 1
    box.press()
    assert len(questions) == 2


def test_hands_free_the_press_that_goes_on_listening_asks_again(story, questions):
    box = story(TalkMode.HANDS_FREE).tell(ev.LinkLost(None, "gone"))
    box.press().hear(8).press().hear(8)
    assert len(questions) == 1
    box.press()
    assert len(questions) == 2


@pytest.mark.parametrize(
    ("mode", "patience_s"), [(TalkMode.TOGGLE, 0.0), (TalkMode.HANDS_FREE, 4.0)]
)
def test_a_microphone_left_open_is_found_when_no_answer_is_to_come(mode, patience_s):
    box = Story(talk=TalkSettings(mode)).press().release().hear(8)
    done_at, over = box.now, done(box.now)
    box.hear(round(patience_s / PERIOD_S))
    assert not any(map(over, box.transitions))
    box.hear(2)
    assert any(map(over, box.transitions[-4:]))
    assert box.now - done_at < patience_s + 1.0


def test_what_a_closed_microphone_heard_is_waited_for():
    box = Story(talk=TalkSettings(TalkMode.HANDS_FREE)).tell(ev.LinkLost(None, "gone"))
    box.press().hear(8).press().hear(2)
    over = done(box.now)
    box.hear(100)
    assert not any(map(over, box.transitions))
    box.tell(ev.LinkUp()).answer().wait(1.0).drained().hear(2)
    assert any(map(over, box.transitions[-4:]))


def test_an_answer_is_heard_to_its_end_before_an_open_microphone_is_closed():
    box = Story(talk=TalkSettings(TalkMode.HANDS_FREE)).press().release().hear(8)
    over = done(box.now)
    box.hear(20).answer().hear(100)
    assert not any(map(over, box.transitions))
    box.drained().hear(40)
    assert any(map(over, box.transitions[-4:]))


def test_what_waited_for_the_link_was_not_open_for_so_long(capsys):
    screen = Screen(as_json=False, prices=PricesSection())
    box = Story(screen.follow, talk=TalkSettings(TalkMode.HANDS_FREE))
    box.tell(ev.LinkLost(None, "gone")).press().hear(8).press().hear(80)
    box.tell(ev.LinkUp())
    assert "turn 1   microphone closed after 1.0 s" in capsys.readouterr().out


def test_an_open_microphone_is_not_told_as_speech(capsys):
    screen = Screen(as_json=False, prices=PricesSection())
    Story(screen.follow, talk=TalkSettings(TalkMode.HANDS_FREE)).press().hear(8).press()
    shown = capsys.readouterr().out
    assert "turn 1   microphone closed after 1.0 s" in shown
    assert "of speech" not in shown


@pytest.fixture
def shown(capsys):
    """What the screen shows of a story, without its times."""

    def of(tell, *, talk=HOLD, config=None, transcripts=False):
        screen = Screen(as_json=False, prices=PricesSection(), transcripts=transcripts)
        told = Story(screen.follow, talk=talk)
        if config:
            told.tell(ev.ConfigChanged(limits(config), talk, False, Volume()))
        tell(told)
        lines = capsys.readouterr().out.splitlines()
        return [line.partition(" s  ")[2] for line in lines]

    return of


def test_only_where_there_is_a_pre_roll_a_turn_is_sent_from_it_on(shown):
    closed = Config(microphone=MicrophoneSection(open="while-held"))
    assert "turn 1   sending, from the pre-roll on" in shown(lambda s: s.say())
    assert "turn 1   sending" in shown(lambda s: s.say(), config=closed)
    open_microphone = TalkSettings(TalkMode.HANDS_FREE)
    assert "turn 1   sending" in shown(
        lambda s: s.press().hear(8), talk=open_microphone
    )


def test_a_turn_that_a_stop_ends_is_told_as_stopped(shown):
    lines = shown(lambda s: s.press().hear(8).tell(ev.StopRequested()))
    assert "turn 1   stopped after 1.02 s of speech" in lines
    assert not any("sent:" in line for line in lines)


def converse(story):
    story.say().tell(ev.TranscriptHeard("Hello\nthere", spoken=False))
    story.tell(ev.TranscriptHeard(" Hi.", spoken=True)).answer().drained()


def test_what_was_said_and_answered_is_shown_to_those_who_want_transcripts(shown):
    words = ["turn 1   said: Hello there", "turn 1   answered: Hi."]
    assert shown(converse, transcripts=True)[-2:] == words
    assert not set(words) & set(shown(converse))
    assert not any(
        "said:" in line
        for line in shown(lambda s: s.say().answer().drained(), transcripts=True)
    )


def step(watch, box, event):
    after, effects = advance(box, event, 1.0)
    watch.follow(Transition(1.0, event, box, after, effects))
    return after


@in_loop
async def test_whoever_has_the_keys_is_told_which_card_is_waited_for(capsys):
    watch = Watch()
    waiting = asyncio.ensure_future(ready(watch, scripted=False))
    await asyncio.sleep(0)
    box = start(limits(Config()), 1.0)
    for event in (ev.FaultRaised(Fault.SPEAKER, "gone"), ev.LinkUp()):
        box = step(watch, box, event)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    what = "waiting for the speaker; Ctrl-C ends the demo"
    assert capsys.readouterr().err == f"voice-appliance: {what}\n"
    for event in (ev.FaultCleared(Fault.SPEAKER), ev.DevicesReady()):
        box = step(watch, box, event)
    await asyncio.wait_for(waiting, 10)


def test_what_the_service_names_cannot_forge_a_line_or_steer_the_terminal(shown):
    name = "lamp\x1b[2J\n   1.00 s  fault    cleared"
    lines = shown(lambda s: s.say().tell(ev.ToolCalled("1", name, b"{}")))
    assert "tool     lamp [2J    1.00 s  fault    cleared called" in lines
