# SPDX-License-Identifier: MIT
"""From the records of runs to medians, spreads, and ratios of paired runs."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the values of several runs."""

    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of a run, and how it is shown."""

    title: str
    unit: str
    value: Callable[[Record], float]
    digits: int = 0


def percentile(values: Iterable[float], percent: float) -> float:
    """By the nearest rank: a value that occurred."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def of_peer(records: Sequence[Record], peer: str) -> list[Record]:
    """Its runs, in the order of the rounds."""
    return [record for record in records if record["peer"] == peer]


def ratio(
    records: Sequence[Record], value: Callable[[Record], float], peer: str, other: str
) -> Spread:
    """`value` of one by that of the other, round by round."""
    pairs = zip(of_peer(records, peer), of_peer(records, other), strict=True)
    return spread([value(mine) / value(theirs) for mine, theirs in pairs])


def median_of(name: str) -> Callable[[Record], float]:
    return lambda record: statistics.median(record[name])


def plain(name: str, per: float = 1.0) -> Callable[[Record], float]:
    return lambda record: record[name] / per


def own_ms(record: Record) -> float:
    """A program's share of the wait, as `OWN_MS` has it: the median of both parts."""
    parts = ("release_to_end_ms", "byte_to_dac_ms")
    return sum(statistics.median(record[part]) for part in parts)


TALK_COLUMNS = (
    Column("CPU, start and conversation", "s", plain("cpu_s"), 2),
    Column("CPU, conversation alone", "s", plain("cpu_talk_s"), 2),
    Column("peak RSS", "MB", plain("peak_rss_kb", 1024), 1),
    Column("steady RSS", "MB", plain("rss_kb", 1024), 1),
    Column("wake-ups in the conversation", "", plain("wakeups")),
    Column("start to ready", "ms", plain("start_ms")),
    Column("start to connected", "ms", plain("connect_ms")),
    Column("press to first audio at the service", "ms", median_of("press_to_audio_ms")),
    Column("release to activityEnd", "ms", median_of("release_to_end_ms"), 1),
    Column("first answer byte to DAC", "ms", median_of("byte_to_dac_ms"), 1),
    Column("own share of the wait", "ms", own_ms, 1),
    Column("press to silence at the DAC", "ms", median_of("press_to_silence_ms"), 1),
    Column("gaps inside of answers", "", plain("gaps")),
)
IDLE_COLUMNS = (
    Column("CPU, idle", "% of a core", plain("cpu_percent"), 2),
    Column("wake-ups, idle", "per s", plain("wakeups_per_s"), 1),
)
