# SPDX-License-Identifier: MIT
"""`python -m tests.attack`: a hostile service, tool and card, and what comes of it.

    python -m tests.attack [--seconds 60] [--only escapes] [--side-by-side 1]

Each memory attack lasts so long. Prints one table; exits with 1 if a promise of
docs/privacy.md or SECURITY.md was broken.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.attack import card_attack, service_attack, tool_attack
from tests.attack.outcome import Outcome, table

Run = Callable[[Path], Awaitable[Outcome]]


def attacks(seconds: float, cache: Path) -> dict[str, Run]:
    """Every attack by its name; each needs a directory of its own."""
    found: dict[str, Run] = {}
    for at in service_attack.ATTACKS:
        found[at.name] = lambda path, at=at: service_attack.run(
            at, path, cache, seconds
        )
    for at in tool_attack.ATTACKS:
        found[at.name] = lambda path, at=at: tool_attack.run(at, path, cache)
    for at in card_attack.ATTACKS:
        found[f"card: {at.name}"] = lambda path, at=at: card_attack.run(at, path)
    return found


async def play(runs: dict[str, Run], directory: Path, at_once: int) -> list[Outcome]:
    """In their order; each that ends is told at once."""
    slots = asyncio.Semaphore(at_once)

    async def one(number: int, name: str) -> Outcome:
        async with slots:
            outcome = await runs[name](directory / str(number))
        mark = "broken" if outcome.broken else "kept"
        print(f"{name}: {mark}", file=sys.stderr, flush=True)
        return outcome

    return await asyncio.gather(*(one(*place) for place in enumerate(runs)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", default="", help="attacks whose name has this in it")
    parser.add_argument("--side-by-side", type=int, default=1, help="so many at a time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attack-") as made:
        runs = attacks(options.seconds, Path(made, "cache"))
        chosen = {name: run for name, run in runs.items() if options.only in name}
        outcomes = asyncio.run(play(chosen, Path(made), options.side_by_side))
    print(table(outcomes))
    return 1 if not outcomes or any(outcome.broken for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
