# SPDX-License-Identifier: MIT
"""Power cuts at random instants of boot and work, each followed by a boot to READY."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from machine import Machine
from prepare import Parts, copy_disk
from table import Row

_NAME = "cuts"
#: Machines side by side, for a computer of two cores.
_LANES = 2
_READY_LIMIT_S = 120.0
#: How long after its start, and after READY, a machine may be cut.
_BOOTING_S, _WORKING_S = 8.0, 3.0


class NotReady(Exception):
    """A machine did not come back; the text says which cut it was."""


def power_cuts(parts: Parts, folder: Path, cuts: int) -> Row:
    """Cut machines `cuts` times in all."""
    began, seed = time.monotonic(), random.randrange(10**6)
    counts = [cuts // _LANES + (lane < cuts % _LANES) for lane in range(_LANES)]
    lanes = [
        _Lane(parts, folder / str(lane), random.Random(seed + lane), count)
        for lane, count in enumerate(counts)
    ]
    title = f"{cuts} power cuts at random instants, each followed by a boot to READY"
    with ThreadPoolExecutor(_LANES) as pool:
        runs = [pool.submit(lane.run) for lane in lanes]
    try:
        ready_s = sorted(s for run in runs for s in run.result())
        figure = f"READY after {ready_s[0]:.1f} to {ready_s[-1]:.1f} s; seed {seed}"
        ok = True
    except NotReady as error:
        figure, ok = f"{error}; seed {seed}", False
    return Row(_NAME, title, ok, figure, round(time.monotonic() - began, 1))


@dataclass(frozen=True, slots=True)
class _Lane:
    """One disk, and what happens to it. Threads: one."""

    parts: Parts
    folder: Path
    chance: random.Random
    cuts: int

    def run(self) -> list[float]:
        """Seconds from each boot to READY. Raises NotReady."""
        self.folder.mkdir(parents=True, exist_ok=True)
        copy_disk(self.parts.disk, self._disk)
        ready_s = [self._cut(number) for number in range(1, self.cuts + 1)]
        self._disk.unlink()
        return ready_s

    def _cut(self, number: int) -> float:
        """Boot until a random instant, then until READY, and cut it at once."""
        at_s = self.chance.uniform(0.3, _BOOTING_S)
        with self._machine() as machine:
            if number % 2:
                self._until_ready(machine, f"before cut {number}")
                at_s = self.chance.uniform(0.0, _WORKING_S)
            time.sleep(at_s)
        with self._machine() as machine:
            return self._until_ready(machine, f"cut {number}, at {at_s:.1f} s")

    def _machine(self) -> Machine:
        return Machine(self.parts.kernel, str(self._disk), _NAME, self.folder)

    def _until_ready(self, machine: Machine, cut: str) -> float:
        """Seconds, by the machine's own account. Raises NotReady."""
        try:
            verdict = next(machine.results(_READY_LIMIT_S))
        except (StopIteration, TimeoutError) as error:
            raise NotReady(f"{cut}, see {self.folder}: {error}") from None
        if not verdict["ok"]:
            raise NotReady(f"{cut}, see {self.folder}: {verdict['figure']}")
        return float(verdict["figure"].split()[0])

    @property
    def _disk(self) -> Path:
        return self.folder / "disk.ext4"
