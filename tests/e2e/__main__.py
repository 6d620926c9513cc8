# SPDX-License-Identifier: MIT
"""`make boot-test`: boots machines, runs the scenarios in them, prints one table.

Three machines begin with a Debian without the package: one does what the README tells a
newcomer, one installs itself from its card, one installs; the others start from that
disk. Each leaves its journal in build/e2e/MACHINE/. Exit code 0 only if every scenario
went well.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NoReturn

from tests.e2e.first_boot import first_boot
from tests.e2e.machine import TREE, Boot, Machine, cut_all, last_lines
from tests.e2e.power_cuts import power_cuts
from tests.e2e.prepare import Parts, Unable, copy_disk, newer, newest_package, prepare
from tests.e2e.table import Row, Table

_OUTPUT = TREE / "build" / "e2e"
_LIMIT_S = 420.0
_CONFIG = '[live]\nendpoint = "wss://live.test:8443"\n[led]\nidle_brightness = 1\n'
_PROVISIONED = Boot(
    files={
        "voice-appliance.toml": _CONFIG,
        "gemini-api-key": "the-key-from-the-boot-partition\n",
    }
)
#: What to boot, from a copy of the disk that `install` leaves, for the scenarios of
#: guest/scenarios/; the longest first. What listens closely is alone, at the end.
_ALONE = {"talk": Boot(), "words": Boot(), "rest": Boot()}
_MACHINES = {
    "faults": Boot(),
    "package": Boot(),
    "doctor": Boot(),
    "late": Boot(words=("board=no-card,1970",)),
    "provision": _PROVISIONED,
    "sandbox": Boot(),
}
#: Machines side by side, for a computer of two cores.
_LANES = 2
_NAMES = ["newcomer", "card", *_ALONE, *_MACHINES, "cuts"]


def main() -> int:
    options = _options()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _give_up)
    package = options.package or newest_package(TREE / "build")
    if package is None:
        print("boot test: no package in build/; `make deb` builds it")
        return 2
    try:
        parts = prepare(package)
    except Unable as error:
        print(f"boot test: {error}")
        return 1
    _OUTPUT.mkdir(parents=True, exist_ok=True)
    shutil.copy(package, _OUTPUT / "package.deb")
    newer(package, _OUTPUT / "newer.deb")
    return _run_all(parts, options)


def _give_up(number: int, _: object) -> NoReturn:
    cut_all()
    os._exit(128 + number)


def _run_all(parts: Parts, options: argparse.Namespace) -> int:
    """Boot the machines; the exit code."""
    table, began = Table(), time.monotonic()
    wanted = set(options.machines)
    installed = Parts(parts.kernel, _OUTPUT / "install.ext4")
    with ThreadPoolExecutor(_LANES) as lanes:
        runs = []
        if "newcomer" in wanted:
            newcomer = lanes.submit(_run_on, parts, "newcomer", _PROVISIONED, table)
            runs.append(newcomer)
        if "card" in wanted:
            runs.append(lanes.submit(_first_boot, parts, options.card_cuts, table))
        copy_disk(parts.disk, installed.disk)
        _run("install", Boot(), installed.kernel, str(installed.disk), table)
        # Without that disk the others would only fail one by one.
        if not table.is_well("install"):
            wanted = set()
        runs += [lanes.submit(job) for job in _jobs(installed, wanted, options, table)]
        for run in runs:
            run.result()
    for name in [name for name in _ALONE if name in wanted]:
        _run_on(installed, name, _ALONE[name], table)
    installed.disk.unlink()
    return table.close(time.monotonic() - began)


def _jobs(
    parts: Parts, wanted: set[str], options: argparse.Namespace, table: Table
) -> list[Callable[[], None]]:
    """The machines that may run side by side, the longest first."""
    jobs: list[Callable[[], None]] = [
        partial(_run_on, parts, name, boot, table)
        for name, boot in _MACHINES.items()
        if name in wanted
    ]
    if "cuts" in wanted:
        for lane in range(_LANES):
            jobs.insert(1, partial(_cut, parts, lane, options.cuts, table))
    return jobs


def _first_boot(parts: Parts, cuts: int, table: Table) -> None:
    packages = (_OUTPUT / "package.deb", _OUTPUT / "newer.deb")
    for row in first_boot(parts, _folder("card"), packages, cuts):
        table.add(row)


def _cut(parts: Parts, lane: int, cuts: int, table: Table) -> None:
    """This lane's share of the power cuts."""
    table.add(power_cuts(parts, _folder(f"cuts-{lane}"), (cuts + lane) // _LANES))


def _run_on(parts: Parts, name: str, boot: Boot, table: Table) -> None:
    """As _run, with a disk that others boot from, too."""
    changes = _OUTPUT / f"{name}.changes"
    changes.unlink(missing_ok=True)
    _run(name, boot, parts.kernel, f"{changes},{parts.disk}", table)
    changes.unlink(missing_ok=True)


def _run(name: str, boot: Boot, kernel: Path, disk: str, table: Table) -> None:
    """Boot a machine and add its results to the table, whatever happens to it."""
    folder = _folder(name)
    why = f"it ended before, see {folder}/console.log"
    with Machine(kernel, disk, name, folder, boot) as machine:
        try:
            for result in machine.results(_LIMIT_S):
                if "done" in result:
                    why = ""
                    break
                table.add(Row(machine=name, **result))
        except TimeoutError as error:
            why = f"{error}, see {folder}/console.log"
    if why:
        lines = last_lines(folder)
        table.add(Row(name, "all scenarios are run", False, why, journal=lines))


def _folder(name: str) -> Path:
    """Where a machine leaves its files; empty at first."""
    folder = _OUTPUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="boot-test", description="Boot machines, and run scenarios in them."
    )
    names = ", ".join(_NAMES)
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=f"of {names}")
    parser.add_argument("--package", type=Path, help="default: the newest in build/")
    parser.add_argument("--cuts", type=int, default=20, help="power cuts, default 20")
    parser.add_argument(
        "--card-cuts", type=int, default=4, help="of them in first boots, default 4"
    )
    options = parser.parse_args()
    if unknown := set(options.machines) - set(_NAMES):
        parser.error(f"no machine {', '.join(unknown)}: expected {names}")
    options.machines = options.machines or _NAMES
    return options


if __name__ == "__main__":
    sys.exit(main())
