# SPDX-License-Identifier: MIT
"""Measures each turn from the press to the end of its answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from appliance.basics.excerpt import LONGEST_TEXT
from appliance.basics.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ, cut, seconds
from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import Conversation
from appliance.core.effects import Effect
from appliance.core.signals import Signal
from appliance.journal.transition import Transition
from appliance.journal.turn_report import Outcome, Report, ms

#: A hold becomes a turn within some periods: older overruns do not matter.
_MOST_OVERRUNS = 10


@dataclass(slots=True)
class TurnMeter:
    """Follows the conversation and makes a Report of each turn that is over.

    After a stall one step may both begin and end a turn, and an answer may continue
    after its turn was over: no method may rely on a turn being open.

    Threads: the event loop's only.
    """

    #: The turns that are being said, sent, waited for or heard.
    _open: dict[int, Report] = field(default_factory=dict)
    #: When the microphone overran outside of a turn, newest last.
    _overran_at: list[float] = field(default_factory=list)
    #: The turn most recently opened on the wire.
    _on_wire: int = 0
    #: The turn whose answer ended last: what comes while none is owed is of that.
    _ended: int = 0
    #: Its answer was cut at this instant; the silence is still to come.
    _being_cut: tuple[Report, float] | None = None
    #: Hands-free: the transcript of a turn that has not begun yet.
    _early: str = ""

    def measured(self, transition: Transition) -> Transition:
        """`transition`, with the reports that it completes."""
        return replace(transition, reports=tuple(self._reports(transition)))

    def _reports(self, transition: Transition) -> Iterator[Report]:
        self._measure_hold(transition)
        for turn in _turns(transition.after) - self._open.keys():
            self._open[turn] = Report(turn)
        self._measure_event(transition)
        for effect in transition.effects:
            self._measure_order(effect, transition)
        yield from self._silence(transition.event)
        for turn in sorted(self._open.keys() - _going_on(transition)):
            yield from self._end(self._open.pop(turn), transition)

    def _silence(self, event: ev.Event) -> Iterator[Report]:
        """The report of a cut answer, once the speaker is silent."""
        if not self._being_cut:
            return
        report, cut_from = self._being_cut
        match event:
            case ev.PlaybackSilenced(at):
                report = replace(report, cut_ms=ms(cut_from, at))
            case ev.PlaybackDrained() | ev.PlaybackStarted() | ev.StopRequested():
                pass
            case _:
                return
        self._being_cut = None
        yield report

    def _end(self, report: Report, transition: Transition) -> Iterator[Report]:
        report = replace(report, outcome=_outcome(report.turn, transition))
        answer = transition.before.answer
        heard = answer and answer.turn == report.turn and report.first_sound_at
        match transition.event:
            case ev.TalkPressed(at) if heard:
                self._being_cut = report, at
            case ev.AnswerInterrupted() if heard and transition.after.microphone:
                self._being_cut = report, transition.now
            case _:
                yield report

    def _measure_hold(self, transition: Transition) -> None:
        before, after = transition.before, transition.after
        begun = after.turn > before.turn
        # If one step begins several turns, the user said the first.
        talking = min(after.turn, before.turn + 1)
        held = before.hold is not None and before.hold.turn is not None
        if begun:
            pressed_at = _pressed_at(transition)
            held |= pressed_at is not None and after.microphone is None
            self._open[talking] = Report(
                talking,
                pressed_at,
                xruns=self._overruns_before(pressed_at, transition),
                said=self._early if before.microphone else "",
            )
            self._early = ""
        if after.hold and after.hold.turn:
            self._note(talking, released_at=after.hold.released_at)
        elif held:
            self._release(talking, transition)
            self._note_first(talking, "said_at", transition.now)

    def _overruns_before(self, pressed_at: float | None, transition: Transition) -> int:
        """Overruns in the pre-roll, and from the press until the turn began."""
        since = (pressed_at or transition.now) - transition.after.limits.pre_roll_s
        return sum(at >= since for at in self._overran_at)

    def _measure_event(self, transition: Transition) -> None:
        before, after = transition.before, transition.after
        talking = before.hold.turn if before.hold else 0
        answering = before.owed[0] if before.owed else self._ended
        match transition.event:
            case ev.PeriodCaptured(pcm, ended_at) if microphone := before.microphone:
                heard = cut(pcm, ended_at, microphone.since, microphone.until)
                heard_s = seconds(heard, CAPTURE_RATE_HZ)
                self._count(microphone.turn, "heard_s", heard_s)
            case ev.CaptureOverran(at) if not talking:
                self._overran_at = [*self._overran_at, at][-_MOST_OVERRUNS:]
            case ev.CaptureOverran():
                self._count(talking, "xruns", 1)
            case ev.PlaybackStarted(at) if after.answer:
                self._note_first(after.answer.turn, "first_sound_at", at)
            case ev.PlaybackUnderran() if after.answer:
                self._count(after.answer.turn, "underruns", 1)
            case ev.AnswerEnded(reason):
                self._ended = answering
                if reason:
                    self._note(answering, reason=reason)
            case ev.TokensCounted():
                # The service may count a turn in parts; the day's sum is right.
                more = after.budget.spent.tokens - before.budget.spent.tokens
                self._count(answering, "tokens", more)
            case ev.TranscriptHeard(text, spoken=True):
                self._write_down(answering, "answered", text)
            case ev.TranscriptHeard(text):
                self._hear(text, answering, transition)

    def _hear(self, text: str, answering: int, transition: Transition) -> None:
        """A transcript arrives while the user talks, or later; hands-free, perhaps
        before the turn that it belongs to."""
        if not transition.after.microphone:
            self._write_down(self._on_wire, "said", text)
        elif transition.before.owed:
            self._write_down(answering, "said", text)
        else:
            self._early = (self._early + text)[-LONGEST_TEXT:]

    def _write_down(self, turn: int, name: str, text: str) -> None:
        """Part of a transcript; the service may send parts without end."""
        if turn in self._open:
            words = getattr(self._open[turn], name) + text
            self._note(turn, **{name: words[:LONGEST_TEXT]})

    def _measure_order(self, order: Effect, transition: Transition) -> None:
        match order:
            case ef.OpenTurn(turn):
                self._on_wire = turn
                self._count(turn, "openings", 1)
                self._note_first(turn, "on_wire_at", transition.now)
                self._note(turn, sent_s=0.0, said="")
            case ef.SendAudio(pcm):
                self._count(self._on_wire, "sent_s", seconds(pcm, CAPTURE_RATE_HZ))
            case ef.Play(pcm) if transition.after.answer:
                turn = transition.after.answer.turn
                self._note_first(turn, "first_audio_at", transition.now)
                self._count(turn, "answer_s", seconds(pcm, PLAYBACK_RATE_HZ))

    def _release(self, turn: int, transition: Transition) -> None:
        """The hold is over; at its limit, or at a stop, without a release."""
        match transition.event:
            case ev.TalkReleased(at):
                self._note_first(turn, "released_at", at)
            case _:
                self._note_first(turn, "released_at", transition.now)

    def _note(self, turn: int, **measured: Any) -> None:
        if turn in self._open:
            self._open[turn] = replace(self._open[turn], **measured)

    def _note_first(self, turn: int, name: str, at: float) -> None:
        """Keep the first such instant of the turn."""
        if turn in self._open and getattr(self._open[turn], name) is None:
            self._note(turn, **{name: at})

    def _count(self, turn: int | None, name: str, more: Any) -> None:
        if turn in self._open:
            self._note(turn, **{name: getattr(self._open[turn], name) + more})


_OUTCOMES: dict[Signal, Outcome] = {
    Signal.NO_ANSWER: "not answered",
    Signal.LOST: "lost",
    Signal.UNHEARD: "not heard",
}


def _pressed_at(transition: Transition) -> float | None:
    """When the hold of the turn that `transition` begins was pressed."""
    if hold := transition.before.hold or transition.after.hold:
        return hold.pressed_at
    match transition.event:
        case ev.TalkPressed(at):
            return at
        case _:
            return None


def _going_on(transition: Transition) -> set[int]:
    """The turns that are not over; a stop ends all of them."""
    stopped = isinstance(transition.event, ev.StopRequested)
    return set() if stopped else _turns(transition.after)


def _turns(c: Conversation) -> set[int]:
    """The turns that are being said, sent, waited for or heard."""
    turns = {utterance.turn for utterance in c.utterances}
    if c.hold and c.hold.turn:
        turns.add(c.hold.turn)
    if c.microphone:
        turns.add(c.microphone.turn)
    if c.answer:
        turns.add(c.answer.turn)
    return turns


def _outcome(turn: int, transition: Transition) -> Outcome:
    before, after = transition.before, transition.after
    if before.microphone and before.microphone.turn == turn:
        return "hands-free"
    if isinstance(transition.event, ev.AnswerInterrupted):
        return "interrupted"
    if after.mishap and after.mishap is not before.mishap:
        return _OUTCOMES.get(after.mishap.signal, "lost")
    if isinstance(transition.event, ev.PlaybackDrained):
        return "answered"
    match transition.event:
        case ev.StopRequested():
            return "stopped"
        case ev.TalkReleased():
            return "cancelled"
    return "lost" if after.answers.may_sound(turn) else "cut"
