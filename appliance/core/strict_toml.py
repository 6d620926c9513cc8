# SPDX-License-Identifier: MIT
"""Typed TOML with errors for people: file, key, value, what is allowed, in one line."""

import difflib
import math
import re
import tomllib
from typing import Any, NamedTuple, Self, TypeVar

import msgspec
from msgspec import Meta

__all__ = ["Meta", "Section", "Unreadable", "allowed", "keys", "parse", "suggestion"]

T = TypeVar("T")


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A [table] of a file, or the whole of it. Unknown keys are errors."""

    def changed(self, **values: Any) -> Self:
        """The same with some values replaced."""
        return msgspec.structs.replace(self, **values)


class Unreadable(ValueError):
    """A file that cannot be used; the text is one line that says why."""


def parse(text: str, type_: type[T], source: str) -> T:
    """`text` as a `type_`, a msgspec Struct of Structs that forbids unknown fields.

    Raises:
        Unreadable: not TOML, an unknown key, a wrong type, or a value out of range.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"{source}: not valid TOML: {error}") from None
    try:
        return msgspec.convert(_finite(tree, source), type_)
    except msgspec.ValidationError as error:
        raise Unreadable(f"{source}: {_explain(str(error), tree, type_)}") from None


def _finite(tree: dict[str, Any], source: str) -> dict[str, Any]:
    """TOML has inf and nan; no setting does."""
    for table, keys in tree.items():
        for key, value in keys.items() if isinstance(keys, dict) else ():
            if isinstance(value, float) and not math.isfinite(value):
                raise Unreadable(f"{source}: [{table}] {key} = {value}: not a number")
    return tree


def suggestion(name: str, known: list[str]) -> str:
    """`; did you mean "x"?`, or nothing."""
    close = difflib.get_close_matches(name, known, 1)
    return f'; did you mean "{close[0]}"?' if close else ""


class Key(NamedTuple):
    """A key of a Section as its file shows it."""

    name: str
    value: Any
    meaning: str
    allowed: str


def keys(section: Section) -> list[Key]:
    """The keys of `section`, in order; `meaning` is the description in their Meta."""
    return [
        Key(
            field.encode_name,
            getattr(section, field.name),
            _meaning(field),
            allowed(field),
        )
        for field in msgspec.structs.fields(section)
    ]


def _meaning(field: msgspec.structs.FieldInfo) -> str:
    type_ = msgspec.inspect.type_info(field.type)
    if not isinstance(type_, msgspec.inspect.Metadata) or not type_.extra_json_schema:
        return ""
    return str(type_.extra_json_schema.get("description", ""))


def allowed(field: msgspec.structs.FieldInfo) -> str:
    """What a key takes, for people: "int from 2 to 27"."""
    type_ = msgspec.inspect.type_info(field.type)
    if isinstance(type_, msgspec.inspect.Metadata):
        type_ = type_.type
    match type_:
        case msgspec.inspect.IntType(ge=low, le=high):
            return f"whole number from {low} to {high}"
        case msgspec.inspect.FloatType(ge=low, le=high):
            return f"number from {low} to {high}"
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.StrType(pattern=pattern):
            return f"text matching {pattern}" if pattern else "text"
        case _:
            return "table"


def _explain(error: str, tree: dict[str, Any], type_: type) -> str:
    """msgspec says "Expected `int` <= 27 - at `$.button.talk_gpio`"; say it better."""
    what, _, path = error.partition(" - at `$")
    keys = [key for key in path.rstrip("`").split(".") if key]
    if unknown := re.search(r"unknown field `(.*)`", what):
        known = [field.encode_name for field in _fields(type_, keys)]
        name = unknown[1]
        return (
            f"{_place([*keys, name])} is unknown{suggestion(name, known)} "
            f"(known here: {', '.join(known)})"
        )
    value: Any = tree
    for key in keys:
        value = value.get(key, "") if isinstance(value, dict) else value
    field = next(f for f in _fields(type_, keys[:-1]) if f.encode_name == keys[-1])
    return f"{_place(keys)} = {value!r}: expected {allowed(field)}"


def _place(keys: list[str]) -> str:
    if len(keys) < 2:
        return f"[{keys[0]}]" if keys else "the file"
    return f"[{'.'.join(keys[:-1])}] {keys[-1]}"


def _fields(type_: Any, keys: list[str]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The fields of the Struct at `keys`."""
    for key in keys:
        field = next(f for f in msgspec.structs.fields(type_) if f.encode_name == key)
        type_ = field.type
    return msgspec.structs.fields(type_)
