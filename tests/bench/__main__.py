# SPDX-License-Identifier: MIT
"""Compares the service with what a user would pick instead, in the same run.

    python -m tests.bench [--rounds 5] [--quick] [--output build/bench]

Every program runs in an environment of its own (see the Makefile), against the same
simulated service over TLS and on a virtual card of its own; two at a time, by turns.
Only ratios within one run mean something elsewhere.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import IDLE_COLUMNS, TALK_COLUMNS, Record
from tests.bench.goals import goals
from tests.bench.peer import FLOOR, OURS, PROGRAMS, Program
from tests.bench.plot import plot
from tests.bench.report import goal_table, machine, ratio_table, table
from tests.bench.run import FULL, QUICK, Bench, Script
from tests.rig.certificates import Certificates

_IDLE_S = 60.0
_QUICK_COLUMNS = (*TALK_COLUMNS[:6], *TALK_COLUMNS[8:11])
_PLOTTED = (*TALK_COLUMNS[:4], TALK_COLUMNS[5], *TALK_COLUMNS[9:12])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="against the floor only")
    parser.add_argument("--environments", type=Path, default=Path("build/bench"))
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    certificates = Certificates(options.environments / "certificates")
    bench = Bench(options.environments, certificates)
    if options.quick:
        talks = asyncio.run(_talk_all(bench, (OURS, FLOOR), QUICK, rounds=2))
        print("\n".join(_quick_report(talks)))
        return 0
    talks = asyncio.run(_talk_all(bench, PROGRAMS, FULL, options.rounds))
    idles = asyncio.run(_idle_all(bench, options.rounds))
    text = _report(talks, idles)
    print("\n".join(text))
    _write(options.output, text, {"talks": talks, "idles": idles})
    return 0


async def _talk_all(
    bench: Bench, programs: Sequence[Program], script: Script, rounds: int
) -> list[Record]:
    """Two at a time, one for each core; each round pairs them otherwise."""
    records = []
    for number in range(rounds):
        turned = [*programs[number % 2 :], *programs[: number % 2]]
        for first in range(0, len(turned), 2):
            pair = turned[first : first + 2]
            names = " and ".join(program.name for program in pair)
            print(f"round {number + 1}, {names} ...", file=sys.stderr)
            talking = [bench.talk(program, script) for program in pair]
            records += await asyncio.gather(*talking)
    return records


async def _idle_all(bench: Bench, rounds: int) -> list[Record]:
    records = []
    for number in range(rounds):
        print(f"round {number + 1}, all idle ...", file=sys.stderr)
        records += await bench.idle(PROGRAMS, _IDLE_S)
    return records


def _quick_report(talks: Sequence[Record]) -> list[str]:
    ratios = ratio_table(talks, _QUICK_COLUMNS, OURS.name, FLOOR.name)
    return [*table(talks, _QUICK_COLUMNS), "", *ratios]


def _report(talks: Sequence[Record], idles: Sequence[Record]) -> list[str]:
    return [
        machine(),
        "",
        *table(talks, TALK_COLUMNS),
        *table(idles, IDLE_COLUMNS)[2:],
        "",
        *goal_table(list(goals(talks, idles))),
    ]


def _write(output: Path, text: Sequence[str], records: dict[str, Any]) -> None:
    (output / "results.txt").write_text("\n".join(text) + "\n")
    picture = plot(records["talks"], _PLOTTED, f"One minute of talk: {machine()}")
    (output / "results.svg").write_text(picture)
    (output / "results.json").write_text(
        json.dumps({"machine": machine(), **records}, indent=1)
    )
    print(f"all figures: {output / 'results.json'}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
