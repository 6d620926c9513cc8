# SPDX-License-Identifier: MIT
"""The JSON of proto3 as the Live service reads it: unknown fields are refused."""

import re
from typing import Annotated, Any, TypeVar

import msgspec

T = TypeVar("T")

_MISFIT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>[\w.\[\]]*)`)?", re.DOTALL)

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


class Misfit(Exception):
    """JSON that does not fit: `what` is wrong, and at which path ("" for the top)."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where


class Fields(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename="camel",
): ...


class Empty(Fields, frozen=True): ...


def decode(text: str) -> Any:
    """The JSON value in `text`. Raises Misfit."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Misfit(str(error)) from error


def encode(json: Any) -> bytes:
    """`json` as UTF-8, bytes in it as base64."""
    return msgspec.json.encode(json)


def fit(json: Any, type_: type[T]) -> T:
    """`json`, in camelCase and without nulls, as a `type_`. Raises Misfit."""
    try:
        return msgspec.convert(json, type_, strict=False)
    except msgspec.ValidationError as error:
        parts = _MISFIT.fullmatch(str(error))
        assert parts is not None
        raise Misfit(parts["what"], parts["where"] or "") from error
