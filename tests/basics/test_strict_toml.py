# SPDX-License-Identifier: MIT
"""What a wrong file is told, whatever is in it: one line, and no key in it."""

from typing import Annotated

import pytest

from appliance.basics.strict_toml import ConfigError, Meta, Section, parse

KEY = "AIzaSyD-not-a-real-key-0123456789abcdefg"
LONG = "abcdefghijklmnopqrstuvwxyz-0123456789"


class Table(Section, frozen=True):
    count: Annotated[int, Meta(ge=0, le=9)] = 0
    word: Annotated[str, Meta(pattern="^models/.+")] = "models/x"


class File(Section, frozen=True):
    table: Table = Table()


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, File, "f.toml")
    line = str(caught.value)
    assert line.isprintable()
    assert line.startswith("f.toml: ")
    return line.removeprefix("f.toml: ")


def test_an_unknown_key_with_a_line_break_is_still_one_line():
    assert complaint('"a\\nb" = 1').startswith(r"a\nb is unknown (known here: table)")
    assert complaint('[table]\n"a\\nb" = 1').startswith(r"[table] a\nb is unknown")


@pytest.mark.parametrize("name", ["x - at `$.y`", "x` - at `$.table", "x` - at `$.y"])
def test_a_key_that_looks_like_a_path_is_named_as_it_is(name):
    assert complaint(f'"{name}" = 1').startswith(f"{name} is unknown (known here: ta")
    inner = complaint(f'[table]\n"{name}" = 1')
    assert inner.startswith(f"[table] {name} is unknown (known here: count, word)")


@pytest.mark.parametrize("digits", ["9" * 5000, "0x" + "f" * 5000])
def test_a_number_without_end_is_refused(digits):
    assert len(complaint(f"[table]\ncount = {digits}")) < 200


@pytest.mark.parametrize("opening", ["[", "{a = "])
def test_bottomless_nesting_is_refused(opening):
    assert complaint("x = " + opening * 100_000).startswith("not valid TOML: ")


@pytest.mark.parametrize(
    "place", ["word = ", "count = ", "word = {a = 1}\n#", "key = "]
)
def test_a_key_in_the_wrong_place_is_not_repeated(place):
    assert KEY not in complaint(f'[table]\n{place}"{KEY}"')
    assert KEY not in complaint(f'table = ["{KEY}"]')
    assert KEY not in complaint(KEY)
    assert KEY[:20] not in complaint(f'"{KEY}" = 1')


@pytest.mark.parametrize(
    ("value", "beginning"),
    [
        (f'"{LONG}"', "'abcdefghijk...'"),
        (f'["{LONG}"]', "[...]"),
        (f'{{ a = "{LONG}" }}', "{...}"),
        (f'"{KEY}"', "'AIza***'"),
        (f'["models/{KEY}"]', "['models/AIza***']"),
        ("1" * 40, "111111111111..."),
    ],
)
def test_of_a_long_value_only_the_beginning_is_told_and_its_quote_closed(
    value, beginning
):
    line = complaint(f"[table]\ncount = {value}")
    assert line.startswith(f"[table] count = {beginning}: expected ")
