# SPDX-License-Identifier: MIT
"""Watches a demo: when the box begins to listen, and when everything is over."""

import asyncio
import sys
from collections.abc import Callable

from appliance.basics.streams import write
from appliance.core.conversation import Conversation, State
from appliance.core.events import PeriodCaptured, TalkPressed, TimePassed
from appliance.core.signals import Fault, signal_of
from appliance.core.talk_mode import TalkMode
from appliance.hardware.card import DeviceUnavailable
from appliance.journal.transition import Transition

#: How long a microphone stays open for an answer after the script has ended.
_OPEN_LIMIT_S = 4.0
#: How long a script waits for a sound card.
_CARD_LIMIT_S = 10.0

Condition = Callable[[Transition], bool]


class Watch:
    """Lets a task wait until a condition on the conversation holds."""

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
    """Wait until the box is ready, and say so if it waits for a device.

    Raises:
        DeviceUnavailable: the device did not come in time; only a script has a limit.
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
    """The devices that do not work, in words."""
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
    """Everything done until `done_at` has had its consequences."""
    return lambda transition: (
        _is_over(transition, done_at) or _is_left_open(transition, done_at)
    )


def _is_left_open(transition: Transition, done_at: float) -> bool:
    """Whether the microphone stays open because only a press closes it; hands-free, not
    before the last words should have been answered."""
    c = transition.after
    match transition.event, c.talk.mode:
        case PeriodCaptured(_, ended_at), TalkMode.TOGGLE:
            return ended_at > done_at and listens(c)
        case PeriodCaptured(_, ended_at), TalkMode.HANDS_FREE:
            patient_until = max(done_at, c.active_at) + _OPEN_LIMIT_S
            quiet = c.speaker.quiet_since is not None and bool(c.microphone) and c.calm
            return ended_at > patient_until and quiet and listens(c)
        case _:
            return False


def _is_over(transition: Transition, done_at: float) -> bool:
    """Everything done until `done_at` has been answered and played."""
    match transition.event:
        case PeriodCaptured(_, ended_at) if ended_at > done_at:
            return _is_quiet(transition.after)
        case TimePassed() if transition.now > done_at:
            # The inbox is empty; a closed microphone sends no period to look at.
            return _is_quiet(transition.after)
        case _:
            return False


def _is_quiet(c: Conversation) -> bool:
    return c.state is State.IDLE and c.speaker.quiet_since is not None
