# SPDX-License-Identifier: MIT
"""What a press and a release mean, in each way to talk; and what several taps do."""

from appliance.basics.record import replace
from appliance.core import budget, forgetting, hands_free, hold, playback
from appliance.core.conversation import Conversation, Step, Timers, captured_at
from appliance.core.effects import Effect
from appliance.core.signals import Earcon
from appliance.core.talk_mode import TalkMode
from appliance.core.taps import Taps


def press(c: Conversation, at: float, now: float) -> Step:
    """The button went down."""
    listens = c.hold or (c.microphone and not c.microphone.closing)
    refused = c.used_up and not listens
    if refused or c.talk.mode is TalkMode.HANDS_FREE:
        return _press_only(c, at, now, refused=refused)
    if c.talk.mode is TalkMode.TOGGLE and c.hold and c.hold.released_at is None:
        return _release(c, at, now)
    return hold.press(c, at, now)


def release(c: Conversation, at: float, now: float) -> Step:
    """The button went up."""
    return _release(c, at, now) if c.talk.mode is TalkMode.HOLD else (c, ())


def timers(c: Conversation) -> Timers:
    """When two taps are not going to be three."""
    if c.taps.count == 2 and not c.hold:
        yield c.taps.over_at, _two_taps
    elif c.taps.count == 2 and c.hold and c.hold.turn is None:
        yield captured_at(c, c.hold.pressed_at + c.limits.min_hold_s), _two_taps


def _press_only(c: Conversation, at: float, now: float, *, refused: bool) -> Step:
    """Where a press counts as a tap, whatever its length."""
    c = replace(c, taps=c.taps.add(at))
    if c.taps.count < 3:
        return budget.refuse(c, now) if refused else hands_free.press(c, at, now)
    c, effects = playback.hush(hands_free.close_at(c, at), now)
    c, more = _three_taps(c, now)
    return c, effects + more


def _release(c: Conversation, at: float, now: float) -> Step:
    effects: tuple[Effect, ...] = ()
    if not c.hold:
        return c, ()
    if not hold.is_tap(c.hold, at, c.limits):
        if c.taps.count == 2:
            c, effects = _two_taps(c, now)
        c, more = hold.release(c, at, now)
        return c, effects + more
    c, effects = hold.release(c, at, now)
    if c.taps.count == 2 and at > c.taps.over_at:
        c, more = _two_taps(c, now)
        effects += more
    c = replace(c, taps=c.taps.add(at))
    if c.taps.count < 3:
        return c, effects
    c, more = _three_taps(c, now)
    return c, effects + more


def _two_taps(c: Conversation, now: float) -> Step:
    """A new conversation. What the taps cancelled, half sent, belongs to the old one.
    Nothing sounds into a microphone that may be listening already."""
    c = replace(c, taps=Taps())
    if c.used_up or c.talk.mode is TalkMode.HANDS_FREE:
        return c, ()
    kept = tuple(u for u in c.utterances if c.answers.may_sound(u.turn))
    c, effects = forgetting.start_new_conversation(replace(c, utterances=kept), now)
    if c.hold:
        return c, effects
    c, more = playback.earcon(c, Earcon.NEW)
    return c, effects + more


def _three_taps(c: Conversation, now: float) -> Step:
    return playback.tell_status(replace(c, taps=Taps()), now)
