# SPDX-License-Identifier: MIT
"""Looks on at a demo: when the box begins to listen, and when all is over."""

import asyncio
import sys
from collections.abc import Callable

from appliance.basics.streams import write
from appliance.core import hands_free
from appliance.core.conversation import Conversation, State
from appliance.core.events import PeriodCaptured, TalkPressed, TimePassed
from appliance.core.signals import Fault, signal_of
from appliance.core.talk_mode import TalkMode
from appliance.hardware.card import DeviceUnavailable
from appliance.journal.transition import Transition

#: So long a microphone stays open for an answer, when its user has gone.
_PATIENCE_S = 4.0
#: So long a script waits for a sound card.
_CARD_LIMIT_S = 10.0

Condition = Callable[[Transition], bool]


class Watch:
    """Lets somebody wait for something to be true of the conversation."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Condition, asyncio.Future[Transition]]] = []

    def follow(self, transition: Transition) -> None:
        for condition, holds in self._waiting:
            if not holds.done() and condition(transition):
                holds.set_result(transition)

    async def until(self, condition: Condition) -> Transition:
        holds: asyncio.Future[Transition] = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, holds))
        return await holds


async def ready(watch: Watch, *, scripted: bool) -> None:
    """Wait for the box, and say so where it waits for a device itself.

    Raises:
        DeviceUnavailable: it is not there in time; without a script there is no limit.
    """
    first = await watch.until(lambda m: m.after.ready or bool(_missing(m)))
    if first.after.ready:
        return
    limit = f" for {_CARD_LIMIT_S:g} s at most" if scripted else ""
    line = f"waiting for the {_missing(first)}{limit}; Ctrl-C ends the demo"
    write(f"voice-appliance: {line}", sys.stderr)
    try:
        async with asyncio.timeout(_CARD_LIMIT_S if scripted else None):
            await watch.until(lambda transition: transition.after.ready)
    except TimeoutError:
        raise DeviceUnavailable(
            f"{_missing(first)}: not there after {_CARD_LIMIT_S:g} s: the script "
            "was not begun"
        ) from None


def _missing(transition: Transition) -> str:
    """The device that does not work."""
    faults = transition.after.faults & {Fault.MICROPHONE, Fault.SPEAKER}
    return " and the ".join(sorted(signal_of(fault).value for fault in faults))


def begins_to_listen(transition: Transition) -> bool:
    """A press began to listen; one that ended it, or silenced an answer, did not."""
    pressed = isinstance(transition.event, TalkPressed)
    return pressed and listens(transition.after) and not listens(transition.before)


def listens(c: Conversation) -> bool:
    held = c.hold is not None and c.hold.released_at is None
    return held or (c.microphone is not None and not c.microphone.closing)


def done(done_at: float) -> Condition:
    """What was done until `done_at` has no more consequences."""
    return lambda transition: (
        _is_over(transition, done_at) or _is_left_open(transition, done_at)
    )


def _is_left_open(transition: Transition, done_at: float) -> bool:
    """The microphone is, where it takes a press to close it; hands-free, only after
    what was said last should have been answered."""
    c = transition.after
    match transition.event, c.talk.mode:
        case PeriodCaptured(_, ended_at), TalkMode.TOGGLE:
            return ended_at > done_at and listens(c)
        case PeriodCaptured(_, ended_at), TalkMode.HANDS_FREE:
            patient_until = max(done_at, c.active_at) + _PATIENCE_S
            quiet = c.quiet_since is not None and hands_free.calm(c)
            return ended_at > patient_until and quiet and listens(c)
        case _:
            return False


def _is_over(transition: Transition, done_at: float) -> bool:
    """All that was done until `done_at` has been answered and played."""
    match transition.event:
        case PeriodCaptured(_, ended_at) if ended_at > done_at:
            return _is_quiet(transition.after)
        case TimePassed() if transition.now > done_at:
            # Nothing waits in the inbox; of a closed microphone there is nothing else.
            return _is_quiet(transition.after)
        case _:
            return False


def _is_quiet(c: Conversation) -> bool:
    return c.state is State.IDLE and c.quiet_since is not None
