# SPDX-License-Identifier: MIT
"""What hypothesis draws: a recipe of mutations, done to many specimens at once.

One recipe makes a hundred frames, so that a million of them take minutes; what shrinks
is the recipe.
"""

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.fuzz.specimens import (
    CONFIG,
    KEY,
    SCENARIOS,
    SERVER,
    SETUPS,
    TALK,
    Span,
    Specimen,
)


@dataclass(frozen=True, slots=True)
class Mutation:
    """`how`, at the place of that number (in each specimen another), with `what`."""

    how: str
    where: int
    what: bytes


@dataclass(frozen=True, slots=True)
class Recipe:
    """Changes that leave JSON (or TOML) what it is, and for some frames damage."""

    changes: list[Mutation]
    damage: Mutation


#: One frame in so many is damaged.
_DAMAGED = 8

_SIZES = (10, 99, 101, 400, 1100, 20_000)
_ODD = b"-1 0 -0.0 2147483648 18446744073709551616 1e-400 1e308 1e999 true null".split()
_ODD += [b"9" * 5000, b"0x" + b"f" * 5000, b"NaN", b"nan", b"-inf", b"Infinity"]
_ODD += [
    rb'""',
    rb'"\u0000\u001b[2J\n\u2028\u202e"',
    rb'"\ud800"',
    rb'"\udc00\ud800"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b'"a\nb"',
    b'"x - at `$.y`"',
    b'"x` - at `$.led"',
    b'"x` - at `$[0].y"',
    b'"AAA"',
    b'"A==="',
    b'"AA-_"',
    '"ÄÄ٣"'.encode(),
    b'"audio/pcm;rate=' + b"1" * 5000 + b'"',
    b'"0s"',
    b'"-9s"',
    b'"999999999999s"',
    b"1979-05-27T07:32:00Z",
    b'{"a":1,"a":2}',
    b"\n[[live]]\n",
    b"\xef\xbb\xbf",
    b"'''",
]
for _size in _SIZES:
    _ODD += [
        b"[" * _size + b"]" * _size,
        b"[" * _size,
        b'{"a":' * _size + b"1" + b"}" * _size,
        b"{a=" * _size + b"1" + b"}" * _size,
        b"[" + b"0," * _size + b"0]",
        b'"' + b"x" * _size + b'"',
        b'"' + b"QUJD" * _size + b'"',
        b"a" + b".a" * min(_size, 1100),  # tomllib takes the square of it
    ]


def _is_json(piece: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        json.loads(piece)
        return True
    return False


def _is_toml(piece: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        tomllib.loads("x = " + piece.decode())
        return True
    return False


def _recipes(
    specimens: list[Specimen], is_sound: Callable[[bytes], bool], *more: bytes
) -> st.SearchStrategy[Recipe]:
    """`what` is from another place, or odd, or any text; in damage, it is anything."""
    found = {s.text[a:b] for s in specimens for a, b in (*s.keys, *s.values)}
    pieces = sorted(found, key=lambda piece: (len(piece), piece))
    sound = st.one_of(
        st.sampled_from(pieces),
        st.sampled_from([piece for piece in _ODD if is_sound(piece)]),
        st.text(max_size=20).map(lambda text: json.dumps(text).encode()),
        *(st.just(piece) for piece in more),
    )
    damaging = st.one_of(st.sampled_from(pieces + _ODD), st.binary(max_size=8))
    where = st.integers(0, 9999)
    changes = st.builds(Mutation, st.sampled_from(list(_CHANGES)), where, sound)
    damage = st.builds(Mutation, st.sampled_from(list(_DAMAGE)), where, damaging)
    return st.builds(Recipe, st.lists(changes, min_size=1, max_size=4), damage)


def mutated(
    specimens: list[Specimen], recipe: Recipe, *, times: int = 1, every: int = 1
) -> Iterator[bytes]:
    """`times` x the specimens in their order, one in `every` of them mutated."""
    for salt in range(times * len(specimens)):
        specimen = specimens[salt % len(specimens)]
        text = specimen.text
        if salt % every == 0:
            text = _changed(specimen, recipe.changes, salt)
        if salt % _DAMAGED == 0:
            how, where = recipe.damage.how, recipe.damage.where + salt
            text = _DAMAGE[how](text, where % (len(text) + 1), recipe.damage.what)
        yield text


def _changed(specimen: Specimen, changes: list[Mutation], salt: int) -> bytes:
    """From the end to the beginning; of changes that overlap, the last one counts."""
    edits = [
        edit
        for change in changes
        if (edit := _CHANGES[change.how](specimen, change.where + salt, change.what))
    ]
    text, untouched = specimen.text, len(specimen.text)
    for (start, end), new in sorted(edits, reverse=True):
        if end <= untouched:
            text, untouched = text[:start] + new + text[end:], start
    return text


_Edit = tuple[Span, bytes] | None


def _put(s: Specimen, where: int, what: bytes) -> _Edit:
    return s.values[where % len(s.values)], what


def _name(s: Specimen, where: int, what: bytes) -> _Edit:
    name = what if what[:1] == b'"' or not s.comma else b'"novelty"'
    return (s.keys[where % len(s.keys)], name) if s.keys else None


def _wrap(s: Specimen, where: int, what: bytes) -> _Edit:
    start, end = s.values[where % len(s.values)]
    return (start, end), b"[" + s.text[start:end] + b"," + what + b"]"


def _repeat(s: Specimen, where: int, what: bytes) -> _Edit:
    if not (s.members and s.comma):
        return None
    start, end = s.members[where % len(s.members)]
    return (end, end), s.comma + s.text[start:end]


def _rival(s: Specimen, where: int, what: bytes) -> _Edit:
    """The same key once more, with another value."""
    if not (s.keys and s.comma):
        return None
    start, end = s.keys[where % len(s.keys)]
    return (start, start), s.text[start:end] + b":" + what + s.comma


def _drop(s: Specimen, where: int, what: bytes) -> _Edit:
    if not s.members:
        return None
    start, end = s.members[where % len(s.members)]
    if s.comma and s.text[end : end + 1] == s.comma:
        end += 1
    elif s.comma and s.text[start - 1 : start] == s.comma:
        start -= 1
    return (start, end), b""


_CHANGES = {
    "put": _put,
    "name": _name,
    "wrap": _wrap,
    "repeat": _repeat,
    "rival": _rival,
    "drop": _drop,
}
_DAMAGE: dict[str, Callable[[bytes, int, bytes], bytes]] = {
    "cut": lambda text, at, what: text[:at],
    "flip": lambda text, at, what: (
        text[:at] + bytes(b ^ 1 << at % 8 for b in text[at : at + 1]) + text[at + 1 :]
    ),
    "insert": lambda text, at, what: text[:at] + what + text[at:],
    "overwrite": lambda text, at, what: text[:at] + what + text[at + len(what) :],
    "instead": lambda text, at, what: what,
}

SERVER_RECIPES = _recipes(SERVER, _is_json)
TALK_RECIPES = _recipes(TALK, _is_json)
SETUP_RECIPES = _recipes(SETUPS, _is_json)
CONFIG_RECIPES = _recipes(CONFIG, _is_toml, f'"{KEY}"'.encode())
SCENARIO_RECIPES = _recipes(SCENARIOS, _is_toml)
