# SPDX-License-Identifier: MIT
"""The one table: scenario, OK or FAIL, figure; each row is printed when it is known."""

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

    def __str__(self) -> str:
        verdict = "OK  " if self.ok else "FAIL"
        again = " (second try: sound was lost)" if self.retried else ""
        said = shorten(self.figure, 120 if self.ok else 1000)
        figure = f": {said}" if said else ""
        return f"{verdict} {self.seconds:5.1f} s  {self.title}{figure}{again}"


@dataclass(slots=True)
class Table:
    """Threads: any may add."""

    _rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self._rows.append(row)
        print(f"  {row.machine}: {row}", flush=True)

    def close(self, seconds: float) -> int:
        """Print the whole; the exit code is 0 only if all went well."""
        print()
        for machine in dict.fromkeys(row.machine for row in self._rows):
            print(machine)
            for row in self._rows:
                if row.machine == machine:
                    print(f"  {row}")
        failed = sum(not row.ok for row in self._rows)
        retried = sum(row.retried for row in self._rows)
        print(f"\n{seconds:.0f} s, {retried} run a second time for lost sound")
        print(f"{len(self._rows) - failed} passed, {failed} failed", flush=True)
        return 1 if failed or not self._rows else 0
