# SPDX-License-Identifier: MIT
"""Cuts the link under each of many utterances, and looks for what got lost.

    python -m tests.soak.cut_links [--links 500] [--seed N] [--boxes 6]

Each box is the whole service in a process of its own, on a virtual card, talking to a
simulated service. Exits with 1 unless every utterance was heard whole, without a gap,
and answered once, to the sample.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from appliance.config.endpoint import LIVE_PATH
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.living_box import living_box
from tests.rig.network import Network
from tests.rig.room import Room
from tests.soak.cut_utterance import MANNERS, PHASES, Cut, CutUtterance, Outcome

PROMPT = Scenario(answer_delay_ms=300, answer_speed=0, waits_for_playback=False)


def plan(links: int, seed: int) -> list[Cut]:
    """The same cuts for the same seed; each phase and manner comes in its turn."""
    dice = random.Random(seed)
    pairs = [(phase, manner) for phase in PHASES for manner in MANNERS]
    cuts = []
    for number in range(links):
        if number % len(pairs) == 0:
            dice.shuffle(pairs)
        phase, manner = pairs[number % len(pairs)]
        hold_s = dice.uniform(0.5, 1.5)
        cuts.append(Cut(number, hold_s, phase, dice.random(), manner))
    return cuts


def run(cuts: Sequence[Cut], boxes: int, seed: int) -> Iterator[Outcome]:
    """Spread over so many boxes, side by side."""
    hands = [list(cuts[box::boxes]) for box in range(boxes)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(boxes, mp_context=spawn) as pool:
        for outcomes in pool.map(run_box, hands, range(seed, seed + boxes)):
            yield from outcomes


def run_box(cuts: Sequence[Cut], seed: int) -> list[Outcome]:
    """One box after the other's utterance: the process's own."""
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_run_box(cuts, Path(directory), seed))


async def _run_box(cuts: Sequence[Cut], directory: Path, seed: int) -> list[Outcome]:
    card = VirtualCard(directory)
    os.environ.update(card.environment)
    outcomes = []
    async with (
        Room(directory, seed),
        LiveServer(PROMPT) as server,
        Network(urlsplit(server.url).port or 0) as network,
        living_box(card, network.url + LIVE_PATH) as box,
    ):
        await box.ready()
        for cut in cuts:
            outcomes.append(await CutUtterance(cut, box, server, network).outcome())
    return outcomes


def report(outcomes: Sequence[Outcome], seed: int, took_s: float) -> str:
    """The summary, a few lines."""
    wrong = [outcome for outcome in outcomes if outcome.complaint]
    recoveries_s = sorted(o.recovery_s for o in outcomes if not o.complaint) or [0.0]
    phases = Counter(outcome.cut.phase for outcome in outcomes)
    manners = Counter(outcome.cut.manner for outcome in outcomes)
    return "\n".join(
        [
            *(f"FAILED {o.cut}: {o.complaint}" for o in wrong),
            f"{len(outcomes)} links cut under speech (seed {seed}, {took_s:.0f} s):"
            f" {len(outcomes) - len(wrong)} answered whole and once,"
            f" {len(wrong)} not",
            "  phases: " + ", ".join(f"{n} {phase}" for phase, n in phases.items()),
            "  manners: " + ", ".join(f"{n} {how}" for how, n in manners.items()),
            "  cut to answer: median"
            f" {recoveries_s[len(recoveries_s) // 2]:.2f} s,"
            f" worst {recoveries_s[-1]:.2f} s",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--links", type=int, default=500)
    parser.add_argument("--boxes", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    began_at = time.monotonic()
    cuts = plan(options.links, options.seed)
    outcomes = list(run(cuts, options.boxes, options.seed))
    print(report(outcomes, options.seed, time.monotonic() - began_at))
    return 1 if any(outcome.complaint for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
