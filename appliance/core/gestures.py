# SPDX-License-Identifier: MIT
"""What a press and a release mean, in each way to talk."""

from appliance.basics.record import replace
from appliance.core import budget, delivery, hands_free, hold, playback
from appliance.core.conversation import Conversation, Step
from appliance.core.signals import Earcon
from appliance.core.talk_mode import TalkMode

#: Two taps within this are one gesture. A hold is never kept waiting for it.
_DOUBLE_TAP_S = 0.5


def press(c: Conversation, at: float, now: float) -> Step:
    """The button went down."""
    listens = c.hold or (c.microphone and not c.microphone.closing)
    if c.used_up and not listens:
        return budget.refuse(c, now)
    match c.talk.mode:
        case TalkMode.HANDS_FREE:
            return hands_free.press(c, at, now)
        case TalkMode.TOGGLE if c.hold and c.hold.released_at is None:
            return _release(c, at, now)
        case _:
            return hold.press(c, at, now)


def release(c: Conversation, at: float, now: float) -> Step:
    """The button went up."""
    return _release(c, at, now) if c.talk.mode is TalkMode.HOLD else (c, ())


def _release(c: Conversation, at: float, now: float) -> Step:
    held = c.hold
    c, effects = hold.release(c, at, now)
    if not held or c.hold:
        return c, effects
    if at - c.tapped_at > _DOUBLE_TAP_S:
        return replace(c, tapped_at=at), effects
    # What is half sent belongs to what is to be forgotten.
    c = replace(c, tapped_at=float("-inf"), utterances=())
    c, more = delivery.start_new_conversation(c, now)
    effects += more
    c, more = playback.earcon(c, Earcon.NEW)
    return c, effects + more
