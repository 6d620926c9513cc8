# SPDX-License-Identifier: MIT
"""What a hold of the button says: from the pre-roll to the end of the tail."""

from appliance.basics.pcm import cut
from appliance.basics.record import replace
from appliance.core import events as ev
from appliance.core import hands_free, playback, reconnect, tail
from appliance.core.capture import Hold
from appliance.core.conversation import (
    OVERDUE_S,
    Conversation,
    Step,
    Timers,
    captured_at,
)
from appliance.core.limits import Limits
from appliance.core.signals import Earcon, Fault, Signal, worst
from appliance.core.utterance import Utterance, is_open


def press(c: Conversation, at: float, now: float) -> Step:
    """Silence at once; and a hold, or a tap, begins."""
    if c.hold:
        return _press_again(c, at, now)
    since = at
    if c.speaker.quiet_since is not None:
        # Neither what the microphone heard of the speaker nor what was said in the
        # turn before may become pre-roll.
        since = max(
            at - c.limits.pre_roll_s, c.speaker.quiet_since, c.pre_roll.said_until
        )
        since = min(at, since)
    c, effects = playback.hush(c, now)
    c, more = reconnect.open_link(replace(c, capture=Hold(at, since)))
    effects += more
    if fault := worst(c.faults):
        c, more = playback.tell_fault(c, fault, now)
        effects += more
    return c, effects


def is_tap(hold: Hold, released_at: float, limits: Limits) -> bool:
    """Let go then, it is no turn, and will be none."""
    return hold.turn is None and released_at - hold.pressed_at < limits.min_hold_s


def release(c: Conversation, at: float, now: float) -> Step:
    """A tap is over; a hold still has its tail."""
    if not c.hold or c.hold.released_at is not None:
        return c, ()
    if is_tap(c.hold, at, c.limits):
        return _tap(c)
    begun = c.hold.turn is not None
    c = replace(c, capture=replace(c.hold, released_at=at))
    return (_listen(c), ()) if begun else _begin_utterance(c, now)


def capture(c: Conversation, period: ev.PeriodCaptured) -> Step:
    """Keep it for the pre-roll; the part that is said goes to the utterance."""
    kept_s = c.limits.pre_roll_s + c.limits.min_hold_s + OVERDUE_S
    c = replace(c, pre_roll=c.pre_roll.add(period, kept_s))
    if not c.hold or c.hold.turn is None:
        return c, ()
    return _listen(_grow(c, period)), ()


def microphone_lost(c: Conversation, now: float) -> Step:
    """The microphone is gone: a hold is over, with what it had said so far."""
    if not c.capture:
        return c, ()
    if c.hold and c.hold.turn is not None:
        c, _ = _finish(c, now)
    c = replace(c, capture=c.microphone, mishap=None)
    c, effects = hands_free.close(c, now)
    c, more = playback.tell_fault(c, Fault.MICROPHONE, now)
    return c, effects + more


def timers(c: Conversation) -> Timers:
    """When a press is no tap any more, when to warn, and when the hold is over."""
    if not c.hold:
        return
    limits = c.limits
    if c.hold.turn is None:
        tap_until = c.hold.pressed_at + limits.min_hold_s
        yield captured_at(c, tap_until), _begin_utterance
    else:
        yield captured_at(c, c.hold.ends_at(limits)), _finish
    if not c.hold.warned:
        yield c.hold.pressed_at + limits.hold_limit_s - limits.hold_warning_s, _warn


def _press_again(c: Conversation, at: float, now: float) -> Step:
    """Within the tail it goes on with the turn; else the button bounced."""
    assert c.hold
    if c.hold.released_at is None:
        return c, ()
    if Fault.MICROPHONE in c.faults:
        # Its tail never comes: this press is told why, as any other.
        over, _ = _finish(c, now)
        return press(over, at, now)
    c = replace(c, capture=replace(c.hold, released_at=None, levels=()))
    return playback.drop(c, now)


def _tap(c: Conversation) -> Step:
    """Sends nothing. The press has hushed the answer; what still waits to be sent
    or answered is cancelled, too; but what is half sent must be sent to its end."""
    half_sent = tuple(u for u in c.utterances if is_open(u))
    return replace(c, capture=None, utterances=half_sent), ()


def _begin_utterance(c: Conversation, now: float) -> Step:
    """The press is no tap: all since the pre-roll is said to the service."""
    assert c.hold
    turn = c.turn + 1
    hold = replace(c.hold, turn=turn)
    c = replace(c, capture=hold, turn=turn)
    c = replace(c, utterances=(*c.utterances, Utterance(turn)))
    for period in c.pre_roll.periods:
        c = _grow(c, period)
    return _listen(c), ()


def _grow(c: Conversation, period: ev.PeriodCaptured) -> Conversation:
    """Add what of `period` is said: one unbroken run of frames. Its instant may be
    some ms off, so only the first is trimmed to the hold's beginning."""
    assert c.hold
    last = c.utterances[-1]
    since = float("-inf") if last.pieces else c.hold.since
    piece = cut(period.pcm, period.ended_at, since, c.hold.ends_at(c.limits))
    if not piece:
        return c
    return replace(c, utterances=(*c.utterances[:-1], last.grow(piece)))


def _listen(c: Conversation) -> Conversation:
    """The tail is over with the last period, if the user has stopped talking."""
    assert c.hold
    hold, released_at, pieces = c.hold, c.hold.released_at, c.utterances[-1].pieces
    if released_at is None or not (c.limits.tail_listens and pieces):
        return c
    more = tail.levels(pieces[-1]) if hold.levels else tail.heard(pieces)
    hold = replace(hold, levels=hold.levels + more)
    ended_at = c.pre_roll.ended_at
    since_release_s = ended_at - released_at
    if since_release_s >= 0 and tail.is_over(hold.levels, since_release_s):
        hold = replace(hold, until=ended_at)
    return replace(c, capture=hold)


def _warn(c: Conversation, now: float) -> Step:
    assert c.hold
    return replace(c, capture=replace(c.hold, warned=True)), ()


def _finish(c: Conversation, now: float) -> Step:
    """The tail is over, the hold limit reached, or the microphone gone."""
    assert c.hold
    reached_limit = c.hold.released_at is None
    said_until = min(now, c.hold.ends_at(c.limits))
    last = replace(c.utterances[-1], ended_at=now)
    said = c.utterances[:-1] + ((last,) if last.audible else ())
    pre_roll = replace(c.pre_roll, said_until=said_until)
    c = replace(c, capture=None, utterances=said, pre_roll=pre_roll)
    if not last.audible:
        return playback.mishap(c, Signal.UNHEARD, now)
    if reached_limit and Fault.MICROPHONE not in c.faults:
        return playback.earcon(c, Earcon.CUT_OFF)
    return c, ()
