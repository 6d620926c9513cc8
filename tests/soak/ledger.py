# SPDX-License-Identifier: MIT
"""What became of everything that was said: by the box's word, and by the tapes."""

import re
from collections import Counter
from dataclasses import dataclass, field

from appliance.core.earcons import earcon_pcm
from appliance.core.signals import TABLE, Earcon, Fault, Signal, signal_of
from appliance.simulator.live.service import HeardTurn
from tests.rig.box import Life
from tests.soak.surroundings import Surroundings
from tests.soak.user import Hold

#: After this nothing can still come of an utterance: two waits for a link, two for an
#: answer, and the longest answer.
PATIENCE_S = 45.0

_CAPTURE_BYTES_PER_S, _PLAYBACK_BYTES_PER_S = 32_000, 48_000
#: Of an answer at 24 kHz: pieces that are looked for on the speaker's tape.
_PIECE_BYTES = 2_400
#: The microphone's tape is looked at from so long before a press.
_MARGIN_S = 2.0
#: What a turn is found by: 200 ms.
_BEGINNING_BYTES = 6_400
#: Of the journal around a complaint.
_MOST_LINES = 40
_REFUSALS = tuple(
    f"WARNING: {TABLE[signal].situation}"
    for signal in [
        *map(signal_of, Fault),
        Signal.NO_ANSWER,
        Signal.LOST,
        Signal.UNHEARD,
    ]
)
_SOUNDS = set(Earcon) - {Earcon.READY, Earcon.CUT_OFF}
_TURN = re.compile(r"\(turn (\d+)\)")
_END = re.compile(r"turn (\d+) ([a-z ]+):")


@dataclass(slots=True)
class Ledger:
    """Each hold is entered once, when `PATIENCE_S` have passed since its release."""

    world: Surroundings
    fates: Counter[str] = field(default_factory=Counter)
    #: What must not be, each with the journal around it.
    complaints: list[str] = field(default_factory=list)
    #: Of those that were told, how many by a sound that is on the tape.
    heard_told: int = 0
    #: Of the answered, how many with a part missing at the speaker, under its faults.
    with_a_gap: int = 0
    #: Of the answered, at how many the box says that the card overran meanwhile.
    with_an_overrun: int = 0

    def enter(self, hold: Hold) -> str:
        """The fate of `hold`; what is not right becomes a complaint."""
        life = self._life(hold)
        hold.turn = self._turn(hold, life)
        ended = self._end(hold, life) if hold.turn else None
        fate = self._fate(hold, life, ended)
        self.fates[fate.split(":")[0]] += 1
        if fate.startswith("LOST"):
            self._complain(hold, f"turn {hold.turn}: {fate}")
        return fate

    def _fate(
        self, hold: Hold, life: Life | None, ended: tuple[float, str, str] | None
    ) -> str:
        if life is None:
            return "in flight at a restart"
        if ended is None:
            if life.ended_at and life.ended_at < hold.released_at + PATIENCE_S:
                return "in flight at a restart"
            return self._unreported(hold)
        at, outcome, line = ended
        match outcome:
            case "answered":
                return self._answered(hold, overran=" overrun" in line)
            case "cut" | "cancelled" if hold.next_press_at <= at:
                return "cut by the user"
            case "lost" | "not answered" | "not heard" | "interrupted":
                return self._told(hold, at - 3.0, at + 2.0, outcome)
        return f"LOST SILENTLY: {outcome}"

    def _unreported(self, hold: Hold) -> str:
        """Without a line of its own in the journal."""
        status = self._status(hold.next_press_at)
        if hold.turn and status.startswith(("Thinking", "Speaking")):
            self._complain(hold, f"turn {hold.turn} was cut, without a line")
            return "cut by the user"
        return self._told(hold, hold.pressed_at, hold.released_at + 5.0, "no turn")

    def _status(self, at: float) -> str:
        """What STATUS was just before."""
        lines = [
            line.removeprefix("STATUS=")
            for told_at, line in self.world.box.notify.messages
            if told_at < at and line.startswith("STATUS=")
        ]
        return lines[-1] if lines else ""

    def _told(self, hold: Hold, since: float, until: float, outcome: str) -> str:
        """By a line of the journal in this time; or by a sound, which is counted."""
        told = any(
            since <= at <= until and line.startswith(_REFUSALS)
            for at, line in self.world.box.journal
        )
        length_s = until + 3.0 - hold.pressed_at
        tape = self.world.card.heard(hold.heard_from)
        tape = tape[: int(length_s * _PLAYBACK_BYTES_PER_S)]
        sounded = any(earcon_pcm(sound) in tape for sound in _SOUNDS)
        self.heard_told += sounded
        if told or sounded:
            return "audibly refused"
        return f"LOST SILENTLY: {outcome}"

    def _answered(self, hold: Hold, *, overran: bool) -> str:
        """Proven by the tapes: what the service heard, and what the speaker played."""
        tape = self.world.card.heard(hold.heard_from)
        answers = self._answers(hold)
        if not answers:
            return (
                "LOST SILENTLY: the journal says answered, the service never heard it"
            )
        turn = max(answers, key=lambda turn: _share(turn.answer, tape))
        if (share := _share(turn.answer, tape)) < 0.5:
            return f"LOST SILENTLY: {share:.0%} of its answer was played"
        self.with_a_gap += share < 1
        if tape.count(turn.answer) > 1:
            self._complain(hold, "answered twice")
        self.with_an_overrun += overran
        if turn.heard not in self._spoken(hold) and not overran:
            self._complain(hold, "what the service heard is not what was said")
        return "answered"

    def _answers(self, hold: Hold) -> list[HeardTurn]:
        """The turns that the service heard of it and answered: what begins before the
        release, for the next may follow at once."""
        held_s = hold.released_at - hold.pressed_at
        before = hold.spoken_from - self._since(hold)
        began_by = before + int((held_s + 0.1) * _CAPTURE_BYTES_PER_S)
        beginning = self._spoken(hold)[:began_by]
        return [
            turn
            for turn in self.world.turns(hold.pressed_at)
            if turn.answer and turn.heard[:_BEGINNING_BYTES] in beginning
        ]

    def _spoken(self, hold: Hold) -> bytes:
        """The microphone's tape, with some seconds more at either end."""
        length_s = hold.released_at - hold.pressed_at + 8.0
        tape = self.world.card.spoken(self._since(hold))
        return tape[: int(length_s * _CAPTURE_BYTES_PER_S)]

    def _since(self, hold: Hold) -> int:
        return max(0, hold.spoken_from - int(_MARGIN_S * _CAPTURE_BYTES_PER_S))

    def _life(self, hold: Hold) -> Life | None:
        """The run of the process that it was said to, if one ran all the time."""
        for life in self.world.box.lives:
            until = life.ended_at or float("inf")
            if life.started_at <= hold.pressed_at and hold.released_at <= until:
                return life
        return None

    def _turn(self, hold: Hold, life: Life | None) -> int:
        """The number that the box gave it, as its STATUS tells; 0 if none."""
        if life is None:
            return 0
        before, during = 0, []
        # A loop that is blocked tells late, but not later than so.
        until = min(hold.next_press_at + 0.2, hold.released_at + PATIENCE_S)
        for at, line in self.world.box.notify.messages:
            if at < life.started_at or not (found := _TURN.search(line)):
                continue
            if at <= hold.pressed_at:
                before = int(found[1])
            elif at <= until:
                during.append(int(found[1]))
        return max((turn for turn in during if turn > before), default=0)

    def _end(self, hold: Hold, life: Life | None) -> tuple[float, str, str] | None:
        """When and how the journal says that it ended, and the whole line."""
        for at, line in self.world.box.journal:
            found = _END.search(line)
            if found and int(found[1]) == hold.turn and at >= hold.pressed_at:
                if life and life.ended_at and at > life.ended_at + 1.0:
                    return None
                return at, found[2], line
        return None

    def _complain(self, hold: Hold, what: str) -> None:
        lines = [
            f"    {at - hold.pressed_at:+8.2f} {line}"
            for at, line in sorted(
                self.world.box.journal
                + [m for m in self.world.box.notify.messages if "STATUS" in m[1]]
            )
            if -5 <= at - hold.pressed_at <= PATIENCE_S
        ][:_MOST_LINES]
        self.complaints.append("\n".join([f"{hold}: {what}", *lines]))


def _share(answer: bytes, tape: bytes) -> float:
    """How much of `answer` is on the `tape`."""
    pieces = [
        answer[i : i + _PIECE_BYTES]
        for i in range(0, len(answer) - _PIECE_BYTES, _PIECE_BYTES)
    ]
    if answer in tape or not pieces:
        return float(answer in tape)
    return sum(piece in tape for piece in pieces) / len(pieces)
