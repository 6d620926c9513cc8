# SPDX-License-Identifier: MIT
"""The picture of what the LED and the sounds mean, drawn from the product's table."""

from collections.abc import Iterator
from math import sqrt

from appliance.config.file import LedSection
from appliance.core.led_pattern import LedPattern
from appliance.core.signals import TABLE, Row
from docs.generate.signals import in_words
from docs.generate.svg import FAINT, INK, Drawing, Point

_SHOWN_S, _SCALE = 5.0, 74.0
_ROW, _TOP, _LIGHT_X, _SOUND_X = 42, 112, 250, 640
_GLOW, _DARK = "#f59e0b", "#292524"


def picture() -> str:
    """The SVG."""
    height = _TOP + _ROW * len(TABLE) + 26
    drawing = Drawing(940, height, "What the LED and the sounds mean")
    drawing.text(28, 38, "What the light and the sounds mean", size=20, bold=True)
    for x, heading in (
        (28, "when"),
        (_LIGHT_X, f"the light, {_SHOWN_S:g} seconds"),
        (_SOUND_X, "the sound"),
    ):
        drawing.text(x, 74, heading, colour=FAINT)
    _seconds(drawing)
    for number, row in enumerate(TABLE.values()):
        _row(drawing, row, _TOP + _ROW * number)
    return drawing.svg()


def _seconds(drawing: Drawing) -> None:
    for second in range(int(_SHOWN_S) + 1):
        x = _LIGHT_X + second * _SCALE
        drawing.text(x, 94, str(second), size=11, anchor="middle", colour=FAINT)


def _row(drawing: Drawing, row: Row, y: float) -> None:
    middle = y + 19
    for line, words in enumerate(_wrapped(row.situation, 30)):
        drawing.text(28, middle + 15 * line - (len(row.situation) > 30) * 6, words)
    _light(drawing, row, y)
    sound = in_words(row.earcon) if row.earcon else "–"
    drawing.text(_SOUND_X, middle, sound, colour=INK if row.earcon else FAINT)


def _light(drawing: Drawing, row: Row, y: float) -> None:
    width, height = _SHOWN_S * _SCALE, 28
    drawing.box(_LIGHT_X, y, width, height, fill=_DARK, stroke=_DARK, radius=3)
    once = "once" in row.led
    curve = [
        (_LIGHT_X + at * _SCALE, y + height - 2 - (height - 6) * sqrt(level))
        for at, level in levels(row.pattern, _SHOWN_S, once=once)
    ]
    floor = y + height - 2
    drawing.area([(curve[0][0], floor), *curve, (curve[-1][0], floor)], _GLOW)


def levels(pattern: LedPattern, until_s: float, *, once: bool) -> list[Point]:
    """(seconds, brightness 0..1) at the corners of `pattern`, as the LED shows it."""
    corners: list[Point] = []
    for at, level in _corners(pattern, once=once):
        if at >= until_s:
            if corners:
                before_at, before = corners[-1]
                share = (
                    (until_s - before_at) / (at - before_at) if at > before_at else 1
                )
                corners.append((until_s, before + (level - before) * share))
            break
        corners.append((at, level))
    return corners


def _corners(pattern: LedPattern, *, once: bool) -> Iterator[Point]:
    idle = LedSection().idle_brightness
    at = 0.0
    level = idle if pattern.steps[-1].level is None else pattern.steps[-1].level
    while True:
        for step in pattern.steps:
            target = idle if step.level is None else step.level
            yield at, level
            at, level = at + step.fade_s, target
            yield at, level
            at += step.for_s
            yield at, level
        if once or len(pattern.steps) == 1:
            yield 1e6, level
            return


def _wrapped(words: str, width: int) -> list[str]:
    if len(words) <= width:
        return [words]
    cut = words.rindex(" ", 0, width + 1)
    return [words[:cut], words[cut + 1 :]]
