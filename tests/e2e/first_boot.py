# SPDX-License-Identifier: MIT
"""A new card with a release unzipped onto it: to READY, updated, and cut off while it
installs."""

import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.machine import TREE, Boot, Machine, last_lines
from tests.e2e.prepare import Parts
from tests.e2e.table import Row

#: As Raspberry Pi OS and its user leave the partition.
_CARD = {
    "config.txt": b"dtparam=audio=on\n",
    "overlays/README": b"",
    "gemini-api-key": b"\xef\xbb\xbfthe-key-on-the-card\r\n",
}
_LIMIT_S = 300.0


def first_boot(
    parts: Parts, folder: Path, packages: tuple[Path, Path], cuts: int
) -> Iterator[Row]:
    """The scenarios, with the release of the first package, then that of the newer."""
    first, newer = (_release(package, folder) for package in packages)
    card = _Card(parts, folder)
    installed = card.boots(
        Boot(files=_CARD | first), "power on: the box installs itself"
    )
    yield installed
    if not installed.ok:
        return
    update = Boot(files=newer, keeps_partition=True)
    yield card.boots(update, "a newer release, unzipped over it, is installed")
    yield card.is_cut(Boot(files=_CARD | first), installed.seconds, cuts)


def _release(package: Path, folder: Path) -> dict[str, bytes]:
    """The files of the zip, by name."""
    target = folder / package.stem
    target.mkdir()
    gather = [sys.executable, TREE / "deploy" / "assets.py", package, target]
    subprocess.run(gather, check=True)
    (path,) = target.glob("*-bootfs.zip")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@dataclass(frozen=True, slots=True)
class _Card:
    """A disk without the package, and the changes since. Threads: one."""

    parts: Parts
    folder: Path

    def boots(self, boot: Boot, title: str) -> Row:
        """From power on until the box is READY; it starts again by itself meanwhile."""
        began = time.monotonic()
        try:
            figure, journal = self._until_ready(boot), []
        except (StopIteration, TimeoutError, AssertionError) as error:
            figure, journal = (
                f"{type(error).__name__}: {error}",
                last_lines(self.folder),
            )
        seconds = round(time.monotonic() - began, 1)
        return Row("card", title, not journal, figure, seconds, journal=journal)

    def is_cut(self, boot: Boot, install_s: float, cuts: int) -> Row:
        """At random instants of the first boot, each time of another new card."""
        began, seed = time.monotonic(), random.randrange(10**6)
        chance, title = random.Random(seed), f"{cuts} first boots, each cut off once"
        for number in range(1, cuts + 1):
            (self.folder / "changes").unlink(missing_ok=True)
            at_s = chance.uniform(0.3, install_s)
            with self._machine(boot):
                time.sleep(at_s)
            again = self.boots(Boot(keeps_partition=True), title)
            if not again.ok:
                why = f"cut {number}, {at_s:.1f} s after its start; seed {seed}"
                figure = f"{why}: {again.figure}"
                return Row("card", title, False, figure, journal=again.journal)
        seconds = round(time.monotonic() - began, 1)
        return Row("card", title, True, f"all READY; seed {seed}", seconds)

    def _until_ready(self, boot: Boot) -> str:
        with self._machine(boot) as machine:
            results = machine.results(_LIMIT_S)
            verdict = next(results)
            assert verdict["ok"], verdict["figure"]
            # As its owner would: it has written all that it wanted to.
            for _ in results:
                pass
        return str(verdict["figure"])

    def _machine(self, boot: Boot) -> Machine:
        disk = f"{self.folder / 'changes'},{self.parts.disk}"
        return Machine(self.parts.kernel, disk, "first_boot", self.folder, boot)
