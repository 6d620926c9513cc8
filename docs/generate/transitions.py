# SPDX-License-Identifier: MIT
"""Finds out how the state changes, by telling the core everything at every turn."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from math import isfinite

from appliance.basics.pcm import CAPTURE_RATE_HZ
from appliance.config.file import Config, limits, talk_settings
from appliance.core import events as ev
from appliance.core.advance import advance, deadline
from appliance.core.conversation import Conversation, State, start
from appliance.core.link import LinkState
from appliance.core.signals import Fault
from appliance.core.tokens import Tokens

#: The next event comes so much later.
_SOON_S = 0.02
#: Longer than a tap, and than the tail.
_PERIOD_S = 0.3
_SOUND = b"\1\x55" * int(_PERIOD_S * CAPTURE_RATE_HZ)
#: More turns at once than these change nothing.
_MOST_WAITING = 1

Kind = type[ev.Event]
Transitions = dict[tuple[State, State], set[Kind]]

#: What the core makes nothing of; observers do.
WITHOUT_EFFECT: frozenset[Kind] = frozenset(
    {
        ev.CaptureOverran,
        ev.PlaybackStarted,
        ev.PlaybackSilenced,
        ev.PlaybackUnderran,
    }
)
#: The picture is that of a box without tools: they make a turn longer, and the late
#: answer of one begins a turn of its own.
OF_TOOLS: frozenset[Kind] = frozenset(
    {ev.ToolCalled, ev.ToolCallsCancelled, ev.ToolAnswered}
)


def transitions() -> Transitions:
    """The events that lead from one state to another.

    Every event is told in every situation that can be reached; situations are told
    apart by what the core decides on, instants left out. The way to talk is that of
    the default configuration.
    """
    return _explored()[0]


def told() -> set[Kind]:
    """The events that were told at all."""
    return _explored()[1]


@cache
def _explored() -> tuple[Transitions, set[Kind]]:
    found: Transitions = defaultdict(set)
    kinds: set[Kind] = set()
    config = Config()
    first = start(limits(config), 0.0, talk_settings(config))
    reached, seen = [(first, 0.0)], {_situation(first)}
    for before, now in reached:
        for event, at in _what_may_come(before, now):
            after, _ = advance(before, event, at)
            if isinstance(event, ev.OrderTaken):
                after = _all_taken(after, at)
            kinds.add(type(event))
            if after.state is not before.state:
                found[before.state, after.state].add(type(event))
            situation = _situation(after)
            if situation not in seen and _few(after):
                seen.add(situation)
                reached.append((after, at))
    return found, kinds


def _what_may_come(c: Conversation, now: float) -> Iterator[tuple[ev.Event, float]]:
    """Each event, before any timer is due; and the timer that is due next."""
    due_at = deadline(c)
    soon, later = now + _SOON_S, now + _PERIOD_S
    if due_at is None or soon < due_at:
        for event in _events(c, soon):
            yield event, soon
    if due_at is None or later < due_at:
        for pcm in (_SOUND, bytes(len(_SOUND))):
            yield ev.PeriodCaptured(pcm, later), later
    if due_at is not None and isfinite(due_at):
        yield ev.TimePassed(), max(now, due_at)


def _events(c: Conversation, at: float) -> Iterator[ev.Event]:
    yield ev.DevicesReady()
    is_down = c.hold and c.hold.released_at is None
    yield ev.TalkReleased(at) if is_down else ev.TalkPressed(at)
    if c.speaker.quiet_since is None:
        yield ev.PlaybackDrained(c.speaker.segment, at)
    if c.link.outbox.waiting:
        yield ev.OrderTaken(c.link.outbox.waiting[0])
    if c.link.state is LinkState.OPENING:
        yield ev.LinkOpening()
        yield ev.LinkUp()
    if c.link.state is not LinkState.DOWN:
        yield ev.LinkLost(None, "")
        yield ev.LinkLost(Fault.KEY, "")
    if c.link.state is LinkState.UP:
        yield ev.LinkExpiring(at + 5)
        yield ev.AnswerAudio(_SOUND)
        yield from (ev.AnswerProgressed(), ev.TranscriptHeard("", spoken=False))
        yield ev.AnswerPaused()
        yield ev.AnswerGenerated()
        yield ev.AnswerInterrupted()
        yield ev.AnswerEnded()
    for fault in (Fault.MICROPHONE, Fault.SPEAKER):
        yield ev.FaultCleared(fault) if fault in c.faults else ev.FaultRaised(fault)
    if c.between_turns:
        yield ev.ConfigChanged(c.limits, c.talk, relink=True, volume=c.volume)
    yield from (ev.VolumeTurned(1), ev.VolumeSet(50.0))
    yield from (ev.DayBegan(1), ev.TokensCounted(Tokens()))
    yield ev.NewConversation()
    yield ev.StopRequested()


def _all_taken(c: Conversation, at: float) -> Conversation:
    """The network takes what waits, and what is ordered then."""
    while c.link.outbox.waiting:
        c, _ = advance(c, ev.OrderTaken(c.link.outbox.waiting[0]), at)
    return c


def _few(c: Conversation) -> bool:
    return max(map(len, (c.utterances, c.owed))) <= _MOST_WAITING


def _situation(c: Conversation) -> tuple[object, ...]:
    """All that the state depends on, but for instants, numbers and sound."""
    hold = c.hold and (c.hold.turn is None, c.hold.released_at is None, c.hold.warned)
    said = tuple(
        (u.audible, u.ended_at is None, u.sent is None, u.closed, u.failures)
        + (u.awaited_since is None,)
        for u in c.utterances
    )
    answer = c.answer and (c.answer.draining, c.answer.aftermath)
    owed = tuple((c.answers.may_sound(e.turn), e.taken) for e in c.answers.expected)
    flags = (
        c.session.ends,
        c.answers.begun,
        c.answers.interrupted,
        c.speaker.quiet_since is None,
    )
    return c.link.state, c.faults, hold, said, answer, owed, *flags
