# SPDX-License-Identifier: MIT
"""What became of an utterance, found out from the outside only."""

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.basics.pcm import (
    CAPTURE_RATE_HZ,
    FRAME_BYTES,
    PLAYBACK_RATE_HZ,
    seconds,
)
from appliance.core.signals import TABLE, Earcon, Fault, Signal, signal_of
from appliance.simulator.live.service import HeardTurn
from appliance.simulator.live.sound import resample
from appliance.simulator.virtual_card import StreamName
from tests.faults.promise import REFUSALS, Kind, Outcome, Promise
from tests.faults.row import Row
from tests.faults.stage import Held, Stage
from tests.faults.tapes import Played, earcons, played

#: [microphone] pre_roll_ms and [turns] tail_ms.
_PRE_ROLL_S, _TAIL_S = 0.3, 0.2
#: A busy machine sees a press late, and a period, too.
_LATE_S = 0.2
#: An answer's last bit, too short to be recognised.
_BIT_S = 0.02
#: An underrun of a busy machine, in all.
_GAPS_S = 0.4
#: What a card has taken when it fails.
_IN_THE_CARD_S = 0.6
_NOTHING = Played(0.0, 0.0, 0.0, 0)
_MISHAPS = {Earcon.LOST, Earcon.NO_ANSWER}
_TOLD_INSTEAD = {*REFUSALS, Kind.MICROPHONE_STALLS, Kind.MICROPHONE_GONE}


_OF_A_CARD = {kind for kind in Kind if kind.name.startswith(("MICRO", "SPEAKER"))}
_STREAMS: tuple[StreamName, ...] = ("microphone", "speaker")


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn of the service, and when the microphone took what it heard."""

    turn: HeardTurn
    #: None: it is no unbroken part of what the microphone gave.
    when: tuple[float, float] | None

    def within(self, hold: Held) -> bool:
        """Nothing of it was taken outside `hold`, its pre-roll and its tail."""
        if self.when is None:
            return False
        start, end = self.when
        earliest = hold.pressed_at - _PRE_ROLL_S - _LATE_S
        latest = hold.released_at + _TAIL_S + _LATE_S
        return earliest <= start and end <= latest

    def whole(self, hold: Held) -> bool:
        """From the press to the end of the tail."""
        if self.when is None or not self.within(hold):
            return False
        start, end = self.when
        from_the_press = start <= hold.pressed_at + _LATE_S
        return from_the_press and end >= hold.released_at + _TAIL_S - _LATE_S


@dataclass(frozen=True, slots=True)
class Findings:
    """What became of the utterance of `hold`."""

    outcome: Outcome
    played: Played
    earcons: list[Earcon]
    turns: list[Heard]


def everything_heard(stage: Stage) -> list[Heard]:
    """All turns with audio, whoever heard them."""
    tape = stage.card.spoken()
    return [Heard(turn, _when(turn, tape, stage)) for turn in _with_audio(stage)]


def find(
    stage: Stage,
    row: Row,
    promised: Promise,
    hold: Held,
    speaker_from: int,
    since: float,
    answer_from: int = 0,
) -> Findings:
    """What became of `hold`; sounds of the box count from byte `speaker_from` of the
    speaker's tape on, its answer from byte `answer_from`."""
    tape = stage.card.heard()
    turns = [heard for heard in everything_heard(stage) if heard.within(hold)]
    sounds = earcons(tape[speaker_from:])
    rest = tape[answer_from:]
    answers = [(heard, played(_expected(heard.turn), rest)) for heard in turns]
    # The one that was played, or the last.
    best = max(answers, key=lambda answer: answer[1].through_s, default=None)
    if best is None or not best[1].through_s:
        outcome = _unplayed(stage, row, sounds, since)
        return Findings(outcome, best[1] if best else _NOTHING, sounds, turns)
    heard, sound = best
    answer_whole = _is_whole(sound, _expected(heard.turn), promised.slack_s)
    heard_whole = heard.whole(hold) or row.kind is Kind.MICROPHONE_XRUN
    outcome = _played(answer_whole, heard_whole, sounds)
    return Findings(outcome, sound, sounds, turns)


def shown(stage: Stage, signal: Signal, since: float) -> bool:
    situation = TABLE[signal].situation
    start = f"STATUS={situation[:1].upper()}{situation[1:]}"
    return bool(stage.box.notify.times(start, since))


def wrong(stage: Stage, since: float) -> Iterator[str]:
    """What the box showed to be wrong."""
    for fault in Fault:
        if shown(stage, signal_of(fault), since):
            yield fault.name


def logged(stage: Stage, signal: Signal, since: float) -> bool:
    """With what to do about it."""
    return any(TABLE[signal].advice in line for line in stage.box.lines(since))


def restarted(stage: Stage, since: float) -> bool:
    ends = (life.ended_at for life in stage.box.lives)
    return any(at is not None and at >= since for at in ends)


def disturbed(stage: Stage, row: Row) -> bool:
    """A stream was started anew, and neither `row` nor a new process did it."""
    lives = len(stage.box.lives)
    if row.kind in _OF_A_CARD:
        return False
    return any(len(stage.card.starts(stream)) > lives for stream in _STREAMS)


def _with_audio(stage: Stage) -> Iterator[HeardTurn]:
    return (turn for turn in stage.turns if turn.has_audio)


def _when(turn: HeardTurn, tape: bytes, stage: Stage) -> tuple[float, float] | None:
    at = tape.find(turn.heard)
    if at < 0:
        return None
    begun_at = stage.card.time_of_microphone_frame(at // FRAME_BYTES)
    return begun_at, begun_at + seconds(turn.heard, CAPTURE_RATE_HZ)


def _expected(turn: HeardTurn) -> bytes:
    """What the service wanted to say: an echo, or less if it ended it early itself."""
    if turn.complete:
        return turn.answer
    return resample(turn.heard, CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ)


def _is_whole(sound: Played, answer: bytes, slack_s: float) -> bool:
    left_out_s = _IN_THE_CARD_S if slack_s else _BIT_S
    return (
        sound.through_s >= seconds(answer, PLAYBACK_RATE_HZ) - left_out_s
        and sound.missing_s <= left_out_s
        and sound.gaps_s <= max(slack_s, _GAPS_S)
    )


def _played(answer_whole: bool, heard_whole: bool, sounds: list[Earcon]) -> Outcome:
    if _MISHAPS & set(sounds):
        return Outcome.CUT_TOLD
    if not answer_whole:
        return Outcome.SILENTLY_CUT
    if heard_whole:
        return Outcome.ANSWERED
    if Earcon.MICROPHONE in sounds:
        return Outcome.PART_ANSWERED
    return Outcome.PARTLY_HEARD


def _unplayed(stage: Stage, row: Row, sounds: list[Earcon], since: float) -> Outcome:
    own = TABLE[row.signal].earcon if row.signal else None
    if row.kind in _TOLD_INSTEAD and own in sounds:
        return Outcome.REFUSED_TOLD
    if Earcon.LOST in sounds:
        return Outcome.LOST_TOLD
    if Earcon.NO_ANSWER in sounds:
        return Outcome.NO_ANSWER_TOLD
    return Outcome.RESTARTED if restarted(stage, since) else Outcome.SILENTLY_LOST
