# SPDX-License-Identifier: MIT
"""The figures for people: a table in Markdown, and what machine they are from."""

import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from tests.bench.figures import Column, Record, Spread, of_peer, ratio, spread
from tests.bench.goals import Goal
from tests.bench.peer import PROGRAMS


def machine() -> str:
    """What the figures belong to."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = {n.split(":", 1)[1].strip() for n in lines if n.startswith("model name")}
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return (
        f"{date.today()}, {os.cpu_count()} x {' / '.join(names) or platform.machine()},"
        f" {memory_kb / 2**20:.0f} GB, Linux {platform.release()},"
        f" Python {platform.python_version()}"
    )


def table(records: Sequence[Record], columns: Sequence[Column]) -> list[str]:
    """A row for each column, so that it can be read on a terminal, too."""
    present = [p.name for p in PROGRAMS if of_peer(records, p.name)]
    heading = ["median [least-most]", *present]
    rows = [heading, ["---"] * len(heading)]
    for column in columns:
        unit = f", {column.unit}" if column.unit else ""
        cells = [_cell(of_peer(records, peer), column) for peer in present]
        rows.append([column.title + unit, *cells])
    return _aligned(rows)


def ratio_table(
    records: Sequence[Record], columns: Sequence[Column], peer: str, other: str
) -> list[str]:
    """Of paired runs."""
    rows = [[f"{peer} / {other}", "median [least-most]"], ["---"] * 2]
    for column in columns:
        paired = ratio(records, column.value, peer, other)
        rows.append([column.title, _shown(paired, 2)])
    return _aligned(rows)


def goal_table(goals: Sequence[Goal]) -> list[str]:
    heading = ["goal", "reached [least-most]", "limit", "met"]
    rows = [heading, ["---"] * len(heading)]
    for goal in goals:
        met = "yes" if goal.is_met else "**no**"
        rows.append([goal.what, _shown(goal.reached, 2), f"{goal.limit:g}", met])
    return _aligned(rows)


def _cell(records: Sequence[Record], column: Column) -> str:
    return _shown(spread([column.value(record) for record in records]), column.digits)


def _shown(spread: Spread, digits: int) -> str:
    median, least, most = (
        f"{value:.{digits}f}" for value in (spread.median, spread.least, spread.most)
    )
    return f"{median} [{least}-{most}]"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "| "
        + " | ".join(
            cell.ljust(width, "-" if cell == "---" else " ")
            for cell, width in zip(row, widths, strict=True)
        )
        + " |"
        for row in rows
    ]
