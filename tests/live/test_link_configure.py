# SPDX-License-Identifier: MIT
"""Another endpoint, model or voice for a link that runs; and no key at all."""

from contextlib import asynccontextmanager

from appliance.basics.record import replace
from appliance.basics.secret import Missing
from appliance.core import events as ev
from appliance.core.signals import Fault
from appliance.live.link import LiveLink
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Drop
from tests.live.loopback import QUICK, SETTINGS, Line, on_loop


@asynccontextmanager
async def renewed(**changes):
    """A server, and a link that was renewed with other settings after a turn."""
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.say()
        await line.heard(ev.AnswerEnded)
        assert line.link.configure(server.url, replace(SETTINGS, **changes))
        line.link.renew(unresponsive=False)
        await server.wait_for(lambda server: server.connections == 2)
        await server.wait_for(lambda server: server.client_messages(2))
        yield line, server.client_messages(2)[0]["setup"]


@on_loop
async def test_another_voice_goes_on_with_the_same_session():
    async with renewed(voice="Puck") as (line, setup):
        assert "Puck" in str(setup)
        assert await line.heard(ev.LinkUp, times=2) == ev.LinkUp(resumed=True)


@on_loop
async def test_another_model_begins_anew():
    async with renewed(model="models/none") as (line, setup):
        assert setup["model"] == "models/none"
        assert "handle" not in setup["sessionResumption"]
        assert (await line.heard(ev.LinkLost)).fault is Fault.REFUSED


@on_loop
async def test_failures_before_do_not_count_against_what_was_changed():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        await line.heard(ev.LinkUp, times=2)
        line.link.configure(server.url, replace(SETTINGS, voice="Puck"))
        line.link.renew(unresponsive=False)
        await line.heard(ev.LinkUp, times=3)
        assert len(line.all(ev.LinkLost)) == 1


@on_loop
async def test_the_same_again_is_no_change():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        assert not line.link.configure(server.url, replace(SETTINGS))


@on_loop
async def test_without_a_key_nobody_is_called_and_a_press_says_so_again():
    async with LiveServer(QUICK) as server:
        line = Line(server.url)
        line.link = LiveLink(
            endpoint=server.url,
            settings=SETTINGS,
            key=Missing("there is none"),
            post=line._hear,
        )
        async with line:
            await line.heard(ev.LinkLost)
            line.link.open()
            lost = await line.heard(ev.LinkLost, times=2)
        assert lost == ev.LinkLost(Fault.KEY, "there is none")
        assert server.connections == 0
