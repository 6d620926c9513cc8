# SPDX-License-Identifier: MIT
"""A link at work on the loopback, and peers that do what the simulator never does."""

import asyncio
import contextlib
import functools
import json
import logging

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from appliance.basics.secret import Secret
from appliance.core import events as ev
from appliance.core.effects import CloseTurn, OpenTurn, SendAudio
from appliance.live import uplink
from appliance.live.link import LiveLink
from appliance.simulator.scenario import Scenario
from tests.rig.waiting import in_loop

KEY = "AQ.not-to-be-seen"
SETTINGS = uplink.Settings(
    model="models/gemini-3.8-live",
    voice="Kore",
    system_instruction="Answer aloud.",
    turn_coverage="TURN_INCLUDES_ONLY_ACTIVITY",
    transcripts=False,
)
QUICK = Scenario(
    setup_delay_ms=0, answer_delay_ms=10, answer_speed=0, waits_for_playback=False
)
SPEECH = bytes(range(256)) * 64
UP = b'{"setupComplete":{}}'
HANDLE = b'{"sessionResumptionUpdate":{"newHandle":"%s","resumable":true}}'
ENDED = b'{"serverContent":{"turnComplete":true}}'
BACK_AND_FORTH = ["LinkOpening", "LinkUp", "LinkLost", "LinkOpening", "LinkUp"]

# The server's library logs the request, and with it the key.
_quiet = logging.getLogger("loopback")
_quiet.setLevel(logging.WARNING)


def on_loop(test):
    """As in_loop; and it leaves no task behind."""

    @in_loop
    @functools.wraps(test)
    async def wrapper(*args, **kwargs):
        await test(*args, **kwargs)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    return wrapper


async def settled():
    """Whatever is ready to run has run."""
    for _ in range(20):
        await asyncio.sleep(0)


class Line:
    """A LiveLink that runs and is wanted, and all that it said."""

    def __init__(
        self,
        url,
        *,
        key=KEY,
        settings=SETTINGS,
        proxy=None,
        unheard_s=lambda: 0.0,
    ):
        self.said: list[ev.Event] = []
        #: Called with each event, as it is said.
        self.on_event = lambda event: None
        self._stirred = asyncio.Event()
        self.link = LiveLink(
            endpoint=url,
            settings=settings,
            key=Secret(key) if key else None,
            proxy=proxy,
            post=self._hear,
            unheard_s=unheard_s,
        )
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self):
        self._running = asyncio.create_task(self.link.run())
        self._running.add_done_callback(lambda _: self._stirred.set())
        self.link.open()
        return self

    async def __aexit__(self, *error):
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running

    def _hear(self, event):
        self.said.append(event)
        self._stirred.set()
        self.on_event(event)

    async def heard(self, kind, times=1):
        """The nth event of that kind, as soon as it was said."""
        while len(found := self.all(kind)) < times:
            self._stirred.clear()
            await self._stirred.wait()
            assert not self._running.done(), "the link died"
        return found[times - 1]

    def all(self, kind):
        return [event for event in self.said if isinstance(event, kind)]

    @property
    def kinds(self):
        """What was said, by name; several of one kind in a row are one."""
        names = [type(event).__name__ for event in self.said]
        return [
            n for n, before in zip(names, ["", *names], strict=False) if n != before
        ]

    def say(self, *pieces):
        """A whole turn."""
        self.link.send(OpenTurn(1))
        for pcm in pieces or (SPEECH,):
            self.link.send(SendAudio(pcm))
        self.link.send(CloseTurn(1))


@contextlib.asynccontextmanager
async def peer(talk, path="/live", **options):
    """The URL of a server that calls `talk(socket)` for each link."""

    async def until_closed(socket):
        with contextlib.suppress(ConnectionClosed):
            await talk(socket)

    options = {"logger": _quiet, "close_timeout": 0.5, "max_size": None} | options
    async with serve(until_closed, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}"


async def accept(socket, *frames):
    """Take the setup, answer with `frames`; returns the setup."""
    setup = json.loads(await socket.recv())["setup"]
    for frame in frames or (UP,):
        await socket.send(frame)
    return setup


def header(first_byte: int, length: int) -> bytes:
    """RFC 6455 section 5.2, from a server: not masked, a length of 64 bits."""
    return bytes([first_byte, 127]) + length.to_bytes(8, "big")


async def pour(socket, pieces) -> None:
    """Past the server's library, which would hold all of a frame."""
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            if socket.transport.is_closing():
                return
            socket.transport.write(piece)
            await socket.drain()
            await asyncio.sleep(0)


class Rude:
    """A peer that sets a link up, and then neither answers pings nor closes.

    An async context manager. It reads until `reads` is cleared.
    """

    def __init__(self, *, upgrades=True, sets_up=True):
        self.frames: list[str] = []
        self.links = 0
        self.reads = asyncio.Event()
        self.reads.set()
        self._upgrades = upgrades
        self._sets_up = sets_up
        self._writers = []
        self._stirred = asyncio.Condition()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/live"
        return self

    async def __aexit__(self, *error):
        self._server.close()
        self.reads.set()
        self.abort()
        if self._writers:
            await asyncio.wait({talking for _, talking in self._writers})

    def abort(self):
        """Drop every link."""
        for writer, _ in self._writers:
            writer.transport.abort()

    async def until(self, condition):
        async with self._stirred:
            await self._stirred.wait_for(lambda: condition(self))

    async def _talk(self, reader, writer):
        self.links += 1
        self._writers.append((writer, asyncio.current_task()))
        protocol = ServerProtocol()
        with contextlib.suppress(ConnectionError):
            while received := await reader.read(65536):
                protocol.receive_data(received)
                for event in protocol.events_received():
                    self._react(protocol, event, writer)
                async with self._stirred:
                    self._stirred.notify_all()
                await self.reads.wait()

    def _react(self, protocol, event, writer):
        if isinstance(event, Request):
            if self._upgrades:
                protocol.send_response(protocol.accept(event))
                writer.write(b"".join(protocol.data_to_send()))
        elif event.opcode is Opcode.TEXT:
            self.frames.append(event.data.decode())
            if self._sets_up and "setup" in json.loads(event.data):
                protocol.send_binary(UP)
                writer.write(protocol.data_to_send()[-1])
