# SPDX-License-Identifier: MIT
"""Typed TOML with errors for people: file, key, value, what is allowed, in one line."""

import difflib
import re
import tomllib
from typing import Any, Literal, NamedTuple, Self, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta

__all__ = ["Meta", "Section", "Unreadable", "keys", "parse", "shown", "suggestion"]

T = TypeVar("T")

#: A longer value may be an API key in the wrong place, or a flood.
_MOST_SHOWN = 32
#: msgspec says "Expected `int` <= 27 - at `$.button.talk_gpio`".
_ERROR = re.compile(r"(?P<what>.*?)(?: - at `\$\.(?P<path>[\w.\[\]]+)`)?", re.DOTALL)


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A [table] of a file, or the whole of it. Unknown keys are errors."""

    def changed(self, **values: Any) -> Self:
        """The same with some values replaced."""
        return msgspec.structs.replace(self, **values)


class Unreadable(ValueError):
    """A file that cannot be used; the text is one line that says why."""

    def __init__(self, why: str) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in why))


def parse(text: str, type_: type[T], source: str) -> T:
    """`text` as a `type_`, a msgspec Struct that forbids unknown fields.

    Its fields are plain values, Structs, and tuples of tagged Structs.

    Raises:
        Unreadable: not TOML, an unknown key, a wrong type, or a value out of range.
    """
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # endless digits, bottomless nesting
        raise Unreadable(f"{source}: not valid TOML: {error}") from None
    try:
        return msgspec.convert(tree, type_)
    except msgspec.ValidationError as error:
        raise Unreadable(f"{source}: {_explain(str(error), tree, type_)}") from None


def shown(value: Any) -> str:
    """`value` as a line may repeat it: of a long one, only the beginning."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return _short(repr(value))
    except (ValueError, RecursionError):  # 0xfff... without end, a.a.a... = 1
        return "a value without end"


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
            _allowed(field.type),
        )
        for field in msgspec.structs.fields(section)
    ]


def _meaning(field: msgspec.structs.FieldInfo) -> str:
    type_ = msgspec.inspect.type_info(field.type)
    if not isinstance(type_, msgspec.inspect.Metadata) or not type_.extra_json_schema:
        return ""
    return str(type_.extra_json_schema.get("description", ""))


def _allowed(type_: Any) -> str:
    """What a key takes, for people: "whole number from 2 to 27"."""
    for choice in (type_, *get_args(type_)):
        if get_origin(choice) is Literal:
            return "one of " + ", ".join(name or '""' for name in get_args(choice))
    plain = msgspec.inspect.type_info(type_)
    if isinstance(plain, msgspec.inspect.Metadata):
        plain = plain.type
    match plain:
        case msgspec.inspect.IntType(ge=low, le=high):
            return f"whole number from {low} to {high}"
        case msgspec.inspect.FloatType(ge=low, le=high):
            return f"number from {low} to {high}"
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.StrType(pattern=str(pattern)):
            return f"text matching {pattern}"
        case msgspec.inspect.StrType(max_length=int(most)):
            return f"text of at most {most} characters"
        case msgspec.inspect.StrType():
            return "text"
        case msgspec.inspect.VarTupleType(item_type=msgspec.inspect.StrType()):
            return "list of texts"
        case msgspec.inspect.VarTupleType(
            item_type=msgspec.inspect.LiteralType(values=known)
        ):
            return "list of any of " + ", ".join(map(str, known))
        case msgspec.inspect.VarTupleType():
            return "tables"
        case _:
            return "table"


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:12]}..."


def _explain(error: str, tree: dict[str, Any], type_: Any) -> str:
    """What msgspec found, as: place = value: what is allowed."""
    parts = _ERROR.fullmatch(error)
    assert parts
    what, path = parts["what"], parts["path"] or ""
    if what.startswith("Object contains unknown field"):
        return _explain_unknown(path, tree, type_)
    if missing := re.fullmatch("Object missing required field `(.*)`", what):
        path = f"{path}.{missing[1]}"
    value, type_ = _at(path, tree, type_)
    verdict = "is missing" if missing else f"= {shown(value)}"
    table, _, key = path.rpartition(".")
    is_table = isinstance(type_, type) and issubclass(type_, msgspec.Struct)
    place = _place(table, key, is_table=is_table)
    return f"{place} {verdict}: expected {_allowed(type_)}"


def _explain_unknown(path: str, tree: dict[str, Any], type_: Any) -> str:
    """The key itself is not taken from msgspec's text: it may look like a path."""
    elsewhere = _types(type_, tree)
    if tree.keys() <= elsewhere.keys():
        tree, type_ = _at(path, tree, type_)
    else:
        path = ""
    known = list(_types(type_, tree))
    name = next(key for key in tree if key not in known)
    place = _place(path, _short(name), is_table=isinstance(tree[name], dict))
    similar = _belongs(name, elsewhere) or suggestion(name, known)
    return f"{place} is unknown{similar} (known here: {', '.join(known)})"


def _belongs(name: str, tables: dict[str, Any]) -> str:
    """Where a key is known that stands in the wrong table; or nothing."""
    for table, type_ in tables.items():
        is_table = isinstance(type_, type) and issubclass(type_, msgspec.Struct)
        if is_table and name in _types(type_, {}):
            return f"; it belongs into [{table}]"
    return ""


def _at(path: str, value: Any, type_: Any) -> tuple[Any, Any]:
    """The value at a path such as `fault[0].code`, and its type."""
    for step in re.findall(r"\w+", path):
        if step.isdecimal():
            value, type_ = value[int(step)], get_args(type_)[0]
        else:
            value, type_ = value.get(step), _types(type_, value)[step]
    return value, type_


def _types(type_: Any, table: dict[str, Any]) -> dict[str, Any]:
    """The types of the keys of `table`; of tagged Structs, of the one that it is."""
    kinds = get_args(type_)
    if not kinds:
        return {f.encode_name: f.type for f in msgspec.structs.fields(type_)}
    tags = {kind.__struct_config__.tag: kind for kind in kinds}
    tag_field = kinds[0].__struct_config__.tag_field
    of_all = {tag_field: Literal[tuple(tags)]}
    for tag, kind in tags.items():
        if tag == table.get(tag_field):
            return of_all | _types(kind, table)
    return of_all


def _place(table: str, key: str, *, is_table: bool) -> str:
    """As the file has it; a table in an array by its number: fault[0]."""
    if "[" in table + key:
        return f"{table}.{key}".strip(".")
    if table:
        return f"[{table}] {key}"
    return f"[{key}]" if is_table else key
