# SPDX-License-Identifier: MIT
"""What is to be reached, and whether it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench.figures import (
    Record,
    Spread,
    median_of,
    of_peer,
    percentile,
    plain,
    ratio,
    spread,
)

_SDK, _PIPECAT, _FLOOR = "google-genai", "pipecat", "floor"
#: The service's own defaults: a tail, periods of either direction, the prefill; and
#: what is allowed on top.
TAIL_MS, CAPTURE_MS, PLAYBACK_MS, PREFILL_MS, MARGIN_MS = 200, 128, 40, 100, 5


@dataclass(frozen=True, slots=True)
class Goal:
    """`reached` is to be at most `limit`."""

    what: str
    reached: Spread
    limit: float

    @property
    def is_met(self) -> bool:
        return self.reached.median <= self.limit


def goals(talks: Sequence[Record], idles: Sequence[Record]) -> Iterator[Goal]:
    """Of `ours` against the others; the ratios are those of paired runs."""
    cpu, peak = plain("cpu_s"), plain("peak_rss_kb")
    for peer, limit in ((_SDK, 0.40), (_FLOOR, 1.0), (_PIPECAT, 0.12)):
        yield Goal(
            f"CPU, start and conversation: ours / {peer}",
            ratio(talks, cpu, "ours", peer),
            limit,
        )
    idle = spread([record["cpu_percent"] for record in of_peer(idles, "ours")])
    yield Goal("CPU, idle: % of a core", idle, 0.6)
    yield Goal(f"peak RSS: ours / {_SDK}", ratio(talks, peak, "ours", _SDK), 0.70)
    yield Goal(
        f"start to READY: ours / connected: {_SDK}",
        ratio(talks, plain("start_ms"), "ours", _SDK),
        0.45,
    )
    silences = median_of("press_to_silence_ms")
    yield Goal(
        f"press to silence: ours / {_SDK}", ratio(talks, silences, "ours", _SDK), 0.1
    )
    yield from latency_goals(of_peer(talks, "ours"))


def latency_goals(ours: Sequence[Record]) -> Iterator[Goal]:
    """Over the turns of all runs together."""
    for what, name, percent, limit in (
        ("press to silence, p50, ms", "press_to_silence_ms", 50, 30),
        ("press to silence, p99, ms", "press_to_silence_ms", 99, 50),
        (
            "release to activityEnd, p99, ms",
            "release_to_end_ms",
            99,
            TAIL_MS + CAPTURE_MS + MARGIN_MS,
        ),
        (
            "first answer byte to DAC, p99, ms",
            "byte_to_dac_ms",
            99,
            PREFILL_MS + PLAYBACK_MS + MARGIN_MS,
        ),
    ):
        values = [value for record in ours for value in record[name]]
        reached = percentile(values, percent)
        yield Goal(what, Spread(reached, min(values), max(values)), limit)
    gaps = float(sum(record["gaps"] for record in ours))
    yield Goal("gaps inside of answers", Spread(gaps, gaps, gaps), 0)
