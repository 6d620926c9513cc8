# SPDX-License-Identifier: MIT
"""The matrix as text: faults down, phases across, and what it comes to."""

import statistics
from collections.abc import Sequence

from tests.faults.cell import Cell
from tests.faults.promise import Outcome, Phase, Senseless

_SHORT = {
    Outcome.ANSWERED: "answered",
    Outcome.PART_ANSWERED: "part",
    Outcome.CUT_TOLD: "cut",
    Outcome.SILENTLY_CUT: "CUT SILENT",
    Outcome.NO_ANSWER_TOLD: "no-answer",
    Outcome.LOST_TOLD: "lost",
    Outcome.REFUSED_TOLD: "told",
    Outcome.RESTARTED: "restart",
    Outcome.SILENTLY_LOST: "LOST SILENT",
    Outcome.PARTLY_HEARD: "PART SILENT",
}
_NAME_WIDTH, _CELL_WIDTH = 46, 15

_LEGEND = """\
answered   heard whole, answered whole, once
part       the microphone failed: what was said before was answered, the failure told
cut        what came of the answer was played, then told that this was all
no-answer  told with the sound of that name; so is lost
told       the sound of what is wrong, at once, instead of an answer
restart    the process ended, showed why, and came back
!          not as promised
The number is seconds from the fault, or from its mending where it lasts, until all
was well; a turn that nothing disturbs is the first row."""


def table(cells: Sequence[Cell]) -> str:
    """One row for each fault, one column for each phase that was tried."""
    phases = [phase for phase in Phase if any(c.phase is phase for c in cells)]
    head = "".join(phase.value.ljust(_CELL_WIDTH) for phase in phases)
    lines = [" " * _NAME_WIDTH + head]
    for name in dict.fromkeys(cell.row.name for cell in cells):
        found = {c.phase: c for c in cells if c.row.name == name}
        row = "".join(_entry(found.get(phase)).ljust(_CELL_WIDTH) for phase in phases)
        lines.append(name[: _NAME_WIDTH - 1].ljust(_NAME_WIDTH) + row)
    return "\n".join(line.rstrip() for line in [*lines, "", _LEGEND, *_omitted(cells)])


def summary(cells: Sequence[Cell]) -> str:
    """Cells, failures, recovery."""
    tried = [c for c in cells if not isinstance(c.outcome, Senseless)]
    failed = [c for c in tried if c.complaints]
    recoveries = [c.recovery_s for c in tried if not c.complaints] or [0.0]
    worst = max(recoveries)
    where = next((c for c in tried if c.recovery_s == worst), None)
    at = f" ({where.row.name}, {where.phase.value})" if where else ""
    return (
        f"{len(tried)} cells, {len(cells) - len(tried)} make no sense, "
        f"{len(failed)} not as promised, {sum(c.disturbed for c in tried)} with an "
        f"xrun of a busy machine; recovery: median "
        f"{statistics.median(recoveries):.1f} s, worst {worst:.1f} s{at}"
    )


def _entry(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if isinstance(cell.outcome, Senseless):
        return "-"
    outcome = _SHORT[cell.outcome] if cell.outcome else "?"
    return f"{'! ' if cell.complaints else ''}{outcome} {cell.recovery_s:.1f}"


def _omitted(cells: Sequence[Cell]) -> list[str]:
    """What `-` stands for: by rule, see promise.py."""
    reasons: dict[str, set[str]] = {}
    for cell in cells:
        if isinstance(cell.outcome, Senseless):
            reasons.setdefault(cell.outcome.reason, set()).add(cell.phase.value)
    return [
        f"-          {reason}: {', '.join(sorted(where))}"
        for reason, where in reasons.items()
    ]
