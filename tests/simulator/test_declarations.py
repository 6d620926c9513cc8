# SPDX-License-Identifier: MIT
"""Tools are taken as the service takes them, and refused with name and place."""

import pytest

from tests.simulator.live_talk import Talk

SCHEMA = {
    "type": "OBJECT",
    "description": "What to wake for, and when.",
    "properties": {
        "minutes": {"type": "INTEGER", "minimum": 1, "maximum": 600},
        "label": {"type": "STRING", "nullable": True, "maxLength": "40"},
        "days": {
            "type": "ARRAY",
            "items": {"type": "STRING", "format": "enum", "enum": ["mon", "tue"]},
        },
        "type": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]},
        "loud_enough": {"type": "BOOLEAN", "default": {"a_b": 1}},
    },
    "required": ["minutes"],
    "propertyOrdering": ["minutes", "label"],
}


def function(**fields):
    return {"name": "wake_me", "description": "Sets a timer."} | fields


def asked(*functions, **kinds):
    tools = [{"functionDeclarations": list(functions)}]
    return Talk().set_up(tools=tools + [{kind: v} for kind, v in kinds.items()])


def test_all_that_the_service_takes_is_taken():
    everything = [
        function(behavior="NON_BLOCKING", parameters=SCHEMA),
        function(name="b:c.d-e", behavior="BLOCKING", response=SCHEMA),
        function(name="_f", behavior="UNSPECIFIED"),
        function(name="g", parametersJsonSchema={"type": "object", "$ref": "x"}),
    ]
    assert asked(*everything, googleSearch={}, urlContext={}).closed is None
    filtered = {"timeRangeFilter": {"startTime": "2026-01-01T00:00:00Z"}}
    assert asked(googleSearch=filtered).closed is None
    snake = {"function_declarations": [function(parameters_json_schema={})]}
    assert Talk().set_up(tools=[snake]).closed is None


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"parameters": {"type": "object"}}, "Invalid value at 'setup.tools[0].func"),
        ({"parameters": {"type": ["STRING"]}}, "Invalid value at 'setup.tools[0]."),
        ({"behavior": "ASYNC"}, "Invalid value at 'setup.tools[0].function_declarat"),
        ({"description": 3}, "Invalid value at 'setup.tools[0].function_declarations"),
        ({"timeout": 3}, 'Invalid JSON payload received. Unknown name "timeout" at'),
        (
            {"parameters": {"type": "OBJECT", "additionalProperties": False}},
            'Invalid JSON payload received. Unknown name "additionalProperties" at',
        ),
        (
            {"parameters": {"type": "OBJECT", "properties": {"a": {"const": 1}}}},
            'Invalid JSON payload received. Unknown name "const" at',
        ),
        ({"parameters": {"properties": []}}, "Invalid value at 'setup.tools[0].functi"),
        ({"name": ""}, "* tools[0].function_declarations[0].name: Invalid function na"),
        ({"name": "2nd"}, "* tools[0].function_declarations[0].name: Invalid function"),
        ({"name": "a b"}, "* tools[0].function_declarations[0].name: Invalid function"),
        (
            {"name": "a" * 129},
            "* tools[0].function_declarations[0].name: Invalid function name.",
        ),
        (
            {"parameters": {"type": "STRING"}},
            "* tools[0].function_declarations[0].parameters: schema should be of type",
        ),
        (
            {"parameters": {"type": "OBJECT", "properties": {}}},
            "* tools[0].function_declarations[0].parameters.properties: should be non",
        ),
        (
            {"parameters": SCHEMA, "parametersJsonSchema": {}},
            "* tools[0].function_declarations[0].parameters: mutually exclusive with",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_place(wrong, complaint):
    code, reason = asked(function(**wrong)).closed
    assert (code, reason[: len(complaint)]) == (1007, complaint)


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"type": "STRING", "format": "ipv4"}, "s[x].format: only 'enum' and 'date-"),
        ({"type": "ARRAY"}, "s[x].items: missing field"),
        ({"type": "OBJECT"}, "s[x].properties: should be non-empty for"),
        (
            {"type": "ARRAY", "items": {"type": "ARRAY"}},
            "s[x].items.items: missing field",
        ),
        (
            {"anyOf": [{"type": "NULL"}, {"type": "ARRAY"}]},
            "s[x].any_of[1].items: missing field",
        ),
        (
            {"properties": {"y": {"type": "STRING"}}},
            "s[x].properties: only allowed for",
        ),
        (
            {"type": "STRING", "required": ["y"]},
            "s[x].required[0]: property is not defined",
        ),
    ],
)
def test_a_schema_is_looked_through_to_its_depths(schema, complaint):
    parameters = {"type": "OBJECT", "properties": {"x": schema}}
    code, reason = asked(function(parameters=parameters)).closed
    assert code == 1007
    place, _, said = reason.partition(".parameters.propertie")
    assert place == "* tools[0].function_declarations[0]"
    assert complaint.startswith(said) or said.startswith(complaint)


def test_a_name_declared_twice_is_refused():
    twice = asked(function(), function())
    assert twice.closed == (1007, "Duplicate function declaration found: wake_me")


@pytest.mark.parametrize(
    "search", [{"excludeDomains": ["x"]}, {"blockingConfidence": "HIGH"}, True]
)
def test_search_options_of_other_platforms_are_refused(search):
    assert asked(googleSearch=search).closed[0] == 1007


def test_tools_can_be_replaced_later_and_are_checked_again():
    talk = asked(function())
    good = {"tools": [{"functionDeclarations": [function(name="other")]}]}
    assert talk.say({"contextUpdate": {"tools": good}}).closed is None
    bad = {"tools": [{"functionDeclarations": [function(name="")]}]}
    assert talk.say({"contextUpdate": {"tools": bad}}).closed[0] == 1007
