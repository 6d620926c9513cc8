# SPDX-License-Identifier: MIT
"""Shuts the machine down by the volume-down button: a long hold, then letting go."""

from collections.abc import Callable, Iterator

from appliance.basics.record import replace
from appliance.core.conversation import Conversation, Step
from appliance.core.effects import PowerOff
from appliance.core.volume import VolumeHold

#: Held on for so long, something lies on the button, or the user has thought again.
_SECOND_THOUGHTS_S = 10.0


def held(c: Conversation, at: float) -> Step:
    """The button went down: nothing comes of it unless it stays there."""
    return replace(c, volume_hold=VolumeHold(at)), ()


def let_go(c: Conversation, at: float) -> Step:
    """Commits what the LED warns of, and nothing else; it may be told late."""
    hold, c = c.volume_hold, replace(c, volume_hold=None)
    if not hold or not hold.armed:
        return c, ()
    held_s = at - hold.since - c.limits.shut_down_s
    return c, (PowerOff(),) if 0 <= held_s < _SECOND_THOUGHTS_S else ()


def timers(
    c: Conversation,
) -> Iterator[tuple[float, Callable[[Conversation, float], Step]]]:
    """When the LED warns, and when it stops doing so."""
    if not c.volume_hold:
        return
    armed_at = c.volume_hold.since + c.limits.shut_down_s
    if not c.volume_hold.armed:
        yield armed_at, _arm
    else:
        yield armed_at + _SECOND_THOUGHTS_S, _disarm


def _arm(c: Conversation, now: float) -> Step:
    assert c.volume_hold
    return replace(c, volume_hold=replace(c.volume_hold, armed=True)), ()


def _disarm(c: Conversation, now: float) -> Step:
    return replace(c, volume_hold=None), ()
