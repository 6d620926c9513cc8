# SPDX-License-Identifier: MIT
"""`make mutants`: breaks the product in small places, and sees whether a test notices.

    python -m tests.mutants --area core [--count 60] [--seed N] [--minutes 30]
    python -m tests.mutants --show NAME     one mutant as a diff

Works on a copy. Prints the survivors with file, line and change. Mutants that were
judged to change nothing that matters stand in equivalents.toml, each with its reason.

Why not mutmut or cosmic-ray: a mutant here may hang the service that a test starts, and
one of ten is only noticed by the wider tests. That takes time limits from a baseline,
process groups, and stages of tests; both tools run one command for each mutant.
"""

import argparse
import difflib
import random
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from tests.mutants.finder import Mutant, mutants_of
from tests.mutants.trial import ROOT, Copy

EQUIVALENTS = Path(__file__).with_name("equivalents.toml")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--area", default="core", help="a room, or a file of one")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**4))
    parser.add_argument("--minutes", type=float, default=600.0)
    parser.add_argument("--show", metavar="NAME")
    options = parser.parse_args()
    if options.show:
        return _show(options.show, options.seed)
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    found = all_mutants(options.area, options.seed)
    judged = equivalents()
    chosen = random.Random(options.seed).sample(found, min(options.count, len(found)))
    print(f"seed {options.seed}: {len(chosen)} of {len(found)} mutants", flush=True)
    until = time.monotonic() + 60 * options.minutes
    tried, survivors, skipped = 0, [], 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copy = Copy(Path(directory))
        for mutant in chosen:
            if time.monotonic() > until:
                print("out of time")
                break
            if (mutant.file, mutant.change) in judged:
                skipped += 1
                continue
            tried += 1
            noticed = copy.judge(mutant)
            word = f"noticed by {noticed.by}" if noticed else "SURVIVED"
            print(f"{tried:3} {mutant.name}  {mutant.change}\n    {word}", flush=True)
            if not noticed:
                survivors.append(mutant)
    print(f"\n{tried} tried, {skipped} equivalent, {len(survivors)} survived:")
    for mutant in survivors:
        print(f"  {mutant.name}  {mutant.change}")
    return 0


def all_mutants(area: str, seed: int) -> list[Mutant]:
    """Those of each module below appliance/AREA, or of that one module."""
    place = ROOT / "appliance" / area
    paths = (
        sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    )
    if not all(path.is_file() for path in paths):
        sys.exit(f"--area {area}: there is no appliance/{area}")
    return [
        mutant
        for path in paths
        if path.name != "__init__.py"
        for mutant in mutants_of(str(path.relative_to(ROOT)), path.read_bytes(), seed)
    ]


def equivalents() -> set[tuple[str, str]]:
    """File and change of each mutant that nobody need notice."""
    judged = tomllib.loads(EQUIVALENTS.read_text())["equivalent"]
    return {(entry["file"], entry["change"]) for entry in judged}


def _show(name: str, seed: int) -> int:
    file = name.split(":")[0]
    source = (ROOT / file).read_bytes()
    for mutant in mutants_of(file, source, seed):
        if mutant.name == name:
            texts = (source, mutant.applied_to(source))
            old, new = (text.decode().splitlines(keepends=True) for text in texts)
            sys.stdout.writelines(difflib.unified_diff(old, new, file, name, n=2))
            return 0
    sys.exit(f"--show {name}: no such mutant; give the seed that it was found with")


if __name__ == "__main__":
    sys.exit(main())
