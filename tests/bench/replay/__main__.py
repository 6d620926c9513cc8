# SPDX-License-Identifier: MIT
"""Replays arrivals of answers into the jitter buffer: gaps against wait.

python -m tests.bench.replay [--seed 1] [--turns 1000]
"""

import argparse
import sys
from collections.abc import Sequence

from tests.bench.replay.replay import PATTERNS, PREFILLS, replay


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int, default=1000)
    options = parser.parse_args(arguments)
    print(f"{options.turns} answers of each pattern, seed {options.seed}")
    print(f"{'':34}{'gaps':>12}{'s silent':>12}{'wait, ms: p50':>16}{'p99':>8}")
    for name, pattern in PATTERNS.items():
        for kind, prefill in PREFILLS.items():
            outcome = replay(pattern, prefill, turns=options.turns, seed=options.seed)
            print(
                f"{name:24}{kind:10}{outcome.gaps:12}{outcome.silent_s:12.1f}"
                f"{outcome.wait_ms(50):16.0f}{outcome.wait_ms(99):8.0f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
