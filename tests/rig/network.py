# SPDX-License-Identifier: MIT
"""A network between box and service that breaks on demand: a TCP proxy."""

import asyncio
import socket
import ssl
import time
from typing import Self

from tests.rig.manners import HalfOpen, Manner, Pass, Refuse, Reset, Says
from tests.rig.wire import BUFFER_BYTES, Wire

#: As on a path of 1500-byte packets: a loopback socket would swallow megabytes.
_SEGMENT_BYTES = 1400


class Network:
    """Forwards connections from `host` to `target`, a port on loopback, in the manner
    of `now`.

    An async context manager. With `tls` it is the end of the box's TLS; the context
    may be replaced for the connections to come, as may `target`.

    Threads: the event loop's only.
    """

    def __init__(
        self,
        target: int,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.target = target
        self.tls = tls
        self.now: Manner = Pass()
        self.port = 0
        #: When each connection was asked for (monotonic s); a refused one is not seen.
        self.asked: list[float] = []
        self._host = host
        self._listener: asyncio.Server | None = None
        self._wires: set[Wire] = set()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_listening()
        await self.become(Reset())
        while self._wires:
            await asyncio.sleep(0.01)

    @property
    def url(self) -> str:
        """On loopback by name, so that it must be resolved."""
        host = "localhost" if self._host == "127.0.0.1" else self._host
        return f"{'wss' if self.tls else 'ws'}://{host}:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._wires)

    async def become(self, manner: Manner) -> None:
        """From now on, for what is open and for what is new."""
        before, self.now = self.now, manner
        self._changed.set()
        self._changed = asyncio.Event()
        if isinstance(manner, Reset | Refuse | Says):
            self.reset()
        if isinstance(manner, HalfOpen):
            self.freeze()
        if isinstance(manner, Refuse):
            self._stop_listening()
        elif isinstance(before, Refuse):
            await self._listen()

    def reset(self) -> None:
        """Reset what is open (RST), now; new connections are not concerned."""
        for wire in tuple(self._wires):
            wire.reset()

    def freeze(self) -> None:
        """What is open is deaf and dumb from now on; new connections are not."""
        for wire in self._wires:
            wire.frozen = True

    async def changed(self) -> None:
        """Return when the manner is another one."""
        await self._changed.wait()

    async def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT_BYTES)
        listener.bind((self._host, self.port))
        self.port = listener.getsockname()[1]
        self._listener = await asyncio.start_server(
            self._accept, sock=listener, limit=BUFFER_BYTES
        )

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.asked.append(time.monotonic())
        wire = Wire(self, reader, writer)
        self._wires.add(wire)
        try:
            await wire.carry()
        finally:
            self._wires.discard(wire)
            wire.reset()
