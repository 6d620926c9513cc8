# SPDX-License-Identifier: MIT
"""Function calling on the wire, both ways."""

import json

import pytest

from appliance.basics.record import replace
from appliance.core import events as ev
from appliance.core.effects import AnswerTool, SendText
from appliance.live import uplink
from appliance.live.downlink import decode
from appliance.live.tools import Function, runs_in_background
from appliance.simulator.live.server import LiveServer
from tests.live.loopback import QUICK, SETTINGS, Line, accept, on_loop, peer

LAMP = Function("lamp", "Switches the lamp.", b'{"type":"OBJECT"}', blocking=True)
TIMER = Function("timer", "Rings.", b"", blocking=False)
THINKING = "models/gemini-3.8-live-extended-thinking"
CALL = (
    b'{"toolCall":{"functionCalls":['
    b'{"id":"1","name":"lamp","args":{"on":true,"who":"\xc3\xa4"}},'
    b'{"id":"2","name":"timer"}]}}'
)


def tools(**settings):
    told = json.loads(uplink.setup(replace(SETTINGS, **settings), None))
    return told["setup"].get("tools")


def test_without_tools_the_setup_says_nothing_of_them():
    assert tools() is None


def test_functions_are_declared_with_what_waits_for_them():
    assert tools(functions=(LAMP, TIMER)) == [
        {
            "functionDeclarations": [
                {
                    "name": "lamp",
                    "description": "Switches the lamp.",
                    "parameters": {"type": "OBJECT"},
                    "behavior": "BLOCKING",
                },
                {"name": "timer", "description": "Rings.", "behavior": "NON_BLOCKING"},
            ]
        }
    ]


def test_a_model_that_knows_no_behavior_is_told_none():
    (told,) = tools(functions=(LAMP, TIMER), model=THINKING)
    assert all("behavior" not in f for f in told["functionDeclarations"])


def test_search_is_a_tool_of_the_services_own():
    assert tools(google_search=True) == [{"googleSearch": {}}]
    assert tools(google_search=True, functions=(TIMER,))[1:] == [{"googleSearch": {}}]


def test_calls_are_decoded_each_for_itself():
    (lamp, timer), complaints = decode(CALL)
    assert complaints == []
    assert (lamp.call_id, lamp.name) == ("1", "lamp")
    assert json.loads(lamp.arguments) == {"on": True, "who": "ä"}
    assert timer == ev.ToolCalled("2", "timer", b"{}")


def test_a_cancellation_is_decoded():
    said, _ = decode(b'{"toolCallCancellation":{"ids":["1","2"]}}')
    assert said == [ev.ToolCallsCancelled(("1", "2"))]


@pytest.mark.parametrize(
    "call",
    [
        b'{"name":"lamp"}',
        b'{"id":"","name":"lamp"}',
        b'{"id":"%s","name":"lamp"}' % (b"x" * 257),
        b'{"id":"1","name":"lamp","args":[]}',
        b'{"id":1,"name":"lamp"}',
    ],
)
def test_a_call_that_cannot_be_answered_is_complained_of(call):
    said, (complaint,) = decode(b'{"toolCall":{"functionCalls":[%s]}}' % call)
    assert said == []
    assert complaint.startswith("malformed field 'toolCall'")


def test_an_answer_carries_the_id_the_name_and_an_object():
    order = AnswerTool('a"1', "lamp", b'{"result":"on"}')
    for dialect in uplink.DIALECTS.values():
        frame = uplink.encode(order, dialect)
        assert json.loads(frame) == {
            "toolResponse": {
                "functionResponses": [
                    {"id": 'a"1', "name": "lamp", "response": {"result": "on"}}
                ]
            }
        }


def test_text_is_said_in_each_dialect():
    frames = {
        name: json.loads(uplink.encode(SendText("rang"), dialect))
        for name, dialect in uplink.DIALECTS.items()
    }
    spoken = {"realtimeInput": {"text": "rang"}}
    turn = {"role": "user", "parts": [{"text": "rang"}]}
    assert frames == {
        "activity": spoken,
        "server-vad": spoken,
        "client-content": {"client_content": {"turns": [turn], "turn_complete": False}},
    }


@on_loop
async def test_a_link_says_who_waits_for_a_call_and_carries_its_answer():
    told = []

    async def talk(socket):
        await accept(socket)
        await socket.send(CALL)
        async for frame in socket:
            told.append(json.loads(frame))
            await socket.close()

    settings = replace(SETTINGS, functions=(LAMP, TIMER))
    async with peer(talk) as url, Line(url, settings=settings) as line:
        lamp = await line.heard(ev.ToolCalled)
        timer = await line.heard(ev.ToolCalled, 2)
        assert (lamp.blocking, timer.blocking) == (True, False)
        line.link.send(AnswerTool("1", "lamp", b"{}"))
        await line.heard(ev.LinkLost)
    assert told[0]["toolResponse"]["functionResponses"][0]["id"] == "1"


@pytest.mark.parametrize(
    ("model", "name", "blocking"),
    [
        (SETTINGS.model, "lamp", True),
        (SETTINGS.model, "timer", False),
        (SETTINGS.model, "nobody", True),
        (THINKING, "lamp", False),
    ],
)
def test_who_waits_depends_on_the_tool_and_the_model(model, name, blocking):
    assert runs_in_background(name, (LAMP, TIMER), model) is not blocking


@on_loop
async def test_a_model_that_thinks_at_length_accepts_the_setup():
    settings = replace(SETTINGS, model=THINKING)
    async with LiveServer(QUICK) as server, Line(server.url, settings=settings) as line:
        await line.heard(ev.LinkUp)


@pytest.mark.parametrize(
    "message",
    [
        {"toolCall": {"functionCalls": [{"id": "1", "name": "x" * 129}]}},
        {"toolCall": {"functionCalls": [{"id": "1" * 257, "name": "lamp"}]}},
        {"toolCall": {"functionCalls": [{"id": "1", "args": {"a": "x" * 2**16}}]}},
        {"toolCall": {"functionCalls": [{"id": str(n)} for n in range(65)]}},
        {"toolCallCancellation": {"ids": ["1" * 257]}},
        {"toolCallCancellation": {"ids": ["1"] * 1001}},
    ],
)
def test_a_call_of_senseless_size_is_one_short_complaint(message):
    messages, (complaint,) = decode(json.dumps(message).encode())
    assert messages == []
    assert len(complaint) < 200
