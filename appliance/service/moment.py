# SPDX-License-Identifier: MIT
"""One step of the conversation, as everything that only looks on gets to see it."""

from dataclasses import dataclass

from appliance.core.conversation import Conversation
from appliance.core.effects import Effect
from appliance.core.events import Event


@dataclass(frozen=True, slots=True)
class Moment:
    """`event` turned `before` into `after` and ordered `effects`, at `now`."""

    now: float
    event: Event
    before: Conversation
    after: Conversation
    effects: tuple[Effect, ...]
