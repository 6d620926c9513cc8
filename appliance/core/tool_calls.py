# SPDX-License-Identifier: MIT
"""Tools that the service calls: what waits for them, and whose answers still count.

A call is *blocking*, or it runs in the background, maybe for longer than the turn, and
then even than the link that it came by. Waiting for a tool has no limit here: each tool
has a time limit of its own, and answers in any case.
"""

from appliance.basics.record import replace
from appliance.core import events as ev
from appliance.core.conversation import Conversation, Step
from appliance.core.effects import AnswerTool, CancelTools, Effect, RunTool
from appliance.core.tool_call import ToolCall
from appliance.core.utterance import promise, without

#: More of them at once are refused.
_MOST_CALLS = 8
_REFUSAL = b'{"error":"too many tools are running; try again later"}'
_CANCELLED = b'{"error":"cancelled by the user"}'


def called(c: Conversation, call: ev.ToolCalled, now: float) -> Step:
    """Run it, unless too many are running."""
    if not c.link.is_up or any(k.call_id == call.call_id for k in c.calls):
        return c, ()
    c = begin(c)
    turn = c.owed[0] if c.owed else 0
    if c.owed and (c.answers.hushed or c.answers.is_of_older(now)):
        return c, (AnswerTool(call.call_id, call.name, _CANCELLED),)
    repeated = next((k for k in c.calls if _repeats(call, turn, k)), None)
    pending = ToolCall(
        call.call_id,
        call.name,
        turn,
        call.blocking,
        call.arguments,
        run_id=repeated.run_id if repeated else call.call_id,
    )
    if len(c.calls) >= _MOST_CALLS:
        c = _promised(may_go_on(c, pending), pending, now)
        return c, (AnswerTool(call.call_id, call.name, _REFUSAL),)
    c = _promised(replace(c, calls=(*c.calls, pending)), pending, now)
    if repeated:
        return c, ()
    return c, (RunTool(call.call_id, call.name, call.arguments),)


def cancelled(c: Conversation, call_ids: tuple[str, ...], now: float) -> Step:
    """The service cancels calls."""
    kept = tuple(k for k in c.calls if k.call_id not in call_ids)
    if kept == c.calls:
        return c, ()
    orders = _cancel_all_but(kept, c.calls)
    return restart_wait(replace(c, calls=kept), now), orders


def answered(c: Conversation, call_id: str, response: bytes) -> Step:
    """Keep it until it may be sent; the result of a call that is gone is dropped."""
    calls = tuple(
        replace(k, response=response) if k.run_id == call_id else k for k in c.calls
    )
    return replace(c, calls=calls), ()


def leave_link(c: Conversation, now: float) -> Step:
    """The link is gone. What its answers waited for is ended; what runs in the
    background goes on, unless the user is told that all is lost."""
    unbegun = c.answers.unbegun
    kept = tuple(k for k in c.calls if not (k.blocking or k.turn in unbegun))
    orders = _cancel_all_but(kept, c.calls)
    lost = len(kept) < len(c.calls)
    c = replace(c, calls=tuple(replace(k, on_link=False) for k in kept))
    return (restart_wait(c, now) if lost else c), orders


def holds_audio(c: Conversation) -> bool:
    """The service takes no audio now and says nothing: it waits for a tool."""
    return any(k.blocking for k in c.calls)


def on_link(c: Conversation) -> bool:
    """The link is worth keeping: it takes the result of a tool."""
    return any(k.on_link for k in c.calls)


def may_end_empty(c: Conversation, turn: int) -> bool:
    """The service need not say anything: a tool will, or has."""
    told = any(u.turn == turn and u.call for u in c.utterances)
    return told or any(k.turn == turn for k in c.calls)


def continued(c: Conversation) -> Conversation | None:
    """How it goes on if what ended is not the answer to owed[0]: that one comes after
    a tool's. None if it is."""
    if any(k.blocking and k.turn == c.owed[0] for k in c.calls):
        return c
    answers = c.answers.preceded()
    return replace(c, answers=answers) if answers else None


def begin(c: Conversation) -> Conversation:
    """What the service says unasked gets a turn number, though nobody said that turn.
    It does not talk over a user who talks or waits for an answer."""
    if c.answers.begun or c.owed[:1] != (0,) or c.hold or c.utterances:
        return c
    return replace(c, answers=c.answers.name(c.turn + 1), turn=c.turn + 1)


def may_go_on(c: Conversation, call: ToolCall) -> Conversation:
    """`call` is answered. If no answer waits for that, the service may begin one: now,
    or after what it says already."""
    if call.blocking and call.turn in c.owed:
        return c
    return replace(c, answers=c.answers.may_come())


def restart_wait(c: Conversation, now: float) -> Conversation:
    """What has waited for a tool now waits for the service."""
    said = tuple(u.restart_wait(now) for u in c.utterances)
    answer = replace(c.answer, arrived_at=now) if c.answer else None
    speaker = replace(c.speaker, answer=answer)
    return replace(c, utterances=said, speaker=speaker)


def _repeats(call: ev.ToolCalled, turn: int, k: ToolCall) -> bool:
    """The service repeats itself: the user has asked for nothing in between. What he
    asks for twice is done twice."""
    same = (call.name, call.arguments) == (k.name, k.arguments)
    return same and turn in (0, k.turn) and k.on_link and k.response is None


def _cancel_all_but(
    kept: tuple[ToolCall, ...], calls: tuple[ToolCall, ...]
) -> tuple[Effect, ...]:
    """End the tools of `calls` that no call in `kept` waits for."""
    wanted = {k.run_id for k in kept}
    unwanted = dict.fromkeys(k.run_id for k in calls if k.run_id not in wanted)
    return (CancelTools(tuple(unwanted)),) if unwanted else ()


def _promised(c: Conversation, call: ToolCall, now: float) -> Conversation:
    """An answer is still to come. What has set a tool to work must not be said again,
    and do it twice."""
    if not call.turn or (c.answers.begun and not call.blocking):
        return c
    others = without(c.utterances, call.turn)
    return replace(c, utterances=(promise(call.turn, now), *others))
