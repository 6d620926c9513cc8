# SPDX-License-Identifier: MIT
"""Plays the whole matrix, or part of it, several cells at a time."""

import argparse
import asyncio
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.faults.cell import Cell, run
from tests.faults.promise import Phase
from tests.faults.row import Row
from tests.faults.rows import ROWS
from tests.faults.table import summary, table

#: Each is a process that mostly waits.
JOBS = 10
#: How often a cell is tried that the machine was too busy for.
_TRIES = 3


async def play(
    places: Iterable[tuple[Row, Phase]], directory: Path, jobs: int = JOBS
) -> list[Cell]:
    """The cells of `places`, in their order; a record of each that is not as promised
    is written into `directory`."""
    slots = asyncio.Semaphore(jobs)

    async def one(row: Row, phase: Phase) -> Cell:
        async with slots:
            name = re.sub(r"\W+", "-", f"{row.name} {phase.value}")
            for _ in range(_TRIES):
                cell = await run(row, phase, directory / name, directory / "cache")
                if not (cell.complaints and cell.disturbed):
                    break
        if cell.complaints:
            directory.mkdir(parents=True, exist_ok=True)
            record = directory / f"{name}.txt"
            record.write_text(cell.record)
            print(f"{row.name}, {phase.value}: {cell.complaints[0]}", file=sys.stderr)
            print(f"  see {record}", file=sys.stderr)
        return cell

    return await asyncio.gather(*(one(row, phase) for row, phase in places))


def main() -> int:
    """0 if every cell is as promised."""
    options = _options()
    rows = [row for row in ROWS if options.only.lower() in row.name.lower()]
    phases = [phase for phase in Phase if options.phase.lower() in phase.value]
    directory = options.directory or Path(tempfile.mkdtemp(prefix="faults-"))
    begun_at = time.monotonic()
    # Phase by phase: the slow column, asleep, does not come last for all.
    places = [(row, phase) for phase in phases[::-1] for row in rows]
    print(
        f"{len(places)} cells, {options.jobs} at a time: a minute for about 35 of them"
    )
    cells = asyncio.run(play(places, directory, options.jobs))
    cells.sort(key=lambda cell: ROWS.index(cell.row))
    print(table(cells))
    print(f"\n{summary(cells)}; took {(time.monotonic() - begun_at) / 60:.1f} min")
    failed = any(cell.complaints for cell in cells)
    if failed:
        print(f"Records of what is not as promised: {directory}")
    elif not options.directory:
        shutil.rmtree(directory)
    return 1 if failed or not cells else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    parser.add_argument("--phase", default="", help="phases whose name has this in it")
    parser.add_argument("--jobs", type=int, default=JOBS, help="cells at a time")
    parser.add_argument("--directory", type=Path, help="where records are written")
    return parser.parse_args()
