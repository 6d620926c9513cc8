# SPDX-License-Identifier: MIT
"""The measurements of a turn, as journal fields and as a line."""

from typing import Literal

from appliance.basics.record import Struct
from appliance.config.sections import PricesSection
from appliance.core.tokens import Spent, Tokens, cost

#: More digits of a cost than anybody needs.
_COST_DIGITS = 5

#: What became of a turn.
Outcome = Literal[
    "answered",
    "cut",
    "interrupted",
    "cancelled",
    "not answered",
    "not heard",
    "lost",
    "stopped",
    "hands-free",
]


class Report(Struct, frozen=True):
    """One turn. Instants are monotonic seconds, None until (or unless) they come."""

    turn: int
    #: None for the continuation of an answer that was over.
    pressed_at: float | None = None
    outcome: Outcome | Literal[""] = ""
    released_at: float | None = None
    #: The end of the tail: from then on the service is waited for.
    said_at: float | None = None
    on_wire_at: float | None = None
    first_audio_at: float | None = None
    first_sound_at: float | None = None
    #: Silence after the press that cut this turn's answer.
    cut_ms: int | None = None
    sent_s: float = 0.0
    #: Captured by an open microphone, sent or not.
    heard_s: float = 0.0
    answer_s: float = 0.0
    openings: int = 0
    xruns: int = 0
    underruns: int = 0
    tokens: Tokens = Tokens()
    #: Why the answer ended early, or "".
    reason: str = ""
    said: str = ""
    answered: str = ""

    @property
    def own_ms(self) -> int | None:
        """The box's share of the wait: the tail, and from the first audio that arrives
        to its sound."""
        wait = ms(self.released_at, self.first_sound_at)
        service = ms(self.said_at, self.first_audio_at)
        return None if wait is None or service is None else wait - service

    def fields(self) -> dict[str, int | str]:
        """What was measured, as journal fields; what was not is left out."""
        measured: dict[str, int | str | None] = {
            "TURN": self.turn,
            "OUTCOME": self.outcome,
            "HOLD_MS": ms(self.pressed_at, self.released_at),
            "PRESS_TO_WIRE_MS": ms(self.pressed_at, self.on_wire_at),
            "RELEASE_TO_FIRST_SOUND_MS": ms(self.released_at, self.first_sound_at),
            "OWN_MS": self.own_ms,
            "SERVICE_MS": ms(self.said_at, self.first_audio_at),
            "ANSWER_MS": round(self.answer_s * 1000),
            "BARGE_IN_CUT_MS": self.cut_ms,
            "XRUNS": self.xruns,
            "UNDERRUNS": self.underruns,
            "REDELIVERED": max(0, self.openings - 1),
            "TOKENS_IN": self.tokens.total_in,
            "TOKENS_OUT": self.tokens.total_out,
            "TOKENS_IN_TEXT": self.tokens.text_in or None,
            "TOKENS_IN_AUDIO": self.tokens.audio_in or None,
            "TOKENS_IN_IMAGE": self.tokens.image_in or None,
            "TOKENS_OUT_TEXT": self.tokens.text_out or None,
            "TOKENS_OUT_AUDIO": self.tokens.audio_out or None,
            "REASON": self.reason or None,
        }
        return {name: value for name, value in measured.items() if value is not None}

    def line(self) -> str:
        """The journal line, for people."""
        said = f"said {self.sent_s:.1f} s"
        if self.outcome == "hands-free":
            # The service does not say which part was speech.
            said = f"listened {self.heard_s:.1f} s"
        said += _with(self.xruns, "overrun")
        if self.pressed_at is None:
            said = "without a press"
        first = ms(self.released_at, self.first_sound_at)
        answer = f", answered after {first} ms" if first is not None else ""
        answer += f" (the box: {self.own_ms} ms)" if self.own_ms is not None else ""
        length = f" for {self.answer_s:.1f} s" if self.answer_s else ""
        length += _with(self.underruns, "underrun")
        cut = f", cut in {self.cut_ms} ms" if self.cut_ms is not None else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"turn {self.turn} {self.outcome}: {said}{answer}{length}{cut}{reason}"


def turn_fields(
    report: Report, spent: Spent, prices: PricesSection, *, transcripts: bool
) -> dict[str, int | float | str]:
    """All journal fields of a turn, with estimates of its cost and of the day's.

    `spent`: the day's tokens; `transcripts`: what was said, too.
    """
    fields: dict[str, int | float | str] = {
        **report.fields(),
        "COST": round(cost(report.tokens, prices), _COST_DIGITS),
        "TOKENS_TODAY": spent.tokens.total,
        "COST_TODAY": round(cost(spent.tokens, prices), _COST_DIGITS),
        "CURRENCY": prices.currency,
    }
    if transcripts:
        fields |= {"SAID": report.said, "ANSWERED": report.answered}
    return fields


def _with(count: int, what: str) -> str:
    """Gaps in the sound, if there were any: users ask about dropouts."""
    return f" with {count} {what}{'s' * (count > 1)}" if count else ""


def ms(since: float | None, until: float | None) -> int | None:
    """Between two instants in seconds; None if one of them never came."""
    if since is None or until is None:
        return None
    return round((until - since) * 1000)
