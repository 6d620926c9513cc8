# SPDX-License-Identifier: MIT
"""Whatever happens in whatever order, those who only look on do not fail."""

import logging
from collections import Counter

import pytest

from appliance.config.sections import PricesSection
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.demo.screen import Screen
from appliance.journal.lines import LogLines
from appliance.journal.transition import Transition
from appliance.journal.turn_meter import TurnMeter
from tests.core.walks import Chaos

#: Others cover the code; with coverage this takes three times as long.
pytestmark = pytest.mark.no_cover

_EVENTS = 30_000


class Watched(Chaos):
    """A core in chaos, with all that looks on, as in a demo."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.screen = Screen(as_json=False, prices=PricesSection())
        self.lines = LogLines(transcripts=True)
        self.meter = TurnMeter()
        #: Turns that nobody said: what a tool led to.
        self.unsaid: set[int] = set()

    def tell(self, event: ev.Event) -> tuple[ef.Effect, ...]:
        before = self.conversation
        effects = super().tell(event)
        transition = self.meter.measured(
            Transition(self.now, event, before, self.conversation, effects)
        )
        held = (
            before.hold or self.conversation.hold or isinstance(event, ev.TalkPressed)
        )
        # Of several that one step begins the first is what was said.
        first = before.turn + 2 if held else before.turn + 1
        self.unsaid.update(range(first, self.conversation.turn + 1))
        self.screen.follow(transition)
        self.lines.follow(transition)
        return effects


@pytest.mark.parametrize("seed", range(3))
def test_no_order_of_events_is_too_odd_for_those_who_look_on(seed, caplog, capsys):
    caplog.set_level(logging.CRITICAL)
    walk = Watched(seed)
    walk.run(_EVENTS)
    begun = Counter(r.turn for r in walk.screen.reports if r.pressed_at is not None)
    assert walk.conversation.turn > _EVENTS / 300
    over = set(range(1, walk.conversation.turn - 10)) - walk.unsaid
    assert all(begun[turn] == 1 for turn in over)
