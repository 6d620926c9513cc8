# SPDX-License-Identifier: MIT
"""The ledger of tool calls: each is answered, cancelled, or told in another way."""

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import Conversation
from appliance.core.signals import Earcon


def check_calls(
    before: Conversation,
    event: ev.Event,
    after: Conversation,
    effects: tuple[ef.Effect, ...],
) -> None:
    """No call vanishes in this step unless somebody is told, and none is answered
    that is not one."""
    if isinstance(event, ev.StopRequested):
        return
    if before.taps.count == 2 and ef.ForgetSession() in effects:
        return  # Two taps take back what is half sent.
    ended = {e.call_id for e in effects if isinstance(e, ef.AnswerTool)}
    known = {k.call_id for k in before.calls}
    called = {event.call_id} if isinstance(event, ev.ToolCalled) else set()
    assert ended <= known | called, "an answer to no call"
    for effect in effects:
        if isinstance(effect, ef.CancelTools):
            ended |= {k.call_id for k in before.calls if k.run_id in effect.call_ids}
    if isinstance(event, ev.ToolCallsCancelled):
        ended |= set(event.call_ids)
    # A call that repeats it waits for the same tool.
    runs = {k.run_id for k in after.calls}
    ended |= {k.call_id for k in before.calls if k.run_id in runs}
    gone = known - ended - {k.call_id for k in after.calls}
    news = len([u for u in after.utterances if u.text and u not in before.utterances])
    sounds = [e.earcon for e in effects if isinstance(e, ef.PlayEarcon)]
    refused = sounds.count(Earcon.DAILY_LIMIT)
    assert len(gone) <= news + refused, f"{gone} vanish by {event}"
    waiting = {u.turn for u in after.utterances}
    for u in before.utterances:
        if u.call and after.answers.may_sound(u.turn) and u.turn not in waiting:
            kept = {k.call_id for k in after.calls}
            heard = isinstance(event, ev.AnswerAudio | ev.AnswerEnded | ev.ToolCalled)
            told = news or refused or heard or u.call.call_id in kept
            assert told, f"{u.call} is lost silently by {event}"
