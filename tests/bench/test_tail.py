# SPDX-License-Identifier: MIT
"""The tail that listens loses no more of speech than the fixed one; in short."""

import statistics

import pytest

from tests.bench.tail.__main__ import table
from tests.bench.tail.corpus import ROOMS, SENTENCES, synthesized
from tests.bench.tail.judge import judge

_SEED = 3


@pytest.fixture(scope="module")
def verdicts():
    return list(judge(synthesized(SENTENCES[::4]), ROOMS, (-300, -100, 50, 300), _SEED))


def test_no_release_loses_more_than_with_a_fixed_tail(verdicts):
    assert [v for v in verdicts if v.lost_ms > v.fixed_lost_ms] == []


def test_in_all_far_less_is_lost(verdicts):
    lost, fixed = (
        sum(v.lost_ms for v in verdicts),
        sum(v.fixed_lost_ms for v in verdicts),
    )
    assert lost < fixed / 4, "\n".join(table(verdicts))


def test_who_has_stopped_waits_for_the_rest_of_a_period(verdicts):
    silent = [v.wait_ms for v in verdicts if v.silent]
    assert statistics.median(silent) <= 110


def test_no_one_waits_longer_than_the_longest_tail(verdicts):
    assert max(v.wait_ms for v in verdicts) <= 500 + 128
