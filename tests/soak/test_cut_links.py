# SPDX-License-Identifier: MIT
"""A slice of cut_links.py; its docstring says what is looked for."""

import os

from tests.soak.cut_links import plan, report, run

SEED = int(os.environ.get("SEED", "1"))


def test_utterances_whose_link_is_cut_are_heard_whole_and_answered_once():
    outcomes = list(run(plan(8, SEED), boxes=4, seed=SEED))
    print(report(outcomes, SEED, 0.0))
    assert [f"{o.cut}: {o.complaint}" for o in outcomes if o.complaint] == []


def test_a_seed_names_the_same_cuts_each_time():
    assert plan(50, seed=7) == plan(50, seed=7)
    assert plan(50, seed=7) != plan(50, seed=8)
