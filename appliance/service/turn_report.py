# SPDX-License-Identifier: MIT
"""What a turn took: measured by looking on, told in one line when it is over."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import Conversation
from appliance.core.effects import Effect
from appliance.core.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ, seconds
from appliance.core.signals import Signal
from appliance.service.moment import Moment


@dataclass(frozen=True, slots=True)
class Report:
    """One turn. Instants are monotonic seconds, None until (or unless) they come."""

    turn: int
    #: None if this is only more of an answer that was over.
    pressed_at: float | None = None
    outcome: str = ""
    released_at: float | None = None
    on_wire_at: float | None = None
    first_sound_at: float | None = None
    #: Silence after the press that cut this turn's answer.
    cut_ms: int | None = None
    sent_s: float = 0.0
    answer_s: float = 0.0
    openings: int = 0
    xruns: int = 0
    underruns: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    #: Why the answer ended, if not as it should.
    reason: str = ""
    said: str = ""
    answered: str = ""

    def fields(self) -> dict[str, int | str]:
        """The journal fields; what was not measured is left out."""
        measured: dict[str, int | str | None] = {
            "TURN": self.turn,
            "OUTCOME": self.outcome,
            "HOLD_MS": _ms(self.pressed_at, self.released_at),
            "PRESS_TO_WIRE_MS": _ms(self.pressed_at, self.on_wire_at),
            "RELEASE_TO_FIRST_SOUND_MS": _ms(self.released_at, self.first_sound_at),
            "ANSWER_MS": round(self.answer_s * 1000),
            "BARGE_IN_CUT_MS": self.cut_ms,
            "XRUNS": self.xruns,
            "UNDERRUNS": self.underruns,
            "REDELIVERED": max(0, self.openings - 1),
            "TOKENS_IN": self.tokens_in,
            "TOKENS_OUT": self.tokens_out,
            "REASON": self.reason or None,
        }
        return {name: value for name, value in measured.items() if value is not None}

    def line(self) -> str:
        """The journal line, for people."""
        said = f"said {self.sent_s:.1f} s"
        if self.pressed_at is None:
            said = "more of the answer"
        first = _ms(self.released_at, self.first_sound_at)
        answer = f", answered after {first} ms" if first is not None else ""
        length = f" for {self.answer_s:.1f} s" if self.answer_s else ""
        cut = f", cut in {self.cut_ms} ms" if self.cut_ms is not None else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"turn {self.turn} {self.outcome}: {said}{answer}{length}{cut}{reason}"


@dataclass(slots=True)
class TurnReports:
    """Follows the conversation and yields a Report for each turn that is over.

    After a stall one step may begin a turn and end it, and an answer may go on after
    it was over: nothing here takes a turn for known.

    Threads: the event loop's only.
    """

    #: The turns that are being said, sent, waited for or heard.
    _open: dict[int, Report] = field(default_factory=dict)
    #: The turn that was last opened on the wire.
    _on_wire: int = 0
    #: Its answer was cut at this instant; the silence is still to come.
    _being_cut: tuple[Report, float] | None = None

    def follow(self, moment: Moment) -> Iterator[Report]:
        """The reports that `moment` completes."""
        self._measure_hold(moment)
        for turn in _turns(moment.after) - self._open.keys():
            self._open[turn] = Report(turn)
        self._measure_event(moment)
        for effect in moment.effects:
            self._measure_order(effect, moment)
        yield from self._silence(moment.event)
        for turn in sorted(self._open.keys() - _turns(moment.after)):
            yield from self._end(self._open.pop(turn), moment)

    def _silence(self, event: ev.Event) -> Iterator[Report]:
        """The silence after a cut, or word that there was nothing left to cut."""
        if not self._being_cut:
            return
        report, cut_from = self._being_cut
        match event:
            case ev.PlaybackSilenced(at):
                report = replace(report, cut_ms=_ms(cut_from, at))
            case ev.PlaybackDrained() | ev.PlaybackStarted() | ev.StopRequested():
                pass
            case _:
                return
        self._being_cut = None
        yield report

    def _end(self, report: Report, moment: Moment) -> Iterator[Report]:
        report = replace(report, outcome=_outcome(report.turn, moment))
        answer = moment.before.answer
        if (
            isinstance(moment.event, ev.TalkPressed)
            and answer
            and answer.turn == report.turn
            and report.first_sound_at is not None
        ):
            self._being_cut = report, moment.event.at
            return
        yield report

    def _measure_hold(self, moment: Moment) -> None:
        before, after, talking = moment.before, moment.after, moment.after.turn
        begun = talking > before.turn
        if begun:
            self._open[talking] = Report(talking, _pressed_at(moment))
        if after.hold and after.hold.turn:
            self._note(talking, released_at=after.hold.released_at)
        elif begun or (before.hold and before.hold.turn):
            self._release(talking, moment)

    def _measure_event(self, moment: Moment) -> None:
        before, after = moment.before, moment.after
        talking = before.hold.turn if before.hold else None
        answering = before.owed[0] if before.owed else None
        match moment.event:
            case ev.CaptureOverran():
                self._count(talking, "xruns", 1)
            case ev.PlaybackStarted(at) if after.answer:
                self._note_first(after.answer.turn, "first_sound_at", at)
            case ev.PlaybackUnderran() if after.answer:
                self._count(after.answer.turn, "underruns", 1)
            case ev.AnswerEnded(reason) if reason:
                self._note(answering, reason=reason)
            case ev.TokensCounted(tokens_in, tokens_out):
                self._note(answering, tokens_in=tokens_in, tokens_out=tokens_out)
            case ev.TranscriptHeard(text, spoken):
                self._count(answering, "answered" if spoken else "said", text)

    def _measure_order(self, order: Effect, moment: Moment) -> None:
        match order:
            case ef.OpenTurn(turn):
                self._on_wire = turn
                self._count(turn, "openings", 1)
                self._note_first(turn, "on_wire_at", moment.now)
                self._note(turn, sent_s=0.0)
            case ef.SendAudio(pcm):
                self._count(self._on_wire, "sent_s", seconds(pcm, CAPTURE_RATE_HZ))
            case ef.Play(pcm) if moment.after.answer:
                turn = moment.after.answer.turn
                self._count(turn, "answer_s", seconds(pcm, PLAYBACK_RATE_HZ))

    def _release(self, turn: int, moment: Moment) -> None:
        """The hold is over; at its limit or a stop, nobody had let go."""
        match moment.event:
            case ev.TalkReleased(at):
                self._note_first(turn, "released_at", at)
            case _:
                self._note_first(turn, "released_at", moment.now)

    def _note(self, turn: int | None, **measured: Any) -> None:
        if turn in self._open:
            self._open[turn] = replace(self._open[turn], **measured)

    def _note_first(self, turn: int, name: str, at: float) -> None:
        """Only the first such instant of the turn counts."""
        if turn in self._open and getattr(self._open[turn], name) is None:
            self._note(turn, **{name: at})

    def _count(self, turn: int | None, name: str, more: Any) -> None:
        if turn in self._open:
            self._note(turn, **{name: getattr(self._open[turn], name) + more})


_OUTCOMES = {
    Signal.NO_ANSWER: "not answered",
    Signal.LOST: "lost",
    Signal.UNHEARD: "not heard",
}


def _pressed_at(moment: Moment) -> float | None:
    """When the hold of the turn that `moment` begins was pressed."""
    if hold := moment.before.hold or moment.after.hold:
        return hold.pressed_at
    match moment.event:
        case ev.TalkPressed(at):
            return at
        case _:
            return None


def _turns(c: Conversation) -> set[int]:
    """The turns that are being said, sent, waited for or heard."""
    turns = {utterance.turn for utterance in c.utterances}
    if c.hold and c.hold.turn:
        turns.add(c.hold.turn)
    if c.answer:
        turns.add(c.answer.turn)
    return turns


def _outcome(turn: int, moment: Moment) -> str:
    before, after = moment.before, moment.after
    if isinstance(moment.event, ev.AnswerInterrupted):
        return "interrupted"
    if after.mishap and after.mishap is not before.mishap:
        return _OUTCOMES.get(after.mishap, "lost")
    if isinstance(moment.event, ev.PlaybackDrained):
        return "answered"
    match moment.event:
        case ev.StopRequested():
            return "stopped"
        case ev.TalkReleased():
            return "taken back"
    return "cut" if turn <= after.hushed_through else "lost"


def _ms(since: float | None, until: float | None) -> int | None:
    if since is None or until is None:
        return None
    return round((until - since) * 1000)
