# SPDX-License-Identifier: MIT
"""Each way to talk, and the exact transcript of what it puts on the wire."""

from appliance.core.conversation import State
from appliance.core.effects import PlayEarcon
from appliance.core.events import (
    AnswerInterrupted,
    LinkUp,
    PlaybackSilenced,
    PlaybackStarted,
)
from appliance.core.signals import Earcon
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from tests.rig.living_box import CALM, compact, living_box
from tests.rig.waiting import in_loop, noise

SETUP = ["> setup", "< setupComplete"]
TURN = ["> activityStart", "> audio", "> activityEnd"]
ANSWER = ["< audio", "< generationComplete", "< turnComplete"]
GOODBYE = ["> close 1000"]

QUICK = Scenario(setup_delay_ms=0, answer_delay_ms=10, waits_for_playback=False)
TOGGLE = CALM.changed(button=CALM.button.changed(mode="toggle"))


@in_loop
async def test_toggle_one_press_begins_a_turn_and_the_next_ends_it(talkative_card):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url, TOGGLE) as box:
            await box.ready()
            box.panel.press()
            box.panel.release()
            await box.captured(0.8)
            assert box.transitions[-1].after.state is State.LISTENING
            box.panel.press()
            box.panel.release()
            await box.state(State.SPEAKING)
            await box.quiet()
        assert compact(server.wire()) == SETUP + TURN + ANSWER + GOODBYE
        (turn,) = server.turns
        assert turn.heard in talkative_card.spoken()
        assert len(turn.heard) / 32_000 > 0.8


@in_loop
async def test_two_taps_begin_a_new_conversation_with_a_sound_of_its_own(
    talkative_card,
):
    async with LiveServer(QUICK) as server:
        async with living_box(talkative_card, server.url) as box:
            await box.ready()
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
            for _ in range(2):
                box.panel.press()
                box.panel.release()
            await box.until(lambda: len(box.happened(LinkUp)) == 2)
            assert box.effects(PlayEarcon)[-1].earcon is Earcon.NEW
            assert not box.happened(LinkUp)[-1].event.resumed
        assert compact(server.wire(1))[-1:] == GOODBYE
        assert compact(server.wire(2)) == SETUP + GOODBYE


#: A second of speech, and a silence that ends it.
SPEECH = noise(16_000)
PAUSE = bytes(32_000)
HANDS_FREE = CALM.changed(
    turns=CALM.turns.changed(mode="server-vad"),
    vad=CALM.vad.changed(silence_ms=300),
)
FULL_DUPLEX = HANDS_FREE.changed(turns=HANDS_FREE.turns.changed(echo="full-duplex"))
#: The answer is over when it would have been heard, as the service counts.
PACED = Scenario(setup_delay_ms=0, answer_delay_ms=10)


def uplink(server):
    return compact([line for line in server.wire() if line.startswith(">")])


def downlink(server):
    return compact([line for line in server.wire() if line.startswith("<")])


def press(box):
    box.panel.press()
    box.panel.release()


async def open_microphone(box):
    press(box)
    await box.captured(0.3)


@in_loop
async def test_hands_free_what_is_said_is_answered_until_a_press_ends_it(virtual_card):
    async with LiveServer(PACED) as server:
        async with living_box(virtual_card, server.url, HANDS_FREE) as box:
            await box.ready()
            await box.captured(0.5)
            assert uplink(server) == ["> setup"]
            await open_microphone(box)
            virtual_card.say(SPEECH + PAUSE)
            await box.state(State.SPEAKING)
            await box.state(State.LISTENING)
            await box.until(lambda: box.transitions[-1].after.owed == ())
            press(box)
            await box.state(State.IDLE)
            (turn,) = server.turns
            await box.heard(turn.answer)
        assert uplink(server) == ["> setup", "> audio", "> audioStreamEnd", *GOODBYE]
        assert downlink(server) == ["< setupComplete", *ANSWER]
        assert SPEECH in turn.heard


@in_loop
async def test_half_duplex_the_box_does_not_hear_itself(virtual_card):
    async with LiveServer(PACED) as server:
        async with living_box(virtual_card, server.url, HANDS_FREE) as box:
            await box.ready()
            await open_microphone(box)
            virtual_card.say(3 * SPEECH + PAUSE)
            await box.state(State.SPEAKING)
            virtual_card.say(SPEECH)
            await box.state(State.LISTENING)
            await box.captured(1.0)
            assert SPEECH in virtual_card.spoken()
        assert len(server.turns) == 1
        assert downlink(server) == ["< setupComplete", *ANSWER]


@in_loop
async def test_full_duplex_talking_over_the_answer_silences_it(virtual_card):
    async with LiveServer(PACED) as server:
        async with living_box(virtual_card, server.url, FULL_DUPLEX) as box:
            await box.ready()
            await open_microphone(box)
            virtual_card.say(3 * SPEECH + PAUSE)
            await box.state(State.SPEAKING)
            await box.until(lambda: box.happened(PlaybackStarted))
            await box.until(lambda: "< generationComplete" in downlink(server))
            virtual_card.say(SPEECH + PAUSE)
            await box.until(lambda: box.happened(AnswerInterrupted))
            assert box.transitions[-1].after.state is not State.SPEAKING
            await box.until(lambda: box.happened(PlaybackSilenced))
            await box.state(State.SPEAKING)
            await box.state(State.LISTENING)
            first, second = server.turns
            await box.heard(second.answer)
        assert first.answer not in virtual_card.heard()
        assert downlink(server) == [
            *["< setupComplete", "< audio", "< generationComplete"],
            *["< interrupted", "< turnComplete"],
            *ANSWER,
        ]


@in_loop
async def test_the_recipe_of_2025_is_answered_by_a_service_that_takes_it(
    talkative_card,
):
    old = CALM.changed(turns=CALM.turns.changed(mode="client-content"))
    async with LiveServer(QUICK, dialect="2025") as server:
        async with living_box(talkative_card, server.url, old) as box:
            await box.ready()
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
            (turn,) = server.turns
            await box.heard(turn.answer)
        assert turn.heard in talkative_card.spoken()
        said = [line for line in server.wire() if line.startswith(">")]
        kinds = dict.fromkeys(line.split()[1] for line in said)
        assert list(kinds) == ["setup", "mediaChunks", "clientContent", "close"]
        audio = [line for line in server.wire() if line.startswith("< audio")]
        told = [line for line in said if line == "> clientContent"]
        # The end of what was said, and a word to go on after each part of the answer.
        assert len(told) == 1 + len(audio)


@in_loop
async def test_today_the_recipe_of_2025_is_refused_and_the_user_told(talkative_card):
    old = CALM.changed(turns=CALM.turns.changed(mode="client-content"))
    async with (
        LiveServer(QUICK) as server,
        living_box(talkative_card, server.url, old) as box,
    ):
        await box.ready()
        await box.hold(0.4)
        await box.until(lambda: box.transitions[-1].after.mishap)
        await box.quiet()
        told = {order.earcon for order in box.effects(PlayEarcon)}
        assert Earcon.REFUSED in told
