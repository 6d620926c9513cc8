# SPDX-License-Identifier: MIT
"""How long the service may be silent, or leave an answer without its end."""

from appliance.basics.record import replace
from appliance.core import playback, reconnect, tool_calls
from appliance.core.conversation import Conversation, Step, Timers
from appliance.core.limits import ANSWER_TIMEOUT_S
from appliance.core.signals import Signal
from appliance.core.utterance import is_sent


def timers(c: Conversation) -> Timers:
    """When an answer, or its end, counts as never coming."""
    if tool_calls.holds_audio(c):
        return
    yield from _unanswered(c)
    if c.answer and not c.answer.draining:
        yield _patience_ends(c, c.answer.arrived_at), _stalled
    elif c.owed and not (c.answer or c.hold or c.utterances or c.link.outbox.waiting):
        yield from _unended(c)


def _unanswered(c: Conversation) -> Timers:
    """All is said that was to be said. To an open microphone the service may listen
    before it speaks of what a tool has answered."""
    if c.hold or not c.utterances or (c.microphone and c.utterances[-1].call):
        return
    if all(u.awaited_since is not None for u in c.utterances):
        since = c.utterances[-1].awaited_since
        assert since is not None
        yield _patience_ends(c, since), _try_again


def _patience_ends(c: Conversation, since: float) -> float:
    """The wait begins again with each sign that the service works on an answer, up to
    a bound: it may be a loop."""
    last = since + ANSWER_TIMEOUT_S - c.limits.answer_limit_s
    since = max(since, min(c.answers.progressed_at, last))
    return since + c.limits.answer_limit_s


def _unended(c: Conversation) -> Timers:
    """Without its end, the next answer would be taken for a part of this. The service
    counts as if it played, so one that was hushed half-way ends long after its last
    audio."""
    limit_s = c.limits.answer_limit_s
    if not c.answers.begun and c.owed[0] == 0:
        yield c.active_at + limit_s, _unasked_never_came
    elif c.answers.begun and not c.answers.hushed:
        yield _patience_ends(c, c.active_at), _stalled
    else:
        yield c.active_at + ANSWER_TIMEOUT_S, _unended_though_hushed


def _unasked_never_came(c: Conversation, now: float) -> Step:
    return replace(c, answers=c.answers.without_unasked()), ()


def _try_again(c: Conversation, now: float) -> Step:
    """The service says nothing: try once more on another link, then give up."""
    return reconnect.renew(c, now, unresponsive=True, failed=is_sent)


def _unended_though_hushed(c: Conversation, now: float) -> Step:
    """Only its end is missing: what was said before is worth to be remembered."""
    return reconnect.renew(c, now, unresponsive=False, failed=is_sent)


def _stalled(c: Conversation, now: float) -> Step:
    """The answer, or its end, does not come: play what did, and mistrust the link."""
    c, effects = playback.drain(c, Signal.NO_ANSWER)
    c, more = reconnect.renew(c, now, unresponsive=True, failed=is_sent)
    return c, effects + more
