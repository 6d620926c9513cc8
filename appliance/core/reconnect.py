# SPDX-License-Identifier: MIT
"""How one link follows another, and what goes over from each to the next."""

from collections.abc import Callable

from appliance.basics.record import replace
from appliance.core import tool_calls, tool_results
from appliance.core.conversation import AT_ONCE, Conversation, Step, Timers
from appliance.core.effects import CloseLink, OpenLink, RenewLink
from appliance.core.playback import drain, mishap, tell_fault
from appliance.core.signals import FATAL_FAULTS, LINK_FAULTS, Fault, Signal
from appliance.core.utterance import Utterance, is_sent

#: An utterance is sent again once; the second link that fails it loses it.
_FAILURES_TO_LOSE = 2
#: While something waits for a link, one is tried this often whatever the back-off.
_TRY_EVERY_S = 2.0


def timers(c: Conversation) -> Timers:
    """When a link is renewed, closed or tried."""
    if c.link.is_up and not tool_calls.on_link(c):
        if c.calm and c.link.expiring_by < float("inf"):
            yield AT_ONCE, expire
        if c.between_turns:
            yield c.active_at + c.limits.idle_disconnect_s, close
    if c.link.is_up:
        yield c.link.expiring_by, expire
    if c.link.is_down and c.wants_link:
        yield c.link.tried_at + _TRY_EVERY_S, _try


def open_link(c: Conversation) -> Step:
    """Have a link, unless there is one, or one is on its way."""
    if not c.link.is_down:
        return c, ()
    return replace(c, link=c.link.open()), (OpenLink(),)


def opening(c: Conversation, now: float) -> Step:
    """Whatever was sent was sent on another link."""
    before = c
    c, effects = _leave_with(c, now, failed=lambda _: False)
    c = replace(c, link=c.link.try_at(now))
    c, more = _report_lost(before, c, Signal.LOST, now)
    return c, effects + more


def came_up(c: Conversation) -> Conversation:
    """What kept the box from the service is over."""
    return replace(c, link=c.link.come_up(), faults=c.faults - LINK_FAULTS)


def lost(c: Conversation, fault: Fault | None, now: float) -> Step:
    """No turn is open any more; what is not being answered will be sent again."""
    before = c
    # Before a link was up somebody has just switched the box on.
    switched_on = c.ready and not c.link.was_up and fault in FATAL_FAULTS
    is_new = fault not in c.faults and (c.wants_link or switched_on)
    faults = (c.faults - LINK_FAULTS) | ({fault} if fault else set())
    c, effects = _leave_with(c, now, failed=is_sent)
    c = replace(c, faults=frozenset(faults))
    if fault in FATAL_FAULTS:
        c = _give_up_capture(c, now)
    if fault and is_new:
        c, more = tell_fault(c, fault, now)
        effects += more
    elif before.microphone and not c.microphone:
        # The fault itself was told at the press.
        c, more = mishap(c, Signal.LOST, now)
        return c, effects + more
    c, more = _report_lost(before, c, Signal.LOST, now)
    return c, effects + more


def leave(c: Conversation, now: float) -> Step:
    """What the link owed dies with it."""
    c, effects = tool_calls.leave_link(c, now)
    capture = c.microphone.leave_link() if c.microphone else c.capture
    c = replace(c, capture=capture, answers=c.answers.leave_link())
    return replace(c, link=c.link.leave(now)), effects


def close(c: Conversation, now: float) -> Step:
    """Have no link, until something is to be said."""
    c, effects = leave(c, now)
    return c, (*effects, CloseLink())


def renew(
    c: Conversation,
    now: float,
    *,
    unresponsive: bool,
    failed: Callable[[Utterance], bool],
) -> Step:
    """Have another link. What is lost with this one is told as not answered."""
    before = c
    c, effects = replace_link(c, now, unresponsive=unresponsive, failed=failed)
    c, more = _report_lost(before, c, Signal.NO_ANSWER, now)
    return c, effects + more


def replace_link(
    c: Conversation,
    now: float,
    *,
    unresponsive: bool,
    failed: Callable[[Utterance], bool],
) -> Step:
    """Have another link; the caller tells what is lost with this one."""
    c, effects = _leave_with(c, now, failed=failed)
    return replace(c, link=c.link.open()), (*effects, RenewLink(unresponsive))


def expire(c: Conversation, now: float) -> Step:
    """The link is to be cut: have another."""
    return renew(c, now, unresponsive=False, failed=is_whole)


def reconfigure(c: Conversation, relink: bool, now: float) -> Step:
    """A closed link without a fault waits for the next press, as always; one that was
    refused may be accepted now."""
    refused = bool(c.faults & LINK_FAULTS)
    if refused or (relink and not c.link.is_down):
        return expire(c, now)
    return c, ()


def _try(c: Conversation, now: float) -> Step:
    return open_link(c)


def is_whole(utterance: Utterance) -> bool:
    """An utterance that is only half said has not failed. A whole one has, or it would
    be sent again for ever."""
    return utterance.closed


def keep(c: Conversation, kept: tuple[Utterance, ...]) -> Conversation:
    """Only `kept` is still to be answered; a hold whose utterance went is over."""
    turns = {u.turn for u in kept}
    capture = c.capture
    if c.hold and c.hold.turn is not None and c.hold.turn not in turns:
        capture = None
    return replace(c, utterances=kept, capture=capture)


def _leave_with(
    c: Conversation, now: float, *, failed: Callable[[Utterance], bool]
) -> Step:
    """Nothing is open, sent or owed on the next link. This link counts as a failure
    for the utterances that `failed` names. All wait for a link again, but for those
    that have failed too often."""
    said = tuple(
        u.leave_link(now if c.link.is_up else None, failed=failed(u))
        for u in c.utterances
        if not u.is_promise
    )
    undelivered = tool_results.undelivered(c)
    c = keep(c, tuple(u for u in said if u.failures < _FAILURES_TO_LOSE))
    c, cancelled = leave(c, now)
    c = replace(c, calls=c.calls + undelivered)
    c, effects = drain(c, Signal.LOST)
    return c, cancelled + effects


def _give_up_capture(c: Conversation, now: float) -> Conversation:
    """What is being said, and what waits, will not be answered."""
    pre_roll = replace(c.pre_roll, said_until=now) if c.capture else c.pre_roll
    return replace(c, utterances=(), capture=None, pre_roll=pre_roll)


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
        answer = replace(c.answer, aftermath=why)
        return replace(c, speaker=replace(c.speaker, answer=answer)), ()
    return mishap(c, why, now)
