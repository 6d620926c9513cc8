# SPDX-License-Identifier: MIT
"""The simulator as any client meets it: a WebSocket on the loopback."""

import asyncio
import http.client
import json
import logging
import os
import signal
import time
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from appliance.simulator.live.narrator import simulate
from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.setup import MODELS
from appliance.simulator.scenario import (
    Call,
    Close,
    Drop,
    Garbage,
    GoAway,
    Interrupt,
    Scenario,
    Stall,
)
from tests.rig.waiting import in_loop
from tests.simulator.live_talk import END, SPEECH, START, audio, setup

QUICK = {"setup_delay_ms": 0, "answer_delay_ms": 10, "waits_for_playback": False}


def dial(url, key="some-key", **options):
    headers = {"x-goog-api-key": key} if key else {}
    options = {"max_size": None, "close_timeout": 1, "proxy": None} | options
    return connect(url, additional_headers=headers, **options)


async def send(client, *messages):
    for message in messages:
        await client.send(json.dumps(message))


async def receive_until(client, key):
    """Messages up to the one with serverContent.`key`, or with `key` itself."""
    received = []
    async for frame in client:
        assert isinstance(frame, bytes)
        received.append(json.loads(frame))
        if key in received[-1] or key in received[-1].get("serverContent", {}):
            break
    return received


async def set_up(client, **fields):
    await send(client, setup(**fields))
    await receive_until(client, "setupComplete")


async def closing(client):
    """The code and reason with which the server closes."""
    with suppress(ConnectionClosed):
        async for _ in client:
            pass
    return client.close_code, client.close_reason


@in_loop
async def test_a_turn_goes_through_the_socket_and_is_remembered():
    async with LiveServer(Scenario(**QUICK)) as server, dial(server.url) as client:
        await set_up(client)
        await send(client, START, audio(), END)
        answer = await receive_until(client, "turnComplete")
        assert sum("modelTurn" in m.get("serverContent", {}) for m in answer) == 25
        await server.wait_for(lambda server: server.turns[0].complete)
        turn = server.turns[0]
        assert (turn.number, turn.link, turn.heard) == (1, 1, SPEECH)
        assert turn.opened_at <= turn.closed_at <= turn.first_audio_at
        assert server.wire(1)[:5] == [
            "> setup",
            "< setupComplete",
            "> activityStart",
            "> audio 32000",
            "> activityEnd",
        ]
        assert server.wire()[-2:] == ["< generationComplete", "< turnComplete"]
        assert server.client_messages(1)[2] == {
            "realtimeInput": {
                "audio": {"data": 32_000, "mimeType": "audio/pcm;rate=16000"}
            }
        }


@in_loop
async def test_only_the_path_of_the_service_is_served():
    async with LiveServer(Scenario(**QUICK)) as server:
        for good in ("/ws/", "//ws/"):
            for version in ("v1beta", "v1alpha"):
                url = server.url.replace("/ws/", good).replace("v1beta", version)
                async with dial(url) as client:
                    await set_up(client)
        for wrong in ("v1", "v1betaX"):
            with pytest.raises(InvalidStatus, match="404"):
                async with dial(server.url.replace("v1beta", wrong)):
                    pass
        assert server.connections == 4


@pytest.mark.parametrize(
    ("key", "status", "names"),
    [
        ("right", 200, [*sorted(MODELS), "models/gemini-embedding-001"]),
        ("wrong", 400, "API key not valid. Please pass a valid API key."),
        ("", 403, "Method doesn't allow unregistered callers"),
    ],
)
@in_loop
async def test_the_list_of_models_is_for_those_with_a_key(key, status, names):
    async with LiveServer(Scenario(**QUICK), api_key="right") as server:
        port = int(server.url.split(":")[2].split("/")[0])
        reply, body = await asyncio.to_thread(get, port, "/v1beta/models", key)
        assert reply == status
        if status == 200:
            assert [model["name"] for model in body["models"]] == names
        else:
            assert body["error"]["code"] == status
            assert body["error"]["message"].startswith(names)
        assert server.connections == 0


def get(port, target, key):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", target, headers={"x-goog-api-key": key} if key else {})
    response = connection.getresponse()
    assert response.headers.get_content_type() == "application/json"
    body = json.loads(response.read())
    connection.close()
    return response.status, body


@in_loop
async def test_a_key_may_be_in_the_header_or_in_the_url():
    async with LiveServer(Scenario(**QUICK), api_key="right") as server:
        for url, key in ((server.url, "right"), (server.url + "?key=right", "")):
            async with dial(url, key) as client:
                await set_up(client)
        async with dial(server.url, "wrong") as client:
            await send(client, setup())
            assert await closing(client) == (
                1007,
                "API key not valid. Please pass a valid API key.",
            )
        async with dial(server.url, "") as client:
            await send(client, setup())
            assert (await closing(client))[0] == 1008
        assert server.wire(4)[-1].startswith("< close 1008 Method doesn't allow")


@in_loop
async def test_the_key_is_in_no_log_and_no_repr(caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("websockets.client").setLevel(logging.WARNING)
    async with LiveServer(Scenario(**QUICK), api_key="geheim") as server:
        async with dial(server.url + "?key=geheim", "geheim") as client:
            await set_up(client)
        assert "geheim" not in repr(server) + str(server.__dict__) + caplog.text
        assert "geheim" not in "".join(server.wire())


@in_loop
async def test_a_client_that_closes_is_told_from_one_that_is_lost():
    async with LiveServer(Scenario(**QUICK)) as server:
        async with dial(server.url) as client:
            await set_up(client)
            assert server.open_links == 1
        await server.wait_for(lambda server: server.open_links == 0)
        assert server.wire(1)[-1] == "> close 1000"
        async with dial(server.url) as client:
            await set_up(client)
            client.transport.abort()
            await server.wait_for(lambda server: server.open_links == 0)
        assert server.wire(2)[-1] == "> lost"


@in_loop
async def test_a_drop_is_no_close_frame():
    scenario = Scenario(**QUICK, faults=(Drop(at="mid_answer"),))
    async with LiveServer(scenario) as server, dial(server.url) as client:
        await set_up(client)
        await send(client, START, audio(), END)
        assert (await closing(client))[0] == 1006


@in_loop
async def test_faults_can_be_injected_into_the_newest_link():
    async with LiveServer(Scenario(**QUICK)) as server, dial(server.url) as old:
        await set_up(old)
        async with dial(server.url) as client:
            await set_up(client)
            await server.inject(GoAway(60))
            assert (await receive_until(client, "goAway"))[-1]["goAway"]
            await server.inject(Interrupt())
            assert len(await receive_until(client, "turnComplete")) == 2
            await server.inject(Garbage())
            with pytest.raises(ValueError, match="decode"):
                await receive_until(client, "never")
            await server.inject(Close(1011, "You exceeded your current quota"))
            assert await closing(client) == (1011, "You exceeded your current quota")
        await server.wait_for(lambda server: server.open_links == 1)
        await send(old, START, audio(), END)
        await receive_until(old, "turnComplete")


@in_loop
async def test_injecting_without_a_link_is_an_error():
    async with LiveServer() as server:
        with pytest.raises(LookupError, match="no open link"):
            await server.inject(Drop())


@in_loop
async def test_a_go_away_that_is_ignored_ends_in_1008():
    async with LiveServer(Scenario(**QUICK)) as server, dial(server.url) as client:
        await set_up(client)
        await server.inject(GoAway(time_left_s=0.1))
        assert (await closing(client))[0] == 1008


@in_loop
async def test_a_stalled_link_reads_and_answers_nothing_and_ends_with_the_server():
    async with dial_stalled() as (server, client):
        await server.inject(Stall())
        await server.wait_for(lambda server: "< stall" in server.wire())
        pong = await client.ping()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(pong), 0.2)
    with pytest.raises(ConnectionClosed):
        await pong


class dial_stalled:  # noqa: N801
    """A server that ends before its client does."""

    async def __aenter__(self):
        self.server = LiveServer(Scenario(**QUICK))
        await self.server.__aenter__()
        self.client = await dial(self.server.url)
        await set_up(self.client)
        return self.server, self.client

    async def __aexit__(self, *error):
        began = time.monotonic()
        await self.server.__aexit__(*error)
        assert time.monotonic() - began < 5
        await self.client.close()


@in_loop
async def test_a_client_that_is_refused_and_does_not_read_is_let_go():
    fast = Scenario(**QUICK, answer_speed=0)
    async with LiveServer(fast) as server, dial(server.url) as client:
        await set_up(client)
        client.transport.pause_reading()
        await send(client, START, *[audio()] * 240, END)
        await server.wait_for(lambda server: server.turns and server.turns[0].answer)
        await send(client, END)
        await server.wait_for(lambda server: server.open_links == 0)
        client.transport.abort()


@in_loop
async def test_a_server_ends_soon_though_a_client_does_not_read():
    async with dial_stalled() as (server, client):
        client.transport.pause_reading()
        await send(client, START, *[audio()] * 30, END)
        await server.wait_for(lambda server: server.turns and server.turns[0].answer)


@in_loop
async def test_a_server_ends_soon_though_a_handshake_is_half_made():
    async with LiveServer() as server:
        port = int(server.url.split(":")[2].split("/")[0])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    writer.close()


@in_loop
async def test_a_barge_in_is_heard_while_the_client_does_not_read():
    fast = Scenario(**QUICK, answer_speed=0)
    async with LiveServer(fast) as server, dial(server.url) as client:
        await set_up(client)
        await send(client, START, *[audio()] * 120, END)
        await server.wait_for(lambda server: server.turns[0].first_audio_at)
        await send(client, START)
        await server.wait_for(lambda s: s.wire().count("> activityStart") == 2)
        client.transport.abort()


@in_loop
async def test_pongs_are_late_but_messages_are_not():
    late = Scenario(**QUICK, pong_delay_s=1)
    async with LiveServer(late) as server, dial(server.url) as client:
        pong = await client.ping()
        await set_up(client)
        assert not pong.done()
        assert await pong >= 1


@in_loop
async def test_a_pong_that_is_due_after_the_end_is_forgotten():
    late = Scenario(**QUICK, pong_delay_s=0.05)
    async with LiveServer(late) as server:
        async with dial(server.url) as client:
            await client.ping()
            await set_up(client)
        async with dial(server.url) as client:
            await (await client.ping())


@in_loop
async def test_a_taken_port_is_an_os_error():
    async with LiveServer() as server:
        port = int(server.url.split(":")[2].split("/")[0])
        with pytest.raises(OSError, match="in use"):
            async with LiveServer(port=port):
                pass


@in_loop
async def test_a_closed_link_resumes_with_its_handle():
    async with LiveServer(Scenario(**QUICK)) as server:
        async with dial(server.url) as client:
            await send(client, setup(sessionResumption={}))
            update = (await receive_until(client, "sessionResumptionUpdate"))[-1]
        handle = update["sessionResumptionUpdate"]["newHandle"]
        async with dial(server.url) as client:
            await set_up(client, sessionResumption={"handle": handle})


@in_loop
async def test_simulate_tells_what_happens_until_sigterm(capsys):
    simulating = asyncio.create_task(simulate(0, Scenario(**QUICK)))
    url = await printed(capsys, "ws://")
    async with dial(url) as client:
        await set_up(client)
        await send(client, START, audio(), END)
        await receive_until(client, "turnComplete")
        told = await printed(capsys, "answered")
    os.kill(os.getpid(), signal.SIGTERM)
    await simulating
    assert told.startswith("link 1: turn 1 answered: 1.0 s, first audio after 0.")


@in_loop
async def test_simulate_tells_of_interruptions_and_ends_on_sigint(capsys):
    slow = QUICK | {"answer_delay_ms": 260, "answer_speed": 0.2}
    simulating = asyncio.create_task(simulate(0, Scenario(**slow)))
    url = await printed(capsys, "ws://")
    async with dial(url) as client:
        await set_up(client)
        await send(client, START, audio(), END)
        await receive_until(client, "modelTurn")
        await send(client, START)
        await receive_until(client, "turnComplete")
        assert "link 1: turn 1 interrupted: 0." in await printed(capsys, "interrupted")
    await printed(capsys, "link 1: > close 1000")
    os.kill(os.getpid(), signal.SIGINT)
    await simulating


@in_loop
async def test_simulate_tells_of_tool_calls_and_speaks_the_recipe_of_2025(capsys):
    calls = (Call("ring", {"times": 2}), Call("hush"))
    scenario = Scenario(**QUICK, calls=calls)
    simulating = asyncio.create_task(simulate(0, scenario, "2025"))
    url = await printed(capsys, "ws://")
    async with dial(url) as client:
        await set_up(client, realtimeInputConfig={})
        chunk = audio()["realtimeInput"]["audio"]
        await send(client, {"realtimeInput": {"mediaChunks": [chunk]}})
        await send(client, {"clientContent": {"turnComplete": True}})
        made = (await receive_until(client, "toolCall"))[-1]["toolCall"]
        id_ = made["functionCalls"][0]["id"]
        said = {"id": id_, "name": "ring", "response": {"rang": True}}
        await send(client, {"toolResponse": {"functionResponses": [said]}})
        told = await printed(capsys, f'{id_} answered: {{"rang":true}}')
    assert told.startswith(f"link 1: {id_} answered")
    os.kill(os.getpid(), signal.SIGTERM)
    await simulating


async def printed(capsys, words):
    """The part from `words` on, or the line with them, once it is printed."""
    text = ""
    while words not in text or not text.endswith("\n"):
        await asyncio.sleep(0.01)
        text += capsys.readouterr().out
    line = next(line for line in text.splitlines() if words in line)
    return line[line.index(words) :] if words.endswith("//") else line


@in_loop
async def test_what_a_client_says_is_one_line_that_no_terminal_obeys(capsys):
    simulating = asyncio.create_task(simulate(0, Scenario(**QUICK)))
    url = await printed(capsys, "ws://")
    async with dial(url) as client:
        await set_up(client)
        await client.close(reason="bye\x1b[2J\nlink 9: forged")
    told = await printed(capsys, "forged")
    assert "bye [2J link 9: forged" in told
    os.kill(os.getpid(), signal.SIGTERM)
    await simulating
