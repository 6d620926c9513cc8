# SPDX-License-Identifier: MIT
"""What may sound: whose answer is played, and when the speaker falls silent."""

from appliance.basics.pcm import is_audible
from appliance.basics.record import replace
from appliance.core import spoken, tool_calls
from appliance.core.conversation import Conversation, Mishap, Step, Timers
from appliance.core.effects import Drain, DropPlayback, Play, PlayEarcon
from appliance.core.signals import (
    TABLE,
    Earcon,
    Fault,
    Signal,
    earcon_of,
    signal_of,
    worst,
)
from appliance.core.talk_mode import TalkMode
from appliance.core.utterance import promise, without

#: How long the LED shows that an utterance was lost or not answered.
_MISHAP_S = 2.0
#: Answers in a row that came to nothing: the session does not recover from that.
_FAILURES_TO_LEAVE = 2
#: Ends that are no refusal (ai.google.dev/api/live, TurnCompleteReason).
_NO_REFUSALS = ("", "0", "TURN_COMPLETE_REASON_UNSPECIFIED", "NEED_MORE_INPUT")


def hush(c: Conversation, now: float) -> Step:
    """Silence at once, and for ever what answers the turns so far."""
    said = tuple(u for u in c.utterances if not u.is_promise)
    answers = c.answers.hush(c.turn, until=now + c.limits.answer_limit_s)
    c = replace(c, utterances=said, answers=answers)
    return drop(c, now)


def drop(c: Conversation, now: float) -> Step:
    """Silence at once."""
    speaker = c.speaker.drop(now)
    c = replace(c, speaker=speaker, mishap=None, spoken=c.spoken.hushed())
    return c, (DropPlayback(),)


def earcon(c: Conversation, sound: Earcon) -> Step:
    """Play a short sound after what is playing."""
    c = replace(c, speaker=c.speaker.sound())
    return c, (PlayEarcon(sound, c.speaker.segment),)


def tell_fault(c: Conversation, what: Fault, now: float) -> Step:
    """Tell the user what keeps the box from answering: the sound, then the words."""
    return earcon(spoken.want(c, signal_of(what), now), earcon_of(what))


def tell_status(c: Conversation, now: float) -> Step:
    """Tell the user how the box is, and where: the sound, then the words."""
    c = spoken.want_status(c, now)
    if c.speaker.quiet_since is None:
        # The press was told of a fault, whose sound is enough.
        return c, ()
    fault = worst(c.faults)
    return earcon(c, earcon_of(fault) if fault else Earcon.READY)


def mishap(c: Conversation, what: Signal, now: float) -> Step:
    """Tell the user that this one failed: LED for a moment, the sound, the words."""
    sound = TABLE[what].earcon
    assert sound is not None
    c = replace(c, mishap=Mishap(what, now + _MISHAP_S))
    return earcon(spoken.want(c, what, now), sound)


def timers(c: Conversation) -> Timers:
    """When nothing will sound any more, and when a mishap has been shown."""
    if c.answer or c.speaker.quiet_since is None:
        yield c.speaker.given_up_at, _give_up
    if c.mishap:
        yield c.mishap.until, lambda c, _: (replace(c, mishap=None), ())


def answer_audio(c: Conversation, pcm: bytes, now: float) -> Step:
    """Play it, if it answers what was said last and nobody talks over it."""
    if not c.link.is_up:
        return c, ()
    # What nobody asked for is not heard, but it has an end as well.
    unasked = replace(c, answers=c.answers.may_come())
    c = tool_calls.begin(c) if c.owed else unasked
    turn = c.owed[0]
    if c.answers.is_of_older(now):
        return c, ()
    said = without(c.utterances, turn)
    audible = is_audible(pcm)
    answers = c.answers.begin(audible=audible)
    c = replace(c, answers=answers, utterances=said)
    if c.speaker.given_up_at <= now:
        c = _hush_through(c, turn)
    if c.answers.hushed:
        return c, ()
    # An answer does not wait for the end of a sentence.
    cut = (DropPlayback(),) if spoken.sounds(c) else ()
    if c.microphone and audible:
        c = replace(c, capture=c.microphone.hear_answer(now))
    c = replace(c, speaker=c.speaker.play(turn, now, audible=audible))
    return c, (*cut, Play(pcm))


def drain(c: Conversation, aftermath: Signal | None = None) -> Step:
    """No more of the answer will come: play it out, then tell `aftermath`."""
    if not c.answer or c.answer.draining:
        return c, ()
    c = replace(c, speaker=c.speaker.drain(aftermath))
    return c, (Drain(c.speaker.segment),)


def interrupted(c: Conversation, now: float) -> Step:
    """The service cut an answer. One that was talked over is silent already; another
    is silenced, and the user told: nobody had spoken, but to an open microphone."""
    c = replace(c, answers=c.answers.interrupt())
    if c.talk.mode is TalkMode.HANDS_FREE and (c.answer or c.owed):
        return hush(c, now)
    promised = c.answers.begun and any(u.turn == c.owed[0] for u in c.utterances)
    if not c.owed or not (c.answer or promised):
        return c, ()
    c, effects = hush(c, now)
    c, more = mishap(c, Signal.LOST, now)
    return c, effects + more


def answer_paused(c: Conversation, now: float) -> Step:
    """A filler is over, or a first part: play it out, and wait for the rest."""
    if c.answers.interrupted:
        return answer_ended(c, "", now)
    c = replace(c, answers=c.answers.progress(now))
    if not c.answers.begun or c.answers.hushed:
        return c, ()
    turn = c.owed[0]
    others = without(c.utterances, turn)
    return drain(replace(c, utterances=(promise(turn, now), *others)))


def answer_ended(c: Conversation, reason: str, now: float) -> Step:
    """One answer less is owed; if it was ours and empty, the user is told. `reason`:
    why the service ended it, "" for the ordinary end."""
    refusal = reason not in _NO_REFUSALS
    if not c.owed:
        c = replace(c, answers=c.answers.end_older())
        return _judge(c, refusal, failure_if_silent=False), ()
    turn = c.owed[0]
    begun = c.answers.begun
    if c.answers.ends_older(c.turn_open) or c.answers.is_of_older(now):
        return replace(c, answers=c.answers.end_older()), ()
    if not c.answers.interrupted and (going_on := tool_calls.continued(c)):
        return going_on, ()
    may_be_silent = c.answers.hushed or tool_calls.may_end_empty(c, turn)
    c = _judge(c, refusal, failure_if_silent=not may_be_silent)
    c = replace(
        c,
        answers=c.answers.end(),
        utterances=without(c.utterances, turn),
    )
    if begun:
        return drain(c)
    return (c, ()) if may_be_silent else mishap(c, Signal.NO_ANSWER, now)


def drained(c: Conversation, segment: int, at: float, now: float) -> Step:
    """The speaker fell silent, unless more was ordered meanwhile or is to come."""
    answer = c.answer
    if segment != c.speaker.segment or (answer and not answer.draining):
        return c, ()
    c = replace(c, speaker=c.speaker.fall_silent(at))
    if c.microphone and answer and answer.audible:
        c = replace(c, capture=c.microphone.hear_answer(at))
    if answer and answer.aftermath:
        return mishap(c, answer.aftermath, now)
    if answer and not (answer.audible or _goes_on(c, answer.turn)):
        return mishap(c, Signal.NO_ANSWER, now)
    return c, ()


def _goes_on(c: Conversation, turn: int) -> bool:
    """It was only a filler, or a tool is what answers."""
    promised = any(u.turn == turn for u in c.utterances)
    return promised or tool_calls.may_end_empty(c, turn)


def _judge(c: Conversation, refusal: bool, *, failure_if_silent: bool) -> Conversation:
    """A session in which one answer after the other comes to nothing is left."""
    answers = c.answers.judge(refusal, failure_if_silent)
    if answers.failed < _FAILURES_TO_LEAVE:
        return replace(c, answers=answers)
    return replace(c, answers=replace(answers, failed=0), session=c.session.end())


def _give_up(c: Conversation, now: float) -> Step:
    return drop(_hush_through(c, c.answer.turn) if c.answer else c, now)


def _hush_through(c: Conversation, turn: int) -> Conversation:
    """What answers `turn`, or one before it, stays silent, also if it begins later."""
    return replace(c, answers=c.answers.hush_through(turn))
