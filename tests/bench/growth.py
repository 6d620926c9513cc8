# SPDX-License-Identifier: MIT
"""Whether the service takes more the longer it runs: many turns, and one long answer.

    python -m tests.bench.growth [--turns 1000] [--output build/bench]

Every other answer is talked over; the card keeps real time. The long answer is one of
20 minutes, on a card whose clock runs five times too fast: once delivered not much
faster than it is played, which fits into the jitter buffer, and once four times as
fast, which does not.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.figures import percentile
from tests.bench.peer import OURS, Peer
from tests.bench.report import machine
from tests.bench.run import SETTLE_S, latencies
from tests.bench.stage import Stage
from tests.bench.talk import Hold, converse, talk_over
from tests.bench.tape import Tape
from tests.bench.usage import Usage
from tests.rig.certificates import Certificates

_HASTE = 5
#: Of 20 ms in a hurry: machines do not keep up with five times as many.
_LONG_PERIODS = "period_frames = 4800\n"
_LONG_S = 20 * 60.0
_WARM_TURNS = 100
#: Turns that are heard to their end, and as many that are talked over, at a time.
_BATCH = 5
#: No tap, even if the two orders of a hold are read late.
_HOLD_S = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--environments", type=Path, default=Path("build/bench"))
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    options = parser.parse_args(arguments)
    environments = options.environments
    certificates = Certificates(environments / "certificates")
    figures: dict[str, Any] = {"machine": machine()}
    for speed in (1.2, 4.0):
        long = asyncio.run(_long_answer(environments, certificates, speed))
        figures[f"20-minute answer, delivered at {speed:g} x real time"] = long
        print(json.dumps(long), flush=True)
    figures["turns"] = asyncio.run(_turns(environments, certificates, options.turns))
    print(json.dumps(figures["turns"]["summary"], indent=1))
    (options.output / "growth.json").write_text(json.dumps(figures, indent=1))
    return 0


async def _turns(
    environments: Path, certificates: Certificates, turns: int
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        stage = Stage(Path(scratch, "stage"), certificates, answer_s=0.9)
        async with stage, Peer(OURS, stage, environments) as peer:
            await asyncio.sleep(SETTLE_S)
            holds: list[Hold] = []
            usages = [(0, peer.usage())]
            while len(holds) < turns:
                holds += await converse(peer, stage, _BATCH, _HOLD_S)
                holds += await talk_over(peer, stage, _BATCH - 1)
                await stage.until(lambda: stage.turns[-1].complete, 30.0)
                usages.append((len(holds), peer.usage()))
        return {
            "summary": _summary(usages, latencies(stage, holds)),
            "usages": [{"turns": n, **asdict(usage)} for n, usage in usages],
        }


def _summary(
    usages: Sequence[tuple[int, Usage]], measured: dict[str, Any]
) -> dict[str, Any]:
    warm = [(n, usage) for n, usage in usages if n >= _WARM_TURNS]
    turns = [n for n, _ in warm]
    slope_kb, slope_s = (
        float(np.polyfit(turns, values, 1)[0])
        for values in ([u.rss_kb for _, u in warm], [u.cpu_s for _, u in warm])
    )
    half = len(warm) // 2
    first, middle, last = warm[0], warm[half], warm[-1]
    return {
        "turns": usages[-1][0],
        "minutes": (usages[-1][1].at - usages[0][1].at) / 60,
        "rss_kb": [usage.rss_kb for _, usage in (usages[0], first, middle, last)],
        "rss_kb_per_turn": slope_kb,
        "cpu_ms_per_turn": 1000 * slope_s,
        "cpu_ms_per_turn_halves": [
            1000 * (b[1].cpu_s - a[1].cpu_s) / (b[0] - a[0])
            for a, b in ((first, middle), (middle, last))
        ],
        "gaps": measured["gaps"],
        **{
            name: {p: percentile(measured[name], p) for p in (50, 99, 100)}
            for name in (
                "press_to_audio_ms",
                "release_to_end_ms",
                "byte_to_dac_ms",
                "press_to_silence_ms",
            )
        },
    }


async def _long_answer(
    environments: Path, certificates: Certificates, speed: float
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        stage = Stage(
            Path(scratch, "stage"),
            certificates,
            answer_s=_LONG_S,
            speed=speed * _HASTE,
            haste=_HASTE,
            waits_for_playback=False,
        )
        async with (
            stage,
            Peer(OURS, stage, environments, speaker=_LONG_PERIODS) as peer,
        ):
            await asyncio.sleep(SETTLE_S)
            peer.press()
            await asyncio.sleep(_HOLD_S)
            peer.release()
            await stage.until(lambda: stage.turns and stage.turns[0].first_audio_at, 30)
            usages = await _until_silent(peer, stage)
            began_at = stage.turns[0].first_audio_at
            tape = Tape(stage.card)
            until = time.monotonic()
            journal = (stage.directory / "stderr.log").read_text().splitlines()
            gaps = tape.gaps(began_at, until, 1e-9 + 1.5 / 24_000 / _HASTE)
            return {
                "speed": speed,
                "heard_s": tape.seconds(began_at, until, 24_000),
                "gaps": len(gaps),
                "rss_kb": [u.rss_kb for u in (usages[0], usages[-1])],
                "peak_rss_kb": usages[-1].peak_rss_kb,
                "cpu_s": usages[-1].cpu_s - usages[0].cpu_s,
                "journal": [line for line in journal if "ready" not in line][-4:],
            }


async def _until_silent(peer: Peer, stage: Stage) -> list[Usage]:
    """One a second, until the speaker has been silent for three."""
    usages, heard, silent_s = [peer.usage()], 0, 0
    while silent_s < 3:
        await asyncio.sleep(1.0)
        usages.append(peer.usage())
        news = np.frombuffer(stage.card.heard(heard), "<i2")
        heard += 2 * len(news)
        silent_s = 0 if news.any() else silent_s + 1
    return usages


if __name__ == "__main__":
    sys.exit(main())
