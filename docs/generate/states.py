# SPDX-License-Identifier: MIT
"""The picture of the four states, and of what leads from one to another."""

from dataclasses import dataclass
from textwrap import wrap

from appliance.core import events as ev
from appliance.core.conversation import State
from appliance.core.signals import TABLE, Signal
from docs.generate.svg import FAINT, Drawing
from docs.generate.transitions import transitions

IDLE, LISTENING, THINKING, SPEAKING = State

WORDS: dict[tuple[type[ev.Event], State], str] = {
    (ev.TalkPressed, LISTENING): "press",
    (ev.PlaybackDrained, IDLE): "played out",
    (ev.TalkReleased, IDLE): "it was a tap",
    (ev.PeriodCaptured, THINKING): "tail captured,",
    (ev.PeriodCaptured, IDLE): "digital silence",
    (ev.TimePassed, THINKING): "or overdue, or no",
    (ev.TimePassed, IDLE): "a time limit",
    (ev.FaultRaised, THINKING): "microphone left",
    (ev.FaultRaised, IDLE): "the microphone fails",
    (ev.LinkLost, IDLE): "refused, or lost twice",
    (ev.AnswerAudio, SPEAKING): "the answer sounds",
    (ev.AnswerAudio, IDLE): "no speaker for it",
    (ev.AnswerEnded, IDLE): "no sound in it",
    (ev.AnswerInterrupted, IDLE): "the service breaks off",
    (ev.StopRequested, IDLE): "stop",
}
#: The picture's order.
_ORDER = list(WORDS)

_LEFT = {IDLE: 40, LISTENING: 300, THINKING: 560, SPEAKING: 820}
_WIDTH, _TOP, _HEIGHT = 140, 150, 64
_MIDDLE, _BOTTOM = _TOP + _HEIGHT / 2, _TOP + _HEIGHT
_COLOUR = {
    IDLE: FAINT,
    LISTENING: "#7c3aed",
    THINKING: "#15803d",
    SPEAKING: "#2563eb",
}


@dataclass(frozen=True, slots=True)
class _Way:
    """Out of a state at `out`, along `lane`, into the other at `into`."""

    out: float
    lane: float
    into: float
    #: Characters a line of reasons may have before it crosses another way.
    line: int = 66


_WAYS = {
    (IDLE, SPEAKING): _Way(80, 50, 920),
    (SPEAKING, LISTENING): _Way(860, 84, 346),
    (THINKING, LISTENING): _Way(630, 118, 394),
    (LISTENING, IDLE): _Way(370, 250, 146),
    (THINKING, IDLE): _Way(630, 300, 110, 100),
    (SPEAKING, IDLE): _Way(890, 344, 74, 100),
}
_STRAIGHT = ((IDLE, LISTENING), (LISTENING, THINKING), (THINKING, SPEAKING))


def picture() -> str:
    """The SVG. KeyError if the core has a way that has no place or no words here."""
    drawing = Drawing(1000, 376, "The states of the box, and what leads to the next")
    for state, x in _LEFT.items():
        drawing.box(x, _TOP, _WIDTH, _HEIGHT, fill="#f3f0e7", radius=10)
        middle = x + _WIDTH / 2
        drawing.text(middle, _MIDDLE - 2, state.value, anchor="middle", bold=True)
        light = TABLE[Signal[state.name]].led
        drawing.text(
            middle, _MIDDLE + 17, light, size=11, anchor="middle", colour=FAINT
        )
    for (before, after), kinds in transitions().items():
        words = [WORDS[way] for way in _ORDER if way in {(k, after) for k in kinds}]
        if len(words) < len(kinds):
            raise KeyError(before, after, kinds)
        _draw(drawing, before, after, words)
    return drawing.svg()


def _draw(drawing: Drawing, before: State, after: State, words: list[str]) -> None:
    if (before, after) in _STRAIGHT:
        _straight(drawing, before, after, words)
        return
    way = _WAYS[before, after]
    edge = _TOP if way.lane < _TOP else _BOTTOM
    colour = _COLOUR[after]
    drawing.line(
        [(way.out, edge), (way.out, way.lane), (way.into, way.lane)], colour=colour
    )
    drawing.arrow((way.into, way.lane), (way.into, edge), colour=colour)
    middle = (way.out + way.into) / 2
    if edge == _TOP:
        drawing.text(middle, way.lane - 7, ", ".join(words), size=12, anchor="middle")
        return
    reasons = "\N{NO-BREAK SPACE}· ".join(
        w.replace(" ", "\N{NO-BREAK SPACE}") for w in words
    )
    for number, line in enumerate(wrap(reasons, way.line)):
        drawing.text(way.into + 12, way.lane + 17 + 15 * number, line, size=12)


def _straight(drawing: Drawing, before: State, after: State, words: list[str]) -> None:
    start, end = _LEFT[before] + _WIDTH, _LEFT[after]
    drawing.arrow((start, _MIDDLE), (end, _MIDDLE), colour=_COLOUR[after])
    for number, line in enumerate(words):
        y = _MIDDLE - 8 if number == 0 else _MIDDLE + 4 + 14 * number
        drawing.text((start + end) / 2, y, line, size=11, anchor="middle")
