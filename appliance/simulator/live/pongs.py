# SPDX-License-Identifier: MIT
"""Pongs that come late, as the Live service's do."""

from typing import Any

from websockets.asyncio.server import Server, ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol


def late_pongs(delay_s: float) -> type[ServerConnection]:
    """A connection that answers each ping `delay_s` late, and all else in time."""

    class LatePongs(ServerConnection):
        def __init__(
            self, protocol: ServerProtocol, server: Server, **options: Any
        ) -> None:
            super().__init__(protocol, server, **options)
            self._send_frame = protocol.send_frame
            protocol.send_frame = self._delay_pong  # type: ignore[method-assign]

        def _delay_pong(self, frame: Frame) -> None:
            if frame.opcode is Opcode.PONG:
                self.loop.call_later(delay_s, self._send_late, frame)
            else:
                self._send_frame(frame)

        def _send_late(self, frame: Frame) -> None:
            if self.state is State.OPEN:
                self._send_frame(frame)
                self.send_data()

    return LatePongs
