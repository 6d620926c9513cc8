# SPDX-License-Identifier: MIT
"""`make attack`: every harness that attacks the box, one after the other, one report.

    python -m tests.attack.campaign [--seconds 60]

Each is an entry of its own, too; tests/README.md says what it looks for. Exits with 1
if one of them found something.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

_PYTEST = ("-m", "pytest", "-q", "-o", "faulthandler_timeout=0")


@dataclass(frozen=True, slots=True)
class Part:
    """What Python runs."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    part: Part
    exit_code: int
    seconds: float


def parts(seconds: float) -> tuple[Part, ...]:
    """Short ones; nightly each runs longer."""
    return (
        Part(
            "hostile service, tool, card",
            ("-m", "tests.attack", f"--seconds={seconds}"),
        ),
        Part("random walks", (*_PYTEST, "tests/core/test_walks.py")),
        Part("cut links", ("-m", "tests.soak.cut_links", "--links=100", "--boxes=4")),
        Part("faults in every phase", ("-m", "tests.faults")),
        Part("broken frames and files", (*_PYTEST, "tests/fuzz")),
        Part("random use, random faults", ("-m", "tests.soak", "--minutes=10")),
    )


def run(chosen: Sequence[Part]) -> list[Ended]:
    """All of them, also after one that found something."""
    ended = []
    for part in chosen:
        print(f"\n== {part.name}: {' '.join(part.arguments)}", flush=True)
        began_at = time.monotonic()
        code = subprocess.run([sys.executable, *part.arguments], check=False).returncode
        ended.append(Ended(part, code, time.monotonic() - began_at))
    return ended


def report(ended: Sequence[Ended]) -> str:
    lines = [f"{'attacked by':<32}{'minutes':<10}outcome"]
    for end in ended:
        came = "found something" if end.exit_code else "nothing found"
        lines.append(f"{end.part.name:<32}{end.seconds / 60:<10.1f}{came}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.attack.campaign")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="each memory attack"
    )
    options = parser.parse_args()
    os.environ.setdefault("FUZZ_FRAMES", "200000")
    ended = run(parts(options.seconds))
    print(f"\n{report(ended)}")
    return 1 if any(end.exit_code for end in ended) else 0


if __name__ == "__main__":
    sys.exit(main())
