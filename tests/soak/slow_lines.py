# SPDX-License-Identifier: MIT
"""Talks through lines that are too slow, or nearly so, and looks for what got lost.

    python -m tests.soak.slow_lines [--boxes 5] [--only hands-free|hold] [--seconds 110]

Each box is the whole service in a process of its own, on a virtual card, talking to a
simulated service. An open microphone needs 43.3 kB/s up: 16 kHz s16le mono as base64 in
JSON. Hands-free, each question must be answered whole, or the user told that something
will not be; each hold must be answered whole, to the sample. Exits with 1 otherwise.
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from appliance.config.endpoint import LIVE_PATH
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.living_box import living_box
from tests.rig.manners import Slow
from tests.rig.network import Network
from tests.soak.slow_talk import HANDS_FREE, HOLDS, Found, Hold, Questions, Talk

HANDS_FREE_BYTES_PER_S = (25_000, 43_000, 60_000)
HOLD_BYTES_PER_S = (10_000, 15_000, 25_000)
HOLDS_S = (5.0, 20.0, 45.0)
#: A go-away so often, with 50 s left.
GO_AWAY_AFTER_S = 20.0
#: Never, as far as these are concerned.
_NO_GO_AWAY_S = 3600.0


def plan(seconds: float = 110.0) -> list[Talk]:
    """All that is said; what takes longest comes first."""
    holds = [
        Hold(speed, held_s)
        for held_s in sorted(HOLDS_S, reverse=True)
        for speed in HOLD_BYTES_PER_S
    ]
    questions = [
        Questions(speed, seconds, go_aways)
        for speed in HANDS_FREE_BYTES_PER_S
        for go_aways in (False, True)
    ]
    return [*holds[:3], *questions, *holds[3:]]


def run(talks: Sequence[Talk], boxes: int) -> Iterator[tuple[Talk, Found]]:
    """So many side by side."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(boxes, spawn, max_tasks_per_child=1) as pool:
        yield from zip(talks, pool.map(run_talk, talks), strict=True)


def run_talk(talk: Talk) -> Found:
    """In a box of its own: the process's only one."""
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_run_talk(talk, Path(directory)))


async def _run_talk(talk: Talk, directory: Path) -> Found:
    card = VirtualCard(directory)
    os.environ.update(card.environment)
    go_aways = isinstance(talk, Questions) and talk.go_aways
    after_s = GO_AWAY_AFTER_S if go_aways else _NO_GO_AWAY_S
    config = HANDS_FREE if isinstance(talk, Questions) else HOLDS
    async with (
        LiveServer(Scenario(go_away_after_s=after_s)) as server,
        Network(urlsplit(server.url).port or 0) as network,
        living_box(card, network.url + LIVE_PATH, config) as box,
    ):
        await box.ready()
        await network.become(Slow(talk.bytes_per_s))
        return await talk.through(box, server, directory)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--boxes", type=int, default=5)
    parser.add_argument("--only", choices=("hands-free", "hold"))
    parser.add_argument("--seconds", type=float, default=110.0)
    options = parser.parse_args(arguments)
    wanted = {"hands-free": Questions, "hold": Hold}.get(options.only, Talk)
    talks = [talk for talk in plan(options.seconds) if isinstance(talk, wanted)]
    wrong = 0
    for talk, found in run(talks, options.boxes):
        print(f"{talk}: {found}", flush=True)
        may_be_told = isinstance(talk, Questions)
        wrong += found.lost + (0 if may_be_told else found.told)
    print(f"{len(talks)} talks, {wrong} utterances lost")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
