# SPDX-License-Identifier: MIT
"""The link across sessions: opened, lost, tried again, with the handle or without."""

import asyncio
import contextlib

import msgspec
import pytest

from appliance.core import events as ev
from appliance.core.effects import OpenTurn
from appliance.core.signals import Fault
from appliance.live import session
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Close, Drop, Scenario, Stall
from tests.live.loopback import (
    BACK_AND_FORTH,
    ENDED,
    HANDLE,
    QUICK,
    UP,
    Line,
    Rude,
    accept,
    on_loop,
    peer,
    settled,
)


def setups(server):
    """The handle of each setup that the simulator got, None for a fresh one."""
    return [
        server.client_messages(link)[0]["setup"]["sessionResumption"].get("handle")
        for link in range(1, server.connections + 1)
    ]


@on_loop
async def test_a_dropped_link_is_lost_once_and_opened_again():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)
        assert line.kinds == BACK_AND_FORTH
        assert line.all(ev.LinkLost) == [ev.LinkLost(None, "no close frame")]


@on_loop
async def test_a_proxy_does_not_get_to_see_a_key_that_is_not_encrypted(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        assert line.all(ev.LinkLost) == []


@on_loop
async def test_the_link_comes_back_with_the_network(impatient):
    server = LiveServer(QUICK)
    async with server:
        url = server.url
    async with Line(url) as line:
        await line.heard(ev.LinkLost, times=5)
        assert {lost.fault for lost in line.all(ev.LinkLost)} == {Fault.NETWORK}
        async with server:
            await line.heard(ev.LinkUp)
            assert line.kinds[-2:] == ["LinkOpening", "LinkUp"]


@pytest.mark.parametrize(
    "reason", ["API key not valid.", "models/x is not found for API version v1beta"]
)
@on_loop
async def test_a_fatal_loss_waits_until_somebody_asks(reason, impatient):
    refusal = Close(1007, reason, at="setup")
    scenario = Scenario(setup_delay_ms=0, faults=(refusal,))
    async with LiveServer(scenario) as server, Line(server.url) as line:
        await line.heard(ev.LinkLost)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await line.heard(ev.LinkOpening, times=2)
        assert server.connections == 1
        line.link.open()
        await line.heard(ev.LinkUp)


@on_loop
async def test_a_press_does_not_wait_for_the_back_off(patient):
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        await line.heard(ev.LinkLost)
        await settled()
        assert len(line.all(ev.LinkOpening)) == 1
        line.link.open()
        await line.heard(ev.LinkUp, times=2)


@on_loop
async def test_a_renewal_does_not_wait_for_the_back_off_either(patient):
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        await line.heard(ev.LinkLost)
        line.link.renew(unresponsive=False)
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)


@on_loop
async def test_a_press_while_it_opens_is_worth_one_attempt_without_back_off(patient):
    async with Rude(upgrades=False) as rude, Line(rude.url) as line:
        await rude.until(lambda rude: rude.links == 1)
        line.link.open()
        rude.abort()
        await rude.until(lambda rude: rude.links == 2)
        rude.abort()
        await line.heard(ev.LinkLost, times=2)
        await settled()
        assert len(line.all(ev.LinkOpening)) == 2


@on_loop
async def test_the_back_off_grows_until_a_turn_is_answered(monkeypatch):
    waits = []

    def no_wait(next_, failed_attempts, jitter):
        assert 0 <= jitter < 1
        waits.append(failed_attempts)
        return 0.0

    monkeypatch.setattr("appliance.live.link.back_off_s", no_wait)
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        for times in (1, 2, 3):
            await line.heard(ev.LinkUp, times)
            await server.inject(Drop())
        await line.heard(ev.LinkUp, times=4)
        line.say()
        await line.heard(ev.AnswerEnded)
        await server.inject(Drop())
        await line.heard(ev.LinkUp, times=5)
        await server.inject(Drop())
        await line.heard(ev.LinkUp, times=6)
    assert waits == [1, 2, 3, 1, 2]


@on_loop
async def test_an_answered_turn_counts_though_the_link_was_then_renewed(monkeypatch):
    waits = []
    monkeypatch.setattr(
        "appliance.live.link.back_off_s", lambda _, n, jitter: waits.append(n) or 0.0
    )
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        await line.heard(ev.LinkUp, times=2)
        line.say()
        await line.heard(ev.AnswerEnded)
        line.link.renew(unresponsive=False)
        await line.heard(ev.LinkUp, times=3)
        await server.inject(Drop())
        await line.heard(ev.LinkUp, times=4)
    assert waits == [1, 1]


@on_loop
async def test_a_handle_that_is_not_known_any_more_is_tried_once(impatient):
    async with contextlib.AsyncExitStack() as stack:
        async with LiveServer(QUICK) as server:
            port = int(server.url.split(":")[2].partition("/")[0])
            line = await stack.enter_async_context(Line(server.url))
            await line.heard(ev.LinkUp)
        async with LiveServer(QUICK, port=port) as forgetful:
            assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=False)
            assert [handle is None for handle in setups(forgetful)] == [False, True]
    assert ev.LinkLost(None, "1008 BidiGenerateContent session not found") in line.said


@on_loop
async def test_a_refused_handle_is_left_out_without_waiting(patient):
    forgets = Close(
        code=1008, reason="BidiGenerateContent session not found", at="setup", link=2
    )
    scenario = msgspec.structs.replace(QUICK, faults=(forgets,))
    async with LiveServer(scenario) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        await line.heard(ev.LinkLost)
        line.link.open()
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=False)
        assert server.connections == 3


@pytest.mark.parametrize("code", [1007, 1008, 1011])
@on_loop
async def test_whatever_a_resumed_session_is_refused_with_the_next_is_fresh(
    code, impatient
):
    refusal = Close(code, "Something new", at="setup", link=2)
    scenario = Scenario(setup_delay_ms=0, faults=(refusal,))
    async with LiveServer(scenario) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=False)
        assert [lost.fault for lost in line.all(ev.LinkLost)] == [None, None]
        assert server.connections == 3


@on_loop
async def test_a_resumed_session_that_is_never_set_up_is_not_resumed_for_ever(
    impatient, monkeypatch
):
    monkeypatch.setattr(session, "OPEN_LIMIT_S", 0.3)
    mute = Stall(at="setup", link=2)
    scenario = Scenario(setup_delay_ms=0, faults=(mute,))
    async with LiveServer(scenario) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=False)
        assert line.all(ev.LinkLost)[-1].fault is None


@on_loop
async def test_a_handle_outlives_a_network_that_is_away(impatient):
    server = LiveServer(QUICK)
    async with contextlib.AsyncExitStack() as stack:
        async with server:
            line = await stack.enter_async_context(Line(server.url))
            await line.heard(ev.LinkUp)
        await line.heard(ev.LinkLost, times=4)
        assert line.all(ev.LinkLost)[-1].fault is Fault.NETWORK
        async with server:
            assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)


@on_loop
async def test_an_internal_error_costs_the_handle_at_the_second_time(impatient):
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        for times, resumed in ((1, False), (2, True), (3, False)):
            assert await line.heard(ev.LinkUp, times) == ev.LinkUp(resumed)
            await server.inject(Close(1011, "Internal error encountered."))
        await line.heard(ev.LinkUp, times=4)


@on_loop
async def test_an_internal_error_after_an_answer_is_a_first_one_again(impatient):
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        for times, resumed in ((1, False), (2, True), (3, True)):
            assert await line.heard(ev.LinkUp, times) == ev.LinkUp(resumed)
            line.say()
            await line.heard(ev.AnswerEnded, times)
            await server.inject(Close(1011, "Internal error encountered."))
        await line.heard(ev.LinkUp, times=4)


@on_loop
async def test_a_link_that_is_deaf_is_resumed_first_and_fresh_the_next_time():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        for times, resumed in ((1, False), (2, True), (3, False), (4, True)):
            assert await line.heard(ev.LinkUp, times) == ev.LinkUp(resumed)
            line.link.renew(unresponsive=True)
        await line.heard(ev.LinkUp, times=5)


@on_loop
async def test_a_deaf_session_issues_no_handle_while_it_is_closed():
    setups = []

    async def talk(socket):
        handle = HANDLE % str(len(setups)).encode()
        setups.append(await accept(socket, UP, handle, ENDED))
        async for _ in socket:
            # Told to end, it says what it always said.
            await socket.send(handle)
            await socket.send(ENDED)

    async with peer(talk) as url, Line(url) as line:
        await line.heard(ev.AnswerEnded)
        line.link.renew(unresponsive=False)
        await line.heard(ev.AnswerEnded, times=2)
        line.link.send(OpenTurn(1))
        line.link.renew(unresponsive=True)
        assert await line.heard(ev.LinkUp, times=3) == ev.LinkUp(resumed=False)
    assert [setup["sessionResumption"] for setup in setups] == [{}, {"handle": "0"}, {}]
