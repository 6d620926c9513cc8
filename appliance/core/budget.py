# SPDX-License-Identifier: MIT
"""Counts what the day has used, and takes no more talk when that is enough."""

from appliance.basics.record import replace
from appliance.core import hands_free, playback
from appliance.core.conversation import AT_ONCE, Conversation, Step, Timers
from appliance.core.signals import Fault
from appliance.core.tokens import Budget, Spent, Tokens


def start(c: Conversation, spent: Spent) -> Conversation:
    """As it was when the box was switched off."""
    return judged(replace(c, budget=Budget(spent)))


def counted(c: Conversation, tokens: Tokens) -> Step:
    """The service tells what the turn has used so far."""
    return judged(replace(c, budget=c.budget.count(tokens))), ()


def turn_over(c: Conversation) -> Conversation:
    """What is told from here on is another turn's."""
    return replace(c, budget=Budget(c.budget.spent))


def day_began(c: Conversation, day: int) -> Step:
    """The clock says which day it is."""
    budget = replace(c.budget, spent=c.budget.spent.on(day))
    return judged(replace(c, budget=budget)), ()


def judged(c: Conversation) -> Conversation:
    """With the fault that ends the day, or without it."""
    enough = c.budget.spent.tokens.total >= c.limits.tokens_per_day
    limit = frozenset({Fault.DAILY_LIMIT})
    return replace(c, faults=c.faults | limit if enough else c.faults - limit)


def refuse(c: Conversation, now: float) -> Step:
    """A press silences what sounds, as ever, and is told why that is all."""
    c, effects = playback.hush(c, now)
    c, more = playback.tell_fault(c, Fault.DAILY_LIMIT, now)
    return c, effects + more


def timers(c: Conversation) -> Timers:
    """When an open microphone is closed: as soon as all is answered and heard."""
    quiet = c.calm and c.speaker.quiet_since is not None
    if c.used_up and c.microphone and quiet and not hands_free.waits(c):
        yield AT_ONCE, _close


def _close(c: Conversation, now: float) -> Step:
    c, effects = hands_free.close(c, now)
    c, more = playback.tell_fault(c, Fault.DAILY_LIMIT, now)
    return c, effects + more
