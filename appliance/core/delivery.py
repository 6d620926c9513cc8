# SPDX-License-Identifier: MIT
"""How what was said reaches the service: in order, whole, once more if need be."""

from appliance.basics.record import replace
from appliance.core import playback, reconnect, tool_calls
from appliance.core.conversation import Conversation, Step, Timers
from appliance.core.effects import (
    CloseTurn,
    Effect,
    OpenTurn,
    Order,
    SendAudio,
    SendText,
)
from appliance.core.outbox import fitting
from appliance.core.signals import LINK_FAULTS, Signal, worst
from appliance.core.utterance import Utterance, is_sent


def deliver(c: Conversation, now: float) -> Step:
    """Send what can be sent now: turn after turn, never two open, a gap between, and no
    more than there is room for."""
    if not c.link.is_up or not c.utterances or tool_calls.holds_audio(c):
        return c, ()
    effects: list[Effect] = []
    room_s = c.link.outbox.room_s
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


def timers(c: Conversation) -> Timers:
    """When delivery goes on, or is given up, if nothing happens before."""
    waiting = next((u for u in c.utterances if u.awaited_since is None), None)
    if waiting:
        if tool_calls.holds_audio(c):
            return
        unsent = next((u for u in c.utterances if not u.closed), waiting)
        if unsent.sent is None and unsent.audible and _has_room(c):
            yield _may_open_at(c), deliver
        if waiting.ended_at is not None:
            # A line that still takes something is slow, and loses nothing.
            since = max(waiting.ended_at, c.link.outbox.moved_at)
            yield since + c.limits.delivery_limit_s, _undeliverable


def taken(c: Conversation, order: Order, now: float) -> Conversation:
    """The network has taken `order`: there is room for more, and the wait for an answer
    begins with the end of a turn."""
    if not c.link.is_up:
        return c  # Told by a link that was left meanwhile.
    outbox = c.link.outbox.take(order, now)
    c = replace(c, link=replace(c.link, outbox=outbox))
    match order:
        case SendAudio(pcm) if c.microphone:
            return replace(c, capture=c.microphone.take(pcm))
        case CloseTurn(turn):
            said = tuple(
                replace(u, awaited_since=now) if u.turn == turn and u.closed else u
                for u in c.utterances
            )
            answers = c.answers.take(turn, now)
            return replace(c, utterances=said, answers=answers)
    return c


def _may_open_at(c: Conversation) -> float:
    """Not too soon after the turn before it was taken."""
    return c.answers.closed_at + c.limits.turn_gap_s


def _has_room(c: Conversation) -> bool:
    closed = c.answers.closed_at < float("inf")
    return c.link.is_up and c.link.outbox.room_s > 0 and closed


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
    c = reconnect.keep(c, tuple(u for u in c.utterances if u is not waiting))
    effects: tuple[Effect, ...] = ()
    if is_sent(waiting):
        c, effects = reconnect.replace_link(
            c, now, unresponsive=False, failed=reconnect.is_whole
        )
    if fault := worst(c.faults & LINK_FAULTS):
        c, more = playback.tell_fault(c, fault, now)
        effects += more
    c, more = playback.mishap(c, Signal.LOST, now)
    return c, effects + more
