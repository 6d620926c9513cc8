# SPDX-License-Identifier: MIT
"""What is made of the records of a benchmark."""

import numpy as np
import pytest

from appliance.simulator.virtual_card import Start
from tests.bench.figures import TALK_COLUMNS, percentile, ratio
from tests.bench.plot import plot
from tests.bench.tape import Tape

RATE_HZ = 24_000


class Played:
    """A card that has played `samples` from the instants of `starts` on."""

    def __init__(self, samples: np.ndarray, starts: list[tuple[int, float]]) -> None:
        self._samples = samples.astype("<i2").tobytes()
        self._starts = [
            Start("speaker", frame, at, 1 / RATE_HZ, 480, 960) for frame, at in starts
        ]

    def heard(self, since: int = 0) -> bytes:
        return self._samples[since:]

    def starts(self, _: str) -> list[Start]:
        return self._starts


def test_silence_inside_of_a_sound_is_a_gap():
    sound = np.full(RATE_HZ, 7)
    sound[6_000:6_240] = 0
    tape = Tape(Played(sound, [(0, 10.0)]))
    (gap,) = tape.gaps(10.0, 20.0, 1.5 / RATE_HZ)
    assert gap.at == pytest.approx(10.25, abs=1e-3)
    assert gap.seconds == pytest.approx(0.01, abs=1e-3)
    assert tape.seconds(0.0, 20.0, RATE_HZ) == pytest.approx(0.99)


def test_a_stream_that_starts_anew_inside_of_a_sound_is_a_gap():
    tape = Tape(Played(np.full(RATE_HZ, 7), [(0, 10.0), (12_000, 10.6)]))
    (gap,) = tape.gaps(10.0, 20.0, 1.5 / RATE_HZ)
    assert gap.seconds == pytest.approx(0.1, abs=1e-3)
    assert tape.last_before(10.55) == pytest.approx(10.5, abs=1e-3)
    assert tape.first_after(10.55) == pytest.approx(10.6)


def test_what_is_read_from_the_middle_of_a_tape_keeps_its_time():
    tape = Tape(Played(np.full(RATE_HZ, 7), [(0, 10.0)]), since=RATE_HZ)
    assert tape.first_after(0.0) == pytest.approx(10.5)


def test_a_percentile_is_a_value_that_occurred():
    assert percentile(range(1, 101), 99) == 99
    assert percentile([3.0, 1.0], 50) == 1.0
    assert percentile([5.0], 99) == 5.0


def test_ratios_are_those_of_paired_runs():
    runs = [
        {"peer": peer, "cpu_s": cpu_s}
        for peer, cpu_s in (("a", 1.0), ("b", 2.0), ("b", 8.0), ("a", 2.0))
    ]
    paired = ratio(runs, lambda run: run["cpu_s"], "a", "b")
    assert (paired.median, paired.least, paired.most) == (0.375, 0.25, 0.5)


def test_a_plot_names_every_peer_and_column():
    runs = [{"peer": "ours", "cpu_s": 1.0}, {"peer": "floor", "cpu_s": 2.0}]
    picture = plot(runs, TALK_COLUMNS[:1], "title & all")
    for text in ("ours", "floor", TALK_COLUMNS[0].title, "title &amp; all"):
        assert text in picture
