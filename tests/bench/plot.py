# SPDX-License-Identifier: MIT
"""The comparison as a picture: bars relative to the floor, in SVG."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from tests.bench.figures import Column, Record, of_peer, spread
from tests.bench.peer import PROGRAMS

_COLOURS = {
    "ours": "#1a7f4b",
    "google-genai": "#4477aa",
    "pipecat": "#aa6644",
    "floor": "#999999",
}
_BAR, _GAP, _LEFT, _WIDTH, _TOP = 16, 26, 250, 460, 56
_NUMBERS = 150


def plot(records: Sequence[Record], columns: Sequence[Column], title: str) -> str:
    """For each column a group of bars, the longest as wide as the picture; at a bar's
    end the median, and as a line the spread of the runs."""
    present = [p.name for p in PROGRAMS if of_peer(records, p.name)]
    body, y = [], _TOP
    for column in columns:
        y = _group(body, y, column, records, present)
    size = f'width="{_LEFT + _WIDTH + _NUMBERS}" height="{y}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        'font-family="sans-serif" font-size="12">\n'
        '<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="12" y="20" font-weight="bold">{escape(title)}</text>\n'
    )
    return head + "\n".join([_legend(present), *body]) + "\n</svg>\n"


def _legend(present: Sequence[str]) -> str:
    parts = []
    for index, peer in enumerate(present):
        x = 12 + 130 * index
        parts.append(
            f'<rect x="{x}" y="30" width="12" height="12" fill="{_COLOURS[peer]}"/>'
            f'<text x="{x + 17}" y="40">{escape(peer)}</text>'
        )
    return "".join(parts)


def _group(
    body: list[str],
    y: int,
    column: Column,
    records: Sequence[Record],
    present: Sequence[str],
) -> int:
    """The y below it."""
    of = {p: spread([column.value(r) for r in of_peer(records, p)]) for p in present}
    scale = _WIDTH / max(max(s.most for s in of.values()), 1e-9)
    middle = y + _BAR * len(present) / 2 + 4
    label = f"{column.title}{', ' * bool(column.unit)}{column.unit}"
    body.append(
        f'<text x="{_LEFT - 10}" y="{middle}" text-anchor="end">{escape(label)}</text>'
    )
    for peer in present:
        s, centre = of[peer], y + _BAR / 2
        left, right = _LEFT + s.least * scale, _LEFT + s.most * scale
        body.append(
            f'<rect x="{_LEFT}" y="{y}" width="{s.median * scale:.1f}" '
            f'height="{_BAR - 2}" fill="{_COLOURS[peer]}"/>'
            f'<path d="M{left:.1f} {centre}H{right:.1f}" stroke="black"/>'
            f'<text x="{right + 6:.1f}" y="{centre + 4}">'
            f"{s.median:.{column.digits}f}</text>"
        )
        y += _BAR
    return y + _GAP
