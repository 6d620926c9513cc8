# SPDX-License-Identifier: MIT
"""The mutants are what they should be, and the judged ones are still there."""

import tomllib

import pytest

from tests.mutants.__main__ import EQUIVALENTS, all_mutants
from tests.mutants.finder import mutants_of
from tests.mutants.trial import ROOT


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("x = a < b", {"a < b -> (a >= b)", "a < b -> (a <= b)"}),
        ("x = a and b", {"a and b -> (a or b)", "a and b -> a", "a and b -> b"}),
        ("x = not a", {"not a -> a"}),
        ("x = 2.5", {"2.5 -> 5.0"}),
        ("def f() -> None:\n    g(h)", {"g(h) -> return", "g(h) -> pass"}),
        ("x: int | None = True", {"True -> False"}),
        ('x = "a" + b', set()),
        ('x = f"{a + 1}"', set()),
        (
            "def f() -> Step:\n    return c, (A(), B())",
            {"return c, (A(), B()) -> return (c, (B(),))"}
            | {"return c, (A(), B()) -> return (c, (A(),))"},
        ),
    ],
)
def test_each_small_change_is_found(source, changes):
    assert {m.change for m in mutants_of("m.py", source.encode(), 1)} == changes


def test_a_seed_finds_the_same_mutants_again():
    source = (ROOT / "appliance/core/liveness.py").read_bytes()
    assert mutants_of("m.py", source, 7) == mutants_of("m.py", source, 7)


def test_each_judged_mutant_still_exists_and_has_a_reason():
    for entry in tomllib.loads(EQUIVALENTS.read_text())["equivalent"]:
        assert len(entry["reason"]) > 20
        area = entry["file"].removeprefix("appliance/")
        # Whole numbers are changed by chance: some seed makes this one.
        found = {m.change for seed in range(20) for m in all_mutants(area, seed)}
        assert entry["change"] in found, entry
