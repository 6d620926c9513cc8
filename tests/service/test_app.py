# SPDX-License-Identifier: MIT
"""The whole box at its end: what was asked is answered, what was claimed is free."""

import pytest
from gpiozero import LED

from appliance.core.conversation import State
from appliance.hardware.card import CardHung
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from tests.rig.living_box import CALM, living_box, without_silence
from tests.rig.waiting import in_loop

QUICK = Scenario(setup_delay_ms=0, answer_delay_ms=10, waits_for_playback=False)


class HangsWhenOpenedAgain:
    """A capture device whose driver does not come back from a stall."""

    def __init__(self, card) -> None:
        self._card = card
        self._was_opened = False

    async def open_capture(self, *of):
        if self._was_opened:
            raise CardHung("no answer")
        self._was_opened = True
        return await self._card.open_capture(*of)


@in_loop
async def test_a_microphone_that_hangs_in_an_answer_lets_it_be_heard_to_its_end(
    talkative_card,
):
    async with LiveServer(QUICK) as server:
        box = living_box(
            talkative_card, server.url, microphone_card=HangsWhenOpenedAgain
        )
        with pytest.RaisesGroup(CardHung, flatten_subgroups=True):
            await ask_and_hang(box, talkative_card)
    # A busy machine may have underrun.
    heard = without_silence(talkative_card.heard())
    assert without_silence(server.turns[0].answer) in heard


async def ask_and_hang(box, card) -> None:
    async with box as living:
        await living.ready()
        await living.hold(4.0)
        await living.state(State.SPEAKING)
        card.fault("microphone", "stall")
        await living.until(lambda: False)


@in_loop
async def test_the_led_is_free_and_off_once_the_box_has_stopped(virtual_card):
    async with living_box(virtual_card, "ws://127.0.0.1:9") as box:
        await box.until(lambda: box.transitions)
    assert box.appliance
    with LED(CALM.led.gpio, initial_value=None) as led:
        assert not led.value
