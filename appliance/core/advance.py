# SPDX-License-Identifier: MIT
"""The one function that changes a conversation, and nothing else does.

`advance` applies one event, then every timer that is due. A timer is a pair of an
instant and a reaction (`timers`), so when and what stand in one place; `deadline`
tells the shell when to come back.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from appliance.core import delivery, playback
from appliance.core import events as ev
from appliance.core.conversation import (
    Conversation,
    Hold,
    Link,
    Step,
    Utterance,
    cut,
    hold_until,
    is_open,
)
from appliance.core.effects import CloseLink, CloseTurn, OpenLink, RenewLink
from appliance.core.signals import LINK_FAULTS, Earcon, Fault, earcon_of, worst

Reaction = Callable[[Conversation, float], Step]

#: A period that is this late will not come: the microphone is dead.
_OVERDUE_S = 1.0


def advance(conversation: Conversation, event: ev.Event, now: float) -> Step:
    """The conversation after `event`, and what to do about it.

    Args:
        now: monotonic seconds, never less than at the call before.
    """
    c, effects = _apply(conversation, event, now)
    if c.hold and not isinstance(event, ev.TimePassed):
        c = replace(c, active_at=now)
    while due := [react for at, react in timers(c) if at <= now]:
        c, more = due[0](c, now)
        effects += more
    c, more = delivery.deliver(c, now)
    return c, effects + more


def deadline(conversation: Conversation) -> float | None:
    """When the next TimePassed is due, if nothing happens before."""
    return min((at for at, _ in timers(conversation)), default=None)


def _apply(c: Conversation, event: ev.Event, now: float) -> Step:
    match event:
        case ev.TalkPressed(at):
            return _press(c, at, now)
        case ev.TalkReleased(at):
            return _release(c, at, now)
        case ev.PeriodCaptured():
            return _capture(c, event)
        case ev.AnswerAudio(pcm):
            return playback.answer_audio(c, pcm, now)
        case ev.AnswerGenerated():
            return playback.drain(c)
        case ev.AnswerInterrupted():
            return playback.interrupted(c, now)
        case ev.AnswerEnded():
            return playback.answer_ended(c, now)
        case ev.PlaybackDrained(segment, at):
            return playback.drained(c, segment, at, now)
        case ev.LinkOpening():
            # Whatever was sent was sent on another link.
            c, effects = delivery.forget_link(c, now, failed=False)
            return replace(c, link=Link.OPENING), effects
        case ev.LinkUp():
            faults = c.faults - LINK_FAULTS
            return replace(c, link=Link.UP, faults=faults, expiring_by=None), ()
        case ev.LinkLost(fault):
            return delivery.link_lost(c, fault, now)
        case ev.LinkExpiring(by):
            soonest = by if c.expiring_by is None else min(by, c.expiring_by)
            return replace(c, expiring_by=soonest), ()
        case ev.DevicesReady():
            return playback.earcon(replace(c, ready=True), Earcon.READY)
        case ev.FaultRaised(fault):
            return _fault(c, fault, now)
        case ev.FaultCleared(fault):
            return replace(c, faults=c.faults - {fault}), ()
        case ev.StopRequested():
            return _stop(c, now)
        case _:
            return c, ()


def timers(c: Conversation) -> Iterator[tuple[float, Reaction]]:
    """What will happen by itself, and when. Each reaction removes its own timer."""
    limits = c.limits
    if c.hold:
        if c.hold.turn is None:
            tap_until = c.hold.pressed_at + limits.min_hold_s
            yield _captured_at(c, tap_until), _begin_utterance
        else:
            yield _captured_at(c, hold_until(c.hold, limits)), _finish_hold
        if not c.hold.warned:
            warn_at = c.hold.pressed_at + limits.hold_limit_s - limits.hold_warning_s
            yield warn_at, _warn
    yield from delivery.timers(c)
    yield from playback.timers(c)
    if c.expiring_by is not None and c.link is Link.UP:
        yield (0.0 if c.between_turns else c.expiring_by), _renew
    if c.link is Link.UP and c.between_turns:
        yield c.active_at + limits.idle_disconnect_s, _sleep


def _captured_at(c: Conversation, until: float) -> float:
    """When the audio up to `until` was complete, or counts as never coming."""
    if c.recent and c.recent[-1].ended_at >= until:
        return c.recent[-1].ended_at
    # After a stall of the loop it may still be in the inbox, so the wait begins with
    # the last that was told of anything.
    return max(until, c.active_at) + _OVERDUE_S


def _press(c: Conversation, at: float, now: float) -> Step:
    if c.hold:
        return _press_again(c, now)
    since = at
    if c.quiet_since is not None:
        # Neither what the microphone heard of the speaker nor what was said in the
        # turn before may become pre-roll.
        since = max(at - c.limits.pre_roll_s, c.quiet_since, c.said_until)
        since = min(at, since)
    c, effects = playback.hush(c, now)
    c = replace(c, hold=Hold(at, since))
    if c.link is Link.DOWN:
        c, effects = replace(c, link=Link.OPENING), (*effects, OpenLink())
    if fault := worst(c.faults):
        c, more = playback.earcon(c, earcon_of(fault))
        effects += more
    return c, effects


def _press_again(c: Conversation, now: float) -> Step:
    """Within the tail it goes on with the turn; else the button bounced."""
    assert c.hold
    if c.hold.released_at is None:
        return c, ()
    c = replace(c, hold=replace(c.hold, released_at=None))
    return playback.drop(c, now)


def _release(c: Conversation, at: float, now: float) -> Step:
    if not c.hold or c.hold.released_at is not None:
        return c, ()
    begun = c.hold.turn is not None
    if not begun and at - c.hold.pressed_at < c.limits.min_hold_s:
        return _tap(c)
    c = replace(c, hold=replace(c.hold, released_at=at))
    return (c, ()) if begun else _begin_utterance(c, now)


def _tap(c: Conversation) -> Step:
    """Sends nothing. The press has hushed the answer; what still waits to be sent
    or answered is taken back, too."""
    return replace(c, hold=None, utterances=()), ()


def _capture(c: Conversation, period: ev.PeriodCaptured) -> Step:
    limits, hold = c.limits, c.hold
    kept_s = limits.pre_roll_s + limits.min_hold_s + _OVERDUE_S
    recent = (*(p for p in c.recent if p.ended_at > period.ended_at - kept_s), period)
    c = replace(c, recent=recent)
    if not hold or hold.turn is None:
        return c, ()
    piece = cut(period, hold.since, hold_until(hold, limits))
    return _grow(c, piece), ()


def _begin_utterance(c: Conversation, now: float) -> Step:
    """The press is no tap: all since the pre-roll is said to the service."""
    assert c.hold
    until = hold_until(c.hold, c.limits)
    pieces = tuple(piece for p in c.recent if (piece := cut(p, c.hold.since, until)))
    turn = c.turn + 1
    hold = replace(c.hold, turn=turn)
    said = (*c.utterances, Utterance(turn, pieces))
    return replace(c, hold=hold, turn=turn, utterances=said), ()


def _grow(c: Conversation, piece: bytes) -> Conversation:
    if not piece:
        return c
    last = c.utterances[-1]
    last = replace(last, pieces=(*last.pieces, piece))
    return replace(c, utterances=(*c.utterances[:-1], last))


def _warn(c: Conversation, now: float) -> Step:
    assert c.hold
    return replace(c, hold=replace(c.hold, warned=True)), ()


def _finish_hold(c: Conversation, now: float) -> Step:
    """The tail is over, the hold limit reached, or the microphone gone."""
    assert c.hold
    reached_limit = c.hold.released_at is None
    said_until = min(now, hold_until(c.hold, c.limits))
    last = replace(c.utterances[-1], ended_at=now)
    said = c.utterances[:-1] + ((last,) if last.pieces else ())
    c = replace(c, hold=None, utterances=said, said_until=said_until, active_at=now)
    if not last.pieces:
        # A hold is longer than a period: there is nothing only if nothing is heard.
        return playback.earcon(c, Earcon.MICROPHONE)
    if reached_limit and Fault.MICROPHONE not in c.faults:
        return playback.earcon(c, Earcon.CUT_OFF)
    return c, ()


def _fault(c: Conversation, fault: Fault, now: float) -> Step:
    c = replace(c, faults=c.faults | {fault})
    if fault is not Fault.MICROPHONE or not c.hold:
        return c, ()
    if c.hold.turn is not None:
        # What was said so far is an utterance; a shorter press leaves nothing.
        c, _ = _finish_hold(c, now)
    return playback.earcon(replace(c, hold=None), Earcon.MICROPHONE)


def _renew(c: Conversation, now: float) -> Step:
    c, effects = delivery.forget_link(c, now, failed=False)
    return replace(c, link=Link.OPENING), (*effects, RenewLink(deaf=False))


def _sleep(c: Conversation, now: float) -> Step:
    return replace(c, link=Link.DOWN), (CloseLink(),)


def _stop(c: Conversation, now: float) -> Step:
    """The turn is closed on the wire; nothing is played out."""
    effects = tuple(CloseTurn(u.turn) for u in c.utterances if is_open(u))
    c = replace(playback.leave_link(c), hold=None, utterances=(), link=Link.DOWN)
    return c, (*effects, CloseLink())
