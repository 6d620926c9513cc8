# SPDX-License-Identifier: MIT
"""Runs in the booted machine: the scenarios it was booted for."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TREE = Path("/tree")
# The far ends use what the product ships for them; it need not be installed yet.
sys.path.append(str(TREE))
# What one machine has compiled is there for the others.
sys.dont_write_bytecode = False

import board  # noqa: E402
from verdict import SCENARIOS, judge  # noqa: E402


def main() -> None:
    folder = TREE / board.asked("folder")
    with (folder / "journal.log").open("w") as log:
        command = ["journalctl", "--boot", "--output=short-monotonic", "--lines=all"]
        journal = subprocess.Popen([*command, "--follow"], stdout=log)
        try:
            _run(board.asked("scenarios"), folder / "results.jsonl")
            _keep_time(folder / "blame.txt")
            # Others may boot from this disk.
            os.sync()
            board.make_root_read_only()
            _write({"done": len(SCENARIOS)}, folder / "results.jsonl")
        finally:
            # Seldom seen: when all is done, its power is cut.
            subprocess.run(["systemctl", "poweroff", "--force"], check=True)
            journal.wait()


def _run(scenarios: str, results: Path) -> None:
    importlib.import_module(f"scenarios.{scenarios}")
    # So far it was nice, not to hold up the service's start.
    os.setpriority(os.PRIO_PROCESS, 0, 0)
    for scenario in SCENARIOS:
        _write(judge(scenario)._asdict(), results)


def _keep_time(to: Path) -> None:
    with to.open("w") as blame:
        subprocess.run(["systemd-analyze", "blame"], stdout=blame)


def _write(result: dict[str, Any], results: Path) -> None:
    """In one piece: the reader on the other side may look at any moment."""
    with results.open("ab", buffering=0) as file:
        file.write(json.dumps(result).encode() + b"\n")


main()
