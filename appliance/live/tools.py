# SPDX-License-Identifier: MIT
"""Function calling on the wire: what is declared, called, cancelled and answered."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from appliance.basics.record import Meta
from appliance.core import events as ev

#: Part of the names of the models that think at length. They take functions, but
#: nothing about how these run.
EXTENDED_THINKING = "extended-thinking"
#: Far above what the service sends (names of functions have up to 64 characters). Each
#: call is kept, logged and answered with its name, so its length counts many times.
_LONGEST_ARGUMENTS = 2**16
_Id = Annotated[str, Meta(max_length=256)]
_Name = Annotated[str, Meta(max_length=128)]


@dataclass(frozen=True, slots=True)
class Function:
    """What the service may call."""

    name: str
    description: str
    #: A JSON object: the service's subset of OpenAPI, or b"" for no parameters.
    parameters: bytes
    #: The service is to wait for its answer, and to say nothing meanwhile.
    blocking: bool


@dataclass(frozen=True, slots=True)
class FunctionCall:
    id: _Id = ""
    name: _Name = ""
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    functionCalls: Annotated[list[FunctionCall], Meta(max_length=64)] = field(
        default_factory=list
    )


@dataclass(frozen=True, slots=True)
class ToolCallCancellation:
    ids: Annotated[list[_Id], Meta(max_length=1000)] = field(default_factory=list)


def listed(
    functions: Sequence[Function], model: str, *, google_search: bool
) -> list[dict[str, Any]]:
    """The `tools` of the setup message; [] to leave it out."""
    tools: list[dict[str, Any]] = []
    if functions:
        declared = [_declared(f, model) for f in functions]
        tools.append({"functionDeclarations": declared})
    if google_search:
        tools.append({"googleSearch": {}})
    return tools


def runs_in_background(name: str, functions: Sequence[Function], model: str) -> bool:
    """Whether the service goes on without the answer of `name`."""
    return any(f.name == name and not (f.blocking and _waits(model)) for f in functions)


def called(call: ToolCall) -> Iterator[ev.ToolCalled]:
    """Raises ValueError: a call that could not be answered."""
    for function in call.functionCalls:
        if not function.id:
            raise ValueError(f"a call of {function.name[:40]!r} without an id")
        arguments = json.dumps(function.args, sort_keys=True).encode()
        if len(arguments) > _LONGEST_ARGUMENTS:
            raise ValueError(
                f"a call of {function.name[:40]!r} with {len(arguments)} bytes of "
                f"arguments, more than {_LONGEST_ARGUMENTS}"
            )
        yield ev.ToolCalled(function.id, function.name, arguments)


def cancelled(cancellation: ToolCallCancellation) -> Iterator[ev.ToolCallsCancelled]:
    yield ev.ToolCallsCancelled(tuple(cancellation.ids))


def response(call_id: str, name: str, response: bytes) -> bytes:
    """The message that answers a call; `response` is a JSON object.

    Without `scheduling`: the box tells in its own time what nobody waits for, and some
    models refuse the field.
    """
    answer = b'{"id":%b,"name":%b,"response":%b}' % (
        json.dumps(call_id).encode(),
        json.dumps(name).encode(),
        response,
    )
    return b'{"toolResponse":{"functionResponses":[%b]}}' % answer


def _declared(function: Function, model: str) -> dict[str, Any]:
    declared = {"name": function.name, "description": function.description}
    if function.parameters:
        declared["parameters"] = json.loads(function.parameters)
    if _waits(model):
        declared["behavior"] = "BLOCKING" if function.blocking else "NON_BLOCKING"
    return declared


def _waits(model: str) -> bool:
    return EXTENDED_THINKING not in model
