# SPDX-License-Identifier: MIT
"""When a sentence is said: after its sound, never into a hold or over an answer, and
not again so soon."""

from collections.abc import Callable, Iterator

from appliance.basics.record import replace
from appliance.core.conversation import Conversation, Step
from appliance.core.effects import Say
from appliance.core.sentences import Due, Sentence, fault_of, sentence_of
from appliance.core.signals import Signal, signal_of, worst

#: The same sentence twice within this is a nuisance; its sound says enough.
_AGAIN_AFTER_S = 60.0
#: What went wrong with one utterance is said soon, or not at all.
_STALE_AFTER_S = 5.0
#: A fault that lasts is why, and says better what to do.
_CONSEQUENCES = frozenset({Sentence.LOST, Sentence.NO_ANSWER})


def want(c: Conversation, signal: Signal, now: float) -> Conversation:
    """Have words for `signal`, if there are any: the newest, of several."""
    sentence = sentence_of(signal)
    due = sentence and Due(sentence, now)
    return replace(c, spoken=replace(c.spoken, due=due))


def sounds(c: Conversation) -> bool:
    """What the speaker was told last is a sentence, and it is not over."""
    return c.quiet_since is None and c.segment == c.spoken.segment


def timers(
    c: Conversation,
) -> Iterator[tuple[float, Callable[[Conversation, float], Step]]]:
    """When what is due may be said."""
    # Not before its sound is over: what cuts the sentence off must not cut that.
    if c.spoken.due and c.quiet_since is not None and not (c.hears or c.answer):
        yield 0.0, _say


def _say(c: Conversation, now: float) -> Step:
    due = c.spoken.due
    assert due
    c = replace(c, spoken=replace(c.spoken, due=None))
    sentence = _meant(c, due, now)
    said = tuple(each for each in c.spoken.said if now - each[1] < _AGAIN_AFTER_S)
    if sentence is None or sentence in dict(said):
        return c, ()
    said, segment = (*said, (sentence, now)), c.segment + 1
    c = replace(c, spoken=replace(c.spoken, said=said, segment=segment))
    return replace(c, segment=segment, quiet_since=None), (Say(sentence, segment),)


def _meant(c: Conversation, due: Due, now: float) -> Sentence | None:
    """The sentence that is true by now, None if there is nothing left to say."""
    if fault := fault_of(due.sentence):
        return due.sentence if fault in c.faults else None
    if due.sentence in _CONSEQUENCES and (cause := worst(c.faults)):
        return sentence_of(signal_of(cause))
    return due.sentence if now - due.since <= _STALE_AFTER_S else None
