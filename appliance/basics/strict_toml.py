# SPDX-License-Identifier: MIT
"""Typed TOML with errors for people, a line each: file, key, value, what is allowed."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Literal, NamedTuple, Self, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta

from appliance.basics.errors import EXIT_CONFIG, ApplianceError
from appliance.basics.excerpt import mask, quote, suggestion, truncate

__all__ = [
    "IN_WORDS",
    "ConfigError",
    "Key",
    "Meta",
    "Problem",
    "Section",
    "keys",
    "parse",
    "sections",
]

T = TypeVar("T")

_MOST_MISTAKES = 20
#: tomllib's time grows with the square of a key's depth: a.a.a... = 1
_MOST_DOTS = 200

#: In the `extra` of a key's Meta: what a pattern allows, for people.
IN_WORDS = "in words"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A [table] of a file, or the whole of it. Unknown keys are errors."""

    def changed(self, **values: Any) -> Self:
        """The same with some values replaced."""
        return msgspec.structs.replace(self, **values)


class ConfigError(ApplianceError, ValueError):
    """A file that cannot be used; each of `lines` says why."""

    exit_code = EXIT_CONFIG

    def __init__(self, *why: str) -> None:
        self._lines = tuple(
            mask("".join(c if c.isprintable() else repr(c)[1:-1] for c in line))
            for line in why
        )
        super().__init__(self._lines[0])

    @property
    def lines(self) -> tuple[str, ...]:
        return self._lines


class Problem(NamedTuple):
    """A line about a key, or about two that do not go together: "[section] key"."""

    places: tuple[str, ...]
    line: str


def parse(
    text: str,
    type_: type[T],
    source: str,
    check: Callable[[T], Iterable[Problem]] | None = None,
) -> T:
    """`text` as a `type_`, a msgspec Struct that forbids unknown fields.

    Its fields are plain values, Structs, and tuples of tagged Structs. `check` finds
    what types cannot say; it needs a default for each field, and sees that of a wrong
    one. Raises ConfigError: not TOML, or a line for each mistake.
    """
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise ConfigError(f"{source}: a line has more than {_MOST_DOTS} dots")
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # endless digits, bottomless nesting
        raise ConfigError(f"{source}: not valid TOML: {error}") from None
    found = _wrong(tree, type_, "", "", _types(type_, tree))
    wrong = list(islice(found, _MOST_MISTAKES + 1))
    if len(wrong) <= _MOST_MISTAKES and (check or not wrong):
        value = msgspec.convert(tree, type_)
        told = {place for mistake in wrong for place in mistake.places}
        more = check(value) if check else ()
        wrong += [m for m in more if told.isdisjoint(m.places)]
    if wrong:
        lines = [f"{source}: {mistake.line}" for mistake in wrong]
        if len(lines) > _MOST_MISTAKES:
            lines[_MOST_MISTAKES:] = [f"{source}: and more mistakes, not listed"]
        raise ConfigError(*lines)
    return value


class Key(NamedTuple):
    """A key of a Section as its file shows it."""

    name: str
    value: Any
    meaning: str
    allowed: str
    #: The `extra` of its Meta: what its users have declared with it.
    declared: Mapping[str, Any]


def keys(section: msgspec.Struct) -> list[Key]:
    """The keys of `section`, in order; `meaning` is the description in their Meta."""
    return [
        Key(
            field.encode_name,
            getattr(section, field.name),
            _meaning(field),
            _allowed(field.type),
            _declared(field.type),
        )
        for field in msgspec.structs.fields(section)
    ]


def sections(whole: Section) -> list[Key]:
    """The [tables] of a file, without the keys that stand before them."""
    return [key for key in keys(whole) if isinstance(key.value, Section)]


def _meaning(field: msgspec.structs.FieldInfo) -> str:
    type_ = msgspec.inspect.type_info(field.type)
    if not isinstance(type_, msgspec.inspect.Metadata) or not type_.extra_json_schema:
        return ""
    return str(type_.extra_json_schema.get("description", ""))


def _declared(type_: Any) -> Mapping[str, Any]:
    plain = msgspec.inspect.type_info(type_)
    return getattr(plain, "extra", None) or {}


def _allowed(type_: Any) -> str:
    """What a key takes, for people: "whole number from 2 to 27"."""
    if choices := _choices(type_):
        return "one of " + ", ".join(name or '""' for name in choices)
    plain = msgspec.inspect.type_info(type_)
    if isinstance(plain, msgspec.inspect.Metadata):
        if words := (plain.extra or {}).get(IN_WORDS):
            return str(words)
        plain = plain.type
    match plain:
        case msgspec.inspect.IntType(ge=low, le=high):
            return f"whole number from {low} to {high}"
        case msgspec.inspect.FloatType(ge=low, le=high):
            return f"number from {low} to {high}"
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.StrType(min_length=1, max_length=int(most)):
            return f"text of 1 to {most} characters"
        case msgspec.inspect.StrType(max_length=int(most)):
            return f"text of at most {most} characters"
        case msgspec.inspect.StrType(min_length=1):
            return "text that is not empty"
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


def _wrong(
    value: Any, type_: Any, path: str, key: str, top: dict[str, Any]
) -> Iterator[Problem]:
    """What is wrong with `value`, in the order of the file; it is taken out of it."""
    if isinstance(value, list) and (item := _item(type_)):
        for number, each in enumerate(value):
            yield from _wrong(each, item, path, f"{key}[{number}]", top)
    elif isinstance(value, dict) and _is_table(type_):
        yield from _wrong_in(value, type_, f"{path}.{key}".strip("."), top)
    else:
        try:
            msgspec.convert(value, type_)
        except msgspec.ValidationError:
            fits = _fits(key, value, top) if isinstance(value, str) else ""
            yield _unfit(path, key, type_, f"= {quote(value)}", fits)


def _wrong_in(
    table: dict[str, Any], type_: Any, path: str, top: dict[str, Any]
) -> Iterator[Problem]:
    known = _types(type_, table)
    missing = [name for name in _required(type_) if name not in table]
    for name, value in list(table.items()):
        if name in known:
            wrong = list(_wrong(value, known[name], path, name, top))
        else:
            place = _place(path, truncate(name), is_table=isinstance(value, dict))
            similar = _belongs(name, top) or suggestion(name, list(known))
            line = f"{place} is unknown{similar} (known here: {', '.join(known)})"
            wrong = [Problem((place,), line)]
        if wrong and not (isinstance(value, dict) and _is_table(known.get(name))):
            del table[name]
        yield from wrong
    for name in missing:
        yield _unfit(path, name, known[name], "is missing")


def _unfit(path: str, key: str, type_: Any, verdict: str, hint: str = "") -> Problem:
    place = _place(path, key, is_table=_is_table(type_))
    return Problem((place,), f"{place} {verdict}: expected {_allowed(type_)}{hint}")


def _belongs(name: str, tables: dict[str, Any]) -> str:
    """Where a key is known that stands in the wrong table; or nothing."""
    if name in tables and not _is_table(tables[name]):
        return "; it belongs above the first [section]"
    places = [f"[{table}]" for table in _knowing(name, tables)]
    return f"; it belongs in {' or '.join(places)}" if places else ""


def _fits(key: str, value: Any, tables: dict[str, Any]) -> str:
    """Where the choices of a key of that name have `value`; or nothing."""
    for table, type_ in _knowing(key, tables).items():
        if value in _choices(type_):
            return f"; it is one of [{table}] {key}"
    return ""


def _choices(type_: Any) -> tuple[str, ...]:
    for each in (type_, *get_args(type_)):
        if get_origin(each) is Literal:
            return get_args(each)
    return ()


def _knowing(key: str, tables: dict[str, Any]) -> dict[str, Any]:
    """The tables that know `key`, and its type there."""
    known = {
        name: _types(type_, {}) for name, type_ in tables.items() if _is_table(type_)
    }
    return {table: types[key] for table, types in known.items() if key in types}


def _is_table(type_: Any) -> bool:
    kinds = get_args(type_) or (type_,)
    return all(isinstance(k, type) and issubclass(k, msgspec.Struct) for k in kinds)


def _item(type_: Any) -> Any:
    lists = [t for t in (type_, *get_args(type_)) if get_origin(t) is tuple]
    return get_args(lists[0])[0] if lists else None


def _required(type_: Any) -> list[str]:
    if kinds := get_args(type_):
        return [kinds[0].__struct_config__.tag_field]
    return [f.encode_name for f in msgspec.structs.fields(type_) if f.required]


def _types(type_: Any, table: dict[str, Any]) -> dict[str, Any]:
    """The types of the keys of `table`; of tagged Structs, of the one that it is."""
    kinds = get_args(type_)
    if not kinds:
        return {f.encode_name: f.type for f in msgspec.structs.fields(type_)}
    tags = {kind.__struct_config__.tag: kind for kind in kinds}
    tag_field = kinds[0].__struct_config__.tag_field
    of_all = {tag_field: Literal[tuple(tags)]}
    said = [kind for tag, kind in tags.items() if tag == table.get(tag_field)]
    for kind in said or kinds:
        of_all |= _types(kind, table)
    return of_all


def _place(table: str, key: str, *, is_table: bool) -> str:
    """As the file has it; what is in an array by its number: fault[0].at."""
    if "[" in table:
        return f"{table}.{key}"
    if table:
        return f"[{table}] {key}"
    return f"[{key}]" if is_table and "[" not in key else key
