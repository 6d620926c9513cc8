# SPDX-License-Identifier: MIT
"""Compares the tail that listens with the fixed one: speech lost, and the wait.

    python -m tests.bench.tail [--seed 1] [--root /]

Recordings of alsa-utils and pocketsphinx-testdata are judged, too, where they are
installed (or unpacked below --root).
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from tests.bench.tail.corpus import ROOMS, recorded, synthesized
from tests.bench.tail.judge import OFFSETS_MS, Verdict, judge


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--root", type=Path, action="append")
    options = parser.parse_args(arguments)
    roots = options.root or [Path("/")]
    clips = (*synthesized(), *chain.from_iterable(map(recorded, roots)))
    verdicts = list(judge(clips, ROOMS, seed=options.seed))
    print(f"{len(clips)} clips, {len(verdicts)} releases, seed {options.seed}")
    print("\n".join(table(verdicts)))
    worse = [v for v in verdicts if v.lost_ms > v.fixed_lost_ms]
    for v in worse:
        print(f"worse: {v}")
    return bool(worse)


def table(verdicts: Sequence[Verdict]) -> Iterable[str]:
    """By room, by offset, and those silent before the release."""
    yield f"{'':24}{'lost, s':>16}{'wait p50, ms':>22}{'p99, ms':>17}"
    yield f"{'':24}" + f"{'listen':>9}{'fixed':>9}" * 3
    for room in ROOMS:
        yield _row(room.name, [v for v in verdicts if v.room == room.name])
    for offset_ms in OFFSETS_MS:
        chosen = [v for v in verdicts if v.offset_ms == offset_ms]
        yield _row(f"released at {offset_ms:+} ms", chosen)
    yield _row("silent before", [v for v in verdicts if v.silent])
    yield _row("all", verdicts)


def _row(name: str, verdicts: Sequence[Verdict]) -> str:
    lost, fixed = (
        sum(each) / 1000
        for each in zip(*((v.lost_ms, v.fixed_lost_ms) for v in verdicts), strict=True)
    )
    waits = np.percentile([v.wait_ms for v in verdicts], [50, 99])
    fixed_waits = np.percentile([v.fixed_wait_ms for v in verdicts], [50, 99])
    figures = (lost, fixed, waits[0], fixed_waits[0], waits[1], fixed_waits[1])
    digits = (2, 2, 0, 0, 0, 0)
    columns = (f"{x:9.{n}f}" for x, n in zip(figures, digits, strict=True))
    return f"{name:24}" + "".join(columns)


if __name__ == "__main__":
    sys.exit(main())
