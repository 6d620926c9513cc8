# SPDX-License-Identifier: MIT
"""Counts what the day has used, and takes no more talk when that is enough."""

from collections.abc import Callable, Iterator

from appliance.basics.record import replace
from appliance.core import hands_free, playback
from appliance.core.conversation import Conversation, Step
from appliance.core.signals import Fault
from appliance.core.tokens import Spent, Tokens


def start(c: Conversation, spent: Spent) -> Conversation:
    """As it was when the box was switched off."""
    return judged(replace(c, spent=spent))


def counted(c: Conversation, tokens: Tokens) -> Step:
    """The service tells what the turn has used so far: the last word counts."""
    spent = replace(c.spent, tokens=c.spent.tokens + tokens - c.turn_tokens)
    return judged(replace(c, spent=spent, turn_tokens=tokens)), ()


def turn_over(c: Conversation) -> Conversation:
    """What is told from here on is another turn's."""
    return replace(c, turn_tokens=Tokens())


def day_began(c: Conversation, day: int) -> Step:
    """The clock says which day it is."""
    return judged(replace(c, spent=c.spent.on(day))), ()


def judged(c: Conversation) -> Conversation:
    """With the fault that ends the day, or without it."""
    enough = c.spent.tokens.total >= c.limits.tokens_per_day
    limit = frozenset({Fault.DAILY_LIMIT})
    return replace(c, faults=c.faults | limit if enough else c.faults - limit)


def refuse(c: Conversation, now: float) -> Step:
    """A press silences what sounds, as ever, and is told why that is all."""
    c, effects = playback.hush(c, now)
    c, more = playback.tell_fault(c, Fault.DAILY_LIMIT, now)
    return c, effects + more


def timers(
    c: Conversation,
) -> Iterator[tuple[float, Callable[[Conversation, float], Step]]]:
    """When an open microphone is closed: as soon as all is answered and heard."""
    quiet = hands_free.calm(c) and c.quiet_since is not None
    if c.used_up and quiet and not hands_free.waits(c):
        yield 0.0, _close


def _close(c: Conversation, now: float) -> Step:
    c, effects = hands_free.close(c, now)
    c, more = playback.tell_fault(c, Fault.DAILY_LIMIT, now)
    return c, effects + more
