# SPDX-License-Identifier: MIT
"""When a sentence is said: after its sound, never into a hold or over an answer, and
not again so soon."""

from appliance.basics.record import replace
from appliance.core.conversation import AT_ONCE, Conversation, Step, Timers
from appliance.core.effects import Say, SayStatus
from appliance.core.sentences import Due, Sentence, fault_of, sentence_of
from appliance.core.signals import FATAL_FAULTS, Fault, Signal, signal_of, worst

#: The same sentence twice within this is a nuisance; its sound says enough.
_AGAIN_AFTER_S = 60.0
#: What went wrong with one utterance is said soon, or not at all.
_STALE_AFTER_S = 5.0
#: A fault that lasts is why, and says better what to do.
_CONSEQUENCES = frozenset({Sentence.LOST, Sentence.NO_ANSWER})
#: A card that is found late at the start is not missing.
_MISSING_AFTER_S = 5.0


def want(c: Conversation, signal: Signal, now: float) -> Conversation:
    """Have words for `signal`, if there are any: the newest, of several."""
    sentence = sentence_of(signal)
    due = sentence and Due(sentence, now)
    return replace(c, spoken=replace(c.spoken, due=due))


def want_status(c: Conversation, now: float) -> Conversation:
    """Have words for how the box is, and where."""
    return replace(c, spoken=replace(c.spoken, due=Due(Sentence.READY, now)))


def microphone_missing(c: Conversation, now: float) -> Conversation:
    """At the start there is none: say so, if there is no other in time."""
    due = Due(Sentence.NO_MICROPHONE, now + _MISSING_AFTER_S)
    return replace(c, spoken=replace(c.spoken, due=due))


def sounds(c: Conversation) -> bool:
    """What the speaker was told last is a sentence, and it is not over."""
    return c.speaker.quiet_since is None and c.speaker.segment == c.spoken.segment


def timers(c: Conversation) -> Timers:
    """When what is due may be said."""
    # Not before its sound is over: what cuts the sentence off must not cut that.
    if c.speaker.quiet_since is None or c.hears or c.answer:
        return
    if c.spoken.due:
        yield c.spoken.due.since, _say
    elif c.ready and _next_greeting(c):
        yield AT_ONCE, _greet


def _say(c: Conversation, now: float) -> Step:
    due = c.spoken.due
    assert due
    c = replace(c, spoken=replace(c.spoken, due=None))
    if due.sentence is Sentence.READY:
        return _say_status(c)
    sentence = _meant(c, due, now)
    said = tuple(each for each in c.spoken.said if now - each[1] < _AGAIN_AFTER_S)
    if sentence is None or sentence in dict(said):
        return c, ()
    c = replace(c, spoken=replace(c.spoken, said=(*said, (sentence, now))))
    return _order(c, Say(sentence, c.speaker.segment + 1))


def _say_status(c: Conversation) -> Step:
    fault = worst(c.faults)
    state = sentence_of(signal_of(fault)) if fault else Sentence.READY
    assert state
    return _order(c, SayStatus(state, c.volume.percent, c.speaker.segment + 1))


def _greet(c: Conversation, now: float) -> Step:
    sentence, *rest = c.spoken.greetings
    c = replace(c, spoken=replace(c.spoken, greetings=tuple(rest)))
    return _order(c, Say(sentence, c.speaker.segment + 1))


def _next_greeting(c: Conversation) -> Sentence | None:
    """How the box is used is said once it can be."""
    first = next(iter(c.spoken.greetings), None)
    useless = first is Sentence.FIRST_START and c.faults & FATAL_FAULTS
    return None if useless else first


def _order(c: Conversation, effect: Say | SayStatus) -> Step:
    spoken = replace(c.spoken, segment=effect.segment)
    return replace(c, spoken=spoken, speaker=c.speaker.sound()), (effect,)


def _meant(c: Conversation, due: Due, now: float) -> Sentence | None:
    """The sentence that is true by now, None if there is nothing left to say."""
    if due.sentence is Sentence.NO_MICROPHONE:
        missing = Fault.MICROPHONE in c.faults and Fault.SPEAKER not in c.faults
        return due.sentence if missing else None
    if fault := fault_of(due.sentence):
        return due.sentence if fault in c.faults else None
    if due.sentence in _CONSEQUENCES and (cause := worst(c.faults)):
        return sentence_of(signal_of(cause))
    return due.sentence if now - due.since <= _STALE_AFTER_S else None
