# SPDX-License-Identifier: MIT
"""How what was said reaches the service: in order, whole, once more if need be."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from appliance.core.conversation import Conversation, Link, Step, Utterance
from appliance.core.effects import CloseTurn, Effect, OpenTurn, RenewLink, SendAudio
from appliance.core.playback import (
    cut_answer_short,
    earcon,
    leave_link,
    mishap,
)
from appliance.core.signals import (
    FATAL_FAULTS,
    LINK_FAULTS,
    Fault,
    Signal,
    earcon_of,
)

#: An utterance is sent again once; the second link that fails it loses it.
_FAILURES_TO_LOSE = 2


def deliver(c: Conversation, now: float) -> Step:
    """Send what can be sent now: turn after turn, never two open, a gap between."""
    if c.link is not Link.UP:
        return c, ()
    effects: list[Effect] = []
    said = list(c.utterances)
    for i, utterance in enumerate(said):
        if utterance.closed_at is not None:
            continue
        if utterance.sent is None and now < _may_open_at(c, utterance):
            break
        said[i], orders = _send(utterance, now)
        effects += orders
        if said[i].closed_at is None:
            break
        c = replace(c, owed=(*c.owed, utterance.turn), last_closed_at=now)
    return replace(c, utterances=tuple(said)), tuple(effects)


def timers(
    c: Conversation,
) -> Iterator[tuple[float, Callable[[Conversation, float], Step]]]:
    """When delivery goes on, or is given up, if nothing happens before."""
    waiting = next((u for u in c.utterances if u.closed_at is None), None)
    if waiting:
        if waiting.sent is None and waiting.pieces and c.link is Link.UP:
            yield _may_open_at(c, waiting), deliver
        if waiting.ended_at is not None:
            yield waiting.ended_at + c.limits.delivery_limit_s, _undeliverable
    elif c.utterances and not c.hold:
        closed_at = c.utterances[-1].closed_at
        assert closed_at is not None
        yield closed_at + c.limits.answer_limit_s, _unanswered


def link_lost(c: Conversation, fault: Fault | None, now: float) -> Step:
    """No turn is open any more; what is not being answered will be sent again."""
    news = fault not in c.faults and (c.hold or c.utterances)
    faults = (c.faults - LINK_FAULTS) | ({fault} if fault else set())
    c, effects = forget_link(c, now, failed=True)
    c = replace(c, link=Link.DOWN, faults=frozenset(faults))
    fatal = fault in FATAL_FAULTS
    kept = () if fatal else _alive(c)
    lost = len(kept) < len(c.utterances)
    c = _keep(c, kept)
    if fatal:
        c = replace(c, hold=None)
    if fault and news:
        c, more = earcon(c, earcon_of(fault))
        effects += more
    if lost:
        c, more = mishap(c, Signal.LOST, now)
        effects += more
    return c, effects


def forget_link(c: Conversation, now: float, *, failed: bool) -> Step:
    """Nothing is open, sent or owed on the next link; `failed` counts against what
    was on its way, and its wait for a link begins anew."""
    said = tuple(
        replace(
            u,
            ended_at=u.ended_at if u.closed_at is None else now,
            sent=None,
            closed_at=None,
            failures=u.failures + (failed and u.sent is not None),
        )
        for u in c.utterances
    )
    return cut_answer_short(replace(leave_link(c), utterances=said), Signal.LOST)


def _may_open_at(c: Conversation, utterance: Utterance) -> float:
    """Not before its first audio, and not too soon after the turn before it."""
    if not utterance.pieces:
        return float("inf")
    return c.last_closed_at + c.limits.turn_gap_s


def _send(utterance: Utterance, now: float) -> tuple[Utterance, list[Effect]]:
    orders: list[Effect] = []
    if utterance.sent is None:
        orders.append(OpenTurn(utterance.turn))
    orders += [SendAudio(piece) for piece in utterance.pieces[utterance.sent or 0 :]]
    utterance = replace(utterance, sent=len(utterance.pieces))
    if utterance.ended_at is not None:
        orders.append(CloseTurn(utterance.turn))
        utterance = replace(utterance, closed_at=now)
    return utterance, orders


def _unanswered(c: Conversation, now: float) -> Step:
    """The service says nothing: try once more on another link, then give up."""
    c, effects = forget_link(c, now, failed=True)
    kept = _alive(c)
    lost = len(kept) < len(c.utterances)
    c = replace(_keep(c, kept), link=Link.OPENING)
    effects = (*effects, RenewLink(deaf=True))
    if not lost:
        return c, effects
    c, more = mishap(c, Signal.NO_ANSWER, now)
    return c, effects + more


def _undeliverable(c: Conversation, now: float) -> Step:
    waiting = next(u for u in c.utterances if u.closed_at is None)
    c = _keep(c, tuple(u for u in c.utterances if u.turn != waiting.turn))
    return mishap(c, Signal.LOST, now)


def _alive(c: Conversation) -> tuple[Utterance, ...]:
    return tuple(u for u in c.utterances if u.failures < _FAILURES_TO_LOSE)


def _keep(c: Conversation, kept: tuple[Utterance, ...]) -> Conversation:
    """Only `kept` is still to be answered; a hold whose utterance went is over."""
    turns = {u.turn for u in kept}
    hold = c.hold
    if hold and hold.turn is not None and hold.turn not in turns:
        hold = None
    return replace(c, utterances=kept, hold=hold)
