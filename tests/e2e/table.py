# SPDX-License-Identifier: MIT
"""The one table: scenario, OK or FAIL, figure; each row is printed when it is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import shorten


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario. The figure is the reason if it failed."""

    machine: str
    title: str
    ok: bool
    figure: str
    seconds: float = 0.0
    #: It was run a second time, because sound was lost in the emulated card.
    retried: bool = False
    #: What the machine's journal said last, if it failed.
    journal: Sequence[str] = ()

    def __str__(self) -> str:
        verdict = "OK  " if self.ok else "FAIL"
        again = " (second try: sound was lost)" if self.retried else ""
        said = shorten(self.figure, 240 if self.ok else 1000)
        figure = f": {said}" if said else ""
        return f"{verdict} {self.seconds:5.1f} s  {self.title}{figure}{again}"


@dataclass(slots=True)
class Table:
    """Threads: any may add."""

    _rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self._rows.append(row)
        print(f"  {row.machine}: {row}", flush=True)

    def is_well(self, machine: str) -> bool:
        return all(row.ok for row in self._rows if row.machine == machine)

    def close(self, seconds: float) -> int:
        """Print it all, failures last; the exit code is 0 only if there are none."""
        for machine in dict.fromkeys(row.machine for row in self._rows):
            print(f"\n{machine}")
            for row in self._rows:
                if row.machine == machine:
                    print(f"  {row}")
        failed = [row for row in self._rows if not row.ok]
        for row in failed:
            print(f"\n{row.machine}: the journal when this failed: {row.title}")
            print("\n".join(f"  | {line}" for line in row.journal))
        retried = sum(row.retried for row in self._rows)
        print(f"\n{seconds:.0f} s, {retried} run a second time for lost sound")
        print(f"{len(self._rows) - len(failed)} passed, {len(failed)} failed")
        for row in failed:
            print(f"  {row.machine}: {row}", flush=True)
        return 1 if failed or not self._rows else 0
