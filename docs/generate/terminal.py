# SPDX-License-Identifier: MIT
"""The picture of a terminal with the demo in it: a real run, as it was recorded."""

import re
from pathlib import Path

from appliance.basics.pcm import CAPTURE_RATE_HZ
from appliance.config.file import Config
from appliance.simulator.scenario import Scenario
from docs.generate.svg import Drawing

#: What was run, in the project's folder.
COMMAND = (
    "voice-appliance",
    "demo",
    "--virtual-card",
    "--script",
    "docs/generate/talk-over.txt",
)
#: What it wrote.
RECORDING = Path(__file__).parents[1] / "pictures" / "demo.txt"

_LINE, _TOP, _LEFT, _SIZE = 17, 62, 24, 12
#: How wide a character is, for a font of size 1.
_ADVANCE = 0.602
_FONTS = "DejaVu Sans Mono, Menlo, Consolas, monospace"
_PAPER, _EDGE, _INK, _FAINT = "#161b22", "#484f58", "#e6edf3", "#8b949e"
#: By the word that a line of the timeline begins with.
_COLOURS = {
    "box": _INK,
    "button": "#d2a8ff",
    "LED": "#e3b341",
    "turn": "#7ee787",
    "speaker": "#79c0ff",
    "link": _FAINT,
}


def picture() -> str:
    """The SVG."""
    lines = RECORDING.read_text().rstrip().splitlines()
    height = _TOP + _LINE * (len(lines) + 1) + 8
    drawing = Drawing(
        840, height, "A run of the demo", paper=_PAPER, edge=_EDGE, fonts=_FONTS
    )
    for number, colour in enumerate(("#f85149", "#e3b341", "#3fb950")):
        drawing.dot(24 + 20 * number, 22, 6, colour, stroke=colour)
    _line(drawing, -1, f"$ {' '.join(COMMAND)}", _INK)
    for number, line in enumerate(lines):
        _line(drawing, number, line, _colour_of(line))
    return drawing.svg()


def latencies() -> str:
    """What the recorded run took, the slower of its turns, as a table."""
    _, _, table = RECORDING.read_text().partition("Latencies in ms:\n")
    heads, *rows = table.partition("\n\n")[0].splitlines()
    columns = re.split(r"  +", heads.strip())
    turns = [dict(zip(columns, row.split(), strict=True)) for row in rows]
    config = Config()
    period_ms = 1000 * config.microphone.period_frames // CAPTURE_RATE_HZ
    lines = (
        (
            "press to silence",
            _most(turns, "press to silence"),
            "the box stops by itself, without asking the service",
        ),
        (
            "press to first byte sent",
            _most(turns, "press to wire"),
            f"a press shorter than {config.turns.min_hold_ms} ms is a tap, so nothing "
            "is sent before",
        ),
        (
            "release to first sound",
            _most(turns, "release to first sound"),
            f"what you still say after the release ({config.turns.tail_ms} ms at "
            f"most), the rest of a period of {period_ms} ms, and "
            f"{Scenario().answer_delay_ms} ms that the simulator takes to answer",
        ),
    )
    rows = [f"| {what} | {took} ms | {why} |" for what, took, why in lines]
    return "\n".join(["| from … to … | took | of which |", "|---|---|---|", *rows])


def _most(turns: list[dict[str, str]], column: str) -> int:
    return max(int(turn[column]) for turn in turns if turn[column] != "-")


def _colour_of(line: str) -> str:
    """Of a line of the timeline (`   1.30 s  button   pressed`), or another."""
    words = line.split()
    return _COLOURS.get(words[2], _INK) if words[1:2] == ["s"] else _INK


def _line(drawing: Drawing, number: int, line: str, colour: str) -> None:
    words = line.lstrip()
    if not words:
        return
    x = _LEFT + _SIZE * _ADVANCE * (len(line) - len(words))
    y = _TOP + _LINE * (number + 1)
    # SVG makes one space of several.
    fixed = words.replace(" ", "\N{NO-BREAK SPACE}")
    drawing.text(x, y, fixed, size=_SIZE, colour=colour)
