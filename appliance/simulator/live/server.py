# SPDX-License-Identifier: MIT
"""Serves the simulated Live API on a WebSocket, for any client."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Self, assert_never

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from appliance.simulator.live.address import PATH, api_key, api_version
from appliance.simulator.live.downlink import Action, Send
from appliance.simulator.live.pongs import late_pongs
from appliance.simulator.live.proto import encode
from appliance.simulator.live.rest import answer
from appliance.simulator.live.service import HeardTurn, Service, ToolCall
from appliance.simulator.live.session import LiveSession
from appliance.simulator.live.wire import Message
from appliance.simulator.scenario import Close, Dialect, Drop, Fault, Scenario, Stall

_CLOSE_TIMEOUT_S = 0.5
# At DEBUG websockets logs the request, which holds the key.
_log = logging.getLogger("appliance.simulator.websockets")
_log.setLevel(logging.WARNING)


@dataclass(slots=True, eq=False)
class _Link:
    connection: ServerConnection
    session: LiveSession
    stirred: asyncio.Event = field(default_factory=asyncio.Event)


class LiveServer:
    """The Live service on `host`:`port` (0: any free port), as the scenario has it.

    An async context manager. `tls` makes it wss; with an `api_key` no other is valid,
    without one any is. The `dialect` 2025 also takes the recipe of that year: media
    chunks, and `clientContent` to end a turn. Raises OSError if the port is taken,
    ValueError if the scenario's recording cannot be read.

    Threads: none; use it on the loop that entered it.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        api_key: str | None = None,
        dialect: Dialect = "today",
    ) -> None:
        self._service = Service(scenario or Scenario(), api_key, dialect)
        self._host = host
        self._port = port
        self._tls = tls
        self._links: list[_Link] = []
        self._changed = asyncio.Condition()
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        pong_delay_s = self._service.scenario.pong_delay_s
        self._server = await serve(
            self._talk,
            self._host,
            self._port,
            ssl=self._tls,
            process_request=self._answer_plainly,
            create_connection=late_pongs(pong_delay_s) if pong_delay_s else None,
            compression=None,
            ping_interval=None,
            close_timeout=_CLOSE_TIMEOUT_S,
            max_size=None,
            # A client that does not read must not delay a fault or a close.
            write_limit=2**30,
            logger=_log,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        # Links end within the close time-out; a half-made handshake is not waited for.
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * _CLOSE_TIMEOUT_S):
                await self._server.wait_closed()

    @property
    def url(self) -> str:
        scheme = "ws" if self._tls is None else "wss"
        return f"{scheme}://{self._host}:{self._port}{PATH}"

    @property
    def turns(self) -> list[HeardTurn]:
        """Every turn so far, on any link, in the order of their beginnings."""
        return self._service.turns

    @property
    def calls(self) -> list[ToolCall]:
        """Every call of a client's tool so far, and what was answered."""
        return self._service.calls

    @property
    def connections(self) -> int:
        """Connections accepted so far; the newest has this link number."""
        return len(self._service.client_messages)

    @property
    def open_links(self) -> int:
        return len(self._links)

    @property
    def transcript(self) -> list[tuple[int, str]]:
        """Every line on the wire, after the number of its link."""
        return self._service.transcript

    def wire(self, link: int | None = None) -> list[str]:
        """The lines of one link, or of all: `> audio 4096`, `< turnComplete`."""
        return [line for number, line in self.transcript if link in (None, number)]

    def client_messages(self, link: int) -> list[Message]:
        """The JSON objects the client sent, audio replaced by its byte count."""
        return self._service.client_messages[link]

    async def wait_for(self, condition: Callable[["LiveServer"], Any]) -> None:
        """Returns once `condition(self)` holds; it is looked at on each wire event."""
        async with self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def inject(self, fault: Fault) -> None:
        """Let `fault` happen now on the newest link. LookupError if none is open."""
        if not self._links:
            raise LookupError("no open link")
        link = self._links[-1]
        link.session.inject(fault, monotonic())
        link.stirred.set()

    def _answer_plainly(
        self, connection: ServerConnection, request: Request
    ) -> Response | None:
        """The answer to what is no call of the Live API."""
        if api_version(request.path):
            return None
        key = api_key(request.path, request.headers.get("x-goog-api-key"))
        status, json = answer(self._service, request.path, key)
        response = connection.respond(status, encode(json).decode())
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json; charset=UTF-8"
        return response

    async def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        session = LiveSession(self._service, *_caller(connection.request))
        self._links.append(link := _Link(connection, session))
        try:
            async with asyncio.TaskGroup() as tasks:
                speaking = tasks.create_task(self._speak(link))
                await self._listen(link)
                speaking.cancel()
        finally:
            self._links.remove(link)
            session.lost(_farewell(connection))
            await self._announce()

    async def _listen(self, link: _Link) -> None:
        await self._announce()
        with suppress(ConnectionClosed):
            async for frame in link.connection:
                link.session.receive(frame, monotonic())
                link.stirred.set()
                await self._announce()

    async def _speak(self, link: _Link) -> None:
        with suppress(ConnectionClosed):
            while True:
                actions = link.session.due(monotonic())
                await self._announce()
                for action in actions:
                    await _perform(action, link)
                await _until(link.session.next_at, link.stirred)

    async def _announce(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _perform(action: Action, link: _Link) -> None:
    match action:
        case Send(frame):
            await link.connection.send(frame)
        case Close(code, reason):
            await link.connection.close(code, reason)
        case Drop():
            link.connection.transport.abort()
        case Stall():
            link.connection.transport.pause_reading()
        case _:
            assert_never(action)


async def _until(at: float | None, stirred: asyncio.Event) -> None:
    """Returns at the monotonic instant `at`, or when stirred before."""
    with suppress(TimeoutError):
        async with asyncio.timeout(None if at is None else at - monotonic()):
            await stirred.wait()
    stirred.clear()


def _caller(request: Request) -> tuple[str, str]:
    """The API version and the key of a request that _answer_plainly let through."""
    version = api_version(request.path)
    assert version is not None
    return version, api_key(request.path, request.headers.get("x-goog-api-key"))


def _farewell(connection: ServerConnection) -> str:
    """How the connection ended, as a line of the transcript."""
    if connection.protocol.close_rcvd is None:
        return "> lost"
    who = ">" if connection.protocol.close_rcvd_then_sent else "<"
    return f"{who} close {connection.close_code} {connection.close_reason}".rstrip()
