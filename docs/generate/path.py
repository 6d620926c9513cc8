# SPDX-License-Identifier: MIT
"""The picture of a question's way out of the box, and of the answer's way back."""

from appliance.config.file import Config
from docs.generate.svg import EDGE, FAINT, Drawing

_VOICE, _ANSWER, _LIGHT = "#16a34a", "#2563eb", "#ca8a04"
_OUT_Y, _BACK_Y, _HEIGHT = 76, 250, 80


def picture() -> str:
    """The SVG."""
    config = Config()
    pre_roll, tail = config.microphone.pre_roll_ms, config.turns.tail_ms
    drawing = Drawing(1000, 380, "The path of a question and of its answer")
    drawing.box(184, 30, 560, 324, stroke=FAINT, radius=12, dashed=True)
    drawing.text(204, 54, "the box: a Raspberry Pi", colour=FAINT)
    drawing.box(832, 30, 144, 324, stroke=EDGE, radius=12)
    drawing.text(904, 54, "Google", anchor="middle", colour=FAINT)

    heard = (
        f"from {pre_roll / 1000:g} s before the",
        f"hold to {tail / 1000:g} s after it",
    )
    _stage(drawing, 24, _OUT_Y, 116, "you", "hold, talk, let go")
    _stage(drawing, 204, _OUT_Y, 156, "microphone", *heard)
    _stage(
        drawing,
        408,
        _OUT_Y,
        156,
        "kept",
        "until it is answered;",
        "sent again if need be",
    )
    _stage(drawing, 612, _OUT_Y, 112, "link", "TLS; the key", "in a header")
    drawing.box(848, _OUT_Y, 112, _BACK_Y + _HEIGHT - _OUT_Y, fill="#f3f0e7")
    drawing.text(904, 196, "Gemini", anchor="middle", bold=True)
    drawing.text(904, 214, "Live API", anchor="middle", bold=True)
    _stage(
        drawing,
        408,
        _BACK_Y,
        316,
        "jitter buffer",
        "holds minutes of an answer;",
        "a press drops it at once",
    )
    _stage(drawing, 204, _BACK_Y, 156, "amplifier", "and loudspeaker")
    _stage(drawing, 24, _BACK_Y, 116, "you", "hear the answer")
    _arrows(drawing)
    _lines(drawing, config)
    return drawing.svg()


def _stage(
    drawing: Drawing, x: float, y: float, width: float, title: str, *lines: str
) -> None:
    drawing.box(x, y, width, _HEIGHT, fill="#f3f0e7")
    drawing.text(x + width / 2, y + 25, title, anchor="middle", bold=True)
    for number, line in enumerate(lines):
        drawing.text(
            x + width / 2,
            y + 45 + 16 * number,
            line,
            size=11,
            anchor="middle",
            colour=FAINT,
        )


def _arrows(drawing: Drawing) -> None:
    out, back = _OUT_Y + _HEIGHT / 2, _BACK_Y + _HEIGHT / 2
    for start, end in ((140, 204), (360, 408), (564, 612), (724, 848)):
        drawing.arrow((start, out), (end, out), colour=_VOICE)
    for start, end in ((848, 724), (408, 360), (204, 140)):
        drawing.arrow((start, back), (end, back), colour=_ANSWER)
    for line, words in enumerate(("only what", "a hold", "took in")):
        drawing.text(788, out - 40 + 14 * line, words, size=11, anchor="middle")
    drawing.text(788, back - 10, "answer", size=11, anchor="middle")


def _lines(drawing: Drawing, config: Config) -> None:
    """Button and LED: they belong to the whole way, so they get words."""
    talk = f"talk button, GPIO {config.button.talk_gpio}"
    words = (
        ("#7c3aed", f"{talk}: a press opens a turn, and silences an answer"),
        (_LIGHT, f"LED, GPIO {config.led.gpio}: what the box does, or what is wrong"),
    )
    for number, (colour, line) in enumerate(words):
        y = _OUT_Y + _HEIGHT + 32 + 24 * number
        drawing.dot(214, y - 4, 6, colour)
        drawing.text(230, y, line, size=12)
