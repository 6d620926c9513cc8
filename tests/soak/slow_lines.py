# SPDX-License-Identifier: MIT
"""Talks through slow lines, and looks for what is neither answered nor told.

    python -m tests.soak.slow_lines [--boxes 5] [--only WORD]

Each box is the whole service in a process of its own, on a virtual card; its uplink is
slow. A hold must be answered whole. Hands-free, a question each ten seconds, while the
LED shows that the box listens, must be answered or its loss told. Exits with 1 if not.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES, seconds
from appliance.config.endpoint import LIVE_PATH
from appliance.core.effects import PlayEarcon
from appliance.core.events import LinkUp
from appliance.core.signals import Earcon, Signal, signal
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import GoAway, Scenario
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.living_box import CALM, LivingBox, living_box, without_silence
from tests.rig.manners import Slow
from tests.rig.network import Network
from tests.rig.room import Room

_SCENARIO = Scenario(answer_delay_ms=300, answer_speed=8, waits_for_playback=False)
_HANDS_FREE = CALM.changed(turns=CALM.turns.changed(mode="server-vad"))
_LENGTH_S, _QUESTION_EVERY_S, _QUESTION_S = 110.0, 10.0, 1.5
_GO_AWAY_EVERY_S = 30.0
#: What is told of a loss.
_TOLD = frozenset({Earcon.LOST, Earcon.NO_ANSWER, Earcon.LINE_TOO_SLOW})
#: A loud tenth of a second of a question is enough to know it by.
_MARK_BYTES = CAPTURE_RATE_HZ // 10 * FRAME_BYTES


@dataclass(frozen=True, slots=True)
class Case:
    """`hold_s`: one hold of that length; 0: an open microphone."""

    bytes_per_s: int
    hold_s: float = 0.0
    go_aways: bool = False

    def __str__(self) -> str:
        what = f"a hold of {self.hold_s:.0f} s" if self.hold_s else "hands-free"
        renewed = ", go-aways" if self.go_aways else ""
        return f"{what} at {self.bytes_per_s / 1000:.0f} kB/s{renewed}"


@dataclass(frozen=True, slots=True)
class Outcome:
    case: Case
    said: int
    answered: int
    told: int
    took_s: float
    remark: str = ""

    @property
    def fine(self) -> bool:
        whole = self.answered == self.said if self.case.hold_s else True
        return whole and self.said <= self.answered + self.told


CASES = (
    *(Case(1000 * speed, hold_s) for hold_s in (45, 20, 5) for speed in (10, 15, 25)),
    *(
        Case(1000 * speed, go_aways=go_aways)
        for speed in (25, 43, 60)
        for go_aways in (False, True)
    ),
)


def run_case(case: Case) -> Outcome:
    """In a process of its own: the card is chosen by its environment."""
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_run(case, Path(directory)))


async def _run(case: Case, directory: Path) -> Outcome:
    card = VirtualCard(directory)
    os.environ.update(card.environment)
    began_at = time.monotonic()
    async with (
        LiveServer(_SCENARIO) as server,
        Network(urlsplit(server.url).port or 0) as network,
        living_box(
            card, network.url + LIVE_PATH, None if case.hold_s else _HANDS_FREE
        ) as box,
    ):
        await box.ready()
        await network.become(Slow(case.bytes_per_s))
        talk = _hold if case.hold_s else _converse
        said, answered, remark = await talk(case, box, server, directory)
        told = [e for e in box.effects(PlayEarcon) if e.earcon in _TOLD]
    took_s = time.monotonic() - began_at
    if told:
        remark += f" told: {', '.join(effect.earcon for effect in told)}"
    return Outcome(case, said, answered, len(told), took_s, remark.strip())


async def _hold(
    case: Case, box: LivingBox, server: LiveServer, directory: Path
) -> tuple[int, int, str]:
    async with Room(directory, seed=case.bytes_per_s):
        box.panel.press()
        await asyncio.sleep(case.hold_s)
        box.panel.release()
        async with asyncio.timeout(30 + 45_000 * case.hold_s / case.bytes_per_s):
            while not any(turn.complete for turn in server.turns):
                await asyncio.sleep(0.1)
        turn = next(turn for turn in server.turns if turn.complete)
        whole = turn.heard in box.card.spoken()
        missing_s = case.hold_s - seconds(turn.heard, CAPTURE_RATE_HZ)
        try:
            async with asyncio.timeout(15 + case.hold_s):
                while not _sounded(box, turn.answer):
                    await asyncio.sleep(0.5)
        except TimeoutError:
            return 1, 0, "its answer was not heard whole"
    if not whole or missing_s > 0:
        return 1, 0, f"{missing_s:+.2f} s are missing, whole: {whole}"
    return 1, 1, ""


async def _converse(
    case: Case, box: LivingBox, server: LiveServer, directory: Path
) -> tuple[int, int, str]:
    dice = np.random.default_rng(case.bytes_per_s + case.go_aways)
    marks: list[bytes] = []
    renewing = asyncio.create_task(_renew(server)) if case.go_aways else None
    until = time.monotonic() + _LENGTH_S
    box.panel.press()
    box.panel.release()
    while time.monotonic() < until and not _ended(box):
        again_at = time.monotonic() + _QUESTION_EVERY_S
        if await _listens(box, until):
            question = dice.integers(-15_000, 15_000, int(_QUESTION_S * 16_000))
            pcm = question.astype("<i2").tobytes()
            box.card.say(pcm)
            middle = len(pcm) // 2
            marks.append(pcm[middle : middle + _MARK_BYTES])
        await asyncio.sleep(max(0.0, again_at - time.monotonic()))
    if renewing:
        renewing.cancel()
    await asyncio.sleep(30.0)
    heard = [bytes(turn.heard) for turn in server.turns if turn.answer]
    lost = [n for n, mark in enumerate(marks, 1) if not any(mark in h for h in heard)]
    remark = f"{len(box.happened(LinkUp))} links"
    if lost:
        remark += f"; of no answer: {', '.join(map(str, lost))}"
    return len(marks), len(marks) - len(lost), remark


def _ended(box: LivingBox) -> bool:
    """The microphone that was opened is closed again."""
    return any(m.before.microphone for m in box.transitions) and not (
        box.transitions[-1].after.microphone
    )


async def _listens(box: LivingBox, until: float) -> bool:
    """Wait until the LED says so, as a user does."""
    while time.monotonic() < until and not _ended(box):
        if signal(box.transitions[-1].after) is Signal.LISTENING:
            return True
        await asyncio.sleep(0.1)
    return False


async def _renew(server: LiveServer) -> None:
    while True:
        await asyncio.sleep(_GO_AWAY_EVERY_S)
        await server.inject(GoAway(time_left_s=10.0))


def _sounded(box: LivingBox, answer: bytes) -> bool:
    return without_silence(answer) in without_silence(box.card.heard())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--boxes", type=int, default=5, help="side by side")
    parser.add_argument("--only", default="", help="cases with this word")
    options = parser.parse_args(arguments)
    cases = [case for case in CASES if options.only in str(case)]
    random.Random(1).shuffle(cases)
    spawn = multiprocessing.get_context("spawn")
    outcomes = []
    with ProcessPoolExecutor(options.boxes, mp_context=spawn) as pool:
        for outcome in pool.map(run_case, cases):
            outcomes.append(outcome)
            verdict = "fine  " if outcome.fine else "FAILED"
            print(
                f"{verdict} {outcome.case}: {outcome.said} said, "
                f"{outcome.answered} answered, {outcome.told} told, "
                f"{outcome.took_s:.0f} s {outcome.remark}".rstrip(),
                flush=True,
            )
    return 0 if all(outcome.fine for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
