# SPDX-License-Identifier: MIT
"""A slice of `make attack`, and whether its judge can be trusted."""

import asyncio
import re

import pytest

from docs.generate.documents import ROOT
from tests.attack import card_attack, service_attack, tool_attack
from tests.attack.__main__ import attacks, play
from tests.attack.campaign import Part, parts, report, run
from tests.attack.outcome import MOST_RSS_KB, Outcome, table

#: Attacks of other processes: nothing here is the package's own.
pytestmark = pytest.mark.no_cover

SLICE = [
    "hands-free, fault upon fault",
    "hands-free, silent answers",
    "a tool call whose name has 12 MB",
    "a tool call whose arguments have 3 MB",
    "pings, and no pong is read",
    "transcripts without end",
    "calls to be refused, and no reply is read",
    "audio in parts of 2 bytes",
    "escapes in names, fields and reasons",
    "a tool with escapes",
    "a tool that leaves children",
    "card: many dotted keys",
    "card: 16 KiB of unknown keys",
    "card: a link in place of the verdict",
    "card: escapes",
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Some at once: not so many that they starve each other."""
    directory = tmp_path_factory.mktemp("attack")
    runs = attacks(3.0, directory / "cache")
    chosen = {name: runs[name] for name in SLICE}
    found = asyncio.run(play(chosen, directory, at_once=4))
    return {outcome.attack: outcome for outcome in found}


@pytest.mark.parametrize("name", SLICE)
def test_an_attack_breaks_no_promise_and_the_box_answers_after_it(name, outcomes):
    assert not outcomes[name].broken, outcomes[name].journal


def test_each_attack_has_a_name_of_its_own(tmp_path):
    kinds = (service_attack.ATTACKS, tool_attack.ATTACKS, card_attack.ATTACKS)
    assert len(attacks(1.0, tmp_path)) == sum(len(kind) for kind in kinds)


def outcome(**changes):
    fields = {
        "attack": "a",
        "came": "answered",
        "peak_rss_kb": MOST_RSS_KB,
        "cpu_s": 1.0,
        "seconds": 60.0,
        "journal": ["INFO: ready"],
    }
    return Outcome(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"peak_rss_kb": MOST_RSS_KB + 1}, "120 MB"),
        ({"journal": ["tool: \x1b[2J"]}, "control characters"),
        ({"journal": ["tool: \u202e"]}, "control characters"),
        ({"journal": ["Traceback (most recent call last):"]}, "traceback"),
        ({"complaints": ("not answered",)}, "not answered"),
    ],
)
def test_a_broken_promise_is_told_below_its_attack(changes, broken):
    (told,) = outcome(**changes).broken
    assert broken in told
    assert f"  ! {told}" in table([outcome(**changes)])
    assert "1 broke" in table([outcome(**changes), outcome()])


def test_a_promise_that_is_kept_is_not_complained_of():
    assert outcome().broken == []


def test_a_campaign_goes_on_after_a_find_and_reports_it():
    found = Part("walks", ("-c", "raise SystemExit(3)"))
    nothing = Part("links", ("-c", "pass"))
    ended = run([found, nothing])
    assert [end.exit_code for end in ended] == [3, 0]
    _, first, second = report(ended).splitlines()
    assert first.startswith("walks")
    assert first.endswith("found something")
    assert second.endswith("nothing found")


def test_each_part_of_a_campaign_can_be_run():
    for part in parts(60.0):
        (module,) = [a for a in part.arguments if re.match(r"tests[./]", a)]
        path = ROOT / module.removesuffix(".py").replace(".", "/")
        assert any(p.exists() for p in (path, path.with_suffix(".py"))), part
