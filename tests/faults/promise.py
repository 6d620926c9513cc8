# SPDX-License-Identifier: MIT
"""What the box promises for each fault in each phase: DESIGN §§1, 3, 5, 6, issue 3."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Phase(Enum):
    """Where an utterance is when the fault comes."""

    IDLE = "idle"
    FIRST_250_MS = "first 250 ms"
    MID_HOLD = "mid-hold"
    TAIL = "tail"
    THINKING = "thinking"
    FIRST_AUDIO = "first audio"
    MID_ANSWER = "mid-answer"
    DRAINING = "draining"
    ASLEEP = "asleep"


#: The box is left alone; the utterance comes right after the fault.
QUIET = {Phase.IDLE, Phase.ASLEEP}
TALKING = {Phase.FIRST_250_MS, Phase.MID_HOLD, Phase.TAIL}
#: An utterance is kept until its answer begins.
KEPT = TALKING | {Phase.THINKING}
#: The answer is arriving.
ANSWERING = {Phase.FIRST_AUDIO, Phase.MID_ANSWER}


class Kind(Enum):
    """What a fault does to the box, however it is done."""

    UNNOTICED = auto()
    LINK_STRAINED = auto()  # something unusual on it, but no fault
    LINK_RENEWED = auto()  # in good time
    LINK_CUT_SHORT = auto()  # with a warning that comes too late
    LINK_LOST = auto()  # the next one works
    LINK_DEAF = auto()  # as LINK_LOST, but nobody says so
    AWAY = auto()  # no link can be opened, for a short time
    LONG_AWAY = auto()  # for longer than an utterance waits
    REFUSED = auto()  # no link can be opened before somebody mends something
    NEVER_SET_UP = auto()  # as REFUSED, but nobody says so
    NEVER_ANSWERED = auto()
    EMPTY_ANSWER = auto()
    ANSWER_STALLS = auto()
    INTERRUPTED = auto()
    LATE_AUDIO = auto()
    SPEAKER_LATE = auto()
    FILLER = auto()
    MICROPHONE_STALLS = auto()
    MICROPHONE_GONE = auto()
    MICROPHONE_XRUN = auto()
    SPEAKER_STALLS = auto()
    SPEAKER_GONE = auto()
    SPEAKER_XRUN = auto()
    LOOP_BLOCKED = auto()


#: The user must mend something, and press.
REFUSALS = {Kind.REFUSED, Kind.NEVER_SET_UP}


class Outcome(Enum):
    """What became of the utterance, as far as an outsider can tell."""

    #: Heard whole, answered whole, once.
    ANSWERED = "answered"
    #: What was said before the microphone failed was answered; the failure was told.
    PART_ANSWERED = "part answered, told"
    #: Some of the answer was played, then the sound of `lost` or `no-answer`.
    CUT_TOLD = "cut, told"
    #: Some of the answer was played, and nobody said that it was not all.
    SILENTLY_CUT = "CUT SILENTLY"
    NO_ANSWER_TOLD = "no answer, told"
    LOST_TOLD = "lost, told"
    #: The sound of what is wrong, in place of an answer.
    REFUSED_TOLD = "told"
    #: The process ended, said why, and came back.
    RESTARTED = "restarted"
    #: Answered whole, but it was not all that was said, and nobody said so.
    PARTLY_HEARD = "SILENTLY ONLY PARTLY HEARD"
    #: Nothing, and nobody said so.
    SILENTLY_LOST = "LOST SILENTLY"


@dataclass(frozen=True, slots=True)
class Promise:
    outcomes: frozenset[Outcome]
    #: The fault's blink code is in STATUS.
    shown: bool = False
    #: The fault's line, with what to do, is in the journal.
    logged: bool = False
    #: The process may end for systemd to start it anew.
    may_restart: bool = False
    #: So much of the answer may be left out or torn apart.
    slack_s: float = 0.0
    #: So many connections are asked for, besides one for each press; None: any number.
    attempts: int | None = None
    #: Nothing is shown or said to be wrong.
    silent: bool = False
    #: The link is not replaced.
    keeps_link: bool = False


@dataclass(frozen=True, slots=True)
class Senseless:
    """The fault cannot happen in this phase, and why."""

    reason: str


def promise(kind: Kind, phase: Phase) -> Promise | Senseless:
    """What must come of an utterance."""
    if reason := _senseless(kind, phase):
        return Senseless(reason)
    match kind:
        case Kind.UNNOTICED | Kind.LINK_STRAINED | Kind.LATE_AUDIO:
            keeps_link = phase is not Phase.ASLEEP
            return _one_of(Outcome.ANSWERED, keeps_link=keeps_link, silent=True)
        case Kind.LINK_RENEWED:
            return _one_of(Outcome.ANSWERED, silent=True)
        case Kind.FILLER:
            # Between the two parts it is silent.
            return _one_of(Outcome.ANSWERED, keeps_link=True, slack_s=4.0, silent=True)
        case Kind.SPEAKER_LATE:
            return _one_of(Outcome.ANSWERED, keeps_link=True, slack_s=0.5, silent=True)
        case Kind.LINK_CUT_SHORT:
            return _ends_the_answer(phase, also=Outcome.ANSWERED)
        case Kind.LINK_LOST | Kind.LINK_DEAF:
            return _ends_the_answer(phase)
        case Kind.AWAY:
            return _away(phase)
        case Kind.LONG_AWAY:
            return _long_away(phase)
        case Kind.REFUSED:
            return _refused(phase, attempts=2)
        case Kind.NEVER_SET_UP:
            # One with the handle, one without, and one after ten seconds.
            return _refused(phase, attempts=4)
        case Kind.NEVER_ANSWERED:
            return _one_of(Outcome.ANSWERED)
        case Kind.EMPTY_ANSWER:
            # An answer that the service ends early is whole when it was played.
            whole = phase in ANSWERING
            return _one_of(Outcome.ANSWERED if whole else Outcome.NO_ANSWER_TOLD)
        case Kind.ANSWER_STALLS:
            return _one_of(Outcome.CUT_TOLD)
        case Kind.INTERRUPTED:
            return _interrupted(phase)
        case Kind.LOOP_BLOCKED:
            return _one_of(Outcome.ANSWERED, slack_s=3.5)
        case Kind.MICROPHONE_XRUN | Kind.SPEAKER_XRUN:
            return _one_of(Outcome.ANSWERED, slack_s=0.5, keeps_link=phase in KEPT)
        case Kind.MICROPHONE_STALLS | Kind.MICROPHONE_GONE:
            return _no_microphone(phase, may_restart=kind is Kind.MICROPHONE_GONE)
        case Kind.SPEAKER_STALLS:
            # It goes on where it stopped, but for what the card had taken already.
            return _one_of(Outcome.ANSWERED, logged=True, slack_s=8.0)
        case Kind.SPEAKER_GONE:
            return _one_of(
                *(Outcome.ANSWERED, Outcome.RESTARTED),
                logged=True,
                shown=True,
                may_restart=True,
                slack_s=8.0,
            )


#: The link itself is the victim: without one there is none.
_OF_A_LINK = {
    Kind.LINK_STRAINED,
    Kind.LINK_RENEWED,
    Kind.LINK_CUT_SHORT,
    Kind.LINK_LOST,
    Kind.LINK_DEAF,
    Kind.EMPTY_ANSWER,
    Kind.ANSWER_STALLS,
    Kind.INTERRUPTED,
}


def _senseless(kind: Kind, phase: Phase) -> str:
    if phase is Phase.ASLEEP and kind in _OF_A_LINK:
        return "no link is open"
    if kind is Kind.NEVER_ANSWERED and phase not in QUIET | KEPT:
        return "the answer has begun"
    if kind in (Kind.EMPTY_ANSWER, Kind.ANSWER_STALLS) and phase is Phase.DRAINING:
        return "all of the answer is there"
    if kind is Kind.FILLER and phase is not Phase.IDLE:
        return "nothing happens at an instant of its own"
    if kind in (Kind.LATE_AUDIO, Kind.SPEAKER_LATE) and phase not in KEPT:
        return "nobody talks over an answer"
    return ""


def _one_of(*outcomes: Outcome, **more: Any) -> Promise:
    return Promise(frozenset(outcomes), **more)


def _ends_the_answer(
    phase: Phase, *, also: Outcome | None = None, **more: Any
) -> Promise:
    """What has not begun to be answered is sent again; an answer is cut, and told."""
    if phase not in ANSWERING:
        return _one_of(Outcome.ANSWERED, **more)
    outcomes = {Outcome.CUT_TOLD} | ({also} if also else set())
    if phase is Phase.FIRST_AUDIO:
        outcomes.add(Outcome.ANSWERED)  # sent, but perhaps never arrived
    return _one_of(*outcomes, **more)


def _away(phase: Phase) -> Promise:
    # While an answer is spoken the LED says so; what is shown is shown after it.
    shown = phase in QUIET | KEPT
    return _ends_the_answer(phase, shown=shown, logged=True, attempts=10)


def _long_away(phase: Phase) -> Promise:
    if phase in QUIET | KEPT:
        return _one_of(Outcome.LOST_TOLD, shown=True, logged=True)
    if phase is Phase.FIRST_AUDIO:
        return _one_of(Outcome.LOST_TOLD, Outcome.CUT_TOLD, logged=True)
    return _ends_the_answer(phase, logged=True)


def _refused(phase: Phase, attempts: int) -> Promise:
    more: dict[str, Any] = {"shown": True, "logged": True, "attempts": attempts}
    if phase in QUIET | KEPT:
        return _one_of(Outcome.REFUSED_TOLD, **more)
    if phase is Phase.FIRST_AUDIO:
        return _one_of(Outcome.CUT_TOLD, Outcome.REFUSED_TOLD, **more)
    return _ends_the_answer(phase, **more)


def _interrupted(phase: Phase) -> Promise:
    """Nobody had spoken, but the service takes its answer back: the user is told."""
    if phase in ANSWERING:
        told = Outcome.LOST_TOLD, Outcome.NO_ANSWER_TOLD
        return _one_of(Outcome.CUT_TOLD, *told)
    if phase is Phase.DRAINING:
        return _one_of(Outcome.CUT_TOLD, Outcome.ANSWERED)
    return _one_of(Outcome.ANSWERED)


def _no_microphone(phase: Phase, *, may_restart: bool) -> Promise:
    more = {"logged": True, "may_restart": may_restart}
    match phase:
        case Phase.IDLE | Phase.ASLEEP:
            return _one_of(Outcome.REFUSED_TOLD, shown=True, **more)
        case Phase.FIRST_250_MS:
            told = Outcome.REFUSED_TOLD, Outcome.PART_ANSWERED
            return _one_of(*told, shown=True, **more)
        case Phase.MID_HOLD:
            return _one_of(Outcome.PART_ANSWERED, **more)
        case Phase.TAIL:
            return _one_of(Outcome.ANSWERED, Outcome.PART_ANSWERED, **more)
        case _:
            return _one_of(Outcome.ANSWERED, **more)
