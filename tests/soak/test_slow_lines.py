# SPDX-License-Identifier: MIT
"""A slice of slow_lines.py; its docstring says what is looked for."""

from tests.soak.slow_lines import run
from tests.soak.slow_talk import Hold, Questions


def test_what_is_said_through_a_slow_line_is_answered_or_told():
    talks = [Hold(10_000, 4.0), Questions(25_000, 25.0, go_aways=True)]
    for talk, found in run(talks, boxes=2):
        print(f"{talk}: {found}")
        assert found.lost == 0
        assert found.told == 0 or isinstance(talk, Questions)
