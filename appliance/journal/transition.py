# SPDX-License-Identifier: MIT
"""One step of the conversation, as its observers see it."""

from appliance.basics.record import Struct
from appliance.core.conversation import Conversation
from appliance.core.effects import Effect
from appliance.core.events import AnswerEnded, Event, FaultRaised, LinkLost
from appliance.journal.turn_report import Report


class Transition(Struct, frozen=True):
    """`event` turned `before` into `after` and ordered `effects`, at `now`."""

    now: float
    event: Event
    before: Conversation
    after: Conversation
    effects: tuple[Effect, ...]
    #: The turns that it completes, as the meter measured them.
    reports: tuple[Report, ...] = ()

    @property
    def turn(self) -> int | None:
        """The turn that was being said, waited for or heard, if one was."""
        c = self.before
        if c.hold and c.hold.turn:
            return c.hold.turn
        if c.answer:
            return c.answer.turn
        return c.utterances[0].turn if c.utterances else None

    @property
    def reason(self) -> str:
        """Why something failed, as the failing part words it, or ""."""
        match self.event:
            case LinkLost(_, reason) | AnswerEnded(reason) | FaultRaised(_, reason):
                return reason
            case _:
                return ""
