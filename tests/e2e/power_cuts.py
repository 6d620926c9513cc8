# SPDX-License-Identifier: MIT
"""Power cuts at random instants of boot and work, each followed by a boot to READY."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.machine import Machine, last_lines
from tests.e2e.prepare import Parts, copy_disk
from tests.e2e.table import Row

_READY_LIMIT_S = 120.0
#: How long after its start, and after READY, a machine may be cut.
_BOOTING_S, _WORKING_S = 8.0, 3.0


class NotReady(Exception):
    """A machine did not come back; the text says which cut it was."""


def power_cuts(parts: Parts, folder: Path, cuts: int) -> Row:
    """Cut a machine off `cuts` times, now while it works, now while it boots."""
    began, seed = time.monotonic(), random.randrange(10**6)
    disk = folder / "disk.ext4"
    copy_disk(parts.disk, disk)
    box = _Box(parts.kernel, disk, folder, random.Random(seed))
    journal: list[str] = []
    try:
        ready_s = sorted(box.comes_back(cuts))
        figure = f"READY after {ready_s[0]:.1f} to {ready_s[-1]:.1f} s; seed {seed}"
    except NotReady as error:
        figure, journal = f"{error}; seed {seed}", last_lines(folder)
    disk.unlink()
    title = f"{cuts} power cuts at random instants, each followed by a boot to READY"
    seconds = round(time.monotonic() - began, 1)
    return Row("cuts", title, not journal, figure, seconds, journal=journal)


@dataclass(frozen=True, slots=True)
class _Box:
    """One disk, and what happens to it. Threads: one."""

    kernel: Path
    disk: Path
    folder: Path
    chance: random.Random

    def comes_back(self, cuts: int) -> Iterator[float]:
        """Seconds to READY, for the boot after each cut. Raises NotReady."""
        self._works("before the first cut")
        for number in range(1, cuts + 1):
            where = "while it worked"
            if number % 2 == 0:
                where = f"{self._is_cut_booting():.1f} s after its start"
            yield self._works(f"after cut {number}, {where}")

    def _works(self, when: str) -> float:
        """Boot to READY, work until a random instant, and be cut."""
        with self._machine() as machine:
            ready_s = self._until_ready(machine, when)
            time.sleep(self.chance.uniform(0.0, _WORKING_S))
        return ready_s

    def _is_cut_booting(self) -> float:
        at_s = self.chance.uniform(0.3, _BOOTING_S)
        with self._machine():
            time.sleep(at_s)
        return at_s

    def _machine(self) -> Machine:
        return Machine(self.kernel, self.disk, "cuts", self.folder)

    def _until_ready(self, machine: Machine, when: str) -> float:
        """Seconds, by the machine's own account. Raises NotReady."""
        try:
            verdict = next(machine.results(_READY_LIMIT_S))
        except (StopIteration, TimeoutError) as error:
            raise NotReady(f"{when}: not READY: {error}") from None
        if not verdict["ok"]:
            raise NotReady(f"{when}: {verdict['figure']}")
        return float(verdict["figure"].split()[0])
