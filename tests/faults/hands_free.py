# SPDX-License-Identifier: MIT
"""Faults while somebody talks hands-free: a small matrix of its own.

    python -m tests.faults.hands_free [--boxes 8]

There is no hold: the microphone is open, the service tells turns, and what was said may
have to be told as lost. Each box is the service in a process of its own. One question
is said around the fault, and one after it.
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from appliance.config.endpoint import LIVE_PATH
from appliance.core.conversation import Conversation, State
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import GoAway, Scenario
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.living_box import LivingBox, living_box
from tests.rig.manners import HalfOpen, Pass, Slow
from tests.rig.network import Network
from tests.soak.slow_talk import (
    HANDS_FREE,
    answers_to,
    loud,
    tap,
    tells_since,
)

_LIMIT_S = 45.0
_LOOK_EVERY_S = 0.25


class Phase(Enum):
    """Where the question is when the fault comes."""

    QUIET = "not yet said"
    MID_TALK = "mid-talk"
    THINKING = "thinking"
    MID_ANSWER = "mid-answer"


@dataclass(frozen=True, slots=True)
class Place:
    """The box and what is around it."""

    box: LivingBox
    server: LiveServer
    network: Network


async def _nothing(place: Place) -> None:
    """For comparison."""


async def _slow_uplink(place: Place) -> None:
    await place.network.become(Slow(25_000))


async def _go_away_in_time(place: Place) -> None:
    await place.server.inject(GoAway(time_left_s=50.0))


async def _go_away_late(place: Place) -> None:
    await place.server.inject(GoAway(time_left_s=1.0))


async def _reset(place: Place) -> None:
    place.network.reset()


async def _silent_network(place: Place) -> None:
    await place.network.become(HalfOpen())
    await place.box.captured(6.0)
    await place.network.become(Pass())


FAULTS: dict[str, Callable[[Place], Awaitable[None]]] = {
    "nothing": _nothing,
    "slow uplink 25 kB/s": _slow_uplink,
    "go-away 50 s": _go_away_in_time,
    "go-away 1 s": _go_away_late,
    "TCP reset": _reset,
    "silent network 6 s": _silent_network,
}
#: What cuts an answer is told, and so is a line that takes nothing; otherwise each
#: question is answered.
_CUTS = {"go-away 1 s", "TCP reset"}
_TOLD = {"silent network 6 s"}
#: All of them, in the order of the table.
CELLS = [(fault, phase) for fault in FAULTS for phase in Phase]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the question around the fault, and of the next one."""

    first: str
    second: str
    recovery_s: float

    def complaint(self, fault: str, phase: Phase) -> str:
        """What is not as promised; "" if nothing is."""
        cuts = fault in _CUTS and phase is Phase.MID_ANSWER
        may_be_told = cuts or fault in _TOLD
        if self.first != "answered" and not (may_be_told and self.first == "told"):
            return f"the question: {self.first}"
        return "" if self.second == "answered" else f"the next one: {self.second}"


def run(
    cells: Sequence[tuple[str, Phase]], boxes: int
) -> Iterator[tuple[str, Phase, Outcome]]:
    """So many side by side."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(boxes, spawn, max_tasks_per_child=1) as pool:
        for cell, outcome in zip(cells, pool.map(run_cell, cells), strict=True):
            yield *cell, outcome


def run_cell(cell: tuple[str, Phase]) -> Outcome:
    """In a box of its own: the process's only one."""
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_run_cell(*cell, Path(directory)))


async def _run_cell(fault: str, phase: Phase, directory: Path) -> Outcome:
    card = VirtualCard(directory)
    os.environ.update(card.environment)
    dice = np.random.default_rng(1)
    async with (
        LiveServer(Scenario(answer_delay_ms=800, answer_speed=2.0)) as server,
        Network(urlsplit(server.url).port or 0) as network,
        living_box(card, network.url + LIVE_PATH, HANDS_FREE) as box,
    ):
        place = Place(box, server, network)
        await box.ready()
        tap(box)
        await box.captured(1.0)
        question, since = loud(dice), time.monotonic()
        if phase is not Phase.QUIET:
            card.say(question)
            await _reach(phase, place)
        struck_at = time.monotonic()
        await FAULTS[fault](place)
        if phase is Phase.QUIET:
            card.say(question)
        first = await _outcome(place, question, since)
        recovery_s = time.monotonic() - struck_at
        await box.captured(1.0)
        async with asyncio.timeout(_LIMIT_S):
            while not is_listening(box.transitions[-1].after):
                # As the LED says; a line that is still too slow is told once more.
                tap(box)
                await box.captured(3.0)
        another, since = loud(dice), time.monotonic()
        card.say(another)
        return Outcome(first, await _outcome(place, another, since), recovery_s)


def is_listening(c: Conversation) -> bool:
    return c.microphone is not None and not c.microphone.closing


async def _reach(phase: Phase, place: Place) -> None:
    match phase:
        case Phase.MID_TALK:
            await place.box.captured(0.7)
        case Phase.THINKING:
            await place.server.wait_for(lambda s: s.turns and s.turns[-1].closed_at)
        case Phase.MID_ANSWER:
            await place.box.state(State.SPEAKING)
            await place.box.captured(0.5)


async def _outcome(place: Place, question: bytes, since: float) -> str:
    """Once its answer was heard, or the box has told, and is quiet."""
    until = time.monotonic() + _LIMIT_S
    while time.monotonic() < until:
        await asyncio.sleep(_LOOK_EVERY_S)
        if place.box.transitions[-1].after.speaker.quiet_since is None:
            continue
        if answers_to(place.box, place.server, question):
            return "answered"
        if tells_since(place.box, since):
            return "told"
    return "LOST SILENTLY"


def main() -> int:
    """0 if every cell is as promised."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--boxes", type=int, default=8)
    options = parser.parse_args()
    print("hands-free".ljust(24) + "".join(phase.value.ljust(16) for phase in Phase))
    complaints = []
    row = ""
    for fault, phase, outcome in run(CELLS, options.boxes):
        row = row or fault.ljust(24)
        complaint = outcome.complaint(fault, phase)
        if complaint:
            complaints.append(f"{fault}, {phase.value}: {complaint}")
        mark = "! " if complaint else ""
        row += f"{mark}{outcome.first} {outcome.recovery_s:.1f}".ljust(16)
        if phase is list(Phase)[-1]:
            print(row.rstrip(), flush=True)
            row = ""
    print("\n".join(complaints) or "all as promised, and the next question answered")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
