# SPDX-License-Identifier: MIT
"""What tools have answered, told to the service as soon as it may be.

What comes of a tool in the background between two turns is a *promise* of the service
to speak of it. If its link ends first, a turn without speech sends the result again.
"""

from appliance.basics.record import replace
from appliance.core import playback, tool_calls
from appliance.core.conversation import Conversation, Step, Timers
from appliance.core.effects import AnswerTool
from appliance.core.signals import Earcon
from appliance.core.talk_mode import TalkMode
from appliance.core.tool_call import ToolCall
from appliance.core.utterance import Utterance, promise

#: To the service, when the call that this answers is gone with its link.
_TEXT = "The tool {name}, which you called earlier, has just answered: {response}"
_NOT_YET = float("inf")


def timers(c: Conversation) -> Timers:
    """When there is something to tell."""
    due = min((_may_be_told_at(c, k) for k in c.calls), default=_NOT_YET)
    if due < _NOT_YET:
        yield due, _tell


def undelivered(c: Conversation) -> tuple[ToolCall, ...]:
    """What the service was to speak of, and did not: to be told on another link."""
    return tuple(
        replace(u.call, on_link=False)
        for u in c.utterances
        if u.call and c.answers.may_sound(u.turn)
    )


def _may_be_told_at(c: Conversation, call: ToolCall) -> float:
    """At once, if an answer may wait for it; else when nobody is talking, and what the
    service says next can only be of this."""
    if call.response is None:
        return _NOT_YET
    if _belongs_to_an_answer(c, call):
        return 0.0
    if c.hold or c.utterances or c.owed or c.answer:
        return _NOT_YET
    if call.on_link:
        return c.answers.unasked_until
    return _NOT_YET if c.microphone else 0.0


def _belongs_to_an_answer(c: Conversation, call: ToolCall) -> bool:
    wanted = call.turn in c.owed and c.answers.may_sound(call.turn)
    return call.on_link and (call.blocking or wanted)


def _tell(c: Conversation, now: float) -> Step:
    """The first that may be told."""
    call = next(k for k in c.calls if _may_be_told_at(c, k) <= now)
    assert call.response is not None
    belongs = _belongs_to_an_answer(c, call)
    c = replace(c, calls=tuple(k for k in c.calls if k is not call))
    if belongs:
        c = tool_calls.restart_wait(tool_calls.may_go_on(c, call), now)
    elif c.used_up:
        return playback.earcon(c, Earcon.DAILY_LIMIT)
    elif call.on_link:
        c = _expect_remark(c, call, now)
    else:
        return _turn_of_its_own(c, call, now), ()
    return c, (AnswerTool(call.call_id, call.name, call.response),)


def _expect_remark(c: Conversation, call: ToolCall, now: float) -> Conversation:
    """Nothing else is going on: what the service says next is about this. Hands-free,
    where the user may ask something meanwhile, no answer is expected in advance."""
    turn = c.turn + 1
    expected = () if c.talk.mode is TalkMode.HANDS_FREE else (turn,)
    answers = c.answers.expect(*expected)
    said = (promise(turn, now, call),)
    return replace(c, turn=turn, answers=answers, utterances=said)


def _turn_of_its_own(c: Conversation, call: ToolCall, now: float) -> Conversation:
    assert call.response is not None
    text = _TEXT.format(name=call.name, response=call.response.decode())
    said = Utterance(c.turn + 1, audible=True, ended_at=now, text=text)
    return replace(c, turn=said.turn, utterances=(*c.utterances, said))
