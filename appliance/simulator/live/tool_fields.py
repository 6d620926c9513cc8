# SPDX-License-Identifier: MIT
"""Tools as a client declares them, and what it answers to their calls."""

from typing import Any, Literal

from appliance.simulator.live.proto import Fields


class Schema(Fields, frozen=True):
    """The part of OpenAPI 3.0 that the service takes."""

    type: (
        Literal["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"]
        | None
    ) = None
    format: str = ""
    title: str = ""
    description: str = ""
    nullable: bool = False
    enum: list[str] = []
    properties: dict[str, "Schema"] = {}
    required: list[str] = []
    property_ordering: list[str] = []
    min_properties: int | None = None
    max_properties: int | None = None
    items: "Schema | None" = None
    min_items: int | None = None
    max_items: int | None = None
    any_of: list["Schema"] = []
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    default: Any = None
    example: Any = None


class FunctionDeclaration(Fields, frozen=True):
    name: str = ""
    description: str = ""
    behavior: Literal["UNSPECIFIED", "BLOCKING", "NON_BLOCKING"] = "UNSPECIFIED"
    parameters: Schema | None = None
    parameters_json_schema: dict[str, Any] | None = None
    response: Schema | None = None
    response_json_schema: dict[str, Any] | None = None


class Interval(Fields, frozen=True):
    start_time: str = ""
    end_time: str = ""


class GoogleSearch(Fields, frozen=True):
    time_range_filter: Interval | None = None
    search_types: dict[str, Any] | None = None


class Tool(Fields, frozen=True):
    function_declarations: list[FunctionDeclaration] = []
    google_search: GoogleSearch | None = None
    url_context: dict[str, Any] | None = None
    code_execution: dict[str, Any] | None = None


class ToolList(Fields, frozen=True):
    tools: list[Tool] = []


class FunctionResponse(Fields, frozen=True):
    id: str = ""
    name: str = ""
    response: dict[str, Any] | None = None
    scheduling: Literal[
        "SCHEDULING_UNSPECIFIED", "INTERRUPT", "WHEN_IDLE", "SILENT"
    ] = "SCHEDULING_UNSPECIFIED"
    will_continue: bool = False
    parts: list[dict[str, Any]] = []


class ToolResponse(Fields, frozen=True):
    function_responses: list[FunctionResponse] = []
