# SPDX-License-Identifier: MIT
"""Uses a box at random while everything around it fails at random, for hours.

    python -m tests.soak --minutes 60 [--seed N] [--output build/soak]

The real service in a process of its own, on a virtual card, a network that breaks and
a simulated service. Exits with 1 if anything that was said got lost without a word, or
if the box leaks its key, crashes with a traceback, or never comes back.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.soak.mishaps import KINDS
from tests.soak.soak import Soak


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--output", type=Path, default=Path("build/soak"))
    names = [kind.name for kind in KINDS]
    parser.add_argument("--only", choices=names, help="this mishap and no other")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}, {options.minutes:g} minutes", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        soak = Soak(Path(directory), options.output, options.seed, options.only)
        asyncio.run(soak.run(time.monotonic() + 60 * options.minutes))
    print(soak.table())
    (options.output / "soak.json").write_text(soak.json())
    print(f"all figures: {options.output / 'soak.json'}")
    return 1 if soak.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
