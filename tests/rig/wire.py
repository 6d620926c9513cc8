# SPDX-License-Identifier: MIT
"""One connection of the box through the network, and the one it is forwarded to."""

import asyncio
import socket
import ssl
import struct
import time
from contextlib import suppress
from typing import Protocol, assert_never

from tests.rig.manners import HalfOpen, Manner, Pass, Refuse, Reset, Says, Slow

#: Small, so that a slow network is felt where the sending is done.
BUFFER_BYTES = 1 << 13
_CATCHES_UP_S = 0.2
_RST_ON_CLOSE = struct.pack("ii", 1, 0)  # man 7 socket, SO_LINGER


class Way(Protocol):
    """What a wire asks the network, time and again."""

    @property
    def now(self) -> Manner: ...
    @property
    def target(self) -> int: ...
    @property
    def tls(self) -> ssl.SSLContext | None: ...
    async def changed(self) -> None: ...


class Wire:
    """One connection of the box, and the one that it is forwarded to."""

    def __init__(
        self,
        network: Way,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.frozen = False
        self._network = network
        self._box = reader, writer
        #: As they are without TLS.
        self._transports = [writer.transport]
        self._rst = True
        self._ended = asyncio.Event()

    def reset(self) -> None:
        self._ended.set()
        for transport in self._transports:
            connection = transport.get_extra_info("socket")
            if self._rst and connection.fileno() >= 0:
                connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE
                )
            transport.abort()

    async def carry(self) -> None:
        """Until one end closes."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while isinstance(self._network.now, HalfOpen):
                await self._network.changed()
            match self._network.now:
                case Reset() | Refuse() | HalfOpen():
                    return
                case Says(reply):
                    await self._say(reply)
                case Pass() | Slow():
                    await self._forward()
                case manner:
                    assert_never(manner)

    async def _say(self, reply: bytes) -> None:
        reader, writer = self._box
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        self._rst = False  # or the reply might be lost with it
        writer.close()
        await writer.wait_closed()

    async def _forward(self) -> None:
        reader, writer = self._box
        if self._network.tls is not None:
            await writer.start_tls(self._network.tls)
        to_service = await asyncio.open_connection("127.0.0.1", self._network.target)
        self._transports.append(to_service[1].transport)
        ways = [
            asyncio.create_task(self._up(reader, to_service[1])),
            asyncio.create_task(self._down(to_service[0], writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    async def _up(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        free_at = time.monotonic()
        while True:
            speed = self._network.now
            size = speed.bytes_per_s // 10 if isinstance(speed, Slow) else BUFFER_BYTES
            if not (piece := await source.read(size)):
                return await self._pass_end(sink)
            if isinstance(speed, Slow):
                # A busy machine wakes up late; the line is no slower for that.
                free_at = max(free_at, time.monotonic() - _CATCHES_UP_S)
                free_at += len(piece) / speed.bytes_per_s
                await asyncio.sleep(max(0.0, free_at - time.monotonic()))
            await self._pass(piece, sink)

    async def _down(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        while piece := await source.read(BUFFER_BYTES):
            await self._pass(piece, sink)
        await self._pass_end(sink)

    async def _pass(self, piece: bytes, sink: asyncio.StreamWriter) -> None:
        await self._unless_frozen()
        sink.write(piece)
        await sink.drain()

    async def _pass_end(self, sink: asyncio.StreamWriter) -> None:
        """An end in order goes on in order, not as a reset."""
        await self._unless_frozen()
        self._rst = False
        sink.close()
        await sink.wait_closed()

    async def _unless_frozen(self) -> None:
        if self.frozen:
            await self._ended.wait()
            raise ConnectionAbortedError
