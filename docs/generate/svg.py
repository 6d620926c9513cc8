# SPDX-License-Identifier: MIT
"""A little SVG: what the pictures need, on paper of its own.

The paper makes a picture legible on light and on dark pages alike.
"""

from collections.abc import Sequence
from html import escape

INK, FAINT, PAPER, EDGE = "#1f2937", "#6b7280", "#fffdf7", "#d6d3c8"
Point = tuple[float, float]


class Drawing:
    """Elements in the order they were drawn; the unit is a pixel."""

    def __init__(
        self,
        width: int,
        height: int,
        title: str,
        *,
        paper: str = PAPER,
        edge: str = EDGE,
        fonts: str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif",
    ) -> None:
        self._size = width, height
        self._title = title
        self._fonts = fonts
        self._elements: list[str] = []
        self.box(1, 1, width - 2, height - 2, fill=paper, stroke=edge, radius=10)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "none",
        stroke: str = INK,
        radius: float = 4,
        dashed: bool = False,
    ) -> None:
        dashes = ' stroke-dasharray="6 5"' if dashed else ""
        self._elements.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            f'rx="{radius:g}" fill="{fill}" stroke="{stroke}"{dashes}/>'
        )

    def path(self, points: Sequence[Point], colour: str, *, name: str = "") -> None:
        """A wire; it crosses over those drawn before it, with a gap at either side."""
        corners = " ".join(f"{x:g},{y:g}" for x, y in points)
        named = f' class="{escape(name)}"' if name else ""
        for width, paint, label in ((7, PAPER, ""), (2.4, colour, named)):
            self._elements.append(
                f'<polyline points="{corners}" fill="none" stroke="{paint}" '
                f'stroke-width="{width}" stroke-linejoin="round"{label}/>'
            )

    def line(self, points: Sequence[Point], *, colour: str = INK) -> None:
        corners = " ".join(f"{x:g},{y:g}" for x, y in points)
        self._elements.append(
            f'<polyline points="{corners}" fill="none" stroke="{colour}" '
            'stroke-width="1.6"/>'
        )

    def area(self, points: Sequence[Point], fill: str) -> None:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._elements.append(f'<polygon points="{corners}" fill="{fill}"/>')

    def dot(
        self,
        x: float,
        y: float,
        radius: float,
        fill: str,
        *,
        stroke: str = INK,
        name: str = "",
    ) -> None:
        named = f' class="{escape(name)}"' if name else ""
        self._elements.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" '
            f'stroke="{stroke}"{named}/>'
        )

    def arrow(self, start: Point, end: Point, *, colour: str = INK) -> None:
        """A horizontal or vertical arrow."""
        (x, y), (toward_x, toward_y) = end, start
        along_x, along_y = _sign(toward_x - x), _sign(toward_y - y)
        self.line([start, (x + 7 * along_x, y + 7 * along_y)], colour=colour)
        base_x, base_y = x + 9 * along_x, y + 9 * along_y
        side_x, side_y = 5 * along_y, 5 * along_x
        self.area(
            [
                end,
                (base_x + side_x, base_y + side_y),
                (base_x - side_x, base_y - side_y),
            ],
            colour,
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 13,
        anchor: str = "start",
        colour: str = INK,
        bold: bool = False,
    ) -> None:
        weight = ' font-weight="bold"' if bold else ""
        self._elements.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}" '
            f'fill="{colour}"{weight}>{escape(words)}</text>'
        )

    def svg(self) -> str:
        width, height = self._size
        head = (
            "<!-- made by `make docs` -->\n"
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}" role="img" '
            f'font-family="{escape(self._fonts)}">\n'
            f"<title>{escape(self._title)}</title>"
        )
        return "\n".join([head, *self._elements, "</svg>"]) + "\n"


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
