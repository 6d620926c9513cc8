# SPDX-License-Identifier: MIT
"""How what was said reaches the service: in order, whole, once more if need be."""

from collections.abc import Callable, Iterator

from appliance.basics.record import replace
from appliance.core import tool_calls, tool_results
from appliance.core.conversation import Conversation, Link, Step
from appliance.core.effects import (
    CloseTurn,
    Effect,
    ForgetSession,
    OpenLink,
    OpenTurn,
    Order,
    RenewLink,
    SendAudio,
    SendText,
)
from appliance.core.outbox import fitting
from appliance.core.playback import (
    cut_answer_short,
    leave_link,
    mishap,
    tell_fault,
)
from appliance.core.signals import (
    FATAL_FAULTS,
    LINK_FAULTS,
    Fault,
    Signal,
    worst,
)
from appliance.core.utterance import Utterance, is_sent

#: An utterance is sent again once; the second link that fails it loses it.
_FAILURES_TO_LOSE = 2
#: While something waits for a link, one is tried this often whatever the back-off.
_TRY_EVERY_S = 2.0


def deliver(c: Conversation, now: float) -> Step:
    """Send what can be sent now: turn after turn, never two open, a gap between, and no
    more than there is room for."""
    if c.link is not Link.UP or not c.utterances or tool_calls.holds_audio(c):
        return c, ()
    effects: list[Effect] = []
    room_s = c.outbox.room_s
    said = list(c.utterances)
    for i, utterance in enumerate(said):
        if utterance.closed:
            continue
        if not utterance.audible or room_s <= 0:
            break
        if utterance.sent is None and now < _may_open_at(c):
            break
        said[i], orders = _send(utterance, room_s)
        effects += orders
        if not said[i].closed:
            break
        c = replace(c, answers=c.answers.ask(utterance.turn))
    return replace(c, utterances=tuple(said)), tuple(effects)


def timers(
    c: Conversation,
) -> Iterator[tuple[float, Callable[[Conversation, float], Step]]]:
    """When delivery goes on, or is given up, if nothing happens before."""
    if c.link is Link.DOWN and c.wants_link:
        yield c.tried_at + _TRY_EVERY_S, _try
    waiting = next((u for u in c.utterances if u.awaited_since is None), None)
    if waiting:
        if tool_calls.holds_audio(c):
            return
        unsent = next((u for u in c.utterances if not u.closed), waiting)
        if unsent.sent is None and unsent.audible and _has_room(c):
            yield _may_open_at(c), deliver
        if waiting.ended_at is not None:
            # A line that still takes something is slow, and loses nothing.
            since = max(waiting.ended_at, c.outbox.moved_at)
            yield since + c.limits.delivery_limit_s, _undeliverable


def taken(c: Conversation, order: Order, now: float) -> Conversation:
    """The network has taken `order`: there is room for more, and the wait for an answer
    begins with the end of a turn."""
    if c.link is not Link.UP:
        return c  # Told by a link that was left meanwhile.
    c = replace(c, outbox=c.outbox.take(order, now))
    match order:
        case SendAudio(pcm) if c.microphone:
            return replace(c, microphone=c.microphone.take(pcm))
        case CloseTurn(turn):
            said = tuple(
                replace(u, awaited_since=now) if u.turn == turn and u.closed else u
                for u in c.utterances
            )
            answers = c.answers.take(turn, now)
            return replace(c, utterances=said, answers=answers, active_at=now)
    return c


def link_opening(c: Conversation, now: float) -> Step:
    """Whatever was sent was sent on another link."""
    before = c
    c, effects = forget_link(c, now, failed=lambda _: False)
    c = replace(c, link=Link.OPENING, tried_at=now)
    c, more = _report_lost(before, c, Signal.LOST, now)
    return c, effects + more


def link_lost(c: Conversation, fault: Fault | None, now: float) -> Step:
    """No turn is open any more; what is not being answered will be sent again."""
    before = c
    # Before a link was up somebody has just switched the box on.
    switched_on = c.ready and not c.was_up and fault in FATAL_FAULTS
    is_new = fault not in c.faults and (c.wants_link or switched_on)
    faults = (c.faults - LINK_FAULTS) | ({fault} if fault else set())
    c, effects = forget_link(c, now, failed=is_sent)
    c = replace(c, link=Link.DOWN, faults=frozenset(faults))
    if fault in FATAL_FAULTS:
        over = bool(c.hold or c.microphone)
        c = _keep(replace(c, microphone=None), ())
        c = replace(c, hold=None, said_until=now) if over else c
    if fault and is_new:
        c, more = tell_fault(c, fault, now)
        effects += more
    elif before.microphone and not c.microphone:
        # The fault itself was told at the press.
        c, more = mishap(c, Signal.LOST, now)
        return c, effects + more
    c, more = _report_lost(before, c, Signal.LOST, now)
    return c, effects + more


def expire(c: Conversation, now: float) -> Step:
    """The link is to be cut: have another."""
    return renew(c, now, unresponsive=False, failed=_is_whole)


def forget_link(
    c: Conversation, now: float, *, failed: Callable[[Utterance], bool]
) -> Step:
    """Nothing is open, sent or owed on the next link. This link counts as a failure
    for the utterances that `failed` names. All wait for a link again, but for those
    that have failed too often."""
    was_up = c.link is Link.UP
    said = tuple(
        replace(
            u,
            ended_at=now if was_up and u.ended_at is not None else u.ended_at,
            sent=None,
            closed=False,
            awaited_since=None,
            failures=u.failures + failed(u),
        )
        for u in c.utterances
        if not u.is_promise
    )
    undelivered = tool_results.undelivered(c)
    c = _keep(c, tuple(u for u in said if u.failures < _FAILURES_TO_LOSE))
    c, cancelled = leave_link(c, now)
    c = replace(c, calls=c.calls + undelivered)
    c, effects = cut_answer_short(c, Signal.LOST)
    return c, cancelled + effects


def renew(
    c: Conversation,
    now: float,
    *,
    unresponsive: bool,
    failed: Callable[[Utterance], bool],
) -> Step:
    """Have another link. What is lost with this one is told as not answered."""
    before = c
    c, effects = _replace_link(c, now, unresponsive=unresponsive, failed=failed)
    c, more = _report_lost(before, c, Signal.NO_ANSWER, now)
    return c, effects + more


def start_new_conversation(c: Conversation, now: float) -> Step:
    """Forget what was said so far: the next link is another conversation."""
    c = replace(c, reset_pending=False, forgotten_through=c.turn)
    if c.link is Link.DOWN:
        return c, (ForgetSession(),)
    c, effects = expire(c, now)
    return c, (ForgetSession(), *effects)


def reconfigure(c: Conversation, relink: bool, now: float) -> Step:
    """A closed link without a fault waits for the next press, as always; one that was
    refused may be accepted now."""
    refused = bool(c.faults & LINK_FAULTS)
    if refused or (relink and c.link is not Link.DOWN):
        return expire(c, now)
    return c, ()


def _replace_link(
    c: Conversation,
    now: float,
    *,
    unresponsive: bool,
    failed: Callable[[Utterance], bool],
) -> Step:
    c, effects = forget_link(c, now, failed=failed)
    return replace(c, link=Link.OPENING), (*effects, RenewLink(unresponsive))


def _is_whole(utterance: Utterance) -> bool:
    """An utterance that is only half said has not failed. A whole one has, or it would
    be sent again for ever."""
    return utterance.closed


def _try(c: Conversation, now: float) -> Step:
    return replace(c, link=Link.OPENING), (OpenLink(),)


def _may_open_at(c: Conversation) -> float:
    """Not too soon after the turn before it was taken."""
    return c.answers.closed_at + c.limits.turn_gap_s


def _has_room(c: Conversation) -> bool:
    closed = c.answers.closed_at < float("inf")
    return c.link is Link.UP and c.outbox.room_s > 0 and closed


def _send(utterance: Utterance, room_s: float) -> tuple[Utterance, list[Effect]]:
    """As much of it as there is room for."""
    orders: list[Effect] = []
    if utterance.sent is None:
        orders.append(OpenTurn(utterance.turn))
        if utterance.text:
            orders.append(SendText(utterance.text))
    pieces = fitting(utterance.pieces[utterance.sent or 0 :], room_s)
    orders += [SendAudio(piece) for piece in pieces]
    sent = (utterance.sent or 0) + len(pieces)
    utterance = replace(utterance, sent=sent)
    if utterance.ended_at is not None and sent == len(utterance.pieces):
        orders.append(CloseTurn(utterance.turn))
        utterance = replace(utterance, closed=True)
    return utterance, orders


def _undeliverable(c: Conversation, now: float) -> Step:
    """It has waited too long for a link, or for one that takes all of it."""
    waiting = next(u for u in c.utterances if u.awaited_since is None)
    c = _keep(c, tuple(u for u in c.utterances if u is not waiting))
    effects: tuple[Effect, ...] = ()
    if is_sent(waiting):
        c, effects = _replace_link(c, now, unresponsive=False, failed=_is_whole)
    if fault := worst(c.faults & LINK_FAULTS):
        c, more = tell_fault(c, fault, now)
        effects += more
    c, more = mishap(c, Signal.LOST, now)
    return c, effects + more


def _report_lost(
    before: Conversation, c: Conversation, why: Signal, now: float
) -> Step:
    """Tell the user, once, that something will not be answered: after what is still to
    be heard."""
    kept = {u.turn for u in c.utterances}
    gone = any(u.turn not in kept and not u.call for u in before.utterances)
    if not gone and 0 not in before.answers.unbegun:
        return c, ()
    if c.answer:
        return replace(c, answer=replace(c.answer, aftermath=why)), ()
    return mishap(c, why, now)


def _keep(c: Conversation, kept: tuple[Utterance, ...]) -> Conversation:
    """Only `kept` is still to be answered; a hold whose utterance went is over."""
    turns = {u.turn for u in kept}
    hold = c.hold
    if hold and hold.turn is not None and hold.turn not in turns:
        hold = None
    return replace(c, utterances=kept, hold=hold)
