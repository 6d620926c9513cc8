# SPDX-License-Identifier: MIT
"""Tools that the service calls: what waits for them, and whose answers still count.

A call is *blocking*, or it runs in the background, maybe for longer than the turn, and
then even than the link that it came by. Whoever waits for a tool is patient: each tool
has a time limit of its own, and answers in any case.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from appliance.core import events as ev
from appliance.core.call import Call
from appliance.core.conversation import Conversation, Link, Step, Utterance
from appliance.core.effects import AnswerTool, CancelTools, RunTool
from appliance.core.way import Way

#: More of them at once are refused.
_MOST_CALLS = 8
_REFUSAL = b'{"error":"too many tools are running; try again later"}'
_TAKEN_BACK = b'{"error":"the user has taken it back"}'
#: To the service, when the call that this answers is gone with its link.
_NEWS = "The tool {name}, which you called earlier, has just answered: {response}"


def called(c: Conversation, call: ev.ToolCalled, now: float) -> Step:
    """Run it, unless too many are running."""
    if c.link is not Link.UP or any(k.call_id == call.call_id for k in c.calls):
        return c, ()
    if len(c.calls) >= _MOST_CALLS:
        return c, (AnswerTool(call.call_id, call.name, _REFUSAL),)
    turn = c.owed[0] if c.owed else 0
    if 0 < turn <= c.hushed_through:
        return c, (AnswerTool(call.call_id, call.name, _TAKEN_BACK),)
    pending = Call(call.call_id, call.name, turn, call.blocking)
    # What has set a tool to work must not be sent again, and do it twice.
    said = tuple(
        replace(u, failures=max(u.failures, 1)) if u.turn == turn else u
        for u in c.utterances
    )
    c = replace(c, calls=(*c.calls, pending), utterances=said, active_at=now)
    return c, (RunTool(call.call_id, call.name, call.arguments),)


def cancelled(c: Conversation, call_ids: tuple[str, ...], now: float) -> Step:
    """The service takes calls back."""
    gone = tuple(k.call_id for k in c.calls if k.call_id in call_ids)
    if not gone:
        return c, ()
    calls = tuple(k for k in c.calls if k.call_id not in gone)
    return _wait_anew(replace(c, calls=calls), now), (CancelTools(gone),)


def answered(c: Conversation, call_id: str, response: bytes) -> Step:
    """Keep it until it may be sent; that of a call that is gone is dropped."""
    calls = tuple(
        replace(k, response=response) if k.call_id == call_id else k for k in c.calls
    )
    return replace(c, calls=calls), ()


def timers(
    c: Conversation,
) -> Iterator[tuple[float, Callable[[Conversation, float], Step]]]:
    """What is to be done about calls as soon as it can be: at once."""
    if c.forsaken:
        yield 0.0, _end_forsaken
    if any(_may_be_told(c, k) for k in c.calls):
        yield 0.0, _tell


def leave_link(c: Conversation) -> Conversation:
    """The link is gone. What its answers waited for is forsaken; what runs in the
    background goes on."""
    kept = tuple(k for k in c.calls if not (k.blocking or k.turn in c.owed))
    lost = tuple(k.call_id for k in c.calls if k not in kept)
    return replace(
        c,
        calls=tuple(replace(k, on_link=False) for k in kept),
        forsaken=c.forsaken + lost,
        unasked=0,
    )


def holds_audio(c: Conversation) -> bool:
    """The service would not take any: it waits for a tool."""
    return any(k.blocking for k in c.calls)


def excuses(c: Conversation, turn: int) -> bool:
    """That the service is silent about `turn` has a reason."""
    return any(k.blocking or k.turn == turn for k in c.calls)


def on_link(c: Conversation) -> bool:
    """Something is lost if the link is given up between two turns."""
    return c.unasked > 0 or any(k.on_link for k in c.calls)


def continued(c: Conversation) -> Conversation | None:
    """How it goes on if what ended is not the answer to owed[0]: that one comes after
    a tool's. None if it is."""
    if any(k.blocking and k.turn == c.owed[0] for k in c.calls):
        return c
    if c.unasked and not c.begun:
        return replace(c, unasked=c.unasked - 1)
    return None


def begin_unasked(c: Conversation) -> Conversation:
    """The service speaks of itself: its answer gets a turn, which is never said. It
    does not talk over a user who talks, or who waits for an answer of his own."""
    turn = 0 if c.hold or c.utterances else c.turn + 1
    return replace(c, owed=(turn,), turn=max(c.turn, turn), unasked=c.unasked - 1)


def _end_forsaken(c: Conversation, now: float) -> Step:
    return _wait_anew(replace(c, forsaken=()), now), (CancelTools(c.forsaken),)


def _tell(c: Conversation, now: float) -> Step:
    """The first answer that may be told."""
    call = next(k for k in c.calls if _may_be_told(c, k))
    assert call.response is not None
    c = replace(c, calls=tuple(k for k in c.calls if k is not call))
    if not call.on_link:
        return _tell_anew(c, call.name, call.response, now), ()
    # Hands-free every answer begins of itself.
    goes_on = call.blocking and call.turn in c.owed
    unasked = not goes_on and c.manner.way is not Way.HANDS_FREE
    c = _wait_anew(replace(c, unasked=c.unasked + unasked), now)
    return c, (AnswerTool(call.call_id, call.name, call.response),)


def _may_be_told(c: Conversation, call: Call) -> bool:
    """At once, if an answer waits for it; else when nobody is talking."""
    if call.response is None:
        return False
    if call.on_link and (call.blocking or call.turn in c.owed):
        return True
    quiet = not (c.hold or c.utterances or c.owed or c.answer)
    return quiet and (call.on_link or c.microphone is None)


def _tell_anew(c: Conversation, name: str, response: bytes, now: float) -> Conversation:
    """No link knows the call any more: tell the next one in a turn of its own."""
    turn, text = c.turn + 1, _NEWS.format(name=name, response=response.decode())
    news = Utterance(turn, audible=True, ended_at=now, text=text)
    return replace(c, turn=turn, utterances=(*c.utterances, news))


def _wait_anew(c: Conversation, now: float) -> Conversation:
    """What has waited for a tool now waits for the service."""
    said = tuple(
        replace(
            u,
            awaited_since=None if u.awaited_since is None else now,
            ended_at=u.ended_at if u.closed or u.ended_at is None else now,
        )
        for u in c.utterances
    )
    answer = replace(c.answer, arrived_at=now) if c.answer else None
    return replace(c, utterances=said, answer=answer, active_at=now)
