# SPDX-License-Identifier: MIT
"""The wiring picture: the header, the parts, and their wires of the pin table."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from docs.generate.pins import Wire, label_of, wires
from docs.generate.svg import FAINT, INK, PAPER, Drawing, Point

_PITCH, _TOP, _ODD_X, _EVEN_X = 25, 92, 400, 430
#: Where the wires of a header pin turn off, and those that go round the header first.
_LANE = {9: 268, 11: 268, 13: 276, 25: 262, 2: 545, 6: 545, 36: 565, 40: 585, 35: 605,
         12: 625, 34: 645, 38: 665, 17: 685,
         29: 272, 31: 282, 33: 292, 37: 282, 39: 272}  # fmt: skip
_ROUND_BELOW = {17: (306, 624), 35: (320, 608)}


@dataclass(frozen=True, slots=True)
class Part:
    """A board or component, its pads along one side."""

    name: str
    title: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    pads: Mapping[str, float]
    pads_at_right: bool = False
    optional: bool = False

    def pad(self, name: str) -> Point:
        """Where a wire ends; KeyError if there is no such pad."""
        return self.x + self.width * self.pads_at_right, self.pads[name]


def parts() -> dict[str, Part]:
    """By the name they have in the pin table."""
    amplifier = dict(
        zip(
            ("VIN", "GND", "SD", "GAIN", "DIN", "BCLK", "LRC"),
            range(92, 260, 27),
            strict=True,
        )
    )
    microphone = dict(
        zip(("SCK", "GND", "L/R", "SD", "WS", "VDD"), range(407, 540, 25), strict=True)
    )
    button, led = {"COM": 192, "NO": 217}, {"+": 340, "−": 380}
    volume, encoder = (
        {"COM": 480, "UP": 505, "DOWN": 530},
        {"C": 614, "B": 639, "A": 664},
    )
    all_parts = (
        Part("amplifier", "MAX98357A", "amplifier", 730, 62, 130, 220, amplifier),
        Part("microphone", "INMP441", "microphone", 730, 377, 130, 196, microphone),
        Part("button", "talk button", "switch", 40, 150, 200, 92, button, True),
        Part("LED", "status LED", "3 mm or 5 mm", 40, 305, 200, 112, led, True),
        Part(
            "volume buttons",
            "volume buttons",
            "optional",
            40,
            468,
            200,
            74,
            volume,
            True,
            True,
        ),
        Part(
            "rotary encoder",
            "rotary encoder",
            "optional",
            40,
            602,
            200,
            74,
            encoder,
            True,
            True,
        ),
    )
    return {part.name: part for part in all_parts}


def drawn_wires() -> list[Wire]:
    """Those of the parts above; another optional part is in the table only."""
    boards = parts()
    return [wire for wire in wires() if wire.part in boards]


def pin_at(header: int) -> Point:
    """The middle of a header pin."""
    return (_ODD_X if header % 2 else _EVEN_X), _TOP + _PITCH * ((header - 1) // 2)


def wire_name(wire: Wire) -> str:
    """The class of the wire's line in the picture."""
    return f"wire {wire.header} {wire.part} {wire.pad}"


def picture() -> str:
    """The SVG."""
    drawing = Drawing(1000, 724, "Wiring of the box: header pins, parts, wires")
    drawing.text(28, 36, "Wiring", size=20, bold=True)
    drawing.text(28, 60, "The square pad is pin 1.", colour=FAINT)
    drawing.text(28, 80, "Power off while you solder.", colour=FAINT)
    _header(drawing)
    for part in parts().values():
        _board(drawing, part)
    _insides(drawing)
    for _, trunk in groupby(
        sorted(drawn_wires(), key=lambda wire: (-_LANE[wire.header], wire.header)),
        key=lambda wire: wire.header,
    ):
        _trunk(drawing, list(trunk))
    _capacitor(drawing, 676)
    _pins(drawing)
    return drawing.svg()


def _header(drawing: Drawing) -> None:
    drawing.box(378, 70, 74, 518, fill="#e7e5df", stroke=FAINT, radius=6)
    drawing.text(415, 34, "Raspberry Pi", anchor="middle", bold=True)
    drawing.text(415, 50, "40-pin header", anchor="middle", size=12, colour=FAINT)


def _pins(drawing: Drawing) -> None:
    colours = {wire.header: wire.colour for wire in drawn_wires()}
    for header in range(1, 41):
        x, y = pin_at(header)
        used = header in colours
        if header == 1:
            drawing.box(x - 10, y - 10, 20, 20, fill=PAPER, stroke=INK, radius=0)
        else:
            drawing.dot(
                x, y, 10, colours.get(header, PAPER), stroke=INK if used else FAINT
            )
        ink = PAPER if used else FAINT
        drawing.text(x, y + 3.5, str(header), size=10, anchor="middle", colour=ink)
        label, colour = label_of(header), INK if used else "#a8a29e"
        at, anchor = (370, "end") if header % 2 else (460, "start")
        drawing.text(at, y - 4, label, size=11, anchor=anchor, colour=colour)


def _board(drawing: Drawing, part: Part) -> None:
    drawing.box(
        part.x,
        part.y,
        part.width,
        part.height,
        fill="#f3f0e7",
        radius=8,
        dashed=part.optional,
    )
    x, y = part.x + part.width / 2, part.y + part.height + 18
    drawing.text(x, y, part.title, anchor="middle", bold=True)
    drawing.text(x, y + 16, part.kind, anchor="middle", size=12, colour=FAINT)
    inward, anchor = (-14, "end") if part.pads_at_right else (14, "start")
    for name in part.pads:
        x, y = part.pad(name)
        drawing.dot(x, y, 5, PAPER)
        drawing.text(x + inward, y + 4.5, name, anchor=anchor)


def _trunk(drawing: Drawing, branches: list[Wire]) -> None:
    """The wires of one header pin, with a dot where they part."""
    for wire in branches:
        drawing.path(_corners(wire), wire.colour, name=wire_name(wire))
    boards = parts()
    ends = [boards[wire.part].pad(wire.pad) for wire in branches]
    start = pin_at(branches[0].header)[1]
    if branches[0].header in _ROUND_BELOW:
        start = _ROUND_BELOW[branches[0].header][1]
    for y in sorted((y for _, y in ends), key=lambda y: abs(y - start))[:-1]:
        goes_on = any((other - y) * (y - start) > 0 for _, other in ends)
        at = y if goes_on else start
        drawing.dot(_LANE[branches[0].header], at, 4, branches[0].colour)
    for x, y in ends:
        drawing.dot(x, y, 5, branches[0].colour)


def _corners(wire: Wire) -> list[Point]:
    x, y = pin_at(wire.header)
    lane, end = _LANE[wire.header], parts()[wire.part].pad(wire.pad)
    points = [(x, y)]
    if wire.header in _ROUND_BELOW:
        side, below = _ROUND_BELOW[wire.header]
        points += [(side, y), (side, below)]
        y = below
    return [*points, (lane, y), (lane, end[1]), end]


def _insides(drawing: Drawing) -> None:
    """What hangs on the parts, and symbols for those that are not boards."""
    _loudspeaker(drawing, 900, 172)
    drawing.text(788, 177, "open: 9 dB", size=11, colour=FAINT)
    drawing.text(744, 562, "its hole faces out", size=11, colour=FAINT)
    drawing.line([(184, 192), (130, 192), (104, 206)])
    drawing.line([(194, 217), (96, 217)])
    drawing.dot(96, 217, 3, INK)
    drawing.dot(130, 192, 3, INK)
    drawing.line([(60, 200), (60, 210), (98, 208)])
    drawing.text(56, 176, "press", size=11, colour=FAINT)
    _led(drawing)
    drawing.text(56, 510, "two, with one COM", size=11, colour=FAINT)
    drawing.text(56, 643, "C is the middle pin", size=11, colour=FAINT)


def _loudspeaker(drawing: Drawing, x: float, y: float) -> None:
    drawing.line([(860, y - 12), (x, y - 12)])
    drawing.line([(860, y + 12), (x, y + 12)])
    drawing.box(x, y - 20, 14, 40, fill="#e7e5df", radius=1)
    drawing.area(
        [(x + 14, y - 20), (x + 36, y - 42), (x + 36, y + 42), (x + 14, y + 20)],
        "#cfcabd",
    )
    drawing.text(x + 20, y + 64, "loudspeaker", size=12, anchor="middle")
    drawing.text(
        x + 20, y + 80, "4 to 8 Ω, 3 W", size=11, anchor="middle", colour=FAINT
    )


def _capacitor(drawing: Drawing, x: float) -> None:
    """Between the wires to the amplifier's VIN and GND."""
    pads = parts()["amplifier"].pads
    top, bottom = pads["VIN"], pads["GND"]
    drawing.line([(x, top), (x, top + 10)])
    drawing.line([(x - 10, top + 10), (x + 10, top + 10)])
    drawing.line([(x - 10, bottom - 10), (x + 10, bottom - 10)])
    drawing.line([(x, bottom - 10), (x, bottom)])
    drawing.dot(x, top, 3, INK)
    drawing.dot(x, bottom, 3, INK)
    drawing.text(x - 16, top + 14, "+", size=12, anchor="middle")
    drawing.text(x, top - 10, "220 to 470 µF", size=11, anchor="middle", colour=FAINT)


def _led(drawing: Drawing) -> None:
    drawing.line([(215, 340), (190, 340)])
    drawing.box(140, 332, 50, 16, fill=PAPER, radius=2)
    drawing.text(165, 327, "330 Ω", size=11, anchor="middle", colour=FAINT)
    drawing.line([(140, 340), (90, 340), (90, 351)])
    drawing.area([(78, 351), (102, 351), (90, 369)], "#eab308")
    drawing.line([(78, 369), (102, 369)])
    drawing.line([(90, 369), (90, 380), (215, 380)])
