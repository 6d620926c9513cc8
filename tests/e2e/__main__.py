# SPDX-License-Identifier: MIT
"""`make boot-test`: boots machines, runs the scenarios in them, prints one table.

The first machine installs the package; the others start from its disk. Each leaves its
journal in build/e2e/MACHINE/. Exit code 0 only if every scenario went well.
"""

import argparse
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from machine import TREE, Boot, Machine
from power_cuts import power_cuts
from prepare import Parts, copy_disk, newest_package, prepare
from table import Row, Table

_OUTPUT = TREE / "build" / "e2e"
_LIMIT_S, _STOP_LIMIT_S = 420.0, 30.0
#: Each boots from a copy of the disk that `install` leaves; its scenarios are those of
#: guest/scenarios/. The first is alone on this computer, for the sake of its sound.
_MACHINES = {
    "talk": Boot(),
    "faults": Boot(),
    "package": Boot(),
    "late": Boot(words=("board=no-card,1970",)),
    "provision": Boot(
        files={
            "voice-appliance.toml": '[live]\nendpoint = "wss://live.test:8443"\n'
            "[led]\nidle_brightness = 0.5\n",
            "gemini-api-key": "the-key-from-the-boot-partition\n",
        }
    ),
    "sandbox": Boot(),
}
_LANES = 2


def main() -> int:
    options = _options()
    package = options.package or newest_package(TREE / "build")
    if package is None:
        print("boot test: no package in build/; `make deb` builds it")
        return 2
    try:
        parts = prepare(package)
    except subprocess.CalledProcessError as error:
        print(f"boot test: {error.cmd[0]}: exit {error.returncode}; see its log")
        return 1
    _OUTPUT.mkdir(parents=True, exist_ok=True)
    shutil.copy(package, _OUTPUT / "package.deb")
    return _run_all(parts, options)


def _run_all(parts: Parts, options: argparse.Namespace) -> int:
    """Boot the machines, `install` for its disk first; the exit code."""
    table, began = Table(), time.monotonic()
    installed = _OUTPUT / "install.ext4"
    copy_disk(parts.disk, installed)
    _run("install", Boot(), parts.kernel, str(installed), table)
    wanted = {name: it for name, it in _MACHINES.items() if name in options.machines}
    if alone := wanted.pop("talk", None):
        _run_on(installed, "talk", alone, parts.kernel, table)
    with ThreadPoolExecutor(_LANES) as lanes:
        runs = [
            lanes.submit(_run_on, installed, name, boot, parts.kernel, table)
            for name, boot in wanted.items()
        ]
    for run in runs:
        run.result()
    if "cuts" in options.machines:
        cut = Parts(parts.kernel, installed)
        table.add(power_cuts(cut, _folder("cuts"), options.cuts))
    installed.unlink()
    return table.close(time.monotonic() - began)


def _run_on(disk: Path, name: str, boot: Boot, kernel: Path, table: Table) -> None:
    """As _run, with a disk that others boot from, too."""
    changes = _OUTPUT / f"{name}.changes"
    changes.unlink(missing_ok=True)
    _run(name, boot, kernel, f"{changes},{disk}", table)
    changes.unlink()


def _run(name: str, boot: Boot, kernel: Path, disk: str, table: Table) -> None:
    """Boot a machine and add its results to the table, whatever happens to it."""
    folder = _folder(name)
    why = f"see {folder}/console.log"
    with Machine(kernel, disk, name, folder, boot) as machine:
        try:
            for result in machine.results(_LIMIT_S):
                if "done" in result:
                    why = ""
                    break
                table.add(Row(machine=name, **result))
        except TimeoutError as error:
            why = f"{error}, {why}"
        # All is on its disk by now: a kernel that hangs at its end does no harm.
        if not why and not machine.stops(_STOP_LIMIT_S):
            print(f"  {name}: did not power itself off, and was cut", flush=True)
    if why:
        table.add(Row(name, "all scenarios are run", False, why))


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
    names = [*_MACHINES, "cuts"]
    parser.add_argument(
        "machines", nargs="*", metavar="MACHINE", help=f"of {', '.join(names)}"
    )
    parser.add_argument("--package", type=Path, help="default: the newest in build/")
    parser.add_argument("--cuts", type=int, default=20, help="power cuts, default 20")
    options = parser.parse_args()
    if unknown := set(options.machines) - set(names):
        parser.error(f"no machine {', '.join(unknown)}: expected {', '.join(names)}")
    options.machines = options.machines or names
    return options


if __name__ == "__main__":
    sys.exit(main())
