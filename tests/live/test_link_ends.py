# SPDX-License-Identifier: MIT
"""A link that is renewed, closed or cancelled, at good moments and at bad ones."""

import asyncio
import contextlib
import time

import pytest

from appliance.basics.secret import Secret
from appliance.core import events as ev
from appliance.core.effects import OpenTurn
from appliance.live import session
from appliance.live.link import LiveLink
from appliance.live.uplink import DIALECTS
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Drop
from tests.live.loopback import (
    BACK_AND_FORTH,
    ENDED,
    HANDLE,
    KEY,
    QUICK,
    SETTINGS,
    UP,
    Line,
    Rude,
    accept,
    on_loop,
    peer,
    settled,
)


@on_loop
async def test_a_renewal_closes_the_old_socket_before_it_opens_the_new_one():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.say()
        await line.heard(ev.AnswerEnded)
        line.link.renew(unresponsive=False)
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)
        lines = server.transcript
        assert lines.index((1, "> close 1000")) < lines.index((2, "> setup"))
        assert server.open_links == 1
        line.say()
        await line.heard(ev.AnswerEnded, times=2)


@on_loop
async def test_no_renewal_is_told_as_a_loss(patient):
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        for times in range(1, 11):
            await line.heard(ev.LinkUp, times)
            line.say()
            await line.heard(ev.AnswerEnded, times)
            line.link.renew(unresponsive=False)
        await line.heard(ev.LinkUp, times=11)
        assert not line.all(ev.LinkLost)
        assert server.connections == 11


@on_loop
async def test_links_that_were_closed_unused_are_no_failures(monkeypatch):
    waits = []
    monkeypatch.setattr(
        "appliance.live.link.back_off_s", lambda _, n, jitter: waits.append(n) or 0.0
    )
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        for times in range(1, 6):
            await line.heard(ev.LinkUp, times)
            line.link.close()
            await line.link.closed()
            line.link.open()
        await line.heard(ev.LinkUp, times=6)
        await server.inject(Drop())
        await line.heard(ev.LinkUp, times=7)
        assert line.all(ev.LinkLost) == [ev.LinkLost(None, "no close frame")]
        assert waits == [1]


@on_loop
async def test_renewal_after_renewal_without_an_answer_backs_off_in_silence(
    monkeypatch,
):
    """As when each link is told to go away as soon as it is up."""
    waits = []
    monkeypatch.setattr(
        "appliance.live.link.back_off_s", lambda _, n, jitter: waits.append(n) or 0.0
    )
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        for times in range(1, 5):
            await line.heard(ev.LinkUp, times)
            line.link.renew(unresponsive=False)
        await line.heard(ev.LinkUp, times=5)
        assert waits == [2, 3, 4]
        assert [lost.fault for lost in line.all(ev.LinkLost)] == [None, None, None]
        assert server.connections == 5


@on_loop
async def test_a_renewal_while_it_opens_starts_over(patient):
    async with Rude(sets_up=False) as rude, Line(rude.url) as line:
        await rude.until(lambda rude: len(rude.frames) == 1)
        line.link.renew(unresponsive=False)
        await rude.until(lambda rude: len(rude.frames) == 2)
        assert line.kinds == ["LinkOpening"]
        assert len(line.all(ev.LinkOpening)) == 2


@on_loop
async def test_renewals_in_a_row_are_one():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.link.renew(unresponsive=False)
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)
        for unresponsive in (False, True, False):
            line.link.renew(unresponsive=unresponsive)
        assert await line.heard(ev.LinkUp, times=3) == ev.LinkUp(resumed=False)
        await settled()
        assert server.connections == 3


@on_loop
async def test_a_session_that_is_told_to_end_says_nothing_more_but_its_handle():
    setups = []
    burst = (
        b'{"serverContent":{"generationComplete":true}}',
        b'{"goAway":{"timeLeft":"9s"}}',
        ENDED,
        HANDLE % b"late",
    )

    async def talk(socket):
        setups.append(await accept(socket, UP))
        for frame in burst if len(setups) == 1 else ():
            await socket.send(frame)
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        line.on_event = lambda event: (
            line.link.renew(unresponsive=False)
            if isinstance(event, ev.AnswerGenerated)
            else None
        )
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)
        once = ["LinkOpening", "LinkUp"]
        assert line.kinds == [*once, "AnswerGenerated", *once]
    assert setups[1]["sessionResumption"] == {"handle": "late"}


@pytest.mark.parametrize("ask", ["renew", "close"])
@on_loop
async def test_a_session_that_ends_by_itself_when_it_is_told_to_is_no_loss(
    ask, patient
):
    async def talk(socket):
        await accept(socket, UP, ENDED)
        await socket.close(1011, "You exceeded your current quota")

    async with peer(talk) as url, Line(url) as line:
        told = []

        def end(event):
            if isinstance(event, ev.AnswerEnded) and not told:
                told.append(event)
                if ask == "renew":
                    line.link.renew(unresponsive=False)
                else:
                    line.link.close()

        line.on_event = end
        await line.heard(ev.AnswerEnded)
        await line.link.closed()
        assert not line.all(ev.LinkLost)
        if ask == "renew":
            await line.heard(ev.LinkUp, times=2)
        await settled()
        assert len(line.all(ev.LinkOpening)) == (2 if ask == "renew" else 1)


@on_loop
async def test_a_renewal_at_the_moment_of_a_loss_opens_one_link(patient):
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.on_event = lambda event: (
            line.link.renew(unresponsive=False)
            if isinstance(event, ev.LinkLost)
            else None
        )
        await server.inject(Drop())
        await line.heard(ev.LinkUp, times=2)
        await settled()
        assert line.kinds == BACK_AND_FORTH


@on_loop
async def test_a_closed_link_stays_closed_until_it_is_asked_for():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.link.close()
        await line.link.closed()
        await server.wait_for(lambda server: not server.open_links)
        assert server.wire(1)[-1] == "> close 1000"
        await settled()
        assert line.kinds == ["LinkOpening", "LinkUp"]
        line.link.open()
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)


@on_loop
async def test_a_close_sends_what_was_ordered_before_it():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.say(*[bytes(4096)] * 50)
        line.link.close()
        line.link.send(OpenTurn(1))
        await line.link.closed()
        await server.wait_for(lambda server: not server.open_links)
        heard = [text for text in server.wire(1) if text.startswith("> ")]
        assert heard[-2:] == ["> activityEnd", "> close 1000"]
        assert heard.count("> audio 4096") == 50


@on_loop
async def test_a_close_waits_for_no_peer_that_does_not_close():
    async with Rude() as rude, Line(rude.url) as line:
        await line.heard(ev.LinkUp)
        line.say()
        line.link.close()
        began = time.monotonic()
        await line.link.closed()
        assert time.monotonic() - began < 5
        assert rude.frames[-1] == DIALECTS["activity"].closing.decode()
        assert not line.all(ev.LinkLost)


@on_loop
async def test_a_close_waits_for_no_peer_that_does_not_read():
    async with Rude() as rude, Line(rude.url) as line:
        await line.heard(ev.LinkUp)
        rude.reads.clear()
        line.say(*[bytes(65536)] * 400)
        line.link.close()
        began = time.monotonic()
        await line.link.closed()
        assert time.monotonic() - began < 5
        assert not line.all(ev.LinkLost)


def test_an_orderly_end_fits_into_the_stop_limit_of_the_service():
    assert session._END_LIMIT_S < 1.5


@on_loop
async def test_a_close_while_it_opens_ends_the_attempt_at_once(patient, monkeypatch):
    monkeypatch.setattr(session, "OPEN_LIMIT_S", 1000.0)
    monkeypatch.setattr(session, "_END_LIMIT_S", 1000.0)
    async with Rude(sets_up=False) as rude, Line(rude.url) as line:
        await rude.until(lambda rude: len(rude.frames) == 1)
        line.link.close()
        await line.link.closed()
        await settled()
        assert line.kinds == ["LinkOpening"]
        line.link.open()
        await rude.until(lambda rude: len(rude.frames) == 2)


@on_loop
async def test_a_close_at_the_moment_of_the_set_up_leaves_no_link():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        line.on_event = lambda event: (
            line.link.close() if isinstance(event, ev.LinkUp) else None
        )
        await line.heard(ev.LinkUp)
        await line.link.closed()
        await server.wait_for(lambda server: not server.open_links)
        await settled()
        assert line.kinds == ["LinkOpening", "LinkUp"]


@on_loop
async def test_a_close_during_the_back_off_keeps_the_link_closed(monkeypatch):
    monkeypatch.setattr("appliance.live.link.back_off_s", lambda *_: 0.05)
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        await line.heard(ev.LinkLost)
        line.link.close()
        await line.link.closed()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await line.heard(ev.LinkOpening, times=2)
        assert server.connections == 1
        line.link.open()
        await line.heard(ev.LinkUp, times=2)


@on_loop
async def test_an_open_right_after_a_close_is_a_renewal():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.link.close()
        line.link.open()
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)
        assert line.kinds == ["LinkOpening", "LinkUp"] * 2
        assert server.wire(1)[-1] == "> close 1000"


@on_loop
async def test_a_close_right_after_an_open_opens_nothing():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.link.close()
        await line.link.closed()
        await settled()
        line.link.open()
        line.link.close()
        await settled()
        await line.link.closed()
        assert len(line.all(ev.LinkOpening)) == 1
        line.link.open()
        await line.heard(ev.LinkUp, times=2)


@on_loop
async def test_a_link_that_was_never_open_closes_at_once():
    async with Line("ws://127.0.0.1:1/") as line:
        line.link.close()
        await line.link.closed()
        await settled()
        line.link.send(OpenTurn(1))
        assert not line.said


@pytest.mark.parametrize("moment", ["idle", "dialling", "setting up", "up", "lost"])
@on_loop
async def test_a_cancelled_link_leaves_nothing_behind(moment, patient):
    # `on_loop` sees to it that there is no task left.
    peers = {"dialling": Rude(upgrades=False), "setting up": Rude(sets_up=False)}
    async with peers.get(moment, Rude()) as rude:
        said = []
        link = LiveLink(
            endpoint=rude.url, settings=SETTINGS, key=Secret(KEY), post=said.append
        )
        running = asyncio.create_task(link.run())
        if moment != "idle":
            link.open()
            await rude.until(lambda rude: rude.links == 1)
        if moment in ("setting up", "up", "lost"):
            await rude.until(lambda rude: rude.frames)
        if moment == "lost":
            rude.abort()
            await settled()
        before = len(said)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not [event for event in said[before:] if isinstance(event, ev.LinkLost)]
        await asyncio.wait_for(link.closed(), timeout=5)


@pytest.mark.parametrize("event", [ev.LinkOpening, ev.LinkUp, ev.AnswerEnded])
@on_loop
async def test_a_mistake_ends_the_task_for_systemd_to_see(event):
    class Problem(Exception):
        pass

    def post(said):
        if isinstance(said, event):
            raise Problem

    async def talk(socket):
        await accept(socket, UP, ENDED)
        await socket.wait_closed()

    async with peer(talk) as url:
        link = LiveLink(endpoint=url, settings=SETTINGS, key=None, post=post)
        link.open()
        with pytest.raises(Problem):
            await link.run()
