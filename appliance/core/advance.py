# SPDX-License-Identifier: MIT
"""The one function that changes a conversation, and nothing else does.

`advance` applies one event, then every timer that is due. A timer is a pair of an
instant and a reaction (`timers`), so when and what stand in one place; `deadline`
tells the shell when to come back.
"""

from typing import assert_never

from appliance.basics.record import replace
from appliance.core import (
    budget,
    delivery,
    forgetting,
    gestures,
    hands_free,
    hold,
    playback,
    reconnect,
    spoken,
    timeouts,
    tool_calls,
    tool_results,
)
from appliance.core import events as ev
from appliance.core.conversation import Conversation, Step, Timers
from appliance.core.effects import (
    CloseLink,
    CloseTurn,
    Order,
    RenewLink,
    SendAudio,
    SetGain,
)
from appliance.core.outbox import Outbox
from appliance.core.signals import FATAL_FAULTS, Earcon, Fault, worst
from appliance.core.talk_mode import TalkMode
from appliance.core.utterance import is_open
from appliance.core.volume import Volume

#: What belongs to a turn, of all that happens.
_ACTIVITY = (
    ev.TalkPressed
    | ev.TalkReleased
    | ev.AnswerAudio
    | ev.AnswerEnded
    | ev.PlaybackDrained
    | ev.ToolCalled
    | ev.ToolCallsCancelled
    | ev.ToolAnswered
)


def advance(conversation: Conversation, event: ev.Event, now: float) -> Step:
    """The conversation after `event`, and what to do about it.

    Args:
        now: monotonic seconds, never less than at the call before.
    """
    c, effects = _ordered(_apply(conversation, event, now), now)
    if _is_activity(c, event):
        c = replace(c, active_at=now)
    while True:
        due = next((react for at, react in timers(c) if at <= now), None)
        c, more = _ordered(due(c, now) if due else _deliver(c, now), now)
        effects += more
        if not (due or more):
            return c, effects


def _deliver(c: Conversation, now: float) -> Step:
    """Once nothing else is due: what is said goes out on the link that is left."""
    c, effects = delivery.deliver(c, now)
    return (c, effects) if effects else hands_free.deliver(c)


def _ordered(step: Step, now: float) -> Step:
    """The outbox follows what the link is told to send."""
    c, effects = step
    outbox = c.link.outbox
    for effect in effects:
        if isinstance(effect, Order):
            outbox = outbox.order(effect, now)
        elif isinstance(effect, CloseLink | RenewLink):
            outbox = Outbox()
    if outbox is not c.link.outbox:
        c = replace(c, link=replace(c.link, outbox=outbox))
    return c, effects


def _is_activity(c: Conversation, event: ev.Event) -> bool:
    """The user, the service or a tool does its part of a turn."""
    if c.hold:
        return not isinstance(event, ev.TimePassed)
    if isinstance(event, ev.OrderTaken):
        return not isinstance(event.order, SendAudio)
    return isinstance(event, _ACTIVITY)


def deadline(conversation: Conversation) -> float | None:
    """When the next TimePassed is due, if nothing happens before."""
    return min((at for at, _ in timers(conversation)), default=None)


def _apply(c: Conversation, event: ev.Event, now: float) -> Step:
    """By family: what comes most often is asked for first."""
    match event:
        case ev.PeriodCaptured():
            return hold.capture(hands_free.capture(c, event), event)
        case ev.PlaybackDrained(segment, at):
            return playback.drained(c, segment, at, now)
    if isinstance(event, ev.WatchedEvent):
        return c, ()
    if isinstance(event, ev.AnswerEvent):
        return _answer(c, event, now)
    if isinstance(event, ev.LinkEvent):
        return _link(c, event, now)
    if isinstance(event, ev.ButtonEvent):
        return _button(c, event, now)
    if isinstance(event, ev.ToolEvent):
        return _tool(c, event, now)
    return _box(c, event, now)


def _button(c: Conversation, event: ev.ButtonEvent, now: float) -> Step:
    match event:
        case ev.TalkPressed(at):
            return gestures.press(c, at, now)
        case ev.TalkReleased(at):
            return gestures.release(c, at, now)
        case ev.VolumeTurned(steps):
            return _set_volume(c, c.volume.turned(steps))
        case _:
            assert_never(event)


def _answer(c: Conversation, event: ev.AnswerEvent, now: float) -> Step:
    match event:
        case ev.AnswerAudio(pcm):
            return playback.answer_audio(_begun(c), pcm, now)
        case ev.AnswerProgressed() | ev.TranscriptHeard():
            return replace(c, answers=c.answers.progress(now)), ()
        case ev.AnswerPaused():
            return playback.answer_paused(budget.turn_over(c), now)
        case ev.AnswerGenerated():
            return playback.drain(c)
        case ev.AnswerInterrupted():
            return playback.interrupted(c, now)
        case ev.AnswerEnded(reason):
            return playback.answer_ended(budget.turn_over(c), reason, now)
        case _:
            assert_never(event)


def _link(c: Conversation, event: ev.LinkEvent, now: float) -> Step:
    match event:
        case ev.LinkOpening():
            return reconnect.opening(budget.turn_over(c), now)
        case ev.LinkUp():
            return reconnect.came_up(c), ()
        case ev.LinkLost(fault):
            return reconnect.lost(c, fault, now)
        case ev.LinkExpiring(by):
            return replace(c, link=c.link.expire(by)), ()
        case ev.OrderTaken(order):
            # What is told of the turn before may still have come after its end.
            over = isinstance(order, CloseTurn)
            return delivery.taken(budget.turn_over(c) if over else c, order, now), ()
        case _:
            assert_never(event)


def _tool(c: Conversation, event: ev.ToolEvent, now: float) -> Step:
    match event:
        case ev.ToolCalled():
            return tool_calls.called(_begun(c), event, now)
        case ev.ToolCallsCancelled(call_ids):
            return tool_calls.cancelled(c, call_ids, now)
        case ev.ToolAnswered(call_id, response):
            return tool_calls.answered(c, call_id, response)
        case ev.NewConversation():
            return replace(c, session=c.session.end()), ()
        case ev.VolumeSet(percent):
            return _set_volume(c, c.volume.set_to(percent))
        case _:
            assert_never(event)


def _box(c: Conversation, event: ev.BoxEvent, now: float) -> Step:
    match event:
        case ev.DevicesReady():
            return _ready(c, now)
        case ev.FaultRaised(fault):
            return _fault(c, fault, now)
        case ev.FaultCleared(fault):
            return _clear(c, fault), ()
        case ev.TokensCounted(tokens):
            return budget.counted(c, tokens)
        case ev.DayBegan(day):
            return budget.day_began(c, day)
        case ev.ConfigChanged():
            return _reconfigure(c, event, now)
        case ev.StopRequested():
            return _stop(c, now)
        case _:
            assert_never(event)


def timers(c: Conversation) -> Timers:
    """What will happen by itself, and when. Of several that are due the first one here
    goes first. Each reaction removes its own timer, or `advance` would not end."""
    yield from tool_results.timers(c)
    yield from gestures.timers(c)
    yield from hold.timers(c)
    yield from hands_free.timers(c)
    yield from delivery.timers(c)
    yield from timeouts.timers(c)
    yield from playback.timers(c)
    yield from forgetting.timers(c)
    yield from budget.timers(c)
    yield from spoken.timers(c)
    yield from reconnect.timers(c)


def _begun(c: Conversation) -> Conversation:
    """The service speaks, or sets a tool to work."""
    if c.talk.mode is not TalkMode.HANDS_FREE:
        return c
    begun = hands_free.answer_begins(c)
    return begun if begun.owed == c.owed else budget.turn_over(begun)


def _set_volume(c: Conversation, volume: Volume) -> Step:
    return replace(c, volume=volume), (SetGain(volume.gain),)


def _reconfigure(c: Conversation, to: ev.ConfigChanged, now: float) -> Step:
    c = budget.judged(replace(c, limits=to.limits, talk=to.talk))
    c, effects = _set_volume(c, to.volume)
    c, more = reconnect.reconfigure(c, to.relink, now)
    return c, effects + more


def _ready(c: Conversation, now: float) -> Step:
    """A fault that only a person can fix is told as soon as the box is ready."""
    c = replace(c, ready=True, spoken=replace(c.spoken, due=None))
    c, effects = playback.earcon(c, Earcon.READY)
    if not (fault := worst(c.faults & FATAL_FAULTS)):
        return c, effects
    c, more = playback.tell_fault(c, fault, now)
    return c, effects + more


def _fault(c: Conversation, fault: Fault, now: float) -> Step:
    c = replace(c, faults=c.faults | {fault})
    if fault is Fault.SPEAKER:
        return replace(c, speaker=replace(c.speaker, failed_at=now)), ()
    if fault is not Fault.MICROPHONE:
        return c, ()
    c = c if c.ready else spoken.microphone_missing(c, now)
    return hold.microphone_lost(c, now)


def _clear(c: Conversation, fault: Fault) -> Conversation:
    c = replace(c, faults=c.faults - {fault})
    if fault is Fault.SPEAKER:
        c = replace(c, speaker=replace(c.speaker, failed_at=None))
    return c


def _stop(c: Conversation, now: float) -> Step:
    """The turn is closed on the wire; nothing is played out."""
    c, effects = hands_free.stop(c)
    effects += tuple(CloseTurn(u.turn) for u in c.utterances if is_open(u))
    c, more = reconnect.close(c, now)
    return replace(c, capture=None, utterances=(), calls=()), effects + more
