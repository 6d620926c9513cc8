# SPDX-License-Identifier: MIT
"""What the service refuses in declared tools, beyond unknown fields.

Its words are those of the REST API, of which the Live API's validation is a part.
"""

import re
from collections.abc import Iterable, Iterator

from appliance.simulator.live.tool_fields import FunctionDeclaration, Schema, Tool
from appliance.simulator.live.wire import INVALID, Refusal

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")
_TEXT_FORMATS = ("", "enum", "date-time")


def check_tools(tools: Iterable[Tool]) -> None:
    """Raises the Refusal of the first thing that is wrong, if any is."""
    names: set[str] = set()
    for index, tool in enumerate(tools):
        for number, function in enumerate(tool.function_declarations):
            where = f"tools[{index}].function_declarations[{number}]"
            for complaint in _complaints(function):
                raise Refusal(INVALID, f"* {where}.{complaint}")
            if function.name in names:
                reason = f"Duplicate function declaration found: {function.name}"
                raise Refusal(INVALID, reason)
            names.add(function.name)


def _complaints(function: FunctionDeclaration) -> Iterator[str]:
    if not _NAME.fullmatch(function.name):
        yield (
            "name: Invalid function name. Must start with a letter or an underscore, "
            "and have at most 128 of a-z, A-Z, 0-9, _ . : -"
        )
    if function.parameters is not None:
        if function.parameters_json_schema is not None:
            yield "parameters: mutually exclusive with parameters_json_schema"
        if function.parameters.type != "OBJECT":
            yield "parameters: schema should be of type OBJECT"
        yield from _schema_complaints(function.parameters, "parameters")
    if function.response is not None:
        yield from _schema_complaints(function.response, "response")


def _schema_complaints(schema: Schema, where: str) -> Iterator[str]:
    if schema.properties and schema.type != "OBJECT":
        yield f"{where}.properties: only allowed for OBJECT type"
    if schema.type == "OBJECT" and not schema.properties:
        yield f"{where}.properties: should be non-empty for OBJECT type"
    for index, name in enumerate(schema.required):
        if name not in schema.properties:
            yield f"{where}.required[{index}]: property is not defined"
    if schema.type == "ARRAY" and schema.items is None:
        yield f"{where}.items: missing field"
    if schema.type == "STRING" and schema.format not in _TEXT_FORMATS:
        yield f"{where}.format: only 'enum' and 'date-time' are supported for STRING"
    for inner, at in _inside(schema):
        yield from _schema_complaints(inner, where + at)


def _inside(schema: Schema) -> Iterator[tuple[Schema, str]]:
    for name, inner in schema.properties.items():
        yield inner, f".properties[{name}]"
    if schema.items is not None:
        yield schema.items, ".items"
    for index, inner in enumerate(schema.any_of):
        yield inner, f".any_of[{index}]"
