# SPDX-License-Identifier: MIT
"""What a line for people repeats of a text that somebody else has written."""

import pytest

from appliance.basics.excerpt import LONGEST_TEXT, one_line, printable

KEY = "AIzaSyA-1234567890abcdefghij"


@pytest.mark.parametrize(
    "control", ["\n", "\r", "\x1b", "\a", "\x85", "\u2028", "\u202e"]
)
def test_what_a_terminal_obeys_is_a_space(control):
    assert one_line(f"a{control}b") == printable(f"a{control}b") == "a b"


def test_half_a_character_can_be_written():
    assert one_line("a\ud800b").encode() == b"a b"


def test_columns_stay_where_they_are_unless_it_is_to_be_one_line():
    assert printable("LED      idle") == "LED      idle"
    assert one_line("LED      idle\n") == "LED idle"


def test_a_long_text_is_cut_where_its_reader_wants_it_cut():
    assert one_line("x" * 301) == "x" * 300 + "..."
    assert one_line("x" * LONGEST_TEXT, LONGEST_TEXT) == "x" * LONGEST_TEXT


def test_a_key_is_masked():
    assert KEY not in printable(f"API key {KEY} not valid")
